"""What the batch engine works out once a plan: which words it looks up, and where they lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.distributions import FloatArray, FloatTable, IntArray, IntTable
from simulate.engines.draws import most_cycles, patient_layout
from simulate.patient.dosing import rule_applies
from simulate.patient.toxicity import NOT_GIVEN, ToxicityPlan, cycle_weight
from simulate.plan import Plan
from simulate.streams import WORD_RANGE, Purpose

(
    BASELINE,
    BASELINE_SCAN,
    RESPONSE,
    PROGRESSION,
    DEATH_BEFORE,
    DEATH_AFTER,
    WITHDRAWAL,
    LAST_CONTACT,
    VISIT_DAY,
    VISIT_MISSED,
    CLINICAL,
    PLANNED_CYCLES,
    DELAY_MEAN,
    WITHDRAWAL_CAUSE,
    DELAY,
    FRAILTY,
) = range(16)
"""Purposes of a patient's words, in the order in which their blocks lie."""

_GROUP = 16  # blocks that a processor makes at once: whole groups have no slow remainder
_MOST_BLOCKS = 48  # three groups: their marks are the bits of one word
_MOST_CYCLES_AT_ONCE = 8
_SLACK = 1.0 + 1e-9

BLOCKS_OF_CYCLE = 64
"""Blocks of words that the events of a cycle have, used or not."""

GRADES = 5
"""Grades 0 to 4; events of grade 5 are not drawn."""

DELAYS_AT_ONCE = 4 * _GROUP
"""Cycles whose delays are worked out together: a group of blocks of words."""

ANY_STATE, WITHOUT_LIMITED = range(2)
"""Bounds on the rates of adverse events: whatever is given; no drug of planned cycles any more."""


class PatientLayout(NamedTuple):
    """The words that every patient has."""

    purposes: IntTable
    blocks: IntTable
    start: IntTable
    """First block of each purpose, by BASELINE and so on."""


class EventLayout(NamedTuple):
    """The words that decide on adverse events, a batch of cycles at a time."""

    cycles_at_once: int
    """Cycles of a batch, at most; it may begin with any."""
    n_blocks: int
    """Blocks of one cycle: those that hold a term with a rate."""
    n_looked_up: int
    """Blocks of a batch, filled up to whole groups."""
    blocks: IntTable
    """Blocks of a batch whose first cycle is 0; each cycle later adds `BLOCKS_OF_CYCLE`."""
    cycle_of: IntTable
    """Cycle of each block of a batch, from 0."""
    block_of: IntTable
    """Which of its cycle's blocks each is."""
    term_of: IntTable
    """Position of the term at block b of a cycle and lane l: index 4 * b + l; -1 for none."""
    id_of: IntTable
    """Permanent number of that term."""
    kind_of: IntTable
    """Kind of frailty of that term."""
    n_cycles: int
    """Cycles of the bounds."""
    bound: FloatTable
    """Upper bound on the words that bring an event, but for the patient's frailty.

    Index ``((variant * n_cycles + cycle) * n_blocks + block) * 4 + lane``, the variants being
    ANY_STATE and WITHOUT_LIMITED.
    """
    highest: FloatTable
    """Highest bound of a block's four words among terms of one kind of frailty.

    Index ``((kind * 2 + variant) * n_cycles + cycle) * n_blocks + block``.
    """
    rules_start: IntTable
    """Dosing rules about a term at a grade: ``rules[start[i] : start[i + 1]]``, i = 5 term + grade.

    All that may apply if the event is judged related.
    """
    rules: IntTable
    drug_of: IntTable
    """Position of the drug of each dosing rule."""


class Layout(NamedTuple):
    """What the batch engine works out once a plan."""

    patient: PatientLayout
    events: EventLayout
    most_cycles: int
    """Cycles that a patient can begin, at most."""


def layout_of(plan: Plan) -> Layout:
    """Work out where the words of a plan lie."""
    return Layout(_patient_layout(plan), _event_layout(plan), most_cycles(plan))


def _patient_layout(plan: Plan) -> PatientLayout:
    chosen = [*patient_layout(plan), (int(Purpose.FRAILTY), 1)]
    sizes = [n for _, n in chosen]
    purposes = np.repeat([int(p) for p, _ in chosen], sizes)
    blocks = np.concatenate([np.arange(n) for n in sizes])
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return PatientLayout(_padded(purposes), _padded(blocks), start.astype(np.int64))


def whole_groups(n: int) -> int:
    """A number of blocks, filled up to whole groups of those made at once."""
    return (n + _GROUP - 1) // _GROUP * _GROUP


def _padded(values: IntArray) -> IntArray:
    """The values, filled up to a whole number of SIMD groups."""
    missing = whole_groups(len(values)) - len(values)
    return np.concatenate([values, np.zeros(missing, np.int64)]).astype(np.int64)


