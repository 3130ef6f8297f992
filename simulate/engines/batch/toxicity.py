"""Adverse events of one patient in the batch engine: a cycle brings them, they begin, and act."""

from __future__ import annotations

from simulate import clock
from simulate.bits import lowest_bit
from simulate.compiled import part, routine, stay_apart
from simulate.distributions import NEVER
from simulate.engines.batch.layout import (
    ANY_STATE,
    BLOCKS_OF_CYCLE,
    GRADES,
    WITHOUT_LIMITED,
    EventLayout,
)
from simulate.engines.batch.life import (
    ASSESSMENT_STOP,
    BLOCKED_UNTIL,
    DEATH_DAY,
    END_OF_BATCH,
    END_PENDING,
    END_PROSPECTS,
    FIRST_PENDING,
    GIVEN,
    LAST_CYCLE,
    LAST_MOMENT,
    NEVER_COMES,
    NEXT_EVENT,
    NEXT_LEAVING,
    NEXT_PROSPECT,
    PROGRESSION_DAY,
    STOP_REASON,
    STUDY_WITHDRAWAL,
    TREATMENT_STOP,
    Life,
)
from simulate.engines.batch.words import word_at
from simulate.ledger import ADVERSE_EVENTS, DRUG_STOPS, Ledger
from simulate.patient.dosing import (
    DISCONTINUE,
    HOLD,
    INTERRUPT_INFUSION,
    REDUCE,
    hold_ends,
    infused_share,
    is_related,
    part_infused,
    rule_applies,
    share_lost,
)
from simulate.patient.toxicity import (
    FATAL_GRADE,
    FULL_DOSE,
    HAEMATOLOGICAL,
    NO_EVENT,
    NOT_GIVEN,
    OTHER,
    ToxicityPlan,
    cycle_weight,
    end_day,
    event_grade,
    frailty,
    goes_on,
    is_serious,
    occurrence,
    onset_day,
)
from simulate.patient.treatment import ADVERSE_EVENT
from simulate.plan import Plan
from simulate.streams import WORD_RANGE, Purpose, philox4x32, unit_exponential, word

LEADING = 0
CYCLE_STRIDE = 256
_ORDERS_OF_DAY = 256  # of two events on one day the one with the lower term begins first
_WORDS_OF_EVENT = 64  # an event's further words begin at index * 64

EVENT = int(Purpose.ADVERSE_EVENT)
KEY = 0xFFFFFFFF
_BELOW, _ABOVE = 1.0 - 1e-12, 1.0 + 1e-12
_DETAIL = int(Purpose.ADVERSE_EVENT_DETAIL)
_RELATED = int(Purpose.ADVERSE_EVENT_RELATED)
_RULE = int(Purpose.DOSING_RULE)
_INFUSION = int(Purpose.INFUSION)

# ---- which events a cycle brings ----------------------------------------------------------------


@part
def draw_frailties(plan: ToxicityPlan, life: Life, start: int) -> None:
    """A patient's frailties."""
    shared, own = word_at(life.words, start, 0), word_at(life.words, start, 1)
    for kind in range(3):
        life.frailties[kind] = frailty(plan, kind, shared, own)


@part
def prepare_batch(
    layout: EventLayout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    cycle: int,
    n_cycles: int,
    variant: int,
) -> None:
    """Look up the words of some cycles from one on, and list what they may bring."""
    n_used = n_cycles * layout.n_blocks
    row = (variant * layout.n_cycles + cycle) * layout.n_blocks
    marked = mark_blocks(layout, life, seed, replicate, number, cycle, row, n_used)
    life.now[END_OF_BATCH] = cycle + n_cycles
    list_prospects(layout, life, marked & ((2 << (n_used - 1)) - 1), row, cycle)
    if life.now[END_PROSPECTS] > life.now[NEXT_PROSPECT]:
        look_up_further(life, seed, replicate, number)


