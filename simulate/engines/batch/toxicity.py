"""Adverse events of one patient in the batch engine: a cycle brings them, they begin, and act."""

from __future__ import annotations

from simulate import clock
from simulate.bits import lowest_bit
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch.layout import ANY_STATE, WITHOUT_LIMITED, EventLayout
from simulate.engines.batch.life import (
    ASSESSMENT_STOP,
    BLOCKED_UNTIL,
    DEATH_DAY,
    END_PENDING,
    END_PROSPECTS,
    FIRST_CYCLE_OF_BATCH,
    FIRST_PENDING,
    GIVEN,
    LAST_CYCLE,
    LAST_MOMENT,
    NEVER_COMES,
    NEXT_EVENT,
    NEXT_PROSPECT,
    PROGRESSION_DAY,
    STOP_REASON,
    STUDY_WITHDRAWAL,
    TREATMENT_STOP,
    Life,
    PendingColumns,
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
    layout: EventLayout, life: Life, seed: int, replicate: int, number: int, cycle: int, bound: int
) -> None:
    """Look up the words of the batch of cycles that holds a cycle, and mark what may happen.

    A word is marked if it may bring an event: a little too many on purpose. It is compared in the
    loop that makes it, while it is still in the processor.
    """
    batch = cycle // layout.cycles_at_once
    first = batch * layout.cycles_at_once * layout.n_blocks
    life.now[FIRST_CYCLE_OF_BATCH] = batch * layout.cycles_at_once
    low, high, shift = seed & KEY, (seed >> 32) & KEY, batch * layout.stride
    words, size = life.event_words, layout.bound_size
    lane_1, lane_2, lane_3 = layout.n_looked_up, 2 * layout.n_looked_up, 3 * layout.n_looked_up
    blood, other = life.frailties[HAEMATOLOGICAL], life.frailties[OTHER]
    row = first + bound * 4 * size
    of_blood, of_other = row + 8 * size, row + 16 * size
    bounds, blocks = layout.bound, layout.blocks
    mask_0, mask_1, mask_2, mask_3 = 0, 0, 0, 0
    for i in range(layout.cycles_at_once * layout.n_blocks):
        a, b, c, d = philox4x32(number, replicate, EVENT, blocks[i] + shift, low, high)
        words[i] = a
        words[lane_1 + i] = b
        words[lane_2 + i] = c
        words[lane_3 + i] = d
        at, at_blood, at_other = row + i, of_blood + i, of_other + i
        if a < bounds[at] + blood * bounds[at_blood] + other * bounds[at_other]:
            mask_0 = mask_0 | (1 << i)
        at, at_blood, at_other = at + size, at_blood + size, at_other + size
        if b < bounds[at] + blood * bounds[at_blood] + other * bounds[at_other]:
            mask_1 = mask_1 | (1 << i)
        at, at_blood, at_other = at + size, at_blood + size, at_other + size
        if c < bounds[at] + blood * bounds[at_blood] + other * bounds[at_other]:
            mask_2 = mask_2 | (1 << i)
        at, at_blood, at_other = at + size, at_blood + size, at_other + size
        if d < bounds[at] + blood * bounds[at_blood] + other * bounds[at_other]:
            mask_3 = mask_3 | (1 << i)
    list_prospects(layout, life, mask_0, mask_1, mask_2, mask_3)
    look_up_further(life, seed, replicate, number)


