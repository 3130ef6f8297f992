"""Adverse events: whether a cycle brings one, how bad it is, when it begins and how long it lasts.

In every cycle each term can occur once. Its rate is that of the term times the weight of the cycle
times the patient's frailty, so that events cluster in frail patients, in the first cycles, and in
the cycles of the drug that causes them. Severity nests in the same word: the events of grade 3 or
higher are those with the smallest words. While an event goes on, no other of its term begins.

Onsets and ends are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatTable, IntTable, Thresholds, first_above

NO_FRAILTY, HAEMATOLOGICAL, OTHER = range(3)

NO_EVENT, MILD, SEVERE = range(3)
"""What a cycle brings of one term: nothing, grade 1 or 2, grade 3 or 4."""

FATAL_GRADE = 5


class ToxicityPlan(NamedTuple):
    """All terms, as numbers; a term is known by its position in the scenario."""

    term_ids: IntTable
    """Permanent number of each term."""
    rate: FloatTable
    """Events of any grade in a cycle of weight 1."""
    rate_severe: FloatTable
    """Of these, grade 3 or higher."""
    weight_class: IntTable
    """Cycle weight of each term."""
    frailty: IntTable
    """NO_FRAILTY, HAEMATOLOGICAL or OTHER."""
    mild_grade: IntTable
    """Fixed grade below 3, or 0 for grade 1 or 2 by share."""
    onset_first: IntTable
    onset_last: IntTable
    """Onset is uniform between these days after the dose."""
    serious: IntTable
    """Threshold of an event of grade 3 or higher being serious."""
    special_interest: IntTable
    """1 for an event of special interest."""
    n_weight_cycles: int
    """Cycles in the table of weights; later ones weigh as much as the last."""
    weights: FloatTable
    """Weight of a class in a cycle: index (class * 3 + state) * n_weight_cycles + cycle - 1."""
    weight_drug: IntTable
    """Position of the drug on which a class depends, or -1."""
    haematological: FloatTable
    """Quantile table of the haematological frailty."""
    other_shared: FloatTable
    """The part of the other frailty that goes with the haematological one."""
    other_own: FloatTable
    """The part of its own."""
    duration: Thresholds
    """Thresholds of days from onset to resolution."""
    grade_2: IntTable
    """Threshold (one entry) of grade 2 below grade 3."""
    grade_4: IntTable
    """Threshold (one entry) of grade 4 from grade 3 on."""
    serious_mild: IntTable
    """Threshold (one entry) of an event below grade 3 being serious."""
    fatal_term: int
    """Position of the term by which a death without progression is recorded, or -1."""
    early_stop_term: int
    """Position of the term that causes early stops, or -1."""
    withdrawal_term: int
    """Position of the term that causes some withdrawals, or -1."""
    withdrawal_share: int
    """Threshold of a withdrawal being caused by it."""


NOT_GIVEN, FULL_DOSE, REDUCED_DOSE = range(3)
"""State of the drug on which a cycle weight depends."""


@rule
def frailty(plan: ToxicityPlan, kind: int, shared_word: int, own_word: int) -> float:
    """A patient's factor on the rates of one kind of term; its mean is 1."""
    if kind == HAEMATOLOGICAL:
        return plan.haematological[shared_word >> 20]
    if kind == OTHER:
        return plan.other_shared[shared_word >> 20] * plan.other_own[own_word >> 20]
    return 1.0


@rule
def cycle_weight(plan: ToxicityPlan, term: int, cycle: int, state: int) -> float:
    """Weight of a cycle for a term, given the state of the drug on which it depends."""
    row = plan.weight_class[term] * 3 + state
    return plan.weights[row * plan.n_weight_cycles + min(cycle, plan.n_weight_cycles) - 1]


@rule
def occurrence(plan: ToxicityPlan, term: int, factor: float, exponential: float) -> int:
    """Whether a cycle brings an event of a term: NO_EVENT, MILD or SEVERE.

    Parameters
    ----------
    plan : ToxicityPlan
        The terms.
    term : int
        Position of the term.
    factor : float
        Weight of the cycle times the patient's frailty.
    exponential : float
        Unit exponential of the word at index ``cycle * 256 + id``.
    """
    if exponential <= plan.rate_severe[term] * factor:
        return SEVERE
    if exponential <= plan.rate[term] * factor:
        return MILD
    return NO_EVENT


@rule
def event_grade(plan: ToxicityPlan, term: int, severity: int, word: int) -> int:
    """CTCAE grade of an event."""
    if severity == SEVERE:
        return 4 if word < plan.grade_4[0] else 3
    if plan.mild_grade[term] > 0:
        return plan.mild_grade[term]
    return 2 if word < plan.grade_2[0] else 1


@rule
def onset_day(plan: ToxicityPlan, term: int, dose_day: int, word: int) -> int:
    """Day on which an event of the cycle begins."""
    first = plan.onset_first[term]
    return dose_day + first + ((word * (plan.onset_last[term] - first + 1)) >> 32)


@rule
def end_day(plan: ToxicityPlan, onset: int, word: int) -> int:
    """Day on which an event has resolved to grade 1 or better."""
    return onset + first_above(plan.duration, word)


@rule
def goes_on(end: int, day: int) -> bool:
    """Whether an event that resolves on one day goes on on another: its term cannot begin anew."""
    return end > day


@rule
def is_serious(plan: ToxicityPlan, term: int, severity: int, word: int) -> bool:
    """Whether an event is a serious adverse event (SAE)."""
    if severity == SEVERE:
        return word < plan.serious[term]
    return word < plan.serious_mild[0]
