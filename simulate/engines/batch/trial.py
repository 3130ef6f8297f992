"""One trial in the batch engine: arrivals in order, each enrolled patient's life to its end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import kernel, part
from simulate.distributions import IntArray, IntColumn, IntTable
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.arrivals import (
    Sites,
    day_of_arrival,
    new_sites,
    next_arrival,
    open_sites,
    take_arrival,
)
from simulate.engines.batch.beginning import draw_levels
from simulate.engines.batch.layout import Layout, layout_of
from simulate.engines.batch.life import Life, new_life
from simulate.engines.batch.patient import live
from simulate.engines.batch.words import Lanes, lanes, look_up, whole_groups
from simulate.ledger import (
    PATIENTS,
    SCREENED,
    Ledger,
    empty_ledger,
)
from simulate.packed import unpacked
from simulate.patient.allotment import (
    AllotmentPlan,
    Lists,
    allot,
    begin_lists,
    cell_of,
    new_lists,
)
from simulate.plan import AnyPlan, Plan, trial_plan


class ArmDesk(NamedTuple):
    """The rules of one arm, and room for the life of one of its patients."""

    plan: Plan
    layout: Layout
    life: Life


class Desk(NamedTuple):
    """Everything that a thread needs to run one trial after another."""

    arms: tuple[ArmDesk, ...]
    arm_ids: IntTable
    """Permanent number of each arm."""
    allotment: AllotmentPlan
    lists: Lists
    levels: IntColumn
    """Baseline levels of the patient to be randomised."""
    words: Lanes
    """Words of these."""
    sites: Sites
    ledger: Ledger


def new_desk(plan: AnyPlan) -> Desk:
    """Room for one trial, with as many rows as it can have at most.

    Memory that no trial touches is never taken from the machine, so the rows may be many.
    """
    whole = trial_plan(plan)
    arms = tuple(_arm_desk(arm) for arm in whole.arms)
    n, n_variables = whole.shared.enrolment.n_patients, len(whole.shared.baseline.variable_ids)
    rooms = [_rows_of_patient(arm) for arm in arms]
    assessments, doses, events, drug_stops = (n * max(rows) for rows in zip(*rooms, strict=True))
    return Desk(
        arms=arms,
        arm_ids=np.array(whole.arm_ids, np.int64),
        allotment=whole.allotment,
        lists=new_lists(whole.allotment.randomisation),
        levels=np.zeros(n_variables, np.int64),
        words=lanes(whole_groups(int(arms[0].layout.patient.start[words_of.BASELINE_SCAN]))),
        sites=new_sites(whole.shared.enrolment),
        ledger=empty_ledger(
            patients=n,
            screened=most_screened(whole.shared),
            variables=n_variables,
            assessments=assessments,
            doses=doses,
            events=events,
            drug_stops=drug_stops,
        ),
    )


def _arm_desk(plan: Plan) -> ArmDesk:
    layout = layout_of(plan)
    return ArmDesk(plan, layout, new_life(plan, layout))


def _rows_of_patient(arm: ArmDesk) -> tuple[int, int, int, int]:
    """Most assessments, doses, adverse events and drugs stopped that a patient can have."""
    plan, cycles = arm.plan, arm.layout.most_cycles + 1
    n_drugs, n_terms = len(plan.treatment.drug_ids), len(plan.toxicity.term_ids)
    n_visits = len(plan.assessment.nominal_days)
    return n_visits + 1, cycles * n_drugs, cycles * n_terms + 2, n_drugs


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
    plan, sites, ledger = desk.arms[0].plan, desk.sites, desk.ledger
    accrual, size = plan.enrolment, ledger.size
    for table in range(len(size)):
        size[table] = 0
    open_sites(accrual, sites, seed, replicate)
    begin_lists(desk.lists)
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
            enrol(desk, seed, replicate, position, day)
    return True


@part
def enrol(desk: Desk, seed: int, replicate: int, position: int, day: int) -> None:
    """The next patient, at a site by position: an arm, and a life under its rules."""
    ledger, number, arm, stratum = desk.ledger, desk.ledger.size[PATIENTS], 0, 0
    ledger.size[PATIENTS] = number + 1
    if len(desk.arms) > 1:
        randomisation, cell = desk.allotment.randomisation, draw_cell(desk, seed, replicate, number)
        arm = allot(randomisation, desk.lists, seed, replicate, number, cell, position)
        stratum = randomisation.stratum_of[cell]
    own = desk.arms[arm]
    site_id = own.plan.enrolment.site_ids[position]
    live(own.plan, own.layout, own.life, ledger, seed, replicate, number, site_id, day)
    ledger.subjects.arm[number] = desk.arm_ids[arm]
    ledger.subjects.stratum[number] = stratum


@part
def draw_cell(desk: Desk, seed: int, replicate: int, number: int) -> int:
    """Who the patient is, as far as randomisation asks."""
    if len(desk.allotment.randomisation.stratum_of) == 1:
        return 0
    plan, layout, words = desk.arms[0].plan, desk.arms[0].layout.patient, desk.words
    look_up(words, 0, seed, number, replicate, layout.purposes, layout.blocks, words.size)
    draw_levels(plan.baseline, words, desk.levels)
    return cell_of(desk.allotment, desk.levels)
