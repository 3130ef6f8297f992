"""When patients arrive, and at which site.

Two models of accrual. ``power``: the trial's arrival days follow ``length * U ** (1 / exponent)``,
the first and last pinned to the reported dates, and each arrival goes to one of the sites then
active, by weight. ``poisson_gamma`` (Anisimov and Fedorov 2007): each site, once active, receives
patients as a Poisson process with its own gamma-distributed rate; pauses and changes of rate
stretch its clock.

Days are trial days: day 0 is the scenario's origin.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, FloatTable, IntColumn, IntTable, Thresholds, first_above

POWER, POISSON_GAMMA = 0, 1


class EnrolmentPlan(NamedTuple):
    """Everything about accrual, as numbers."""

    kind: int
    """POWER or POISSON_GAMMA."""
    n_patients: int
    """Places in the trial: enrolment is competitive until they are taken."""
    site_ids: IntTable
    """Permanent number of each site."""
    activation: Thresholds
    """Thresholds of the day a site opens, counted from the origin; unused with fixed days."""
    activation_days: IntTable
    """Day each site opens where the scenario fixes it, else empty."""
    site_factor: FloatTable
    """Quantile table of a site's own rate, relative to the mean site."""
    rate: float
    """Poisson-gamma: mean patients per site and day while open."""
    clock: FloatTable
    """Poisson-gamma: cumulative rate factor by trial day; flat during a pause."""
    arrival_day: Thresholds
    """Power: thresholds of an arrival's day after the first."""
    first_day: int
    """Power: day of the first enrolment."""
    last_day: int
    """Last day on which a patient can be enrolled."""
    screening_failure: int
    """Threshold of failing screening."""


@rule
def site_opening_day(plan: EnrolmentPlan, site: int, word: int) -> int:
    """Trial day on which a site (by position) opens."""
    if len(plan.activation_days) > 0:
        return plan.activation_days[site]
    return first_above(plan.activation, word)


@rule
def site_factor(plan: EnrolmentPlan, word: int) -> float:
    """A site's own rate relative to the mean site: the gamma in Poisson-gamma."""
    return plan.site_factor[word >> 20]


@rule
def power_arrival_day(plan: EnrolmentPlan, word: int) -> int:
    """Trial day of one arrival of power-law accrual, before pinning."""
    return plan.first_day + first_above(plan.arrival_day, word)


@rule
def pin_first_and_last(plan: EnrolmentPlan, days: IntColumn) -> None:
    """Move the earliest of the sorted arrival days to the first date, the latest to the last."""
    days[0] = plan.first_day
    if len(days) > 1:
        days[len(days) - 1] = plan.last_day


@rule
def choose_site(factors: FloatTable, openings: IntTable, day: int, word: int) -> int:
    """Position of the site that receives an arrival: by weight among those open on the day.

    If none is open yet, the arrival goes to the one that opens first.
    """
    total = 0.0
    earliest = 0
    for site in range(len(factors)):
        if openings[site] <= day:
            total = total + factors[site]
        if openings[site] < openings[earliest]:
            earliest = site
    target = total * ((word + 0.5) / 4294967296.0)
    chosen = earliest
    reached = 0.0
    for site in range(len(factors)):
        if openings[site] <= day and reached <= target:
            reached = reached + factors[site]
            chosen = site
    return chosen


@rule
def poisson_arrival_day(plan: EnrolmentPlan, opening: int, factor: float, spent: float) -> int:
    """Trial day of a site's next arrival, or NEVER after the end of enrolment.

    Parameters
    ----------
    plan : EnrolmentPlan
        The accrual of the trial.
    opening : int
        Trial day on which the site opened.
    factor : float
        The site's own rate relative to the mean.
    spent : float
        Sum of the unit exponentials of this arrival and of all before it at the site.
    """
    rate = plan.rate * factor
    low, high = opening + 1, len(plan.clock)
    if low >= high:
        return NEVER
    before = plan.clock[opening]
    while low < high:
        middle = (low + high) >> 1
        if rate * (plan.clock[middle] - before) >= spent:
            high = middle
        else:
            low = middle + 1
    if low < len(plan.clock):
        return low
    return NEVER


@rule
def fails_screening(plan: EnrolmentPlan, word: int) -> bool:
    """Whether a screened patient turns out not to be eligible, and takes no place."""
    return word < plan.screening_failure
