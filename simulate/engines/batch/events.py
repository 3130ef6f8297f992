"""Which adverse events a cycle brings in the batch engine: decided on its day, then queued."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part, routine, stay_apart
from simulate.distributions import NEVER
from simulate.engines.batch.event_words import detail_row, find_prospects, look_up_further
from simulate.engines.batch.layout import ANY_STATE, WITHOUT_LIMITED, Layout
from simulate.engines.batch.life import (
    CYCLE,
    DUE,
    END_OF_BATCH,
    END_OF_LIMITED,
    END_PENDING,
    END_PROSPECTS,
    FIRST_PENDING,
    GIVEN_TODAY,
    LAST_MOMENT,
    NEXT_EVENT,
    NEXT_PROSPECT,
    TREATED_UNTIL,
    Life,
)
from simulate.engines.batch.words import GROUP, word_at
from simulate.patient.toxicity import (
    FULL_DOSE,
    NO_EVENT,
    ToxicityPlan,
    cycle_weight,
    frailty,
    occurrence,
    onset_day,
)
from simulate.patient.treatment import next_dose_day
from simulate.plan import Plan
from simulate.streams import WORD_RANGE, unit_exponential

ORDERS_OF_DAY = 256
"""Of two events on one day the one with the lower term begins first."""

# bounds on -ln(1 - u): its series, cut off, up to a half, and above that two numbers
_LN_2, _LN_20, _THIRD = 0.693147, 2.995733, 1.0 / 3.0
_BELOW, _ABOVE = 1.0 - 1e-12, 1.0 + 1e-12


@part
def draw_frailties(plan: ToxicityPlan, life: Life, start: int) -> None:
    """A patient's frailties."""
    shared, own = word_at(life.words, start, 0), word_at(life.words, start, 1)
    for kind in range(3):
        life.frailties[kind] = frailty(plan, kind, shared, own)


@part
def bring_events(
    plan: Plan,
    layout: Layout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    today: int,
) -> None:
    """Decide on every event that today's cycle may bring."""
    if layout.events.n_blocks == 0:
        return
    now, prospects = life.now, life.prospects
    cycle = now[CYCLE]
    if cycle >= now[END_OF_BATCH] or (
        cycle >= now[END_OF_LIMITED] and cycles_of_limited_drugs(life) > 0
    ):
        look_ahead(plan, layout, life, seed, replicate, number, cycle, today)
    row, end = now[NEXT_PROSPECT], now[END_PROSPECTS]
    while row < end and prospects.cycle[row] <= cycle:
        if prospects.cycle[row] == cycle:
            decide(plan.toxicity, life, row, today)
        row = row + 1
    now[NEXT_PROSPECT] = row


@part
def look_ahead(
    plan: Plan,
    layout: Layout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    cycle: int,
    today: int,
) -> None:
    """Find what the cycles from today's on may bring.

    First those in which drugs of planned cycles are given if none is put off, then those without.
    """
    now = life.now
    to_come = cycles_to_come(plan, life, cycle, today)
    limited = min(cycles_of_limited_drugs(life), to_come)
    now[END_OF_LIMITED] = cycle + limited
    now[END_OF_BATCH] = cycle + to_come
    first = (now[END_PROSPECTS] + GROUP - 1) // GROUP * GROUP
    now[NEXT_PROSPECT] = first
    now[END_PROSPECTS] = first
    if limited > 0:
        find_prospects(layout.events, life, seed, replicate, number, cycle, limited, ANY_STATE)
    if to_come > limited:
        find_prospects(
            layout.events,
            life,
            seed,
            replicate,
            number,
            cycle + limited,
            to_come - limited,
            WITHOUT_LIMITED,
        )
    if now[END_PROSPECTS] > first:
        look_up_further(life, seed, replicate, number)


@part
def cycles_of_limited_drugs(life: Life) -> int:
    """Cycles from this one on in which drugs of planned cycles are given if none is put off."""
    drugs, most = life.drugs, 0
    concerned = life.now[DUE] | life.now[GIVEN_TODAY]
    for position in range(len(drugs.limit)):
        if drugs.limit[position] < NEVER and (concerned >> position) & 1 == 1:
            most = max(most, drugs.limit[position] - drugs.n_given[position] + 1)
    return most


@part
def cycles_to_come(plan: Plan, life: Life, cycle: int, today: int) -> int:
    """Cycles from today's on that can begin before treatment ends, if nothing puts them off."""
    n, day, until = 1, today, life.now[TREATED_UNTIL] // clock.PHASES_PER_DAY
    most = 4 * life.delays.size - cycle
    while n < most:
        day = next_dose_day(plan.treatment, day, word_at(life.delays, 0, cycle + n))
        if day > until:
            break
        n = n + 1
    return n


@part
def decide(plan: ToxicityPlan, life: Life, row: int, today: int) -> None:
    """Decide whether a cycle brings the event of a prospect; if so, put it in the queue."""
    term, cycle = life.prospects.term[row], life.prospects.cycle[row]
    drug = plan.weight_drug[plan.weight_class[term]]
    state = FULL_DOSE
    if drug >= 0:
        state = life.drugs.state[drug]
    factor = cycle_weight(plan, term, cycle, state) * life.frailties[plan.frailty[term]]
    severity = severity_of(plan, term, factor, life.prospects.word[row])
    if severity == NO_EVENT:
        return
    onset = onset_day(plan, term, today, word_at(life.further, detail_row(row), 1))
    if onset * clock.PHASES_PER_DAY + clock.ONSET > life.now[LAST_MOMENT]:
        return
    put_in_queue(life, onset, row, severity)


@part
def severity_of(plan: ToxicityPlan, term: int, factor: float, drawn: int) -> int:
    """What a word brings; its exponential is worked out only if bounds on it do not decide."""
    u = (drawn + 0.5) / WORD_RANGE
    low, high = _LN_2, _LN_20
    if u < 0.5:
        low = u + u * u * (0.5 + u * _THIRD)
        high = low + 0.5 * (u * u) * (u * u)
    if u < 0.95:
        severity = occurrence(plan, term, factor, low * _BELOW)
        if severity == occurrence(plan, term, factor, high * _ABOVE):
            return severity
    return exact_severity(plan, term, factor, drawn)


@routine
def exact_severity(plan: ToxicityPlan, term: int, factor: float, drawn: int) -> int:
    """What a word brings, by its exponential."""
    stay_apart()
    return occurrence(plan, term, factor, unit_exponential(drawn))


@part
def put_in_queue(life: Life, onset: int, prospect: int, severity: int) -> None:
    """Queue an event by onset and term; of the same, the earlier brought is first."""
    queue, now = life.pending, life.now
    order = onset * ORDERS_OF_DAY + life.prospects.term[prospect]
    row = now[END_PENDING]
    while row > now[FIRST_PENDING] and queue.order[row - 1] > order:
        queue.order[row] = queue.order[row - 1]
        queue.prospect[row] = queue.prospect[row - 1]
        queue.severity[row] = queue.severity[row - 1]
        queue.given[row] = queue.given[row - 1]
        row = row - 1
    queue.order[row] = order
    queue.prospect[row] = prospect
    queue.severity[row] = severity
    queue.given[row] = now[GIVEN_TODAY]
    now[END_PENDING] = now[END_PENDING] + 1
    now[NEXT_EVENT] = moment_of(queue.order[now[FIRST_PENDING]])


@part
def moment_of(order: int) -> int:
    """Moment at which an event of the queue begins."""
    return order // ORDERS_OF_DAY * clock.PHASES_PER_DAY + clock.ONSET
