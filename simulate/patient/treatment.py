"""What is given: cycles of every drug of the regimen, each counted from the last actual dose.

Days are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.bits import whole
from simulate.compiled import rule
from simulate.distributions import NEVER, FloatTable, IntTable, first_above_within

NOT_STOPPED, PROGRESSION, WITHDRAWAL, EARLY_STOP, DEATH, ADVERSE_EVENT, COMPLETED = range(7)
"""Why treatment stopped."""

STOP_NAMES = (
    "ongoing",
    "progression",
    "withdrawal",
    "early stop",
    "death",
    "adverse event",
    "completed",
)


class TreatmentPlan(NamedTuple):
    """The regimen, as numbers. Drugs are in the order of the scenario; the first leads."""

    cycle_length: int
    """Planned days from one dose to the next."""
    drug_ids: IntTable
    """Permanent number of each drug."""
    delay_mean: FloatTable
    """Quantile table of a patient's mean delay beyond the cycle length, in days."""
    cycles_start: IntTable
    """Drug k's thresholds of planned cycles: ``cycles[cycles_start[k] : cycles_start[k + 1]]``.

    There are none for a drug that is given until treatment stops.
    """
    cycles: IntTable
    fewest_cycles: IntTable
    """Fewest planned cycles of each drug."""


@rule
def mean_delay(plan: TreatmentPlan, word: int) -> float:
    """A patient's own mean delay per cycle, in days."""
    return plan.delay_mean[word >> 20]


@rule
def cycle_delay(mean: float, exponential: float) -> int:
    """Delay of one cycle in whole days: exponential with the patient's mean, rounded."""
    return whole(mean * exponential + 0.5)


@rule
def next_dose_day(plan: TreatmentPlan, last_dose: int, delay: int) -> int:
    """Day of the next dose, counted from the last dose actually given."""
    return last_dose + plan.cycle_length + delay


@rule
def planned_cycles(plan: TreatmentPlan, drug: int, word: int) -> int:
    """Planned cycles of a drug (by position); NEVER if it is given until treatment stops."""
    start, end = plan.cycles_start[drug], plan.cycles_start[drug + 1]
    if start == end:
        return NEVER
    return plan.fewest_cycles[drug] + first_above_within(plan.cycles, word, start, end) - start