@part
def list_prospects(
    layout: EventLayout, life: Life, mask_0: int, mask_1: int, mask_2: int, mask_3: int
) -> None:
    """List the words that are marked, cycle by cycle."""
    found, spots, n = life.prospects, life.spots, 0
    every = mask_0 | mask_1 | mask_2 | mask_3
    while every != 0:
        i = lowest_bit(every)
        every = every & (every - 1)
        # written before it is known whether it counts: a branch would be foreseen wrongly
        spots[n] = 4 * i
        n = n + ((mask_0 >> i) & 1)
        spots[n] = 4 * i + 1
        n = n + ((mask_1 >> i) & 1)
        spots[n] = 4 * i + 2
        n = n + ((mask_2 >> i) & 1)
        spots[n] = 4 * i + 3
        n = n + ((mask_3 >> i) & 1)
    for row in range(n):
        i, lane = spots[row] >> 2, spots[row] & 3
        slot = 4 * layout.block_of[i] + lane
        cycle = life.now[FIRST_CYCLE_OF_BATCH] + layout.cycle_of[i]
        found.cycle[row] = cycle
        found.term[row] = layout.term_of[slot]
        found.word[row] = life.event_words[lane * layout.n_looked_up + i]
        found.address[row] = cycle * CYCLE_STRIDE + layout.id_of[slot]
    life.now[NEXT_PROSPECT] = 0
    life.now[END_PROSPECTS] = n


@part
def look_up_further(life: Life, seed: int, replicate: int, number: int) -> None:
    """Look up the words of grade, onset, duration and seriousness, and those of relatedness."""
    found, detail, related = life.prospects, life.detail, life.related
    low, high = seed & KEY, (seed >> 32) & KEY
    whole_groups = (life.now[END_PROSPECTS] + 7) >> 3 << 3
    for i in range(whole_groups):
        a, b, c, d = philox4x32(number, replicate, _DETAIL, found.address[i], low, high)
        detail.first[i], detail.second[i], detail.third[i], detail.fourth[i] = a, b, c, d
    for i in range(whole_groups):
        a, b, c, d = philox4x32(number, replicate, _RELATED, found.address[i] * 16, low, high)
        related.first[i], related.second[i], related.third[i], related.fourth[i] = a, b, c, d


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
    n_blocks = layout.n_blocks
    if n_blocks == 0:
        return
    now = life.now
    if cycle >= now[FIRST_CYCLE_OF_BATCH] + layout.cycles_at_once:
        bound = WITHOUT_LIMITED
        for position in range(len(life.drugs.limit)):
            if life.drugs.limit[position] < NEVER and life.drugs.state[position] != NOT_GIVEN:
                bound = ANY_STATE
            if life.drugs.limit[position] < NEVER and is_due(life, position):
                bound = ANY_STATE
        prepare_batch(layout, life, seed, replicate, number, cycle, bound)
    prospects, row = life.prospects, now[NEXT_PROSPECT]
    while row < now[END_PROSPECTS] and prospects.cycle[row] <= cycle:
        if prospects.cycle[row] == cycle:
            decide(plan.toxicity, life, row, today)
        row = row + 1
    now[NEXT_PROSPECT] = row


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
    onset = onset_day(plan, term, today, life.detail.second[row])
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
    return occurrence(plan, term, factor, unit_exponential(drawn))


@part
def put_in_queue(life: Life, onset: int, prospect: int, severity: int) -> None:
    """Queue an event by onset and term; of the same, the earlier brought is first."""
    queue, now, prospects, drugs = life.pending, life.now, life.prospects, life.drugs
    term = prospects.term[prospect]
    row = now[END_PENDING]
    while row > now[FIRST_PENDING] and (
        queue.onset[row - 1] > onset
        or (queue.onset[row - 1] == onset and queue.term[row - 1] > term)
    ):
        copy_row(queue, row - 1, row)
        row = row - 1
    given = 0
    for position in range(len(drugs.state)):
        if drugs.state[position] != NOT_GIVEN:
            given = given | (1 << position)
    queue.onset[row] = onset
    queue.term[row] = term
    queue.cycle[row] = prospects.cycle[prospect]
    queue.severity[row] = severity
    queue.given[row] = given
    queue.grade_word[row] = life.detail.first[prospect]
    queue.duration_word[row] = life.detail.third[prospect]
    queue.serious_word[row] = life.detail.fourth[prospect]
    queue.related_0[row] = life.related.first[prospect]
    queue.related_1[row] = life.related.second[prospect]
    queue.related_2[row] = life.related.third[prospect]
    queue.related_3[row] = life.related.fourth[prospect]
    now[END_PENDING] = now[END_PENDING] + 1
    now[NEXT_EVENT] = queue.onset[now[FIRST_PENDING]] * clock.PHASES_PER_DAY + clock.ONSET


