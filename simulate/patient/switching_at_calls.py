"""Patients who change treatment after progression: when they do, and when they die from then on.

Where nobody treats by what a reader sees, the change follows progression itself
(:mod:`simulate.patient.survival`). Where there is a treating reader, it follows the call, which may
come before progression or long after it. From the day of the change on the hazard of death is
multiplied, before progression and after it; progression comes when it comes.

A death takes the word that it would have without a change: E is its unit exponential variable, and
the patient dies on the first day d with ``H[s] + ratio * (H[d] - H[s]) >= E``, H the cumulative
hazard without a change and s the day of the change.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, FloatTable, IntTable, later
from simulate.patient.survival import DEATH, DEATH_AFTER, EVENT
from simulate.streams import unit_exponential

N_HAZARDS = 3
"""Transitions whose hazards are needed: EVENT, DEATH and DEATH_AFTER."""


class SwitchingPlan(NamedTuple):
    """Who changes treatment at the call of the treating reader, and what that does."""

    exists: int
    """1 if anybody does."""
    switches: IntTable
    """By arm: words of those who do; those below."""
    delay: IntTable
    """By arm: days from the call to the change."""
    ratio: FloatTable
    """By arm: what the hazard of death is multiplied by."""
    n_cells: int
    n_days: int
    """Days of a table of hazards, from day 0 on."""
    table: IntTable
    """By arm, cell and transition: where its table begins."""
    hazard: FloatTable
    """Cumulative hazards by day, table after table."""


@rule
def hazard_table(plan: SwitchingPlan, arm: int, cell: int, transition: int) -> int:
    """Where the cumulative hazard of a transition begins."""
    return plan.table[(arm * plan.n_cells + cell) * N_HAZARDS + transition]


@rule
def day_of_hazard(plan: SwitchingPlan, table: int, since: int, needed: float) -> int:
    """The first day after one on which a cumulative hazard has reached what is needed, or NEVER."""
    low, high = since, plan.n_days  # not reached on the first, and reached on the other if on any
    while high - low > 1:
        middle = (low + high) // 2
        if plan.hazard[table + middle] >= needed:
            high = middle
        else:
            low = middle
    return high if high < plan.n_days else NEVER


@rule
def day_of_changed_hazard(
    plan: SwitchingPlan, table: int, word: int, since: int, ratio: float
) -> int:
    """Days that a transition takes if its hazard is multiplied from the end of a day on."""
    before = plan.hazard[table + since]
    left = max(unit_exponential(word) - before, 0.0)
    return day_of_hazard(plan, table, since, before + left / ratio)


@rule
def course_after_switch(
    plan: SwitchingPlan,
    arm: int,
    cell: int,
    switch: int,
    progression: int,
    event: int,
    death: int,
    after: int,
) -> tuple[int, int]:
    """Days of progression and of death of a patient who changes treatment.

    Parameters
    ----------
    switch
        Day of the change, before death.
    progression
        Day of progression, were there no change; NEVER if death came first.
    event, death, after
        Words of progression, of death without it, and of death after it.
    """
    ratio, after_table = plan.ratio[arm], hazard_table(plan, arm, cell, DEATH_AFTER)
    if progression <= switch:
        since = switch - progression
        dies = day_of_changed_hazard(plan, after_table, after, since, ratio)
        return progression, later(progression, dies)
    if progression == NEVER:  # who dies later may still have it
        needed = unit_exponential(event)
        progression = day_of_hazard(plan, hazard_table(plan, arm, cell, EVENT), switch, needed)
    alone_table = hazard_table(plan, arm, cell, DEATH)
    alone = day_of_changed_hazard(plan, alone_table, death, switch, ratio)
    if progression >= alone:
        return NEVER, alone
    dies = day_of_changed_hazard(plan, after_table, after, 0, ratio)
    return progression, later(progression, dies)