@routine
def mark_blocks(
    layout: EventLayout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    cycle: int,
    row: int,
    n: int,
) -> int:
    """Look up ``n`` blocks of words from a cycle on; those that may bring an event, as bits.

    A block is marked if any of its words may bring an event: a little too often on purpose. It is
    compared in the loop that makes it, while it is still in the processor. ``row`` is that of the
    cycle's bounds.
    """
    stay_apart()
    low, high, shift = seed & KEY, (seed >> 32) & KEY, cycle * BLOCKS_OF_CYCLE
    words, blocks, highest = life.event_words, layout.blocks, layout.highest
    blood, other = life.frailties[HAEMATOLOGICAL], life.frailties[OTHER]
    of_blood = row + 2 * layout.n_cycles * layout.n_blocks
    of_other = row + 4 * layout.n_cycles * layout.n_blocks
    lane_1, lane_2, lane_3 = layout.n_looked_up, 2 * layout.n_looked_up, 3 * layout.n_looked_up
    marked = 0
    for i in range((n + 15) >> 4 << 4):
        a, b, c, d = philox4x32(number, replicate, EVENT, blocks[i] + shift, low, high)
        words[i] = a
        words[lane_1 + i] = b
        words[lane_2 + i] = c
        words[lane_3 + i] = d
        bound = highest[row + i] + blood * highest[of_blood + i] + other * highest[of_other + i]
        if min(min(a, b), min(c, d)) < bound:
            marked = marked | (1 << i)
    return marked


@part
def list_prospects(layout: EventLayout, life: Life, marked: int, row: int, cycle: int) -> None:
    """List the words of marked blocks that may bring an event, cycle by cycle.

    ``row`` is that of the bounds of the batch's first cycle.
    """
    found, words, spots = life.prospects, life.event_words, life.spots
    size, n = layout.n_looked_up, 0
    while marked != 0:
        i = lowest_bit(marked)
        marked = marked & (marked - 1)
        slot, at = 4 * layout.block_of[i], 4 * (row + i)
        # written before it is known whether it counts: a branch would be foreseen wrongly
        spots[n] = 4 * i
        n = n + may_happen(layout, life, words[i], slot, at)
        spots[n] = 4 * i + 1
        n = n + may_happen(layout, life, words[size + i], slot + 1, at + 1)
        spots[n] = 4 * i + 2
        n = n + may_happen(layout, life, words[2 * size + i], slot + 2, at + 2)
        spots[n] = 4 * i + 3
        n = n + may_happen(layout, life, words[3 * size + i], slot + 3, at + 3)
    first = (life.now[END_PROSPECTS] + 7) >> 3 << 3
    for j in range(n):
        i, lane, row_of = spots[j] >> 2, spots[j] & 3, first + j
        slot = 4 * layout.block_of[i] + lane
        address = (cycle + layout.cycle_of[i]) * CYCLE_STRIDE + layout.id_of[slot]
        found.cycle[row_of] = cycle + layout.cycle_of[i]
        found.term[row_of] = layout.term_of[slot]
        found.word[row_of] = words[lane * size + i]
        found.address[row_of] = address
        life.further_blocks[detail_row(row_of)] = address
        life.further_blocks[related_row(row_of)] = address * (_WORDS_OF_EVENT >> 2)
    life.now[NEXT_PROSPECT] = first
    life.now[END_PROSPECTS] = first + n


@part
def may_happen(layout: EventLayout, life: Life, drawn: int, slot: int, at: int) -> int:
    """1 if a word may bring the event of its slot, ``at`` being the place of its bound."""
    return int(drawn < layout.bound[at] * life.frailties[layout.kind_of[slot]])


@routine
def look_up_further(life: Life, seed: int, replicate: int, number: int) -> None:
    """Look up the words of grade, onset, duration and seriousness, and those of relatedness."""
    stay_apart()
    further, blocks = life.further, life.further_blocks
    low, high = seed & KEY, (seed >> 32) & KEY
    first = 2 * life.now[NEXT_PROSPECT]
    n = (2 * life.now[END_PROSPECTS] - first + 15) >> 4 << 4
    for j in range(n):
        i, purpose = first + j, _DETAIL + (_RELATED - _DETAIL) * ((j >> 3) & 1)
        a, b, c, d = philox4x32(number, replicate, purpose, blocks[i], low, high)
        further.first[i], further.second[i], further.third[i], further.fourth[i] = a, b, c, d


