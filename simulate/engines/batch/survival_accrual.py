"""Enrolment of a survival trial in the batch engine: day by day, region by region."""

from __future__ import annotations

from simulate.compiled import part, routine, stay_apart
from simulate.engines.batch.survival_work import (
    DAYS_AT_ONCE,
    SurvivalWork,
    look_up_blocks,
    word_of,
)
from simulate.patient.accrual import AccrualPlan, admitted, arrivals_on
from simulate.streams import Purpose
from simulate.survival_ledger import SurvivalLedger

_ARRIVALS = int(Purpose.REGION_ARRIVALS)

_AT_ONCE = 8
"""Patients written without asking whether they are there; the next ones write over them."""

_BLOCKS = DAYS_AT_ONCE // 4


@routine
def enrol(
    plan: AccrualPlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """Fill the trial: the region and the day of every patient."""
    stay_apart()
    for region in range(len(plan.region_ids)):
        work.places_in_region[region] = plan.caps[region]
    ledger.n[0] = 0
    start = 0
    while start < plan.n_days and ledger.n[0] < plan.sample_size:
        days = min(DAYS_AT_ONCE, plan.n_days - start)
        for region in range(len(plan.region_ids)):
            look_up_blocks(
                work.arrival_words,
                region * _BLOCKS,
                seed,
                plan.region_ids[region],
                replicate,
                _ARRIVALS,
                start >> 2,
                1,
                (days + 3) >> 2,
            )
        if len(plan.region_ids) == 1:
            enrol_in_one_region(plan, work, ledger, start, days)
        else:
            enrol_in_regions(plan, work, ledger, start, days)
        start = start + days


@part
def enrol_in_one_region(
    plan: AccrualPlan, work: SurvivalWork, ledger: SurvivalLedger, start: int, days: int
) -> None:
    """Enrol on some days in the only region."""
    n = ledger.n[0]
    full = min(plan.sample_size, plan.caps[0])
    for j in range(days):
        day = start + j
        drawn = word_of(work.arrival_words, j & 3, j >> 2)
        end = n + admitted(arrivals_on(plan, 0, day, drawn), full - n, full - n)
        write_days(ledger, n, end, day)
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
        day = start + j
        for region in range(len(plan.region_ids)):
            drawn = word_of(work.arrival_words, j & 3, region * _BLOCKS + (j >> 2))
            arrived = arrivals_on(plan, region, day, drawn)
            places = work.places_in_region[region]
            n_admitted = admitted(arrived, plan.sample_size - n, places)
            work.places_in_region[region] = places - n_admitted
            write_days(ledger, n, n + n_admitted, day)
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
