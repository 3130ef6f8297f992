"""The whole description of a randomised trial with plain survival models, section by section."""

from __future__ import annotations

import datetime as dt
import math

from simulate.describe.closing import sources, what_ifs
from simulate.describe.monitoring import (
    analysis_in_words,
    bounds_table,
    estimates_in_words,
    hypothesis_in_words,
)
from simulate.describe.multiplicity import sharing_in_words
from simulate.describe.patients import baseline_in_words
from simulate.describe.randomisation import randomised
from simulate.describe.recruitment import recruitment
from simulate.describe.survival_model import dropout, observed, survival_model
from simulate.describe.timeline import month_ends_between
from simulate.describe.words import (
    count,
    duration,
    in_months,
    listing,
    paragraph,
    paragraphs,
    section,
    side_by_side,
    stated_percent,
)
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.sequential.refusals import DesignError
from simulate.theory.course import ExpectedTrial, Truth, at_day
from simulate.theory.look_days import LookDay
from simulate.theory.performance import expected_looks, hypothesis_theory


def events_in_words(endpoint: str) -> str:
    """What the events of an endpoint are called."""
    return "deaths" if endpoint == "OS" else f"{endpoint} events"


def describe_survival(scenario: SurvivalScenario) -> str:
    """Say a randomised trial in plain words: who, when, what, and what to expect of it.

    Parameters
    ----------
    scenario : SurvivalScenario
        A checked scenario.

    Returns
    -------
    str
        Plain text in lines of about 90 characters. Every number in it is read from the scenario or
        computed from it by formula; nothing is simulated.
    """
    expected = ExpectedTrial(scenario)
    looks = expected_looks(expected, Truth())
    parts = [
        section("Trial", _trial(scenario)),
        section("Who", _who(scenario)),
        section("When patients come", recruitment(scenario, expected.accrual)),
        section("Arms", randomised(scenario.arms, scenario.randomisation, scenario.baseline)),
        section("The disease", survival_model(expected)),
        section("What is seen", observed(expected)),
        section("Who leaves", dropout(scenario)),
        section("What to expect", _forecast(expected, looks)),
        section("Analyses", _analyses(expected, looks)),
        section("Hypotheses", _hypotheses(expected)),
        section("Estimates", estimates_in_words(scenario)),
        section("What-ifs", what_ifs(scenario)),
        section("Sources", sources(scenario)),
    ]
    return "\n\n".join(parts) + "\n"


def _trial(scenario: SurvivalScenario) -> list[str]:
    arms = f"{count(len(scenario.arms), 'arm')}, " + (
        "randomised, " if len(scenario.arms) > 1 else ""
    )
    return paragraphs(
        scenario.title,
        f"Reference: {scenario.reference}" if scenario.reference else "",
        f"{arms}{count(scenario.sample_size, 'patient')}; at the latest it ends after "
        f"{duration(scenario.max_study_duration)}.",
        f"Scenario {scenario.name}: {count(scenario.replicates, 'simulated trial')}, seed "
        f"{scenario.seed}.",
    )


def _who(scenario: SurvivalScenario) -> list[str]:
    texts = baseline_in_words(scenario.baseline)
    return paragraphs(*texts) or paragraph("Nothing is known of the patients at baseline.")


# ---- what to expect -------------------------------------------------------------------------


def _forecast(expected: ExpectedTrial, looks: tuple[LookDay, ...]) -> list[str]:
    """Patients and events by the end of each month up to the last look."""
    trial = expected.trial
    last = math.ceil(looks[-1].day)
    ends = month_ends_between(trial.origin, trial.origin + dt.timedelta(days=last))
    if not ends:
        return paragraph("No calendar month ends between the origin and the last look.")
    known = {kind: expected.events(name).sum(axis=0) for kind, name in _kinds(trial).items()}
    rows = []
    for end in ends:
        day = (end - trial.origin).days
        numbers = (expected.entered[day], *(known[each][day] for each in known))
        rows.append([end.strftime("%Y-%m"), *(f"{number:,.1f}" for number in numbers)])
    events = listing(f"known {events_in_words(each)}" for each in known)
    return [
        *paragraph(
            "Expected by the end of each month, by integration over accrual, survival and dropout, "
            f"were the trial not stopped: patients enrolled (N), {events} in all arms"
        ),
        *side_by_side(["month", "N", *(events_in_words(each).split()[0] for each in known)], rows),
    ]


def _kinds(trial: SurvivalTrial) -> dict[str, str]:
    """PFS before OS, each with an endpoint of it: what is expected is the same for all of them."""
    return dict(sorted(trial.kinds.items(), reverse=True))


def _analyses(expected: ExpectedTrial, looks: tuple[LookDay, ...]) -> list[str]:
    return [
        line
        for analysis, look in zip(expected.trial.analyses, looks, strict=True)
        for line in paragraphs(
            analysis_in_words(analysis, expected.trial.baseline),
            look_in_words(expected, analysis, look),
        )
    ]


def look_in_words(expected: ExpectedTrial, analysis: Analysis, look: LookDay) -> str:
    """When a look is expected, and with how many patients and events."""
    trial = expected.trial
    enrolled = max(at_day(expected.entered, look.day), look.least_enrolled)
    numbers = [f"{enrolled:,.1f} patients enrolled"]
    for kind, name in _kinds(trial).items():
        known = expected.events(name).sum(axis=0)
        numbers.append(f"{at_day(known, look.day):,.1f} {events_in_words(kind)}")
    date = trial.origin + dt.timedelta(days=math.ceil(look.day))
    if look.is_reached:
        return f"Expected after {in_months(look.day)} ({date}), with {listing(numbers)}."
    return (
        f"Not expected by the end of the trial ({date}), when there are {listing(numbers)}: the "
        f"data of {analysis.name} are then cut, and its target counts as not reached."
    )


def _hypotheses(expected: ExpectedTrial) -> list[str]:
    hypotheses = expected.trial.hypotheses
    if not hypotheses:
        return paragraph("None: nothing is tested, and the trial runs to its last analysis.")
    return [
        *sharing_in_words(expected.trial),
        *(line for each in hypotheses for line in _hypothesis(expected, each)),
    ]


def _hypothesis(expected: ExpectedTrial, hypothesis: Hypothesis) -> list[str]:
    words = hypothesis_in_words(expected.trial, hypothesis)
    try:
        theory = hypothesis_theory(expected, hypothesis)
    except DesignError as error:
        return [*words, *paragraph(f"There are no planned bounds: {error}.")]
    level = ""
    if expected.trial.graph is not None:
        level = f" at its lowest level, {stated_percent(theory.alpha)}"
    return [
        *words,
        *paragraph(
            f"Planned bounds{level}; those of a simulated trial follow from its own events:"
        ),
        *bounds_table(theory),
    ]