@part
def detail_row(prospect: int) -> int:
    """Row of a prospect's words of grade, onset, duration and seriousness."""
    return 2 * prospect - (prospect & 7)


@part
def related_row(prospect: int) -> int:
    """Row of a prospect's words of relatedness."""
    return detail_row(prospect) + 8


@part
def bring_events(
    plan: Plan,
    layout: EventLayout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    cycle: int,
    today: int,
) -> None:
    """Decide on every event that a cycle may bring."""
    if layout.n_blocks == 0:
        return
    now = life.now
    if cycle >= now[END_OF_BATCH]:
        limited = cycles_of_limited_drugs(life)
        variant = ANY_STATE if limited > 0 else WITHOUT_LIMITED
        n_cycles = min(cycles_to_come(plan, life, today), layout.cycles_at_once)
        if limited > 0:
            n_cycles = min(n_cycles, limited)
        prepare_batch(layout, life, seed, replicate, number, cycle, n_cycles, variant)
    prospects, row = life.prospects, now[NEXT_PROSPECT]
    while row < now[END_PROSPECTS] and prospects.cycle[row] <= cycle:
        if prospects.cycle[row] == cycle:
            decide(plan.toxicity, life, row, today)
        row = row + 1
    now[NEXT_PROSPECT] = row


@part
def cycles_of_limited_drugs(life: Life) -> int:
    """Cycles from this one on in which drugs of planned cycles are given if none is put off."""
    drugs, most = life.drugs, 0
    for position in range(len(drugs.limit)):
        if drugs.limit[position] < NEVER and (
            drugs.state[position] != NOT_GIVEN or is_due(life, position)
        ):
            most = max(most, drugs.limit[position] - drugs.n_given[position] + 1)
    return most


