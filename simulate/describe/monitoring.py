"""Looks and hypotheses in words: what triggers a look, and how errors are spent."""

from __future__ import annotations

import math

from simulate.describe.multiplicity import level_in_words
from simulate.describe.responses import population_of_hypothesis
from simulate.describe.tests import test_in_words
from simulate.describe.words import (
    NO_VALUE,
    count,
    duration,
    listing,
    p_value,
    paragraphs,
    stated_percent,
    table,
)
from simulate.looks.build_tests import weights_of
from simulate.scenario import monitoring, testing
from simulate.scenario.analyses import Analysis, Cut, Trigger
from simulate.scenario.baseline import Baseline
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.testing import compares_curves, is_log_rank, is_of_rates, is_stratified
from simulate.scenario.trial import Trial
from simulate.sequential.boundaries import nominal_p
from simulate.theory.hypothesis import HypothesisTheory
from simulate.units import DAYS_PER_MONTH


def trigger_in_words(trigger: Trigger, baseline: Baseline | None = None) -> str:
    """One condition: ``230 PFS events are known``; subpopulations need the baseline."""
    if trigger.events is not None:
        events = count(trigger.events.count, f"{trigger.events.endpoint} event")
        if baseline is not None:
            events += population_of_hypothesis(baseline, trigger.events.population)
        text = f"{events} {'is' if trigger.events.count == 1 else 'are'} known"
        if trigger.events.adjudication_lag:
            text += f", each {duration(trigger.events.adjudication_lag)} after its day"
        return text
    if trigger.enrolled is not None:
        patients = count(trigger.enrolled.count, "patient")
        enrolled = f"{patients} {'is' if trigger.enrolled.count == 1 else 'are'} enrolled"
        if trigger.enrolled.after == 0:
            return enrolled
        return f"{duration(trigger.enrolled.after)} have passed since {enrolled}"
    if trigger.follow_up is not None:
        return f"the last patient could have been followed for {duration(trigger.follow_up)}"
    return f"it is {trigger.date}"


def cut_in_words(cut: Cut, baseline: Baseline | None = None) -> str:
    """When the data are cut; subpopulations need the baseline."""
    conditions = [trigger_in_words(trigger, baseline) for trigger in cut.triggers]
    if cut.date is not None:
        return f"at the end of {cut.date}"
    if len(conditions) == 1:
        return f"at the end of the day on which {conditions[0]}"
    which = "all of this is" if cut.all is not None else "the first of this is"
    listed = listing(conditions, last="and" if cut.all is not None else "or")
    return f"at the end of the day on which {which} true: {listed}"


def analysis_in_words(analysis: Analysis, baseline: Baseline | None = None) -> str:
    """Which look it is, when the data are cut, and when it is decided."""
    cut = cut_in_words(analysis.cut, baseline)
    text = f"Analysis {analysis.id} ({analysis.name}): data cut {cut}"
    if analysis.cleaning_lag:
        text += f"; the decision follows {duration(analysis.cleaning_lag)} later"
    return f"{text}."


def spending_in_words(spending: monitoring.Spending) -> str:
    """A spending function by its name."""
    match spending:
        case monitoring.OBrienFleming():
            return "O'Brien-Fleming type (Lan-DeMets)"
        case monitoring.Pocock():
            return "Pocock type (Lan-DeMets)"
        case monitoring.HwangShihDeCani(gamma=gamma):
            return f"Hwang-Shih-DeCani with gamma {gamma:g}"
        case monitoring.KimDeMets(rho=rho):
            return f"Kim-DeMets with rho {rho:g}"
        case monitoring.GivenSpending(spent=spent):
            return f"given, {listing(f'{each:g}' for each in spent)} by look"


