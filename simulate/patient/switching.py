"""Change of treatment after progression, one way, and what it does to survival.

Who changes treatment, and when, is one rule for patients of any kind. What it does to those in
cycles and scans stands here, too: once the investigator has called progression, from the change on
the hazard of death after progression is another one; if progression was called too early, from
progression on. Of plain survival models see :mod:`simulate.patient.survival`, and of those with a
treating reader :mod:`simulate.patient.switching_at_calls`.

Days are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, FloatTable, IntTable, later
from simulate.patient.disease import (
    Course,
    DiseasePlan,
    day_of_target,
    event_day,
    hazard_between,
)
from simulate.streams import unit_exponential


class SwitchPlan(NamedTuple):
    """Who of an arm changes treatment."""

    switches: int
    """Words of those who do; those below. 0 if nobody does."""
    delay: int
    """Days from the call of progression to the change."""
    hazard_ratio: float
    """What it does to the hazard of death after progression."""


@rule
def day_of_switch(switches: int, delay: int, word: int, start: int, death: int) -> int:
    """Day of the change of treatment, or NEVER if there is none or death comes first.

    Parameters
    ----------
    switches, delay
        Words of those who change, those below; and days from the start to the change.
    word
        The patient's.
    start
        Day from which it counts: of progression, or of the call by which the patient is treated.
    death
        Day of death, were there no change.
    """
    if word >= switches:
        return NEVER
    day = later(start, delay)
    return day if day < death else NEVER


@rule
def death_after_switch(
    plan: SwitchPlan,
    disease: DiseasePlan,
    course: Course,
    factors: FloatTable,
    death_words: IntTable,
    switch: int,
) -> int:
    """Day of death of a patient who changes treatment on a day, or NEVER changes it.

    Parameters
    ----------
    course
        What would come without the change.
    factors, death_words
        As of :func:`simulate.patient.disease.disease_course`.
    """
    if switch == NEVER or course.progression_day == NEVER or plan.hazard_ratio == 1.0:
        return course.death_day
    table = disease.death_after_responder if course.responder else disease.death_after_other
    since, factor = max(switch - course.progression_day, 0), factors[2]
    target = unit_exponential(death_words[1]) - factor * hazard_between(table, 0, since)
    after = day_of_target(table, since, factor * plan.hazard_ratio, target)
    alone = event_day(disease.death_before, factors[1], death_words[0])
    return min(alone, later(course.progression_day, after))
