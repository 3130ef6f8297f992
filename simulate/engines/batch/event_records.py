"""Adverse events on record in the batch engine, in the order in which tables have them."""

from __future__ import annotations

from simulate.compiled import part
from simulate.distributions import NEVER, ShortColumn
from simulate.engines.batch.infusions import interrupt
from simulate.engines.batch.life import (
    DEATH_DAY,
    FIRST_ROW_OF_EVENTS,
    LAST_CYCLE,
    PROGRESSION_DAY,
    STUDY_WITHDRAWAL,
    Life,
)
from simulate.engines.batch.stops import LEADING
from simulate.ledger import ADVERSE_EVENTS, EventRows, Ledger
from simulate.patient.dosing import DISCONTINUE, INTERRUPT_INFUSION, part_infused
from simulate.patient.toxicity import FATAL_GRADE, ToxicityPlan, end_day
from simulate.plan import Plan
from simulate.streams import Purpose, word

_DETAIL = int(Purpose.ADVERSE_EVENT_DETAIL)
_INFUSION = int(Purpose.INFUSION)


@part
def record(
    ledger: Ledger,
    number: int,
    cycle: int,
    term_id: int,
    grade: int,
    onset: int,
    end: int,
    serious: int,
    related: int,
    taken: int,
) -> None:
    """Put an adverse event on record."""
    row, events = ledger.size[ADVERSE_EVENTS], ledger.adverse_events
    events.patient[row] = number
    events.cycle[row] = cycle
    events.term[row] = term_id
    events.grade[row] = grade
    events.onset_day[row] = onset
    events.end_day[row] = end
    events.serious[row] = serious
    events.related[row] = related
    events.action[row] = taken
    ledger.size[ADVERSE_EVENTS] = row + 1


@part
def record_stop_event(
    plan: Plan,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
    term: int,
    day: int,
    related: bool,
) -> None:
    """Put on record the adverse event of grade 3 that made the leading drug stop."""
    term_id = plan.toxicity.term_ids[term]
    end = end_day(plan.toxicity, day, word(seed, number, replicate, _DETAIL, 4 * term_id + 2))
    life.resolves[term] = max(end, life.resolves[term])
    taken = 1 << (4 * LEADING + DISCONTINUE)
    row = life.drugs.last_dose[LEADING]
    if related and row >= 0 and ledger.doses.day[row] == day:
        drawn = word(seed, number, replicate, _INFUSION, term_id)
        interrupt(plan, life, ledger, LEADING, part_infused(0, drawn))
        taken = taken | (1 << (4 * LEADING + INTERRUPT_INFUSION))
    cycle = max(life.now[LAST_CYCLE], 1)
    record(ledger, number, cycle, term_id, 3, day, end, 1, int(related) << LEADING, taken)


@part
def record_fatal_event(plan: ToxicityPlan, life: Life, ledger: Ledger, number: int) -> None:
    """Put on record, as grade 5, a death that no progression explains."""
    now = life.now
    day = now[DEATH_DAY]
    if plan.fatal_term < 0 or now[PROGRESSION_DAY] < NEVER or now[STUDY_WITHDRAWAL] < day:
        return
    cycle = max(now[LAST_CYCLE], 1)
    term_id = plan.term_ids[plan.fatal_term]
    record(ledger, number, cycle, term_id, FATAL_GRADE, day, day, 1, 0, 0)


@part
def put_in_order(life: Life, ledger: Ledger) -> None:
    """Put a patient's events in order; what goes on at death never ends."""
    now, events, end = life.now, ledger.adverse_events, ledger.size[ADVERSE_EVENTS]
    first = now[FIRST_ROW_OF_EVENTS]
    for row in range(first, end):
        if events.end_day[row] > now[DEATH_DAY]:
            events.end_day[row] = NEVER
    for row in range(first + 1, end):
        sort_in(events, first, row)


@part
def sort_in(events: EventRows, first: int, row: int) -> None:
    """Move an event up to its place by onset, cycle and term; most are there already."""
    while row > first and is_before(events, row, row - 1):
        swap(events.cycle, row)
        swap(events.term, row)
        swap(events.grade, row)
        swap(events.onset_day, row)
        swap(events.end_day, row)
        swap(events.serious, row)
        swap(events.related, row)
        swap(events.action, row)
        row = row - 1


@part
def is_before(events: EventRows, row: int, other: int) -> bool:
    """Whether an event comes before another by onset, cycle and term."""
    if events.onset_day[row] != events.onset_day[other]:
        return events.onset_day[row] < events.onset_day[other]
    if events.cycle[row] != events.cycle[other]:
        return events.cycle[row] < events.cycle[other]
    return events.term[row] < events.term[other]


@part
def swap(column: ShortColumn, row: int) -> None:
    """Exchange a value with the one before it."""
    value = column[row]
    column[row] = column[row - 1]
    column[row - 1] = value
