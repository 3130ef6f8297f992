"""Whether a trial may ever have the events that its looks wait for."""

from __future__ import annotations

from collections.abc import Iterator

from scipy.special import pdtrc

from simulate.build_survival_plan import all_cells
from simulate.errors import ScenarioError, UsageError
from simulate.scenario.analyses import EventCount, Trigger
from simulate.scenario.findings import Finding
from simulate.scenario.parameters import DRAWS
from simulate.scenario.populations import population_of
from simulate.scenario.reading import AnyScenario
from simulate.scenario.rules_of_looks import triggers_of
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.tree import Path
from simulate.survival_responses import ResponseRates, too_high
from simulate.survival_truth import cell_weights
from simulate.theory.course import Expected, ExpectedTrial
from simulate.theory.patients import ExpectedPatients

HOPELESS = 1e-9
"""Probability below which a target counts as one that cannot be reached."""


def check_targets(scenario: AnyScenario) -> None:
    """Refuse a look whose events cannot come, even if all are followed to the end of the study.

    And response rates of more patients than are left when responses are known.

    A target that some trials may reach is not refused: `describe` tells of it, and trials that do
    not reach it are flagged. Nor is one of an endpoint that is read by readers, who may see events
    that are none, or one of patients whose survival has no formula or follows posterior draws.

    Raises
    ------
    ScenarioError
        With the line of every target that is out of reach.
    """
    found = list(_rates_too_high(scenario))
    if any(t.events for analysis in scenario.analyses for t in analysis.cut.triggers):
        expected = _expected(scenario)
        found += [] if expected is None else _out_of_reach(scenario, expected)
    if found:
        raise ScenarioError(scenario.problems_at(found))


def _rates_too_high(scenario: AnyScenario) -> Iterator[Finding]:
    """Response rates are not more than the patients who can still have a response.

    One at each place; where several cells share it, of the first.
    """
    if not isinstance(scenario, SurvivalScenario) or scenario.survival.response is None:
        return
    model, rates = scenario.survival.response, ResponseRates(scenario)
    told: set[int] = set()
    for levels, weight in zip(all_cells(scenario), cell_weights(scenario), strict=True):
        for arm in scenario.arms:
            rate, highest = rates.rate(arm.name, levels), rates.highest(arm.name, levels)
            own = [i for i, e in enumerate(model.effects) if e.applies_to(arm.name, levels)]
            at = own[0] if own else -1
            if weight > 0.0 and rate > highest and at not in told:
                told.add(at)
                place: Path = ("effects", at) if own else ("rate",)
                yield Finding(
                    ("survival", "response", *place),
                    too_high(arm.name, levels, rate, highest, model.evaluable_after),
                    "Lower the rate, or give a shorter evaluable_after",
                )


def _expected(scenario: AnyScenario) -> Expected | None:
    if isinstance(scenario, SurvivalScenario):
        return ExpectedTrial(scenario)
    if not scenario.arms or (scenario.parameters and scenario.parameters.use == DRAWS):
        return None
    try:
        return ExpectedPatients(scenario)
    except UsageError:
        return None  # survival has no formula


def _out_of_reach(scenario: AnyScenario, expected: Expected) -> Iterator[Finding]:
    for index, analysis in enumerate(scenario.analyses):
        conditions = list(triggers_of(analysis, index))
        late = [
            Finding((*path, "events", "count"), *_in_words(trigger.events, expected))
            for path, trigger in conditions
            if trigger.events is not None and is_hopeless(expected, trigger)
        ]
        if analysis.cut.any is None or len(late) == len(conditions):
            yield from late


def is_hopeless(expected: Expected, trigger: Trigger) -> bool:
    """Whether a trigger waits for events that practically no trial has by its end.

    The number of events varies at most like a Poisson number: patients come as one, and each has
    the event or not.
    """
    events = trigger.events
    if events is None or expected.trial.is_read_endpoint(events.endpoint):
        return False
    mean = _most(expected, events)
    return mean <= 0.0 or float(pdtrc(events.count - 1, mean)) < HOPELESS


def _at_end(expected: Expected, events: EventCount) -> float:
    """Expected events by the end of the study."""
    population = population_of(events.population)
    return float(expected.events(events.endpoint, population=population)[:, -1].sum())


def _most(expected: Expected, events: EventCount) -> float:
    """Expected events by the end of the study; where sites differ, were all places taken."""
    at_end = _at_end(expected, events)
    entered = float(expected.entered[-1])
    if isinstance(expected, ExpectedTrial) or entered <= 0.0:
        return at_end
    return at_end * expected.trial.sample_size / entered


def _in_words(events: EventCount, expected: Expected) -> tuple[str, str]:
    endpoint = events.endpoint
    mean = _at_end(expected, events)
    entered = float(expected.entered[-1]) * expected.weight(population_of(events.population))
    return (
        f"so many {endpoint} events cannot be expected by the end of the study "
        f"(given: {events.count}; expected by day {expected.horizon}, max_study_duration: "
        f"{mean:,.1f} among {entered:,.1f} patients)",
        "Lower the count, enrol more patients or sooner, or give a longer max_study_duration",
    )
