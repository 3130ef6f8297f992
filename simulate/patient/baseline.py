"""Who a patient is: baseline characteristics, jointly consistent.

A variable is a choice among levels. Its weights may depend on variables decided before it: of its
cases, the first whose conditions all hold applies. So a patient without metastases has none in the
lung, and one below IHC 3+ is ISH positive, as eligibility demands.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatTable, IntTable, first_above_within


class BaselinePlan(NamedTuple):
    """All baseline variables in flat arrays.

    Variable v has the cases ``case_start[v] : case_start[v + 1]``; case c has the conditions
    ``condition_start[c] : condition_start[c + 1]`` and the thresholds
    ``level_start[c] : level_start[c + 1]``.
    """

    variable_ids: IntTable
    """Permanent number of each variable: the index of its word."""
    case_start: IntTable
    condition_start: IntTable
    condition_variable: IntTable
    """Variable that a condition looks at."""
    condition_levels: IntTable
    """Levels that satisfy it, as a bit mask."""
    level_start: IntTable
    thresholds: IntTable
    first_value: IntTable
    """Value of level 0: the lowest age, say; 0 for named levels."""
    hazard_ratio_start: IntTable
    """Rows of prognostic factors of each variable: ``start[v] : start[v + 1]``."""
    hazard_ratio_level: IntTable
    hazard_ratios: FloatTable
    """Hazard ratios of the rows on progression, death before it, death after it; flat by three."""


@rule
def case_applies(plan: BaselinePlan, case: int, levels: IntTable) -> bool:
    """Whether all conditions of a case hold for the levels decided so far."""
    for row in range(plan.condition_start[case], plan.condition_start[case + 1]):
        if (plan.condition_levels[row] >> levels[plan.condition_variable[row]]) & 1 == 0:
            return False
    return True


@rule
def baseline_level(plan: BaselinePlan, variable: int, levels: IntTable, word: int) -> int:
    """Level of a variable, given the levels of those before it."""
    case = plan.case_start[variable]
    while not case_applies(plan, case, levels):
        case = case + 1
    start = plan.level_start[case]
    return first_above_within(plan.thresholds, word, start, plan.level_start[case + 1]) - start


@rule
def hazard_factor(plan: BaselinePlan, levels: IntTable, transition: int) -> float:
    """Product of a patient's prognostic hazard ratios on one transition.

    Transition 0 is progression, 1 death without progression, 2 death after progression.
    """
    factor = 1.0
    for variable in range(len(plan.hazard_ratio_start) - 1):
        for row in range(plan.hazard_ratio_start[variable], plan.hazard_ratio_start[variable + 1]):
            if plan.hazard_ratio_level[row] == levels[variable]:
                factor = factor * plan.hazard_ratios[3 * row + transition]
    return factor


@rule
def hazard_factors(plan: BaselinePlan, levels: IntTable) -> tuple[float, float, float]:
    """A patient's factors on progression, death without progression and death after it."""
    if len(plan.hazard_ratio_level) == 0:
        return 1.0, 1.0, 1.0
    return (
        hazard_factor(plan, levels, 0),
        hazard_factor(plan, levels, 1),
        hazard_factor(plan, levels, 2),
    )
