"""What adverse events do to the doses: holds, reductions, and the end of a drug.

Every drug has its own rules. A held dose is given when the events that hold it have resolved, not
sooner than the shortest delay; a hold that would last too long ends the drug for good. An infusion
that is interrupted is resumed and completed, or only a part of the dose is given.

Days are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatTable, IntTable
from simulate.streams import WORD_RANGE

HOLD, REDUCE, DISCONTINUE, INTERRUPT_INFUSION = range(4)

ACTIONS = ("hold", "reduce", "discontinue", "interrupt_infusion")

WHOLE_DOSE = 1000
"""Thousandths of a dose that is infused to its end."""


class DosingPlan(NamedTuple):
    """The rules of all drugs, in flat arrays; drug d has ``rule_start[d] : rule_start[d + 1]``."""

    rule_start: IntTable
    rule_ids: IntTable
    """Permanent number of each rule: the index of its word."""
    action: IntTable
    grade: IntTable
    """Lowest grade that a rule is about."""
    terms: IntTable
    """Positions of the terms that it is about, as a bit mask; 0 for all."""
    related: IntTable
    """1 if only events judged related to the drug count."""
    special_interest: IntTable
    """1 if only events of special interest count."""
    probability: IntTable
    """Threshold of acting on such an event."""
    lasting: IntTable
    """Days of a hold from the onset, or 0 for until the event has resolved."""
    resumed: IntTable
    """Threshold of an interrupted infusion being resumed and completed."""
    relatedness: IntTable
    """Threshold of an event being judged related to a drug, by drug."""
    hold_at_least: IntTable
    hold_at_most: IntTable
    delays_cycle: IntTable
    """1 if the whole cycle waits for a held dose of this drug."""
    n_levels: IntTable
    """Dose levels of each drug."""
    level_start: IntTable
    levels: FloatTable
    """Amounts of a drug's dose levels: ``levels[level_start[d] + level]``, in the drug's unit."""
    basis: IntTable
    """0 mg, 1 mg/kg, 2 mg/m2, by drug."""


@rule
def is_related(plan: DosingPlan, drug: int, word: int) -> bool:
    """Whether an event is judged related to a drug."""
    return word < plan.relatedness[drug]


@rule
def rule_applies(
    plan: DosingPlan, row: int, term: int, grade: int, related: bool, special: bool, word: int
) -> bool:
    """Whether a dosing rule (by its row) acts on an adverse event."""
    if grade < plan.grade[row] or (plan.related[row] == 1 and not related):
        return False
    if plan.special_interest[row] == 1 and not special:
        return False
    if plan.terms[row] != 0 and (plan.terms[row] >> term) & 1 == 0:
        return False
    return word < plan.probability[row]


@rule
def hold_ends(plan: DosingPlan, row: int, onset: int, end: int) -> int:
    """First day on which an event no longer holds a dose."""
    if plan.lasting[row] > 0:
        return onset + plan.lasting[row]
    return end


@rule
def held_until(plan: DosingPlan, drug: int, planned: int, today: int, blocked_until: int) -> int:
    """Day on which a held dose can be given: nothing blocks it, and the shortest hold is over."""
    return max(blocked_until, today + 1, planned + plan.hold_at_least[drug])


@rule
def latest_hold_day(plan: DosingPlan, drug: int, planned: int) -> int:
    """Day on which a drug held since the planned day ends for good, if it is still held then."""
    return planned + plan.hold_at_most[drug]


@rule
def is_hold_too_long(plan: DosingPlan, drug: int, planned: int, until: int) -> bool:
    """Whether a hold from the planned day would be longer than allowed."""
    return until - planned > plan.hold_at_most[drug]


@rule
def part_infused(resumed: int, word: int) -> int:
    """Thousandths of a dose given in all when its infusion is interrupted.

    Parameters
    ----------
    resumed : int
        Threshold of the infusion being resumed and completed; 0 if it never is.
    word : int
        Word of purpose INFUSION. The moment of an interruption for good is uniform over the
        infusion, and nests in the same word.
    """
    if word < resumed:
        return WHOLE_DOSE
    return ((word - resumed) * WHOLE_DOSE) // (WORD_RANGE - resumed)


@rule
def infused_share(plan: DosingPlan, row: int, word: int) -> int:
    """Thousandths of a dose given in all when a rule (by its row) interrupts its infusion."""
    return part_infused(plan.resumed[row], word)


@rule
def dose_share(plan: DosingPlan, drug: int, level: int) -> float:
    """A dose at a dose level of a drug, a full one being 1."""
    start = plan.level_start[drug]
    return plan.levels[start + level] / plan.levels[start]


@rule
def share_lost(plan: DosingPlan, drug: int, level: int, before: int, after: int) -> float:
    """What an interruption takes away of a dose, a full one being 1.

    ``before`` and ``after`` are the thousandths of the dose given in all without and with it.
    """
    return dose_share(plan, drug, level) * (before - after) / 1000.0


@rule
def dose_amount(plan: DosingPlan, drug: int, level: int, weight: float, surface: float) -> float:
    """Amount of a dose in mg, at a dose level of a drug."""
    amount = plan.levels[plan.level_start[drug] + level]
    if plan.basis[drug] == 1:
        return amount * weight
    if plan.basis[drug] == 2:
        return amount * surface
    return amount
