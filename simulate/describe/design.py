"""The theory of a design as text: bounds, looks, power, and what it would take."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator

import numpy as np

from simulate.describe.as_if_read import as_if_in_words
from simulate.describe.design_notes import notes_of_design
from simulate.describe.monitoring import (
    at_bound_in_words,
    bounds_table,
    events_in_words,
    hypothesis_in_words,
)
from simulate.describe.multiplicity import level_in_words, shared_theory_in_words
from simulate.describe.words import (
    NO_VALUE,
    duration,
    in_months,
    listing,
    paragraph,
    paragraphs,
    percent,
    section,
    stated_percent,
    table,
)
from simulate.design_theory import POWERS, DesignTheory, power_without_futility
from simulate.looks.build_tests import weights_of
from simulate.scenario.reading import AnyScenario
from simulate.scenario.testing import RestrictedMean
from simulate.theory.course import ASSUMED, DESIGN, NULL
from simulate.theory.hypothesis import HypothesisTheory, UnderTruth
from simulate.units import DAYS_PER_MONTH

_TRUTHS = {NULL: "no effect", ASSUMED: "as the scenario", DESIGN: "as designed"}


def design_in_words(theory: DesignTheory) -> str:
    """Say what theory expects of a design.

    Returns
    -------
    str
        Plain text in lines of about 90 characters.
    """
    parts = [
        section(f"Theory of {theory.scenario.name}", _head(theory)),
        *(_block(theory, alike) for alike in _alike(theory)),
        *_shared(theory),
        section("How to read this", notes_of_design(theory)),
    ]
    return "\n\n".join(parts) + "\n"


def _shared(theory: DesignTheory) -> list[str]:
    if theory.shared is None:
        return []
    words = shared_theory_in_words(theory.shared, theory.scenario)
    return [section("Hypotheses that share alpha", words)]


def _head(theory: DesignTheory) -> list[str]:
    scenario = theory.scenario
    end = theory.enrolment_end
    full = (
        "Mostly not all places are taken by the end of the trial."
        if math.isinf(end)
        else f"All {scenario.sample_size:,} places are taken after {in_months(end)} on average "
        f"({scenario.origin + dt.timedelta(days=math.ceil(end))})."
    )
    return paragraphs(scenario.title, full)


def _alike(theory: DesignTheory) -> list[list[HypothesisTheory]]:
    """Hypotheses of which theory says the same: they differ by readers or rules alone."""
    found: dict[tuple[str, ...], list[HypothesisTheory]] = {}
    for each in theory.hypotheses:
        trial, hypothesis = theory.scenario, each.hypothesis
        # what stands in the first paragraphs beside the name, the endpoint and its information
        unnamed = hypothesis.model_copy(update={"id": 0, "name": "", "endpoint": "", "alpha": 0})
        told = unnamed.model_dump_json(exclude={"information"})
        level = level_in_words(trial, trial.hypotheses.index(hypothesis))
        says = (as_if_in_words(trial, hypothesis), level, *_numbers(theory, each))
        key = (trial.event_of(hypothesis.endpoint), told, *says)
        found.setdefault(key, []).append(each)
    return list(found.values())


def _block(theory: DesignTheory, alike: list[HypothesisTheory]) -> str:
    first, *others = alike
    trial = theory.scenario
    names = listing(each.hypothesis.name for each in alike)
    same = listing(f"{each.hypothesis.name} ({each.hypothesis.endpoint})" for each in others)
    lines = [
        *paragraphs(as_if_in_words(trial, first.hypothesis)),
        *hypothesis_in_words(trial, first.hypothesis),
        *paragraphs(f"Theory says the same of {same}." if others else ""),
        "",
        *_numbers(theory, first),
    ]
    return section(f"Hypothes{'es' if others else 'is'} {names}", lines)


def _numbers(theory: DesignTheory, one: HypothesisTheory) -> list[str]:
    trial = theory.scenario
    return [
        *paragraph(
            f"Bounds at the planned {_counted(one)}{_level(theory, one)}{_told_at_bound(one)}:"
        ),
        *bounds_table(one),
        "",
        *paragraph(
            "When each look is expected, were the trial not stopped; patients enrolled (N) and "
            f"{_counted(one)} of {one.hypothesis.control} and {one.hypothesis.experimental} by "
            "then:"
        ),
        *_looks(trial, one),
        "",
        *(
            _performance(theory, one)
            if one.has_power
            else paragraphs(_BY_SIMULATION, *_unreached(one))
        ),
    ]


_BY_SIMULATION = (
    "Theory gives no power of win ratios and of the interval-censored test, nor how often each "
    "look stops the trial: simulate run finds them."
)


def _performance(theory: DesignTheory, one: HypothesisTheory) -> list[str]:
    if not one.has_power:
        return paragraphs(_BY_SIMULATION, *_unreached(one))
    more = paragraphs(*_needed(one), *_unreached(one))
    return [
        *paragraph(_stops_for(one)),
        *_stopping(one),
        "",
        *paragraph(_until_decided(theory, one)),
        *_overall(one),
        *(["", *more] if more else []),
    ]


def _told_at_bound(one: HypothesisTheory) -> str:
    """What the table of bounds has beside Z and p, or what these are."""
    told = at_bound_in_words(one)
    if told:
        return f" ({told} at the bound)"
    is_combination = len(weights_of(one.hypothesis.test)) > 1
    return " (Z is the deviate of the combination's p-value)" if is_combination else ""


def _level(theory: DesignTheory, one: HypothesisTheory) -> str:
    if theory.shared is None:
        return ""
    return f", for its lowest level of {stated_percent(one.alpha)} as all that follows"


def _looks(trial: AnyScenario, one: HypothesisTheory) -> list[str]:
    what = "HR"
    if one.is_of_rates or one.compares_curves:
        is_mean = isinstance(one.hypothesis.test, RestrictedMean)
        what = "means (months)" if is_mean else "rates"
    # a combination has no mean of Z
    has_mean = any(np.isfinite(under.performance.means).any() for under in one.truths)
    mean = ["mean Z"] if has_mean else []
    header = ["look", what, *mean, "after", "date", "N", _counted(one).split()[-1]]
    rows = [
        [
            f"{analysis.name}, {_TRUTHS[under.truth]}",
            _effect(one, under, look),
            *([_number(under.performance.means[look])] if has_mean else []),
            in_months(under.days[look]),
            str(trial.origin + dt.timedelta(days=math.ceil(under.days[look]))),
            f"{under.enrolled[look]:,.1f}",
            f"{under.control_events[look]:,.1f} + {under.experimental_events[look]:,.1f}",
        ]
        for look, analysis in enumerate(one.analyses)
        for under in one.truths
    ]
    return table(header, rows)


def _number(value: float) -> str:
    return NO_VALUE if math.isnan(value) else f"{value:.3f}"


def _counted(one: HypothesisTheory) -> str:
    """What the information of a hypothesis is."""
    return "evaluable patients" if one.is_of_rates else "events"


def _effect(one: HypothesisTheory, under: UnderTruth, look: int) -> str:
    """The hazard ratio of a look, or what is compared, of the control and experimental arm."""
    if under.rates is not None:
        return f"{percent(under.rates.control)}, {percent(under.rates.experimental)}"
    if under.curves is None:
        return f"{under.hazard_ratio[look]:.3f}"
    if isinstance(one.hypothesis.test, RestrictedMean):
        months = (
            each / DAYS_PER_MONTH for each in (under.curves.control, under.curves.experimental)
        )
        return ", ".join(f"{each:.2f}" for each in months)
    return f"{percent(under.curves.control)}, {percent(under.curves.experimental)}"


def _stopping(one: HypothesisTheory) -> list[str]:
    gives_up = one.hypothesis.futility is not None
    header = ["", *(analysis.name for analysis in one.analyses), "success in all"]
    rows = []
    for under in one.truths:
        stops = under.performance
        by_look = [percent(each) for each in stops.efficacy]
        if gives_up:
            earlier = zip(by_look[:-1], stops.futility[:-1], strict=True)
            by_look[:-1] = [f"{up} / {percent(down)}" for up, down in earlier]
        rows.append([_capital(_TRUTHS[under.truth]), *by_look, f"{100 * stops.power:.2f}%"])
    return table(header, rows)


def _stops_for(one: HypothesisTheory) -> str:
    if one.hypothesis.futility is None:
        return "Probability of success at each look:"
    return "Probability of stopping at each look, for efficacy / for futility:"


def _until_decided(theory: DesignTheory, one: HypothesisTheory) -> str:
    what = "Until the trial ends" if len(theory.hypotheses) == 1 else "Until it is decided"
    heeded = one.hypothesis.futility is None
    unheeded = "" if heeded else "; power 2: were no trial stopped for futility"
    return f"{what}, on average{unheeded}{_after_the_cut(one)}:"


def _after_the_cut(one: HypothesisTheory) -> str:
    """How long after their data cuts looks are decided; nothing if on the same day."""
    lags = {analysis.cleaning_lag for analysis in one.analyses}
    if lags == {0}:
        return ""
    told = (
        duration(lags.pop())
        if len(lags) == 1
        else listing(f"{duration(each.cleaning_lag)} ({each.name})" for each in one.analyses)
    )
    return (
        f"; patients and duration are those of the decision, {told} after the data cut, the "
        "events those of the cut"
    )


def _overall(one: HypothesisTheory) -> list[str]:
    second = ["power 2"] if one.hypothesis.futility is not None else []
    counted = "evaluable" if one.is_of_rates else "events"
    header = ["", "power", *second, counted, "patients", "duration"]
    return table(header, [_overall_row(one, under) for under in one.truths])


def _overall_row(one: HypothesisTheory, under: UnderTruth) -> list[str]:
    stops = under.performance
    powers = [stops.power]
    if one.hypothesis.futility is not None:
        powers.append(power_without_futility(one, under))
    return [
        _capital(_TRUTHS[under.truth]),
        *(f"{100 * power:.2f}%" for power in powers),
        f"{stops.expected(under.control_events + under.experimental_events):,.1f}",
        f"{stops.expected(under.enrolled_at_decision):,.1f}",
        in_months(stops.expected(under.decision_days)),
    ]


def _needed(one: HypothesisTheory) -> Iterator[str]:
    """What it would take, and what can be found."""
    if one.is_of_rates:
        patients = listing(f"{_rounded_up(one.fixed_events_for(p))} for {p:.0%}" for p in POWERS)
        yield (
            f"For the rates of the scenario one look alone needs {patients} power, evaluable "
            "patients of both arms."
        )
        return
    if one.compares_curves:
        yield from _gained(one)
        return
    if not one.has_hazard_ratio:
        return
    ratio = one.hazard_ratio
    whose = "of the design" if one.hypothesis.design_hazard_ratio is not None else "on average"
    events = listing(f"{_rounded_up(one.events_for(p))} for {p:.0%}" for p in POWERS)
    fixed = listing(f"{_rounded_up(one.fixed_events_for(p))} for {p:.0%}" for p in POWERS)
    yield (
        f"For the hazard ratio {whose}, {ratio:.4g}, these looks need {events} power; one look "
        f"alone (Schoenfeld) {fixed}."
    )
    found = listing(f"{one.detectable(p):.3f} with {p:.0%} power" for p in POWERS)
    significant = (
        "no hazard ratio is significant there, as no alpha is left"
        if math.isinf(one.bounds.efficacy_z[-1])
        else f"the largest that is significant there is {one.efficacy_hazard_ratio[-1]:.3f}"
    )
    yield (
        f"With {events_in_words(one.events[-1])} events at the last look, a hazard ratio of "
        f"{found} is found; {significant}."
    )
    if one.hypothesis.futility is not None:
        yield (
            f"Beta is spent at a hazard ratio of {one.beta_hazard_ratio:.3f}: for that one the "
            f"planned events have a power of {stated_percent(1 - one.bounds.design.beta)}."
        )


def _gained(one: HypothesisTheory) -> Iterator[str]:
    """How much of its information a comparison of curves has at each look, and needs."""
    null = one.under(NULL)
    assert null is not None  # it always stands
    assert null.curves is not None  # they are compared
    gained = null.curves.information
    if not gained[-1] > 0.0:
        yield "Nobody is expected to be followed so long: the test is not defined at any look."
        return
    shares = listing(percent(each / gained[-1]) for each in gained)
    if len(gained) == 1:
        return
    yield (
        f"Without an effect the comparison has {shares} of the information of the last look "
        "(one over the variance)."
    )
    early = [look.name for look, each in zip(one.analyses, gained, strict=True) if not each > 0.0]
    if early:
        yield (
            f"At {listing(early)} nothing is rejected: without an effect not one patient of an arm "
            "is expected to have been followed so long by then."
        )


def _unreached(one: HypothesisTheory) -> Iterator[str]:
    """Looks whose target is not expected to be reached."""
    for under in one.truths:
        late = [
            analysis.name
            for analysis, look in zip(one.analyses, under.looks, strict=True)
            if not look.is_reached
        ]
        if late:
            power = "the power above is that of the events that come, " if one.has_power else ""
            come = under.control_events[-1] + under.experimental_events[-1]
            yield (
                f"{_capital(_TRUTHS[under.truth])}, the trial is expected to end before "
                f"{listing(late)} with {come:,.1f} of {events_in_words(one.events[-1])} "
                f"{_counted(one)}: "
                f"{power}the bounds are those of the planned ones."
            )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rounded_up(number: float) -> str:
    return NO_VALUE if math.isnan(number) else f"{math.ceil(number - 1e-9):,}"
