"""The words of adverse events: looked up in one pass, and only where an event is possible.

A word decides an event of one term in one cycle. Most are far too large to bring one whatever the
state of the drugs, so they are sorted out first; what remains is decided by the rules when its
cycle comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulate.patient.toxicity import FULL_DOSE, cycle_weight, frailty
from simulate.plan import Plan
from simulate.streams import Purpose, WordArray, unit_exponentials, word_blocks

_CYCLE_STRIDE = 256  # an adverse event's index is cycle * 256 + id
_BLOCKS_A_CYCLE = _CYCLE_STRIDE // 4


class PossibleEvent(NamedTuple):
    """One term in one cycle of one patient."""

    term: int
    """Position of the term."""
    exponential: float
    """Unit exponential that decides whether it happens."""
    row: int
    """Where its further words are."""


@dataclass(frozen=True, slots=True)
class EventWords:
    """Words of all possible events, a row each; most are never asked for."""

    detail: WordArray
    """Words of grade, onset, duration and seriousness."""
    related: WordArray
    """Words of relatedness, by the number of the drug."""
    rules: WordArray
    """Words of the dosing rules, by their number."""


@dataclass(slots=True)
class ToxicityDraws:
    """What one patient's adverse events need."""

    frailties: tuple[float, float, float]
    """Factors by kind: none, haematological, other."""
    words: EventWords
    events: dict[int, list[PossibleEvent]] = field(default_factory=dict)
    """Possible events by cycle, in the order of the terms."""


def draw_toxicity(plan: Plan, *, seed: int, replicate: int, n_cycles: int) -> list[ToxicityDraws]:
    """The words of every patient number that the trial may enrol, for cycles 1 to ``n_cycles``."""
    n = plan.enrolment.n_patients
    frailties = _frailties(plan, seed, replicate, n)
    if len(plan.toxicity.term_ids) == 0:
        return [ToxicityDraws(each, _NO_WORDS) for each in frailties]
    words = _occurrence_words(plan, seed, replicate, n, n_cycles)
    bound = _possible_below(plan, frailties, n_cycles)
    patient, cycle, term = np.nonzero(words < bound)
    exponential = unit_exponentials(words[patient, cycle, term])
    index = (cycle + 1) * _CYCLE_STRIDE + np.asarray(plan.toxicity.term_ids)[term]
    further = EventWords(
        word_blocks(seed, patient, replicate, Purpose.ADVERSE_EVENT_DETAIL, index),
        _blocks(seed, patient, replicate, Purpose.ADVERSE_EVENT_RELATED, index, _drugs(plan)),
        _blocks(seed, patient, replicate, Purpose.DOSING_RULE, index, _rules(plan)),
    )
    patients = [ToxicityDraws(each, further) for each in frailties]
    columns = (patient.tolist(), (cycle + 1).tolist(), term.tolist(), exponential.tolist())
    for row, (p, c, t, e) in enumerate(zip(*columns, strict=True)):
        patients[p].events.setdefault(c, []).append(PossibleEvent(t, e, row))
    return patients


_NO_WORDS = EventWords(*[np.empty((0, 4), np.uint32)] * 3)


def _drugs(plan: Plan) -> int:
    return max(plan.treatment.drug_ids) // 4 + 1


def _rules(plan: Plan) -> int:
    return max(plan.dosing.rule_ids, default=0) // 4 + 1


def _frailties(plan: Plan, seed: int, replicate: int, n: int) -> list[tuple[float, float, float]]:
    lanes = word_blocks(seed, np.arange(n), replicate, Purpose.FRAILTY, np.zeros(n, np.int64))
    return [
        (
            frailty(plan.toxicity, 0, shared, own),
            frailty(plan.toxicity, 1, shared, own),
            frailty(plan.toxicity, 2, shared, own),
        )
        for shared, own, *_ in lanes.tolist()
    ]


def _occurrence_words(plan: Plan, seed: int, replicate: int, n: int, n_cycles: int) -> WordArray:
    """Words of every patient, cycle (from 1) and term, shape (n, n_cycles, terms)."""
    ids = np.asarray(plan.toxicity.term_ids)
    n_blocks = int(ids.max()) // 4 + 1
    blocks = (np.arange(1, n_cycles + 1)[:, np.newaxis] * _BLOCKS_A_CYCLE) + np.arange(n_blocks)
    flat = blocks.ravel()
    entity = np.repeat(np.arange(n), len(flat))
    lanes = word_blocks(seed, entity, replicate, Purpose.ADVERSE_EVENT, np.tile(flat, n))
    return lanes.reshape(n, n_cycles, 4 * n_blocks)[:, :, ids]


def _possible_below(
    plan: Plan, frailties: list[tuple[float, float, float]], n_cycles: int
) -> npt.NDArray[np.float64]:
    """Words from which on no event is possible, shape (patients, cycles, terms).

    The bound is a little too high on purpose: the rules decide, on the same words.
    """
    toxicity = plan.toxicity
    terms = range(len(toxicity.term_ids))
    factor = np.array(frailties)[:, np.asarray(toxicity.frailty)]
    weight = np.array(
        [
            [cycle_weight(toxicity, term, cycle, FULL_DOSE) for term in terms]
            for cycle in range(1, n_cycles + 1)
        ]
    )
    expected = factor[:, np.newaxis, :] * weight * np.asarray(toxicity.rate)
    return np.asarray(-np.expm1(-expected) * 2.0**32 + 16.0)


def _blocks(
    seed: int,
    patient: npt.NDArray[np.int64],
    replicate: int,
    purpose: int,
    index: npt.NDArray[np.int64],
    n_blocks: int,
) -> WordArray:
    """Words 0, 1, 2, ... that belong to an event: ``n_blocks`` blocks at index * 16."""
    n = len(index)
    block = np.repeat(index * 16, n_blocks) + np.tile(np.arange(n_blocks), n)
    lanes = word_blocks(seed, np.repeat(patient, n_blocks), replicate, purpose, block)
    return lanes.reshape(n, 4 * n_blocks)
