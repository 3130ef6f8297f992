"""Enrolment of a survival trial in the batch engine: day by day, region by region."""

from __future__ import annotations

from simulate.compiled import part, routine, stay_apart
from simulate.engines.batch.survival_work import (
    DAYS_AT_ONCE,
    ArrivalWork,
    SurvivalWork,
    look_up_in_turn,
)
from simulate.guided import has_few_numbers, look_up_few_numbers, look_up_numbers
from simulate.patient.accrual import SLICE_BITS_OF_ARRIVALS, AccrualPlan, admitted, table_of_day
from simulate.streams import Purpose
from simulate.survival_ledger import SurvivalLedger

_ARRIVALS = int(Purpose.REGION_ARRIVALS)

_AT_ONCE = 4
"""Patients written without asking whether they are there; the next ones write over them."""


@routine
def enrol(
    plan: AccrualPlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """Fill the trial: the region and the day of every patient."""
    stay_apart()
    n_regions = len(plan.region_ids)
    for region in range(n_regions):
        work.places_in_region[region] = plan.caps[region]
    ledger.n[0] = 0
    start = 0
    while start < plan.n_days and ledger.n[0] < plan.sample_size:
        days = min(DAYS_AT_ONCE, plan.n_days - start)
        for region in range(n_regions):
            draw_arrivals(plan, work.arrivals, seed, replicate, region, start, days)
        if n_regions == 1:
            enrol_in_one_region(plan, work, ledger, start, days)
        else:
            enrol_in_regions(plan, work, ledger, start, days)
        start = start + days


@part
def draw_arrivals(
    plan: AccrualPlan,
    work: ArrivalWork,
    seed: int,
    replicate: int,
    region: int,
    start: int,
    days: int,
) -> None:
    """Draw how many patients arrive in a region on some days."""
    address = plan.region_ids[region]
    look_up_in_turn(work.words, seed, address, replicate, _ARRIVALS, start >> 2, (days + 3) >> 2)
    at, table, others = region * DAYS_AT_ONCE, table_of_day(plan, region, start), 0
    for j in range(days):
        work.search.table[j] = table_of_day(plan, region, start + j)
        others += work.search.table[j] != table
    if others == 0 and has_few_numbers(plan.arrivals, table):
        look_up_few_numbers(plan.arrivals, table, work.words, work.arrived, at, days)
        return
    look_up_numbers(
        plan.arrivals, SLICE_BITS_OF_ARRIVALS, work.search, work.words, 0, work.arrived, at, days
    )


@part
def enrol_in_one_region(
    plan: AccrualPlan, work: SurvivalWork, ledger: SurvivalLedger, start: int, days: int
) -> None:
    """Enrol on some days in the only region."""
    n, most = ledger.n[0], 0
    full = min(plan.sample_size, plan.caps[0])
    for j in range(days):
        most = most + work.arrivals.arrived[j]
    if n + most < full:  # there are places for all
        for j in range(days):
            end = n + work.arrivals.arrived[j]
            write_days(ledger, n, end, start + j)
            n = end
        ledger.n[0] = n
        return
    for j in range(days):
        end = n + admitted(work.arrivals.arrived[j], full - n, full - n)
        write_days(ledger, n, end, start + j)
        n = end
        if n == full:
            break
    ledger.n[0] = n


@part
def enrol_in_regions(
    plan: AccrualPlan, work: SurvivalWork, ledger: SurvivalLedger, start: int, days: int
) -> None:
    """Enrol on some days, region by region."""
    n = ledger.n[0]
    for j in range(days):
        for region in range(len(plan.region_ids)):
            arrived = work.arrivals.arrived[region * DAYS_AT_ONCE + j]
            places = work.places_in_region[region]
            n_admitted = admitted(arrived, plan.sample_size - n, places)
            work.places_in_region[region] = places - n_admitted
            write_days(ledger, n, n + n_admitted, start + j)
            write_region(ledger, n, n + n_admitted, region)
            n = n + n_admitted
        if n == plan.sample_size:
            break
    ledger.n[0] = n


@part
def write_days(ledger: SurvivalLedger, first: int, end: int, day: int) -> None:
    """Write the day of enrolment of some patients."""
    for i in range(_AT_ONCE):
        ledger.enrolment_trial_day[first + i] = day
    for i in range(first + _AT_ONCE, end):
        ledger.enrolment_trial_day[i] = day


@part
def write_region(ledger: SurvivalLedger, first: int, end: int, region: int) -> None:
    """Write the region of some patients."""
    for i in range(_AT_ONCE):
        ledger.region[first + i] = region
    for i in range(first + _AT_ONCE, end):
        ledger.region[i] = region
