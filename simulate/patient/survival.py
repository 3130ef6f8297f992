"""When a patient of a plain survival model progresses, dies, and drops out.

Three models. *Single*: one time to one event, PFS or OS. *Illness-death*: progression and death
without progression compete; who progresses has a time from there to death. *Copula*: times to
progression and to death whose normal scores are correlated. Treatment effects and prognostic
factors are in the tables, one for each transition, arm and cell of baseline variables. In the
illness-death model some patients of an arm may change to another treatment after progression: they
have a table of their own from there to death. Where there is a treating reader they change at that
reader's call instead: then this is their course without a change, and the call makes another one of
it (:mod:`simulate.patient.switching_at_calls`).

Days are days since randomisation. A progression that does not come before death does not come.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.bits import whole
from simulate.compiled import rule
from simulate.distributions import NEVER, FloatTable, IntTable, SmallTable, later
from simulate.guided import GuidedTables, guided_number
from simulate.streams import _binary

SINGLE_PFS, SINGLE_OS, ILLNESS_DEATH, COPULA = range(4)
"""Models of the disease; the first two differ in what the event is called."""

EVENT, DEATH, DEATH_AFTER, DROPOUT = range(4)
"""Transitions, and the index of the word of each: the event or progression, death (without
progression, or of the copula), death after progression, and dropout."""

DEATH_AFTER_SWITCH = 4
"""Death after progression of those who change treatment; it has the word of DEATH_AFTER."""

N_TRANSITIONS = 5

SLICE_BITS_OF_DAYS = 12
"""Slices of the guides of days, as a power of 2; see :mod:`simulate.guided`."""

STEPS_OF_OCTAVE = 128
"""Points of the table of normal quantiles in each doubling of the probability of the tail."""

SCORE_LIMIT = 8.0
STEPS_OF_SCORE = 256
"""The table of normal probabilities: from -SCORE_LIMIT to SCORE_LIMIT, so many points a unit."""


class Copula(NamedTuple):
    """A Gaussian copula, by tables: no mathematics library is asked at run time."""

    correlation: float
    rest: float
    """``sqrt(1 - correlation**2)``."""
    quantile: FloatTable
    """Normal quantiles of the lower half; see :func:`normal_score`."""
    probability: FloatTable
    """Normal probabilities times 2**32; see :func:`coupled_word`."""


class SurvivalModelPlan(NamedTuple):
    """The survival of patients, as numbers."""

    model: int
    """SINGLE_PFS, SINGLE_OS, ILLNESS_DEATH or COPULA."""
    days: GuidedTables
    """Whole days of all transitions; what lies beyond the horizon is NEVER."""
    first_table: SmallTable
    """Table of each transition for the first arm and cell."""
    arm_step: SmallTable
    """How much further the table of the next arm is; 0 where it is the same."""
    cell_step: SmallTable
    """The same for cells."""
    copula: Copula
    has_switching: int
    """1 if anybody changes treatment."""
    switches: IntTable
    """By arm: words of those who do; those below."""
    switch_delay: IntTable
    """By arm: days from progression to the change."""


@rule
def table_of(plan: SurvivalModelPlan, transition: int, arm: int, cell: int) -> int:
    """Table of a transition for an arm and cell."""
    first = plan.first_table[transition]
    return first + plan.arm_step[transition] * arm + plan.cell_step[transition] * cell


@rule
def transition_day(plan: SurvivalModelPlan, transition: int, arm: int, cell: int, word: int) -> int:
    """Days that a transition takes, or NEVER."""
    return guided_number(plan.days, table_of(plan, transition, arm, cell), word)


@rule
def before_death(progression: int, death: int) -> int:
    """The day of progression if it comes before death, else NEVER."""
    return progression if progression < death else NEVER


@rule
def death_of_either_kind(progression: int, alone: int, after: int) -> int:
    """Illness-death: the day of death.

    ``alone`` is the day of a death without progression, which comes unless progression is sooner;
    ``after`` the days from progression to death.
    """
    return later(progression, after) if progression < alone else alone


@rule
def transition_after(plan: SurvivalModelPlan, arm: int, word: int) -> int:
    """How death after progression comes, by the word that decides on a change of treatment."""
    return DEATH_AFTER_SWITCH if word < plan.switches[arm] else DEATH_AFTER


@rule
def course_of(
    plan: SurvivalModelPlan, arm: int, cell: int, event: int, death: int, after: int, switch: int
) -> tuple[int, int]:
    """Days of progression and of death of a patient, by the words of the transitions."""
    progression = transition_day(plan, EVENT, arm, cell, event)
    if plan.model == SINGLE_PFS:
        return progression, NEVER
    if plan.model == SINGLE_OS:
        return NEVER, progression
    if plan.model == COPULA:
        dies = transition_day(plan, DEATH, arm, cell, coupled_word(plan.copula, event, death))
        return before_death(progression, dies), dies
    alone = transition_day(plan, DEATH, arm, cell, death)
    how = transition_after(plan, arm, switch)
    dies = death_of_either_kind(progression, alone, transition_day(plan, how, arm, cell, after))
    return before_death(progression, alone), dies


# ---- correlated words -----------------------------------------------------------------------


@rule
def normal_score(copula: Copula, word: int) -> float:
    """The standard normal quantile of ``(word + 1/2) / 2**32``.

    From a table that is as fine in the tails as in the middle: its points are the probabilities
    ``2**octave * (1 + step / 128) / 2**33`` of the lower half, between which it is linear. Accurate
    to 1e-5.
    """
    tail = 2 * word + 1
    is_upper = tail > 2**32
    if is_upper:
        tail = 2**33 - tail
    fraction, octave = _binary(tail)
    position = (octave + (fraction - 1.0)) * STEPS_OF_OCTAVE
    point = whole(position)
    low = copula.quantile[point]
    score = low + (position - point) * (copula.quantile[point + 1] - low)
    return -score if is_upper else score


@rule
def coupled_word(copula: Copula, one: int, other: int) -> int:
    """A word whose normal score is correlated with that of one word; the other one is its own."""
    score = copula.correlation * normal_score(copula, one)
    score = score + copula.rest * normal_score(copula, other)
    position = (score + SCORE_LIMIT) * STEPS_OF_SCORE
    position = min(max(position, 0.0), 2.0 * SCORE_LIMIT * STEPS_OF_SCORE - 1.0)
    point = whole(position)
    low = copula.probability[point]
    lifted = low + (position - point) * (copula.probability[point + 1] - low)
    return min(int(lifted), 2**32 - 1)
