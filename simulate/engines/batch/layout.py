"""What the batch engine works out once a plan: which words it looks up, and where they lie."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.distributions import FloatArray, FloatColumn, IntColumn
from simulate.engines.draws import most_cycles, patient_layout
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

_SIMD = 8  # blocks that a processor makes at once: whole groups have no slow remainder
_MASK_BITS = 62
_MOST_CYCLES_AT_ONCE = 8
_SLACK = 1.0 + 1e-9

DELAYS_AT_ONCE = 8
"""Cycles whose delays are worked out together: two blocks of words."""

ANY_STATE, WITHOUT_LIMITED = range(2)
"""Bounds on the rates of adverse events: whatever is given; no drug of planned cycles any more."""


class PatientLayout(NamedTuple):
    """The words that every patient has."""

    purposes: IntColumn
    blocks: IntColumn
    start: IntColumn
    """First block of each purpose, by BASELINE and so on."""


class EventLayout(NamedTuple):
    """The words that decide on adverse events, a batch of cycles at a time."""

    cycles_at_once: int
    n_blocks: int
    """Blocks of one cycle: those that hold a term with a rate."""
    n_looked_up: int
    """Blocks of a batch, filled up to whole groups."""
    purposes: IntColumn
    blocks: IntColumn
    """Blocks of the first batch."""
    stride: int
    """What is added to them from one batch to the next."""
    cycle_of: IntColumn
    """Cycle of each block of a batch, from 0."""
    block_of: IntColumn
    """Which of its cycle's blocks each is."""
    term_of: IntColumn
    """Position of the term at block b of a cycle and lane l: index 4 * b + l; -1 for none."""
    id_of: IntColumn
    """Permanent number of that term."""
    bound: FloatColumn
    """Upper bound on the words that bring an event, but for the frailty.

    Index ``((2 kind + without) * 4 + lane) * n_cycles * n_blocks + cycle * n_blocks + block``; the
    bound of a word is the sum over the kinds of frailty, each times the patient's own.
    """
    bound_size: int
    """Entries of one kind, variant and lane."""


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


def _padded(values: IntColumn) -> IntColumn:
    """The values, filled up to a whole number of SIMD groups."""
    missing = -len(values) % _SIMD
    return np.concatenate([values, np.zeros(missing, np.int64)]).astype(np.int64)


def _event_layout(plan: Plan) -> EventLayout:
    ids = np.asarray(plan.toxicity.term_ids, np.int64)
    rates = np.asarray(plan.toxicity.rate, np.float64)
    used = np.unique(ids[rates > 0] >> 2)
    n_blocks = len(used)
    at_once = max(1, min(_MOST_CYCLES_AT_ONCE, _MASK_BITS // max(n_blocks, 1)))
    blocks = (np.arange(at_once)[:, np.newaxis] * 64 + used).ravel()
    term_of = np.full(4 * n_blocks, -1, np.int64)
    for term, (term_id, rate) in enumerate(zip(ids.tolist(), rates.tolist(), strict=True)):
        if rate > 0:
            term_of[4 * np.searchsorted(used, term_id >> 2) + (term_id & 3)] = term
    n_cycles = (most_cycles(plan) // at_once + 2) * at_once
    bound = np.zeros((3, 2, 4, n_cycles, n_blocks))
    highest = _highest_weights(plan.toxicity, np.asarray(plan.treatment.cycles_start), n_cycles)
    for slot, term in enumerate(term_of.tolist()):
        if term >= 0:
            rate = rates[term] * WORD_RANGE * _SLACK
            kind = plan.toxicity.frailty[term]
            bound[kind, :, slot & 3, 1:, slot >> 2] = rate * highest[:, :, term]
    return EventLayout(
        cycles_at_once=at_once,
        n_blocks=n_blocks,
        n_looked_up=len(_padded(blocks)),
        purposes=np.full(len(_padded(blocks)), int(Purpose.ADVERSE_EVENT), np.int64),
        blocks=_padded(blocks),
        stride=64 * at_once,
        cycle_of=np.repeat(np.arange(at_once), n_blocks),
        block_of=np.tile(np.arange(n_blocks), at_once),
        term_of=term_of,
        id_of=np.where(term_of >= 0, np.append(ids, 0)[term_of], 0),
        bound=bound.ravel(),
        bound_size=n_cycles * n_blocks,
    )


def _highest_weights(plan: ToxicityPlan, cycles_start: IntColumn, n_cycles: int) -> FloatArray:
    """Highest weight of each term in each cycle from 1, shape (variants, cycles, terms)."""
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