def _event_layout(plan: Plan) -> EventLayout:
    ids = np.asarray(plan.toxicity.term_ids, np.int64)
    kinds = np.asarray(plan.toxicity.frailty, np.int64)
    rates = np.asarray(plan.toxicity.rate, np.float64)
    used = np.unique(ids[rates > 0] >> 2)
    n_blocks = len(used)
    at_once = max(1, min(_MOST_CYCLES_AT_ONCE, _MOST_BLOCKS // max(n_blocks, 1)))
    term_of = np.full(4 * n_blocks, -1, np.int64)
    for term, (term_id, rate) in enumerate(zip(ids.tolist(), rates.tolist(), strict=True)):
        if rate > 0:
            term_of[4 * np.searchsorted(used, term_id >> 2) + (term_id & 3)] = term
    kind_of = np.where(term_of >= 0, np.append(kinds, 0)[term_of], 0)
    n_cycles = most_cycles(plan) + at_once + _GROUP + 1
    bound = _bounds(plan, term_of, n_cycles)
    looked_up = np.arange(whole_groups(at_once * n_blocks))
    cycle_of, block_of = looked_up // max(n_blocks, 1), looked_up % max(n_blocks, 1)
    rules_start, rules = _rules_by_grade(plan)
    return EventLayout(
        cycles_at_once=at_once,
        n_blocks=n_blocks,
        n_looked_up=len(looked_up),
        blocks=cycle_of * BLOCKS_OF_CYCLE + used[block_of],
        cycle_of=cycle_of,
        block_of=block_of,
        term_of=term_of,
        id_of=np.where(term_of >= 0, np.append(ids, 0)[term_of], 0),
        kind_of=kind_of,
        n_cycles=n_cycles,
        bound=bound.ravel(),
        highest=_highest_of_blocks(bound, kind_of),
        rules_start=rules_start,
        rules=rules,
        drug_of=np.repeat(
            np.arange(len(plan.treatment.drug_ids)), np.diff(np.asarray(plan.dosing.rule_start))
        ),
    )


def _bounds(plan: Plan, term_of: IntArray, n_cycles: int) -> FloatArray:
    """Upper bounds on the words that bring an event, shape (variants, cycles, slots)."""
    bound = np.zeros((2, n_cycles, len(term_of)))
    highest = _highest_weights(plan.toxicity, np.asarray(plan.treatment.cycles_start), n_cycles)
    for slot, term in enumerate(term_of.tolist()):
        if term >= 0:
            rate = float(plan.toxicity.rate[term]) * WORD_RANGE * _SLACK
            bound[:, 1:, slot] = rate * highest[:, :, term]
    return bound


def _highest_of_blocks(bound: FloatArray, kind_of: IntArray) -> FloatArray:
    """Highest bound of each block by kind of frailty, flat."""
    variants, n_cycles, n_slots = bound.shape
    highest = np.zeros((3, variants, n_cycles, n_slots // 4))
    for kind in range(3):
        of_kind = np.where(kind_of == kind, bound, 0.0)
        highest[kind] = of_kind.reshape(variants, n_cycles, n_slots // 4, 4).max(axis=3)
    return _SLACK * highest.ravel()


def _rules_by_grade(plan: Plan) -> tuple[IntArray, IntArray]:
    """First rule by term and grade, and the rules that may apply to each, in order."""
    start, rules = [0], []
    for term in range(len(plan.toxicity.term_ids)):
        special = bool(plan.toxicity.special_interest[term] == 1)
        for grade in range(GRADES):
            rules += [
                row
                for row in range(len(plan.dosing.rule_ids))
                if rule_applies(plan.dosing, row, term, grade, True, special, 0)
            ]
            start.append(len(rules))
    return np.array(start, np.int64), np.array(rules, np.int64)


def _highest_weights(plan: ToxicityPlan, cycles_start: IntArray, n_cycles: int) -> FloatArray:
    """Highest weight of each term in each cycle from 1, shape (variants, cycles, terms).

    Kept for the next plan, as posterior draws change rates and leave weights alone.
    """
    read = (plan.weights, plan.weight_class, plan.weight_drug, plan.term_ids, cycles_start)
    key: tuple[int | bytes, ...] = (
        n_cycles,
        plan.n_weight_cycles,
        *(np.asarray(table).tobytes() for table in read),
    )
    known = _known_weights.get(key)
    if known is None:
        known = _weights_of_terms(plan, cycles_start, n_cycles)
        _known_weights.clear()  # one scenario at a time
        _known_weights[key] = known
    return known


_known_weights: dict[tuple[int | bytes, ...], FloatArray] = {}


def _weights_of_terms(plan: ToxicityPlan, cycles_start: IntArray, n_cycles: int) -> FloatArray:
    n_terms = len(plan.term_ids)
    weights = np.zeros((3, n_cycles - 1, n_terms))
    for state in range(3):
        for term in range(n_terms):
            for cycle in range(1, n_cycles):
                weights[state, cycle - 1, term] = cycle_weight(plan, term, cycle, state)
    highest = weights.max(axis=0)
    without = highest.copy()
    for term in range(n_terms):
        drug = plan.weight_drug[plan.weight_class[term]]
        if drug >= 0 and cycles_start[drug] < cycles_start[drug + 1]:
            without[:, term] = weights[NOT_GIVEN, :, term]
    return np.stack([highest, without])
