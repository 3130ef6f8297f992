"""One trial in the batch engine: arrivals in order, each enrolled patient's life to its end."""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import kernel, part
from simulate.distributions import IntArray
from simulate.engines.batch.arrivals import (
    Sites,
    day_of_arrival,
    new_sites,
    next_arrival,
    open_sites,
    take_arrival,
)
from simulate.engines.batch.layout import Layout, layout_of
from simulate.engines.batch.life import Life, new_life
from simulate.engines.batch.patient import live
from simulate.ledger import (
    PATIENTS,
    SCREENED,
    Ledger,
    empty_ledger,
)
from simulate.packed import unpacked
from simulate.plan import Plan


class Desk(NamedTuple):
    """Everything that a thread needs to run one trial after another."""

    plan: Plan
    layout: Layout
    sites: Sites
    life: Life
    ledger: Ledger


def new_desk(plan: Plan) -> Desk:
    """Room for one trial, with as many rows as it can have at most.

    Memory that no trial touches is never taken from the machine, so the rows may be many.
    """
    layout = layout_of(plan)
    n, cycles = plan.enrolment.n_patients, layout.most_cycles + 1
    n_drugs, n_terms = len(plan.treatment.drug_ids), len(plan.toxicity.term_ids)
    ledger = empty_ledger(
        patients=n,
        screened=most_screened(plan),
        variables=len(plan.baseline.variable_ids),
        assessments=n * (len(plan.assessment.nominal_days) + 1),
        doses=n * cycles * n_drugs,
        events=n * (cycles * n_terms + 2),
        drug_stops=n * n_drugs,
    )
    return Desk(plan, layout, new_sites(plan.enrolment), new_life(plan, layout), ledger)


def most_screened(plan: Plan) -> int:
    """Patients for whose screening there is room: more than a trial ever sees."""
    return max(64 * plan.enrolment.n_patients, 1 << 20)


@kernel
def run_trial(block: IntArray, seed: int, replicate: int) -> bool:
    """Simulate one replicate into the ledger; False if it screens more patients than have room."""
    return simulate_trial(unpacked(block, Desk), seed, replicate)


@part
def simulate_trial(desk: Desk, seed: int, replicate: int) -> bool:
    """Simulate one replicate into the ledger of the desk."""
    plan, sites, ledger = desk.plan, desk.sites, desk.ledger
    accrual, size = plan.enrolment, ledger.size
    for table in range(len(size)):
        size[table] = 0
    open_sites(accrual, sites, seed, replicate)
    while size[PATIENTS] < accrual.n_patients:
        position = next_arrival(accrual, sites)
        if position < 0:
            break
        day = day_of_arrival(accrual, sites, position)
        if day > plan.horizon:
            break
        if size[SCREENED] >= len(ledger.screening_days):
            return False
        ledger.screening_days[size[SCREENED]] = day
        size[SCREENED] = size[SCREENED] + 1
        if take_arrival(accrual, sites, seed, replicate, position):
            number = size[PATIENTS]
            size[PATIENTS] = number + 1
            site_id = accrual.site_ids[position]
            live(plan, desk.layout, desk.life, ledger, seed, replicate, number, site_id, day)
    return True
