"""What the batch engine works out once a plan: which words it looks up, and where they lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.bits import LIFT
from simulate.distributions import FloatArray, FloatTable, IntArray, IntTable
from simulate.engines.batch.words import GROUP, whole_groups
from simulate.engines.draws import most_cycles, patient_layout
from simulate.patient.dosing import rule_applies
from simulate.patient.toxicity import NO_FRAILTY, NOT_GIVEN, ToxicityPlan, cycle_weight
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
    FRAILTY,
    DELAY,
) = range(16)
"""Purposes of a patient's words, in the order in which their blocks lie.

Those before DELAY are looked up for every patient, delays only as many as there can be cycles.
"""

_SLACK = 1.0 + 1e-9
_ROUNDED_OFF = 4.0  # more than what adding to a lifted number rounds off

BLOCKS_OF_CYCLE = 64
"""Blocks of words that the events of a cycle have, used or not."""

GRADES = 5
"""Grades 0 to 4; events of grade 5 are not drawn."""

ANY_STATE, WITHOUT_LIMITED = range(2)
"""Bounds on the rates of adverse events: whatever is given; no drug of planned cycles any more."""


class PatientLayout(NamedTuple):
    """The words that every patient has."""

    purposes: IntTable
    blocks: IntTable
    start: IntTable
    """First block of each purpose, by BASELINE and so on."""
    n_fixed: int
    """Blocks that every patient has; those of the delays follow."""
    n_delay_blocks: int


class EventLayout(NamedTuple):
    """The words that decide on adverse events, of all cycles to come."""

    n_blocks: int
    """Blocks of one cycle: those that hold a term with a rate."""
    n_looked_up: int
    """Blocks of all cycles that a patient can begin, and of one group more."""
    blocks: IntTable
    """Blocks of all cycles from 0; each cycle later adds `BLOCKS_OF_CYCLE`."""
    cycle_of: IntTable
    """Cycle of each block, from 0."""
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

    Index ``((kind * 2 + variant) * n_cycles + cycle) * n_blocks + block``. Those without a frailty
    are lifted, so that a sum over the kinds can be compared with :func:`simulate.bits.lifted`.
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
    is_foreseen: int
    """1 if neither the disease nor the visits depend on the doses."""


def layout_of(plan: Plan) -> Layout:
    """Work out where the words of a plan lie."""
    is_foreseen = plan.assessment.moves_with_cycles == 0 and plan.disease.intensity_drug < 0
    return Layout(_patient_layout(plan), _event_layout(plan), most_cycles(plan), int(is_foreseen))


def _patient_layout(plan: Plan) -> PatientLayout:
    *fixed, (delay, n_delay) = patient_layout(plan)
    fixed.append((int(Purpose.FRAILTY), 1))
    starts = np.cumsum([0, *(n for _, n in fixed)])
    n_fixed, n_delay = whole_groups(int(starts[-1])), whole_groups(n_delay)
    purposes, blocks = np.zeros((2, n_fixed + n_delay), np.int64)
    for (purpose, n), start in zip(fixed, starts.tolist(), strict=False):
        purposes[start : start + n] = int(purpose)
        blocks[start : start + n] = np.arange(n)
    purposes[n_fixed:] = int(delay)
    blocks[n_fixed:] = np.arange(n_delay)
    starts[-1] = n_fixed
    return PatientLayout(purposes, blocks, starts.astype(np.int64), n_fixed, n_delay)


def _event_layout(plan: Plan) -> EventLayout:
    ids = np.asarray(plan.toxicity.term_ids, np.int64)
    kinds = np.asarray(plan.toxicity.frailty, np.int64)
    rates = np.asarray(plan.toxicity.rate, np.float64)
    used = np.unique(ids[rates > 0] >> 2)
    n_blocks = len(used)
    term_of = np.full(4 * n_blocks, -1, np.int64)
    for term, (term_id, rate) in enumerate(zip(ids.tolist(), rates.tolist(), strict=True)):
        if rate > 0:
            term_of[4 * np.searchsorted(used, term_id >> 2) + (term_id & 3)] = term
    kind_of = np.where(term_of >= 0, np.append(kinds, 0)[term_of], 0)
    n_cycles = most_cycles(plan) + 2 + GROUP
    bound = _bounds(plan, term_of, n_cycles)
    looked_up = np.arange(whole_groups((most_cycles(plan) + 1) * n_blocks + GROUP))
    cycle_of, block_of = looked_up // max(n_blocks, 1), looked_up % max(n_blocks, 1)
    rules_start, rules = _rules_by_grade(plan)
    return EventLayout(
        n_blocks=n_blocks,
        n_looked_up=len(looked_up),
        blocks=cycle_of * BLOCKS_OF_CYCLE + np.append(used, 0)[block_of],
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
    highest *= _SLACK
    highest[NO_FRAILTY] = np.ceil(highest[NO_FRAILTY]) + _ROUNDED_OFF + LIFT
    return highest.ravel()


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
