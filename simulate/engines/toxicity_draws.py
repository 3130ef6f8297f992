"""The words of adverse events: looked up in one pass, and only where an event is possible.

A word decides an event of one term in one cycle. Most are far too large to bring one whatever the
state of the drugs, so they are sorted out first; what remains is decided by the rules when its
cycle comes. Likewise most dosing rules are not about most events, whatever their words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from simulate.patient.dosing import rule_applies
from simulate.patient.toxicity import FATAL_GRADE, FULL_DOSE, cycle_weight, frailty
from simulate.plan import Plan
from simulate.streams import Purpose, WordArray, unit_exponentials, word_blocks

CYCLE_STRIDE = 256  # an adverse event's index is cycle * 256 + id
_BLOCKS_A_CYCLE = CYCLE_STRIDE // 4


@dataclass(frozen=True, slots=True)
class PossibleEvents:
    """Events that a trial may have, a row each, by patient, cycle and term; few will occur."""

    terms: list[int]
    """Positions of the terms."""
    exponentials: list[float]
    """Unit exponentials that decide on them."""
    detail: WordArray
    """Words of grade, onset, duration and seriousness."""
    related: WordArray
    """Words of relatedness, by the number of the drug."""
    rules: WordArray
    """Words of the dosing rules, by their number."""


RulesAbout = dict[tuple[int, int], list[tuple[int, int]]]
"""Dosing rules, as (position of the drug, row), that can act on an event of a term and grade."""


@dataclass(frozen=True, slots=True)
class ToxicityDraws:
    """What one patient's adverse events need."""

    frailties: tuple[float, float, float]
    """Factors by kind: none, haematological, other."""
    possible: PossibleEvents
    first: list[int]
    """Rows of the possible events of cycle c, by term: ``first[c - 1]`` to before ``first[c]``."""
    rules_about: RulesAbout
    """Dosing rules that can act on an event of a term and grade."""


class ToxicitySource:
    """Looks up the words of adverse events of one plan, and sorts out which rules are about what.

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
        self._terms = np.flatnonzero(np.asarray(plan.toxicity.rate) > 0.0)
        self._ids = np.asarray(plan.toxicity.term_ids, np.int64)[self._terms]
        self._frailty = np.asarray(plan.toxicity.frailty, np.int64)[self._terms]
        self._expected = _highest_rates(plan, n_cycles)[:, self._terms]
        self.rules_about = _rules_about(plan)

    def draw(self, *, seed: int, replicate: int) -> list[ToxicityDraws]:
        """The words of every patient number that the trial may enrol."""
        n = self.plan.enrolment.n_patients
        if len(self._ids) == 0:
            nothing = [0] * (self._n_cycles + 1)
            nobodys = ToxicityDraws((1.0, 1.0, 1.0), _NO_EVENTS, nothing, self.rules_about)
            return [nobodys] * n
        frailties = _frailties(self.plan, seed, replicate, n)
        words = _occurrence_words(self._ids, seed, replicate, n, self._n_cycles)
        factor = np.array(frailties)[:, np.newaxis, self._frailty]
        # a little too high on purpose: the rules decide, on the same words
        possible_below = -np.expm1(-factor * self._expected) * 2.0**32 + 16.0
        found = np.flatnonzero(words < possible_below)
        patient_cycle, term = np.divmod(found, len(self._ids))
        patient, cycle = np.divmod(patient_cycle, self._n_cycles)
        index = (cycle + 1) * CYCLE_STRIDE + self._ids[term]
        possible = PossibleEvents(
            self._terms[term].tolist(),
            unit_exponentials(words.ravel()[found]).tolist(),
            *self._further_words(seed, replicate, patient, index),
        )
        first = np.searchsorted(patient_cycle, np.arange(n * self._n_cycles + 1)).tolist()
        starts = range(0, n * self._n_cycles, self._n_cycles)
        return [
            ToxicityDraws(
                factors, possible, first[start : start + self._n_cycles + 1], self.rules_about
            )
            for factors, start in zip(frailties, starts, strict=True)
        ]

    def _further_words(
        self,
        seed: int,
        replicate: int,
        patient: npt.NDArray[np.int64],
        index: npt.NDArray[np.int64],
    ) -> tuple[WordArray, WordArray, WordArray]:
        """Words of the detail of each event, of its relatedness, and of the rules about it."""
        plan = self.plan
        n_drugs = max(plan.treatment.drug_ids) // 4 + 1
        n_rules = max(plan.dosing.rule_ids, default=0) // 4 + 1
        return (
            word_blocks(seed, patient, replicate, Purpose.ADVERSE_EVENT_DETAIL, index),
            _blocks(seed, patient, replicate, Purpose.ADVERSE_EVENT_RELATED, index, n_drugs),
            _blocks(seed, patient, replicate, Purpose.DOSING_RULE, index, n_rules),
        )


def _rules_about(plan: Plan) -> RulesAbout:
    """Rules that can act on an event, if it is related and whatever their word."""
    rules = plan.dosing
    found: RulesAbout = {}
    for term, special in enumerate(plan.toxicity.special_interest):
        for grade in range(1, FATAL_GRADE):
            found[term, grade] = [
                (position, row)
                for position, (start, end) in enumerate(pairwise(rules.rule_start))
                for row in range(start, end)
                if rule_applies(rules, row, term, grade, True, special == 1, 0)
            ]
    return found


_NO_EVENTS = PossibleEvents([], [], *[np.empty((0, 4), np.uint32)] * 3)


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
    of_cycle, position = np.unique(ids >> 2, return_inverse=True)
    blocks = (np.arange(1, n_cycles + 1)[:, np.newaxis] * _BLOCKS_A_CYCLE) + of_cycle
    flat = blocks.ravel()
    entity = np.repeat(np.arange(n), len(flat))
    lanes = word_blocks(seed, entity, replicate, Purpose.ADVERSE_EVENT, np.tile(flat, n))
    words: WordArray = lanes.reshape(n, n_cycles, -1).take(4 * position + (ids & 3), axis=2)
    return words


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
