"""When the looks of a trial may be expected, by the day on which expected numbers reach a target.

For large numbers that is nearly the mean day on which a trial reaches it. Patients enrolled are
followed exactly: the mean day of the last of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from simulate.distributions import FloatArray
from simulate.scenario.analyses import Analysis, Trigger
from simulate.scenario.populations import Population, population_of
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.sequential.expected import day_reaching


class LookDay(NamedTuple):
    """When a look is expected."""

    day: float
    """Trial day of the data cut."""
    is_reached: bool
    """Whether its trigger is met by the end of the trial; if not, the data are cut there."""
    least_enrolled: int = 0
    """Patients that must have been enrolled for the trigger to be met."""


def look_days(
    trial: SurvivalTrial | Trial,
    day_enrolled: Callable[[int], float],
    events_of: Callable[[str, Population], FloatArray],
) -> tuple[LookDay, ...]:
    """Expected day of each look, in a trial that is not stopped before.

    Parameters
    ----------
    trial
        The trial.
    day_enrolled
        Given a number of patients: the expected day on which so many are enrolled.
    events_of
        Given an endpoint and a subpopulation: expected events by the end of each trial day, in all
        arms together.
    """

    def day_of(trigger: Trigger) -> float:
        if trigger.events is not None:
            events, population = trigger.events, population_of(trigger.events.population)
            return day_reaching(events_of(events.endpoint, population), events.count)
        if trigger.enrolled is not None:
            return day_enrolled(trigger.enrolled.count) + trigger.enrolled.after
        if trigger.follow_up is not None:
            return day_enrolled(trial.sample_size) + trigger.follow_up
        assert trigger.date is not None  # a trigger has one of its keys
        return float((trigger.date - trial.origin).days)

    found: list[LookDay] = []
    assert trial.max_study_duration is not None  # a trial with hypotheses has it
    before, last, least = 0.0, math.floor(trial.max_study_duration), 0
    for analysis in trial.analyses:
        day = max(_first_met(analysis, day_of), before)
        before = min(day, float(last))
        if day <= last:
            least = max(least, _least_enrolled(analysis, trial.sample_size))
        found.append(LookDay(before, day <= last, least))
    return tuple(found)


def _least_enrolled(analysis: Analysis, sample_size: int) -> int:
    """Patients without whom no clause is met: the mean number on the mean day may be lower."""

    def needed(trigger: Trigger) -> int:
        if trigger.enrolled is not None:
            return trigger.enrolled.count
        return sample_size if trigger.follow_up is not None else 0

    return min(max(needed(trigger) for trigger in clause) for clause in analysis.cut.clauses)


def _first_met(analysis: Analysis, day_of: Callable[[Trigger], float]) -> float:
    """The first day on which all conditions of one of the clauses are met."""
    return min(max(day_of(trigger) for trigger in clause) for clause in analysis.cut.clauses)