def hypothesis_in_words(trial: SurvivalTrial | Trial, hypothesis: Hypothesis) -> list[str]:
    """One hypothesis: what is compared, at which looks, and how errors are spent."""
    names = [trial.arm(each).label for each in (hypothesis.experimental, hypothesis.control)]
    looks = listing(analysis.name for analysis in trial.analyses_of(hypothesis))
    information = trial.information(hypothesis)
    unit = "evaluable patient" if trial.is_rate(hypothesis.endpoint) else "event"
    return paragraphs(
        f"Hypothesis {hypothesis.id} ({hypothesis.name}): {hypothesis.endpoint}, {names[0]} "
        f"against {names[1]}"
        f"{population_of_hypothesis(trial.baseline, hypothesis.population)}, "
        f"{_test(trial, hypothesis)}, "
        f"{level_in_words(trial, trial.hypotheses.index(hypothesis))}.",
        f"Tested at: {looks}."
        + (f" Full information: {count(information, unit)}." if information else ""),
        "Efficacy: "
        + (
            "all alpha is spent at the last of these."
            if hypothesis.efficacy is None
            else f"alpha is spent as {spending_in_words(hypothesis.efficacy)}."
        ),
        _information_of_test(hypothesis)
        if hypothesis.efficacy is not None and len(trial.analyses_of(hypothesis)) > 1
        else "",
        _futility(hypothesis),
        f"Designed for a hazard ratio of {hypothesis.design_hazard_ratio:g}."
        if hypothesis.design_hazard_ratio is not None
        else "",
    )


def _test(trial: SurvivalTrial | Trial, hypothesis: Hypothesis) -> str:
    text = test_in_words(hypothesis.test)
    if not is_stratified(hypothesis.test):
        return text
    strata = listing(trial.baseline.variable(s).title for s in trial.randomisation.strata)
    return f"{text} stratified by {strata}"


def _information_of_test(hypothesis: Hypothesis) -> str:
    """What spending by events means for a test whose information does not follow them."""
    if is_log_rank(hypothesis.test):
        return ""
    if is_of_rates(hypothesis.test):
        return "Alpha is spent by evaluable patients."
    if isinstance(hypothesis.test, testing.MaxCombo):
        return (
            "Alpha is spent by events. The bounds are on the p-value of the combination, from the "
            "joint normal distribution of all its statistics at all looks that is expected without "
            "an effect at these events; the p-value takes their observed correlation."
        )
    if weights_of(hypothesis.test):
        return (
            "Alpha is spent by events. The bounds count on the correlation of the weighted "
            "statistics of the looks that is expected without an effect at these events."
        )
    if compares_curves(hypothesis.test):
        return (
            "Alpha is spent by events. The bounds count on the correlation of the looks that their "
            "information (one over the variance) lets expect without an effect at these events; "
            "where survival has no formula, on that of a log-rank test."
        )
    return (
        "Alpha is spent by events, and the bounds are those of a statistic whose information is in "
        "proportion to events, as is that of the log-rank test. Where this test gains information "
        "otherwise, its looks are correlated otherwise, and the type I error is not exactly alpha: "
        "simulate run --null tells it."
    )


def _futility(hypothesis: Hypothesis) -> str:
    futility = hypothesis.futility
    if futility is None:
        return "Futility: the trial never stops for it."
    binding = (
        "binding: the efficacy bounds count on it"
        if futility.binding
        else "not binding: alpha is kept whether or not it is heeded"
    )
    return (
        f"Futility: beta of {stated_percent(futility.beta)} is spent as "
        f"{spending_in_words(futility.spending)}, {binding}."
    )


