"""How many patients each region enrols on each day, until the trial is full.

Patients arrive as a Poisson process whose rate depends on the region and on calendar time, and
nothing else: the number of a trial day d is Poisson with the rate integrated from d to d + 1, by
inversion. Within a day regions enrol in the order of their numbers; a region that has reached its
cap is closed, and so is the trial once every place is taken.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import IntTable
from simulate.guided import GuidedTables, guided_number

SLICE_BITS_OF_ARRIVALS = 6
"""Slices of the guides of arrivals, as a power of 2; see :mod:`simulate.guided`."""


class AccrualPlan(NamedTuple):
    """Accrual of a randomised trial, as numbers. Regions are in the order of their numbers."""

    sample_size: int
    """Places in the trial."""
    region_ids: IntTable
    """Permanent number of each region."""
    caps: IntTable
    """Places of each region; NEVER where there is no limit."""
    n_days: int
    """Trial days on which patients can be enrolled: 0 to n_days - 1."""
    arrivals: GuidedTables
    """Poisson numbers, a table for each mean that occurs."""
    table_of: IntTable
    """Table of a region's day, flat: ``region * n_days + day``."""


@rule
def table_of_day(plan: AccrualPlan, region: int, day: int) -> int:
    """Table of the number of arrivals in a region (by position) on a trial day."""
    return plan.table_of[region * plan.n_days + day]


@rule
def arrivals_on(plan: AccrualPlan, region: int, day: int, word: int) -> int:
    """Patients who arrive in a region (by position) on a trial day."""
    return guided_number(plan.arrivals, table_of_day(plan, region, day), word)


@rule
def admitted(arrived: int, places: int, places_in_region: int) -> int:
    """How many of those who arrive find a place."""
    return min(arrived, min(places, places_in_region))
