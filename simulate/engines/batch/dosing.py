"""Doses of one patient in the batch engine: cycle after cycle, held by toxicity."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch.events import bring_events
from simulate.engines.batch.intensity import count_dose
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    BLOCKED_UNTIL,
    CYCLE,
    DELAY,
    DUE,
    FIRST_ROW_OF_EVENTS,
    GIVEN_TODAY,
    HOLD,
    LAST_CYCLE,
    NEVER_COMES,
    NEXT_DOSE,
    PLANNED_DAY,
    SHIFT,
    STOP_REASON,
    TREATMENT_STOP,
    Life,
)
from simulate.engines.batch.stops import is_due, stop_held_drug
from simulate.engines.batch.words import word_at
from simulate.ledger import DOSES, Ledger
from simulate.patient.dosing import WHOLE_DOSE, held_until, is_hold_too_long, latest_hold_day
from simulate.patient.toxicity import FULL_DOSE, NOT_GIVEN, REDUCED_DOSE
from simulate.patient.treatment import COMPLETED, next_dose_day
from simulate.plan import Plan


@part
def dose_moment(
    plan: Plan, layout: Layout, life: Life, ledger: Ledger, seed: int, replicate: int, number: int
) -> None:
    """The day of a dose has come: it is put off, or the cycle is given and the next one planned."""
    now = life.now
    now[NEXT_DOSE] = NEVER_COMES
    if now[TREATMENT_STOP] < NEVER:
        return
    today = now[PLANNED_DAY] + now[HOLD]
    until = wait_for_held_drug(plan, life, ledger, number, today)
    if until > 0:
        now[HOLD] = until - now[PLANNED_DAY]
        now[NEXT_DOSE] = until * clock.PHASES_PER_DAY + clock.DOSE
        return
    if now[TREATMENT_STOP] < NEVER:
        return
    give_cycle(plan, layout, life, ledger, seed, replicate, number, today)
    now[SHIFT] = today - (now[CYCLE] - 1) * plan.treatment.cycle_length
    if now[DUE] != 0:
        plan_next_cycle(plan, life, today)
    elif now[TREATMENT_STOP] == NEVER:  # completed; assessments go on
        now[TREATMENT_STOP] = today
        now[STOP_REASON] = COMPLETED


@part
def plan_next_cycle(plan: Plan, life: Life, today: int) -> None:
    """Plan the next cycle from the day of the last dose actually given."""
    now = life.now
    cycle = now[CYCLE] + 1
    now[CYCLE] = cycle
    now[DELAY] = word_at(life.delays, 0, cycle)
    now[PLANNED_DAY] = next_dose_day(plan.treatment, today, now[DELAY])
    now[HOLD] = 0
    now[NEXT_DOSE] = now[PLANNED_DAY] * clock.PHASES_PER_DAY + clock.DOSE


@part
def wait_for_held_drug(plan: Plan, life: Life, ledger: Ledger, number: int, today: int) -> int:
    """Day until which the whole cycle must wait for a held drug, or 0.

    A drug that is still held on the latest day allowed ends for good.
    """
    now, drugs, dosing = life.now, life.drugs, plan.dosing
    if now[BLOCKED_UNTIL] <= today:
        return 0
    planned, wait = now[PLANNED_DAY], 0
    for position in range(len(drugs.limit)):
        if dosing.delays_cycle[position] == 0 or not is_due(life, position):
            continue
        if drugs.blocked_until[position] > today:
            until = held_until(dosing, position, planned, today, drugs.blocked_until[position])
            if is_hold_too_long(dosing, position, planned, until):
                until = latest_hold_day(dosing, position, planned)
            if until <= today:
                stop_held_drug(life, ledger, number, position, today, now[FIRST_ROW_OF_EVENTS])
            else:
                wait = max(wait, until)
    if now[TREATMENT_STOP] < NEVER:
        return 0
    return wait


@part
def give_cycle(
    plan: Plan,
    layout: Layout,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
    today: int,
) -> None:
    """Give what is due, omit what is held, and let the cycle bring its adverse events."""
    now, drugs = life.now, life.drugs
    due, given_today = now[DUE], 0
    for position in range(len(drugs.limit)):
        drugs.state[position] = NOT_GIVEN
        if (due >> position) & 1 == 0:
            continue
        given = drugs.blocked_until[position] <= today
        if not given and is_omitted_too_long(plan, life, ledger, number, position, today):
            if now[TREATMENT_STOP] < NEVER:
                return
            continue
        record_dose(plan, life, ledger, number, position, today, given)
        given_today = given_today | (int(given) << position)
    now[GIVEN_TODAY] = given_today
    if given_today != 0:
        bring_events(plan, layout, life, seed, replicate, number, today)
    if plan.disease.intensity_drug >= 0:
        count_dose(plan, layout, life, ledger, today)


@part
def is_omitted_too_long(
    plan: Plan, life: Life, ledger: Ledger, number: int, position: int, today: int
) -> bool:
    """Whether a drug that is held alone has been held too long, and then is stopped for good."""
    drugs = life.drugs
    drugs.held_since[position] = min(drugs.held_since[position], today)
    if today < latest_hold_day(plan.dosing, position, drugs.held_since[position]):
        return False
    stop_held_drug(life, ledger, number, position, today, life.now[FIRST_ROW_OF_EVENTS])
    return True


@part
def record_dose(
    plan: Plan, life: Life, ledger: Ledger, number: int, position: int, today: int, given: bool
) -> None:
    """Put a dose given or omitted on record; nobody waits for a slot, so all waits stay 0."""
    now, drugs = life.now, life.drugs
    row, doses, level = ledger.size[DOSES], ledger.doses, drugs.level[position]
    doses.patient[row] = number
    doses.cycle[row] = now[CYCLE]
    doses.drug[row] = plan.treatment.drug_ids[position]
    doses.day[row] = today
    doses.delay[row] = now[DELAY]
    doses.hold[row] = now[HOLD]
    doses.held[row] = int(drugs.blocked_until[position] > now[PLANNED_DAY])
    doses.given[row] = int(given)
    doses.level[row] = level
    doses.interrupted[row] = 0
    doses.infused[row] = WHOLE_DOSE if given else 0
    ledger.size[DOSES] = row + 1
    now[LAST_CYCLE] = now[CYCLE]
    if given:
        n_given = drugs.n_given[position] + 1
        drugs.n_given[position] = n_given
        now[DUE] = now[DUE] & ~(int(n_given >= drugs.limit[position]) << position)
        drugs.held_since[position] = NEVER
        drugs.last_dose[position] = row
        drugs.state[position] = REDUCED_DOSE if level > 0 else FULL_DOSE
