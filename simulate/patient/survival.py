"""When a patient of a plain survival model progresses, dies, and drops out.

Three models. *Single*: one time to one event, PFS or OS. *Illness-death*: progression and death
without progression compete; who progresses has a time from there to death. *Copula*: times to
progression and to death whose normal scores are correlated. Treatment effects and prognostic
factors are in the tables, one for each transition, arm and cell of baseline variables.

Days are days since randomisation. A progression that does not come before death does not come.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.bits import whole
from simulate.compiled import rule
from simulate.distributions import NEVER, FloatTable, ShortTable, later
from simulate.guided import GuidedTables, guided_number
from simulate.streams import _binary

SINGLE_PFS, SINGLE_OS, ILLNESS_DEATH, COPULA = range(4)
"""Models of the disease; the first two differ in what the event is called."""

EVENT, DEATH, DEATH_AFTER, DROPOUT = range(4)
"""Transitions, and the index of the word of each: the event or progression, death (without
progression, or of the copula), death after progression, and dropout."""

N_TRANSITIONS = 4

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
    n_arms: int
    n_cells: int
    days: GuidedTables
    """Whole days of all transitions; what lies beyond the horizon is NEVER."""
    table_of: ShortTable
    """Table of a transition, arm and cell: ``(transition * n_arms + arm) * n_cells + cell``."""
    copula: Copula


class Course(NamedTuple):
    """What happens to a patient, in days since randomisation."""

    progression_day: int
    death_day: int


@rule
def transition_day(
    plan: SurvivalModelPlan, transition: int, arm: int, cell: int, word: int
) -> int:
    """Days that one transition takes, or NEVER."""
    table = plan.table_of[(transition * plan.n_arms + arm) * plan.n_cells + cell]
    return guided_number(plan.days, table, word)


@rule
def illness_death_course(
    plan: SurvivalModelPlan, arm: int, cell: int, event: int, death: int, after: int
) -> Course:
    """Progression or death without it, whichever is first; from progression on another clock."""
    progression = transition_day(plan, EVENT, arm, cell, event)
    alone = transition_day(plan, DEATH, arm, cell, death)
    then = later(progression, transition_day(plan, DEATH_AFTER, arm, cell, after))
    if alone <= progression:
        return Course(NEVER, alone)
    return Course(progression, then)


@rule
def copula_course(plan: SurvivalModelPlan, arm: int, cell: int, event: int, death: int) -> Course:
    """Progression and death, correlated."""
    progression = transition_day(plan, EVENT, arm, cell, event)
    coupled = coupled_word(plan.copula, event, death)
    dies = transition_day(plan, DEATH, arm, cell, coupled)
    if dies <= progression:
        return Course(NEVER, dies)
    return Course(progression, dies)


@rule
def course_of(
    plan: SurvivalModelPlan, arm: int, cell: int, event: int, death: int, after: int
) -> Course:
    """What happens to a patient of an arm and cell, by the words of the transitions."""
    if plan.model == ILLNESS_DEATH:
        return illness_death_course(plan, arm, cell, event, death, after)
    if plan.model == COPULA:
        return copula_course(plan, arm, cell, event, death)
    day = transition_day(plan, EVENT, arm, cell, event)
    if plan.model == SINGLE_OS:
        return Course(NEVER, day)
    return Course(day, NEVER)


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