@part
def cycles_to_come(plan: Plan, life: Life, today: int) -> int:
    """Cycles from today's on that can begin before the patient dies, withdraws or is cut."""
    now = life.now
    moment = min(now[LAST_MOMENT], now[NEXT_LEAVING])
    last_day = min(moment // clock.PHASES_PER_DAY, now[DEATH_DAY])
    return max((last_day - today) // plan.treatment.cycle_length, 0) + 1


@part
def is_due(life: Life, position: int) -> bool:
    """Whether a drug is still to be given."""
    drugs = life.drugs
    return drugs.is_stopped[position] == 0 and drugs.n_given[position] < drugs.limit[position]


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
    onset = onset_day(plan, term, today, life.further.second[detail_row(row)])
    if onset * clock.PHASES_PER_DAY + clock.ONSET > life.now[LAST_MOMENT]:
        return
    put_in_queue(life, onset, row, severity)


@part
def severity_of(plan: ToxicityPlan, term: int, factor: float, drawn: int) -> int:
    """What a word brings; its exponential is worked out only if bounds on it do not decide."""
    u = (drawn + 0.5) / WORD_RANGE
    if u < 0.5:
        low = u + 0.5 * u * u
        severity = occurrence(plan, term, factor, low * _BELOW)
        if severity == occurrence(plan, term, factor, (low + u * u * u) * _ABOVE):
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
    queue, now, drugs = life.pending, life.now, life.drugs
    order = onset * _ORDERS_OF_DAY + life.prospects.term[prospect]
    row = now[END_PENDING]
    while row > now[FIRST_PENDING] and queue.order[row - 1] > order:
        queue.order[row] = queue.order[row - 1]
        queue.prospect[row] = queue.prospect[row - 1]
        queue.severity[row] = queue.severity[row - 1]
        queue.given[row] = queue.given[row - 1]
        row = row - 1
    given = 0
    for position in range(len(drugs.state)):
        given = given | (int(drugs.state[position] != NOT_GIVEN) << position)
    queue.order[row] = order
    queue.prospect[row] = prospect
    queue.severity[row] = severity
    queue.given[row] = given
    now[END_PENDING] = now[END_PENDING] + 1
    now[NEXT_EVENT] = moment_of(queue.order[now[FIRST_PENDING]])


@part
def moment_of(order: int) -> int:
    """Moment at which an event of the queue begins."""
    return order // _ORDERS_OF_DAY * clock.PHASES_PER_DAY + clock.ONSET


# ---- an event begins ----------------------------------------------------------------------------


@part
def begin_next(
    plan: Plan,
    layout: EventLayout,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
) -> None:
    """The first event in the queue begins, unless another of its term goes on, and acts."""
    queue, now, toxicity = life.pending, life.now, plan.toxicity
    first = now[FIRST_PENDING]
    order, prospect = queue.order[first], queue.prospect[first]
    onset, term = order // _ORDERS_OF_DAY, order % _ORDERS_OF_DAY
    now[FIRST_PENDING] = first + 1
    now[NEXT_EVENT] = NEVER_COMES
    if first + 1 < now[END_PENDING]:
        now[NEXT_EVENT] = moment_of(queue.order[first + 1])
    if now[DEATH_DAY] <= onset or now[STUDY_WITHDRAWAL] < onset:
        return
    if goes_on(life.resolves[term], onset):
        return
    severity, details = queue.severity[first], detail_row(prospect)
    end = end_day(toxicity, onset, life.further.third[details])
    life.resolves[term] = end
    grade = event_grade(toxicity, term, severity, life.further.first[details])
    serious = int(is_serious(toxicity, term, severity, life.further.fourth[details]))
    index = life.prospects.address[prospect]
    related = relatedness(plan, life, seed, replicate, number, prospect, queue.given[first])
    taken = act(
        plan, layout, life, ledger, seed, replicate, number, index, term, grade, onset, end, related
    )
    cycle, term_id = life.prospects.cycle[prospect], toxicity.term_ids[term]
    record(ledger, number, cycle, term_id, grade, onset, end, serious, related, taken)


@part
def relatedness(
    plan: Plan, life: Life, seed: int, replicate: int, number: int, prospect: int, given: int
) -> int:
    """Drugs of the cycle to which an event is judged related, as a bit mask of their positions."""
    mask = 0
    for position in range(len(plan.treatment.drug_ids)):
        drug_id = plan.treatment.drug_ids[position]
        drawn = related_word(life, seed, replicate, number, prospect, drug_id)
        # no branch: it would be foreseen wrongly as often as not
        mask = mask | (int(is_related(plan.dosing, position, drawn)) << position)
    return mask & given


@part
def related_word(
    life: Life, seed: int, replicate: int, number: int, prospect: int, drug_id: int
) -> int:
    """Word of an event's relatedness to a drug; those of the first block are looked up already."""
    if drug_id < 4:
        return word_at(life.further, related_row(prospect), drug_id)
    at = life.prospects.address[prospect] * _WORDS_OF_EVENT + drug_id
    return word(seed, number, replicate, _RELATED, at)


@part
def act(
    plan: Plan,
    layout: EventLayout,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
    index: int,
    term: int,
    grade: int,
    onset: int,
    end: int,
    related: int,
) -> int:
    """Let the dosing rules of every drug act on an event; what was done, as a bit mask."""
    dosing = plan.dosing
    special = plan.toxicity.special_interest[term] == 1
    about, taken = GRADES * term + grade, 0
    for place in range(layout.rules_start[about], layout.rules_start[about + 1]):
        row = layout.rules[place]
        position = layout.drug_of[row]
        is_related_to_it = (related >> position) & 1 == 1
        if not rule_applies(dosing, row, term, grade, is_related_to_it, special, 0):
            continue
        bit = 1 << (4 * position + dosing.action[row])
        if dosing.action[row] == REDUCE and taken & bit:
            continue
        at = index * _WORDS_OF_EVENT + dosing.rule_ids[row]
        drawn = word(seed, number, replicate, _RULE, at)
        if not rule_applies(dosing, row, term, grade, is_related_to_it, special, drawn):
            continue
        infusion = 0
        if dosing.action[row] == INTERRUPT_INFUSION:
            infusion = word(seed, number, replicate, _INFUSION, index)
        if take(plan, life, ledger, position, row, onset, end, infusion):
            taken = taken | bit
    return taken


@part
def take(
    plan: Plan,
    life: Life,
    ledger: Ledger,
    position: int,
    row: int,
    onset: int,
    end: int,
    drawn: int,
) -> bool:
    """Take the action of one rule on one drug; whether there was anything to act on."""
    drugs, dosing = life.drugs, plan.dosing
    if drugs.last_dose[position] < 0:
        return False
    action = dosing.action[row]
    if action == INTERRUPT_INFUSION:
        if ledger.doses.day[drugs.last_dose[position]] != onset:
            return False  # its infusion was over
        interrupt(plan, life, ledger, position, infused_share(dosing, row, drawn))
        return True
    if not is_due(life, position) or life.now[TREATMENT_STOP] < NEVER:
        return False  # no later dose to act on
    if action == HOLD:
        until = hold_ends(dosing, row, onset, end)
        drugs.blocked_until[position] = max(drugs.blocked_until[position], until)
        life.now[BLOCKED_UNTIL] = max(life.now[BLOCKED_UNTIL], drugs.blocked_until[position])
        return True
    if action == REDUCE:
        if drugs.level[position] + 1 >= dosing.n_levels[position]:
            return False
        drugs.level[position] = drugs.level[position] + 1
        return True
    stop_drug(life, position, onset)
    return True


@part
def interrupt(plan: Plan, life: Life, ledger: Ledger, position: int, infused: int) -> None:
    """Interrupt the infusion of a drug's latest dose; of several times the shortest counts."""
    row, doses = life.drugs.last_dose[position], ledger.doses
    before = doses.infused[row]
    after = min(infused, before)
    if position == plan.disease.intensity_drug:
        lost = share_lost(plan.dosing, position, doses.level[row], before, after)
        life.factors[GIVEN] = life.factors[GIVEN] - lost
    doses.interrupted[row] = 1
    doses.infused[row] = after


@part
def stop_drug(life: Life, position: int, day: int) -> None:
    """Stop a drug for good; the end of the leading drug is the end of treatment."""
    life.drugs.is_stopped[position] = 1
    if position == LEADING:
        stop(life, day, ADVERSE_EVENT)


@part
def stop(life: Life, day: int, reason: int) -> None:
    """Stop the tumour assessments, and treatment if it still goes on."""
    now = life.now
    if now[ASSESSMENT_STOP] == NEVER:
        now[ASSESSMENT_STOP] = day
    if now[TREATMENT_STOP] == NEVER:
        now[TREATMENT_STOP] = day
        now[STOP_REASON] = reason


# ---- what is put on record ----------------------------------------------------------------------


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
def stop_held_drug(
    life: Life, ledger: Ledger, number: int, position: int, day: int, first_row: int
) -> None:
    """Stop a drug whose hold would last too long: the event that holds it discontinues it."""
    events = ledger.adverse_events
    row = ledger.size[ADVERSE_EVENTS] - 1
    while row > first_row and (events.action[row] >> (4 * position + HOLD)) & 1 == 0:
        row = row - 1
    events.action[row] = events.action[row] | (1 << (4 * position + DISCONTINUE))
    stops, at = ledger.drug_stops, ledger.size[DRUG_STOPS]
    stops.patient[at] = number
    stops.position[at] = position
    stops.day[at] = day
    ledger.size[DRUG_STOPS] = at + 1
    stop_drug(life, position, day)


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
