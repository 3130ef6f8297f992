"""What an adverse event does in the batch engine: it begins, and acts on the drugs."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch.event_records import record
from simulate.engines.batch.event_words import WORDS_OF_EVENT, detail_row, related_row
from simulate.engines.batch.events import ORDERS_OF_DAY, moment_of
from simulate.engines.batch.infusions import interrupt
from simulate.engines.batch.layout import GRADES, EventLayout
from simulate.engines.batch.life import (
    BLOCKED_UNTIL,
    DEATH_DAY,
    END_PENDING,
    FIRST_PENDING,
    NEVER_COMES,
    NEXT_EVENT,
    STUDY_WITHDRAWAL,
    TREATMENT_STOP,
    Life,
)
from simulate.engines.batch.stops import is_due, stop_drug
from simulate.engines.batch.words import word_at
from simulate.ledger import Ledger
from simulate.patient.dosing import (
    HOLD,
    INTERRUPT_INFUSION,
    REDUCE,
    hold_ends,
    infused_share,
    is_related,
    rule_applies,
)
from simulate.patient.toxicity import end_day, event_grade, goes_on, is_serious
from simulate.plan import Plan
from simulate.streams import WORD_RANGE, Purpose, word

_RELATED = int(Purpose.ADVERSE_EVENT_RELATED)
_RULE = int(Purpose.DOSING_RULE)
_INFUSION = int(Purpose.INFUSION)


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
    onset, term = order // ORDERS_OF_DAY, order % ORDERS_OF_DAY
    now[FIRST_PENDING] = first + 1
    now[NEXT_EVENT] = NEVER_COMES
    if first + 1 < now[END_PENDING]:
        now[NEXT_EVENT] = moment_of(queue.order[first + 1])
    if now[DEATH_DAY] <= onset or now[STUDY_WITHDRAWAL] < onset:
        return
    if goes_on(life.resolves[term], onset):
        return
    severity, details = queue.severity[first], detail_row(prospect)
    end = end_day(toxicity, onset, word_at(life.further, details, 2))
    life.resolves[term] = end
    grade = event_grade(toxicity, term, severity, word_at(life.further, details, 0))
    serious = int(is_serious(toxicity, term, severity, word_at(life.further, details, 3)))
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
    at = life.prospects.address[prospect] * WORDS_OF_EVENT + drug_id
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
        if dosing.probability[row] < WORD_RANGE:  # else every word would let it act
            at = index * WORDS_OF_EVENT + dosing.rule_ids[row]
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
    stop_drug(life, position, onset * clock.PHASES_PER_DAY + clock.ONSET)
    return True
