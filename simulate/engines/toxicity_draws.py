"""The words of adverse events: looked up in one pass, and only where an event is possible.

A word decides an event of one term in one cycle. Most are far too large to bring one whatever the
state of the drugs, so they are sorted out first; what remains is decided by the rules when its
cycle comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulate.patient.toxicity import FULL_DOSE, cycle_weight, frailty
from simulate.plan import Plan
from simulate.streams import Purpose, WordArray, unit_exponentials, word_blocks

_CYCLE_STRIDE = 256  # an adverse event's index is cycle * 256 + id
_BLOCKS_A_CYCLE = _CYCLE_STRIDE // 4


PossibleEvent = tuple[int, float, int]
"""Position of a term, the unit exponential that decides on it, and the row of its further words."""


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


class ToxicitySource:
    """Looks up the words of adverse events of one plan.

    Parameters
    ----------
    plan : Plan
        The trial as numbers.
    n_cycles : int
        Cycles that a patient may begin, at most.
    """

    def __init__(self, plan: Plan, n_cycles: int) -> None:
        self.plan = plan
        self._n_cycles = n_cycles
        self._ids = np.asarray(plan.toxicity.term_ids, np.int64)
        self._frailty = np.asarray(plan.toxicity.frailty, np.int64)
        self._expected = _highest_rates(plan, n_cycles)

    def draw(self, *, seed: int, replicate: int) -> list[ToxicityDraws]:
        """The words of every patient number that the trial may enrol."""
        n = self.plan.enrolment.n_patients
        if len(self._ids) == 0:
            return [ToxicityDraws((1.0, 1.0, 1.0), _NO_WORDS) for _ in range(n)]
        frailties = _frailties(self.plan, seed, replicate, n)
        words = _occurrence_words(self._ids, seed, replicate, n, self._n_cycles)
        factor = np.array(frailties)[:, np.newaxis, self._frailty]
        # a little too high on purpose: the rules decide, on the same words
        possible_below = -np.expm1(-factor * self._expected) * 2.0**32 + 16.0
        patient, cycle, term = np.nonzero(words < possible_below)
        exponential = unit_exponentials(words[patient, cycle, term])
        index = (cycle + 1) * _CYCLE_STRIDE + self._ids[term]
        further = self._further_words(seed, replicate, patient, index)
        patients = [ToxicityDraws(each, further) for each in frailties]
        columns = (patient.tolist(), (cycle + 1).tolist(), term.tolist(), exponential.tolist())
        for row, (p, c, t, e) in enumerate(zip(*columns, strict=True)):
            patients[p].events.setdefault(c, []).append((t, e, row))
        return patients

    def _further_words(
        self,
        seed: int,
        replicate: int,
        patient: npt.NDArray[np.int64],
        index: npt.NDArray[np.int64],
    ) -> EventWords:
        plan = self.plan
        n_drugs = max(plan.treatment.drug_ids) // 4 + 1
        n_rules = max(plan.dosing.rule_ids, default=0) // 4 + 1
        return EventWords(
            word_blocks(seed, patient, replicate, Purpose.ADVERSE_EVENT_DETAIL, index),
            _blocks(seed, patient, replicate, Purpose.ADVERSE_EVENT_RELATED, index, n_drugs),
            _blocks(seed, patient, replicate, Purpose.DOSING_RULE, index, n_rules),
        )


_NO_WORDS = EventWords(*[np.empty((0, 4), np.uint32)] * 3)


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


def _occurrence_words(
    ids: npt.NDArray[np.int64], seed: int, replicate: int, n: int, n_cycles: int
) -> WordArray:
    """Words of every patient, cycle (from 1) and term, shape (n, n_cycles, terms)."""
    n_blocks = int(ids.max()) // 4 + 1
    blocks = (np.arange(1, n_cycles + 1)[:, np.newaxis] * _BLOCKS_A_CYCLE) + np.arange(n_blocks)
    flat = blocks.ravel()
    entity = np.repeat(np.arange(n), len(flat))
    lanes = word_blocks(seed, entity, replicate, Purpose.ADVERSE_EVENT, np.tile(flat, n))
    return lanes.reshape(n, n_cycles, 4 * n_blocks)[:, :, ids]


def _highest_rates(plan: Plan, n_cycles: int) -> npt.NDArray[np.float64]:
    """Rate of each term in each cycle when its drug is given in full, shape (cycles, terms)."""
    toxicity = plan.toxicity
    terms = range(len(toxicity.term_ids))
    weight = [
        [cycle_weight(toxicity, term, cycle, FULL_DOSE) for term in terms]
        for cycle in range(1, n_cycles + 1)
    ]
    return np.asarray(np.array(weight).reshape(n_cycles, len(terms)) * np.asarray(toxicity.rate))


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
