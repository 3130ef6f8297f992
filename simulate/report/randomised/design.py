"""The section on the design: its picture, and the scenario in words."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.describe.distributions import Implied, time_in_words
from simulate.describe.words import duration, in_months, per_month, stated_percent
from simulate.report.blocks import Heading, Listing, Prose, Section
from simulate.report.numbers import capital, counted, listed, number
from simulate.report.randomised.schema import schema_picture
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import cut_in_words
from simulate.scenario import monitoring, survival_model
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.recruitment import Region
from simulate.scenario.survival_model import TRANSITIONS, Effect

_TRANSITIONS = {
    "event": "event",
    "progression": "progression",
    "death": "death",
    "death_without_progression": "death without progression",
    "death_after_progression": "death after progression",
}

Item = tuple[str, str]


def design_section(view: RandomisedView) -> Section:
    """The trial in a picture and in words."""
    introduction = (
        "Patients come, are randomised, progress and die day by day; the data are cut as the "
        "design says, tested against its bounds, and the trial stops or goes on. The whole is "
        "repeated with fresh random numbers."
    )
    return Section(
        "design",
        "The design",
        [
            Prose(introduction),
            schema_picture(view),
            Heading("In words"),
            Listing([*_conduct(view), *_disease(view), *_decisions(view)]),
        ],
    )


# ---- who comes, and who gets what -----------------------------------------------------------


def _conduct(view: RandomisedView) -> Iterator[Item]:
    scenario = view.scenario
    ratio = ":".join(str(arm.allocation) for arm in view.arms)
    arms = listed(arm.label for arm in view.arms)
    yield "Patients", counted(scenario.sample_size, "patient")
    yield "Accrual", _accrual(view)
    if len(view.arms) == 1:
        yield "Arm", f"{arms}, all patients"
        return
    yield "Arms", f"{arms}, allocated {ratio}"
    yield "Randomisation", _randomisation(view)


def _accrual(view: RandomisedView) -> str:
    enrolment = view.scenario.enrolment
    if enrolment.regions is None:
        return f"a Poisson number each day: {_rows(enrolment.all_regions[0])}"
    texts = [
        f"{region.name} {_rows(region)}"
        + (f", at most {region.cap:,}" if region.cap is not None else "")
        for region in enrolment.regions
    ]
    return f"{counted(len(texts), 'region')} compete for the places: {'; '.join(texts)}"


def _rows(region: Region) -> str:
    texts = []
    for row in region.accrual:
        text = per_month(row.rate)
        if row.to_rate is not None:
            text += f" rising to {per_month(row.to_rate)}"
            if row.to_rate < row.rate:
                text = text.replace("rising", "falling")
        texts.append(text + (f" from {duration(row.from_)} on" if row.from_ else ""))
    return ", ".join(texts)


def _randomisation(view: RandomisedView) -> str:
    randomisation = view.scenario.randomisation
    titles = [view.scenario.baseline.variable(name).title for name in randomisation.factors]
    sizes = listed((str(size) for size in randomisation.block_sizes), last="or")
    match randomisation.method:
        case "simple":
            text = "each patient by himself"
        case "minimisation":
            chosen = randomisation.minimisation
            probability = 0.8 if chosen is None else chosen.probability
            return (
                f"minimisation over {listed(titles)} (Pocock and Simon 1975), with probability "
                f"{stated_percent(probability)} for the arm that leaves the least imbalance"
            )
        case _:
            text = f"permuted blocks of {sizes}"
    if titles and randomisation.method == "blocks":
        text += f" within strata of {listed(titles)}"
    return text + (", by region" if randomisation.by_site else "")


# ---- what happens to them -------------------------------------------------------------------


def _disease(view: RandomisedView) -> Iterator[Item]:
    model = view.scenario.survival
    yield "Disease", _model(model)
    for name in TRANSITIONS[model.kind]:
        time = getattr(model, name)
        median = in_months(Implied(time).median)
        yield capital(_TRANSITIONS[name]), f"{time_in_words(time)} (median {median})"
    if len(view.arms) > 1:
        effects = "; ".join(_effect(view, each) for each in model.effects)
        yield "Effect", effects or "none: all arms follow the same model"
    if model.prognostic_factors:
        yield "Prognostic factors", "; ".join(_factor(view, each) for each in _factors(view))
    yield "Dropout", _dropout(view)
    yield "Progression is seen", _observation(view)


def _model(model: survival_model.SurvivalModel) -> str:
    match model:
        case survival_model.SingleModel():
            return f"{model.endpoint} alone"
        case survival_model.CopulaModel():
            return (
                "times to progression and to death with a Gaussian copula, correlation "
                f"{model.correlation:g}"
            )
        case _:
            return "an illness-death model of progression and death"


def _effect(view: RandomisedView, effect: Effect) -> str:
    text = f"{view.label(effect.arm)} on {_TRANSITIONS[effect.on]}: {_ratio(effect)}"
    if effect.when:
        where = listed(
            f"{view.scenario.baseline.variable(name).title} {listed(map(str, levels), last='or')}"
            for name, levels in effect.when.items()
        )
        text += f", if {where}"
    return text


def _ratio(effect: Effect) -> str:
    match effect:
        case survival_model.Proportional():
            return f"hazard ratio {effect.hazard_ratio:g}"
        case survival_model.Delayed():
            return f"hazard ratio {effect.hazard_ratio:g} after a delay of {duration(effect.delay)}"
        case survival_model.Diminishing():
            return (
                f"hazard ratio {effect.hazard_ratio:g}, fading from {duration(effect.from_)} and "
                f"gone by {duration(effect.until)}"
            )
        case survival_model.PiecewiseEffect():
            pieces = zip(effect.hazard_ratios, effect.from_, strict=True)
            ratios = (f"{ratio:g} from {duration(start)}" for ratio, start in pieces)
            return f"hazard ratio {listed(ratios)}"
        case survival_model.OwnLaw():
            return f"a law of its own: {time_in_words(effect.time)}"


def _factors(view: RandomisedView) -> tuple[survival_model.SurvivalFactor, ...]:
    return view.scenario.survival.prognostic_factors


def _factor(view: RandomisedView, factor: survival_model.SurvivalFactor) -> str:
    ratios = listed(
        f"{ratio:g} on {_TRANSITIONS[name]}" for name, ratio in factor.hazard_ratios.items()
    )
    title = view.scenario.baseline.variable(factor.variable).title
    return f"{title} {factor.level}: hazard ratio {ratios}"


def _dropout(view: RandomisedView) -> str:
    model = view.scenario.survival
    text = "nobody is lost" if model.dropout is None else time_in_words(model.dropout)
    for arm, time in model.dropout_by_arm.items():
        text += f"; {view.label(arm)}: {time_in_words(time)}"
    return text


def _observation(view: RandomisedView) -> str:
    model = view.scenario.survival
    if model.observation == "exact":
        return "on its day"
    rows = [
        f"every {duration(row.every)}" + (f" until {duration(row.until)}" if row.until else "")
        for row in model.calendar
    ]
    return f"at the next scan, {listed(rows, last='then')} after randomisation"


# ---- how it is decided ----------------------------------------------------------------------


def _decisions(view: RandomisedView) -> Iterator[Item]:
    for analysis in view.analyses:
        yield f"Look: {look_label(analysis)}", _look(analysis)
    yield "Longest duration", duration(view.scenario.max_study_duration)
    for hypothesis in view.hypotheses:
        yield f"Hypothesis: {hypothesis.name}", _hypothesis(view, hypothesis)


def _look(analysis: Analysis) -> str:
    text = f"cut at {cut_in_words(analysis.cut)}"
    if analysis.cleaning_lag:
        text += f"; decision {duration(analysis.cleaning_lag)} after the cut"
    return text


def _hypothesis(view: RandomisedView, hypothesis: Hypothesis) -> str:
    test = hypothesis.test.replace("_", "-").replace("log-rank", "log-rank test")
    test = test.replace("stratified-", "stratified ")
    parts = [
        f"{hypothesis.endpoint}, {view.label(hypothesis.experimental)} against "
        f"{view.label(hypothesis.control)}, by a {test}, one-sided alpha {hypothesis.alpha:g}",
    ]
    information = view.scenario.information(hypothesis)
    if information is not None:
        parts.append(f"all of it spent at {number(information, 0)} events")
    if hypothesis.efficacy is not None:
        parts.append(f"spending {spending_in_words(hypothesis.efficacy)}")
    if hypothesis.futility is not None:
        binding = "binding" if hypothesis.futility.binding else "non-binding"
        parts.append(
            f"{binding} futility, beta {hypothesis.futility.beta:g} spent "
            f"{spending_in_words(hypothesis.futility.spending)}"
        )
    if hypothesis.design_hazard_ratio is not None:
        parts.append(f"designed for a hazard ratio of {hypothesis.design_hazard_ratio:g}")
    return "; ".join(parts)


def spending_in_words(spending: monitoring.Spending) -> str:
    """How error is spent over the looks."""
    match spending:
        case monitoring.OBrienFleming():
            return "as O'Brien-Fleming (Lan and DeMets)"
        case monitoring.Pocock():
            return "as Pocock (Lan and DeMets)"
        case monitoring.HwangShihDeCani():
            return f"as Hwang-Shih-DeCani, gamma {spending.gamma:g}"
        case monitoring.KimDeMets():
            return f"as Kim-DeMets, rho {spending.rho:g}"
        case monitoring.GivenSpending():
            return f"as given: {listed(f'{spent:g}' for spent in spending.spent)}"