@part
def copy_row(queue: PendingColumns, row: int, to: int) -> None:
    """Copy an event of the queue into another row."""
    queue.onset[to] = queue.onset[row]
    queue.term[to] = queue.term[row]
    queue.cycle[to] = queue.cycle[row]
    queue.severity[to] = queue.severity[row]
    queue.given[to] = queue.given[row]
    queue.grade_word[to] = queue.grade_word[row]
    queue.duration_word[to] = queue.duration_word[row]
    queue.serious_word[to] = queue.serious_word[row]
    queue.related_0[to] = queue.related_0[row]
    queue.related_1[to] = queue.related_1[row]
    queue.related_2[to] = queue.related_2[row]
    queue.related_3[to] = queue.related_3[row]


# ---- an event begins ----------------------------------------------------------------------------


@part
def begin_next(
    plan: Plan, life: Life, ledger: Ledger, seed: int, replicate: int, number: int
) -> None:
    """The first event in the queue begins, unless another of its term goes on, and acts."""
    queue, now, toxicity = life.pending, life.now, plan.toxicity
    first = now[FIRST_PENDING]
    onset, term, cycle = queue.onset[first], queue.term[first], queue.cycle[first]
    severity = queue.severity[first]
    now[FIRST_PENDING] = first + 1
    now[NEXT_EVENT] = NEVER_COMES
    if first + 1 < now[END_PENDING]:
        now[NEXT_EVENT] = queue.onset[first + 1] * clock.PHASES_PER_DAY + clock.ONSET
    if now[DEATH_DAY] <= onset or now[STUDY_WITHDRAWAL] < onset:
        return
    if goes_on(life.resolves[term], onset):
        return
    end = end_day(toxicity, onset, queue.duration_word[first])
    life.resolves[term] = end
    grade = event_grade(toxicity, term, severity, queue.grade_word[first])
    serious = int(is_serious(toxicity, term, severity, queue.serious_word[first]))
    index = cycle * CYCLE_STRIDE + toxicity.term_ids[term]
    related = relatedness(plan, life, seed, replicate, number, index, first)
    taken = act(
        plan, life, ledger, seed, replicate, number, index, term, grade, onset, end, related
    )
    term_id = toxicity.term_ids[term]
    record(ledger, number, cycle, term_id, grade, onset, end, serious, related, taken)


@part
def relatedness(
    plan: Plan, life: Life, seed: int, replicate: int, number: int, index: int, row: int
) -> int:
    """Drugs of the cycle to which an event is judged related, as a bit mask of their positions."""
    mask, given = 0, life.pending.given[row]
    for position in range(len(plan.treatment.drug_ids)):
        if (given >> position) & 1:
            drug_id = plan.treatment.drug_ids[position]
            drawn = related_word(life, seed, replicate, number, index, row, drug_id)
            if is_related(plan.dosing, position, drawn):
                mask = mask | (1 << position)
    return mask


@part
def related_word(
    life: Life, seed: int, replicate: int, number: int, index: int, row: int, drug_id: int
) -> int:
    """Word of an event's relatedness to a drug; those of the first block are looked up already."""
    if drug_id == 0:
        return life.pending.related_0[row]
    if drug_id == 1:
        return life.pending.related_1[row]
    if drug_id == 2:
        return life.pending.related_2[row]
    if drug_id == 3:
        return life.pending.related_3[row]
    return word(seed, number, replicate, _RELATED, index * _WORDS_OF_EVENT + drug_id)


@part
def act(
    plan: Plan,
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
    taken = 0
    for position in range(len(life.drugs.limit)):
        is_related_to_it = (related >> position) & 1 == 1
        for row in range(dosing.rule_start[position], dosing.rule_start[position + 1]):
            # most rules are not about an event, whatever its word
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
