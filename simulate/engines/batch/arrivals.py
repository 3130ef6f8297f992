"""Who arrives at which site on which day, in the batch engine: all arrivals of a trial in order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import part
from simulate.distributions import NEVER, FloatColumn, IntColumn, IntTable
from simulate.engines.batch.words import Lanes, lanes, look_up, whole_groups, word_at
from simulate.patient.enrolment import (
    POWER,
    EnrolmentPlan,
    choose_site,
    fails_screening,
    pin_first_and_last,
    poisson_arrival_day,
    power_arrival_day,
    site_factor,
    site_opening_day,
)
from simulate.streams import Purpose, unit_exponential, word

_ARRIVAL_DAY = int(Purpose.ARRIVAL_DAY)
_ARRIVAL_SITE = int(Purpose.ARRIVAL_SITE)
_ACTIVATION = int(Purpose.SITE_ACTIVATION)
_RATE = int(Purpose.SITE_RATE)
_ARRIVAL = int(Purpose.SITE_ARRIVAL)
_SCREENING = int(Purpose.SITE_SCREENING)


class Sites(NamedTuple):
    """The sites of the trial that is running, by position, and the arrivals of power accrual."""

    opening: IntColumn
    factor: FloatColumn
    spent: FloatColumn
    """Poisson-gamma: unit exponentials of the arrivals so far, summed up."""
    sequence: IntColumn
    """Number of the next arrival at the site."""
    next_day: IntColumn
    """Day of the next arrival at the site."""
    days: IntColumn
    """Power: days of all arrivals, sorted by day and then by site."""
    positions: IntColumn
    """Power: position of the site of each."""
    next_arrival: IntColumn
    """Power: one entry, the arrival that is next."""
    on_day: IntColumn
    """Power: arrivals by day, counted from the first."""
    words: Lanes
    """Power: words of all arrivals' days, and then of their sites."""
    purposes: IntTable
    blocks: IntTable


def new_sites(plan: EnrolmentPlan) -> Sites:
    """Room for the sites of a trial."""
    n = len(plan.site_ids)
    n_blocks = whole_groups((plan.n_patients + 3) // 4) if plan.kind == POWER else 0
    return Sites(
        opening=np.zeros(n, np.int64),
        factor=np.zeros(n),
        spent=np.zeros(n),
        sequence=np.zeros(n, np.int64),
        next_day=np.zeros(n, np.int64),
        days=np.zeros(plan.n_patients, np.int64),
        positions=np.zeros(plan.n_patients, np.int64),
        next_arrival=np.zeros(1, np.int64),
        on_day=np.zeros(len(plan.arrival_day) + 1, np.int64),
        words=lanes(2 * n_blocks),
        purposes=np.repeat([_ARRIVAL_DAY, _ARRIVAL_SITE], n_blocks).astype(np.int64),
        blocks=np.tile(np.arange(n_blocks), 2).astype(np.int64),
    )


@part
def open_sites(plan: EnrolmentPlan, sites: Sites, seed: int, replicate: int) -> None:
    """When each site opens, its own rate, and who arrives first."""
    for position in range(len(plan.site_ids)):
        site_id = plan.site_ids[position]
        drawn = word(seed, site_id, replicate, _ACTIVATION, 0)
        sites.opening[position] = site_opening_day(plan, position, drawn)
        sites.factor[position] = site_factor(plan, word(seed, site_id, replicate, _RATE, 0))
        sites.sequence[position] = -1
        sites.spent[position] = 0.0
    if plan.kind == POWER:
        draw_power_arrivals(plan, sites, seed, replicate)
    else:
        for position in range(len(plan.site_ids)):
            draw_next_arrival(plan, sites, seed, replicate, position)


@part
def draw_power_arrivals(plan: EnrolmentPlan, sites: Sites, seed: int, replicate: int) -> None:
    """All arrivals of power accrual, each sent to one of the sites open on its day."""
    days, positions, n = sites.days, sites.positions, plan.n_patients
    n_blocks = sites.words.size
    look_up(sites.words, 0, seed, 0, replicate, sites.purposes, sites.blocks, n_blocks)
    draw_power_days(plan, sites)
    pin_first_and_last(plan, days)
    for i in range(n):
        drawn = word_at(sites.words, n_blocks >> 1, i)
        position = choose_site(sites.factor, sites.opening, days[i], drawn)
        row = i
        while row > 0 and days[row - 1] == days[i] and positions[row - 1] > position:
            positions[row] = positions[row - 1]
            row = row - 1
        positions[row] = position
    sites.next_arrival[0] = 0


@part
def draw_power_days(plan: EnrolmentPlan, sites: Sites) -> None:
    """The days of all arrivals in order: counted, which needs no sorting."""
    counts = sites.on_day
    for place in range(len(counts)):
        counts[place] = 0
    for i in range(plan.n_patients):
        place = power_arrival_day(plan, word_at(sites.words, 0, i)) - plan.first_day
        counts[place] = counts[place] + 1
    row = 0
    for place in range(len(counts)):
        for _ in range(counts[place]):
            sites.days[row] = plan.first_day + place
            row = row + 1


@part
def draw_next_arrival(
    plan: EnrolmentPlan, sites: Sites, seed: int, replicate: int, position: int
) -> None:
    """The next arrival of a Poisson-gamma site."""
    sequence = sites.sequence[position] + 1
    drawn = word(seed, plan.site_ids[position], replicate, _ARRIVAL, sequence)
    sites.spent[position] = sites.spent[position] + unit_exponential(drawn)
    day = poisson_arrival_day(
        plan, sites.opening[position], sites.factor[position], sites.spent[position]
    )
    sites.sequence[position] = sequence
    sites.next_day[position] = NEVER if day > plan.last_day else day


@part
def next_arrival(plan: EnrolmentPlan, sites: Sites) -> int:
    """Position of the site at which somebody arrives next, or -1 if nobody does any more."""
    if plan.kind == POWER:
        if sites.next_arrival[0] >= plan.n_patients:
            return -1
        return sites.positions[sites.next_arrival[0]]
    first = -1
    earliest = NEVER
    for position in range(len(plan.site_ids)):
        if sites.next_day[position] < earliest:
            earliest = sites.next_day[position]
            first = position
    return first


@part
def day_of_arrival(plan: EnrolmentPlan, sites: Sites, position: int) -> int:
    """Trial day of the next arrival, which is at this site."""
    if plan.kind == POWER:
        return sites.days[sites.next_arrival[0]]
    return sites.next_day[position]


@part
def take_arrival(
    plan: EnrolmentPlan, sites: Sites, seed: int, replicate: int, position: int
) -> bool:
    """Screen the next arrival, which is at this site; whether the patient is eligible."""
    if plan.kind == POWER:
        sites.next_arrival[0] = sites.next_arrival[0] + 1
        sites.sequence[position] = sites.sequence[position] + 1
    sequence = sites.sequence[position]
    eligible = True
    if plan.screening_failure > 0:
        drawn = word(seed, plan.site_ids[position], replicate, _SCREENING, sequence)
        eligible = not fails_screening(plan, drawn)
    if plan.kind != POWER:
        draw_next_arrival(plan, sites, seed, replicate, position)
    return eligible