def bounds_table(theory: HypothesisTheory) -> list[str]:
    """The planned bounds of a hypothesis look by look, and those for futility below them."""
    bounds, at_bound = theory.bounds, theory.efficacy_hazard_ratio
    if theory.is_of_rates or theory.compares_curves:
        at_bound = theory.efficacy_difference
        if isinstance(theory.hypothesis.test, testing.RestrictedMean):
            at_bound = at_bound / DAYS_PER_MONTH
    rows = [
        [
            analysis.name,
            events_in_words(theory.events[look]),
            f"{theory.events[look] / theory.information:.3f}",
            *_bound(bounds.efficacy_z[look], at_bound[look]),
            f"{bounds.alpha_spent[look]:.5f}",
        ]
        for look, analysis in enumerate(theory.analyses)
    ]
    has_difference = theory.is_of_rates or theory.compares_curves
    header = ["Z", "nominal p", "difference" if has_difference else "HR"]
    information = "patients" if theory.is_of_rates else "events"
    titles = ["efficacy", information, "information", *header, "alpha spent"]
    if not at_bound_in_words(theory):
        column = titles.index(header[-1])
        titles, rows = _without(column, titles), [_without(column, row) for row in rows]
    lines = table(titles, rows)
    if theory.hypothesis.futility is None:
        return lines
    futility = [
        [
            analysis.name,
            *_bound(theory.futility_z[look], theory.futility_hazard_ratio[look]),
            f"{bounds.beta_spent[look]:.5f}",
        ]
        for look, analysis in enumerate(theory.analyses)
    ]
    return [*lines, *table(["futility", *header, "beta spent"], futility)]


def at_bound_in_words(theory: HypothesisTheory) -> str:
    """What the table of bounds has beside Z and p; nothing if it has no more."""
    if theory.is_of_rates:
        return "difference of the rates"
    match theory.hypothesis.test:
        case testing.RestrictedMean():
            return "difference of the restricted means in months"
        case testing.Milestone(scale="linear"):
            return "difference of the rates"
        case _:
            return "HR: hazard ratio" if theory.has_hazard_ratio else ""


def _without(column: int, row: list[str]) -> list[str]:
    return [*row[:column], *row[column + 1 :]]


def events_in_words(number: float) -> str:
    """A number of events: whole if it is planned, to a tenth if it is expected."""
    return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"


def _bound(z: float, hazard_ratio: float) -> list[str]:
    """Z, nominal p and hazard ratio of a bound; a look without one shows none."""
    if math.isinf(z):
        return [NO_VALUE] * 3
    ratio = NO_VALUE if math.isnan(hazard_ratio) else f"{hazard_ratio:.3f}"
    return [f"{z:.4f}", p_value(float(nominal_p(z))), ratio]


def estimates_in_words(trial: SurvivalTrial | Trial) -> list[str]:
    """What is estimated beside the tests, and when."""
    estimates, endpoints = trial.estimates, trial.endpoint_names
    times = [each for each in endpoints if not trial.is_rate(each)]
    rated = listing(filter(trial.is_rate, endpoints))
    when = "at every look" if estimates.when == "every_look" else "at the look that ends the trial"
    landmarks = listing(map(duration, estimates.landmarks))
    rates = f", event-free rates at {landmarks}" if landmarks else ""
    rmst = ""
    if estimates.rmst is not None:
        rmst = f", and mean survival restricted to {duration(estimates.rmst)} (RMST)"
    return paragraphs(
        f"Estimated {when}: hazard ratios by Cox regression (Efron), Kaplan-Meier medians of "
        f"{listing(times)} by arm{rates}{rmst}.",
        f"{rated}: rates by arm, and their difference with Miettinen and Nurminen's limits, in "
        "strata with their weights."
        if rated
        else "",
        f"Intervals: {stated_percent(estimates.confidence)}.",
        _further_tests(estimates),
    )


def _further_tests(estimates: Estimates) -> str:
    if not estimates.tests:
        return ""
    words = [
        f"{each.name}: {test_in_words(each.test)}"
        + (", stratified" if is_stratified(each.test) else "")
        + (f" (of {listing(each.hypotheses)})" if each.hypotheses else "")
        for each in estimates.tests
    ]
    return (
        "Further tests at each look, of each hypothesis that the look tests and whose endpoint "
        f"they compare, which decide nothing: {'; '.join(words)}."
    )
