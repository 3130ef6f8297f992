"""What a look decides: every hypothesis against its bounds, once all statistics are known."""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import FloatColumn
from simulate.looks.bounds import NOT_YET, BoundTree, next_node
from simulate.looks.plan import (
    DECISION,
    EFFICACY,
    FUTILE,
    FUTILITY,
    GOES_ON,
    NOT_REJECTED,
    REJECTED,
    LookPlan,
    Z,
)
from simulate.looks.statistics import Tally


@rule
def decide(
    plan: LookPlan, tree: BoundTree, look: int, tally: Tally, out: FloatColumn, at: int
) -> bool:
    """Judge the open hypotheses by the statistics of a look, and write bounds and decisions.

    Parameters
    ----------
    plan, tree, look
        The looks, the bounds that are known, and which look it is.
    tally
        Holds statistic and events of each hypothesis, and is given its decision; a hypothesis that
        is decided is due to be told.
    out, at
        Where the row of the look begins.

    Returns
    -------
    bool
        False if bounds are missing, which are noted: then nothing more can be said.
    """
    is_known = True
    for hypothesis in range(plan.n_hypotheses):
        if tally.decision[hypothesis] == GOES_ON:
            is_known &= _judge(plan, tree, look, hypothesis, tally, out, at)
            tally.is_due[hypothesis] |= 1 if tally.decision[hypothesis] != GOES_ON else 0
    return is_known


@rule
def _judge(
    plan: LookPlan,
    tree: BoundTree,
    look: int,
    hypothesis: int,
    tally: Tally,
    out: FloatColumn,
    at: int,
) -> bool:
    """Test an open hypothesis, if the look does, and write the decision; False without bounds."""
    column = at + plan.places.hypothesis[hypothesis]
    out[column + DECISION] = float(GOES_ON)
    if plan.hypotheses.is_tested[hypothesis * plan.n_looks + look] == 0:
        return True
    node = next_node(tree, hypothesis, tally.node[hypothesis], tally.events[hypothesis])
    if node == NOT_YET:
        return False
    tally.node[hypothesis] = node
    z = tally.z[hypothesis]
    decision = decision_on(z, tree.efficacy[node], tree.futility[node], tree.decides[node])
    tally.decision[hypothesis] = decision
    out[column + EFFICACY] = tree.efficacy[node]
    out[column + FUTILITY] = tree.futility[node]
    out[column + Z] = z
    out[column + DECISION] = float(decision)
    return True


@rule
def decision_on(z: float, efficacy: float, futility: float, decides: int) -> int:
    """Decision by the bounds of a look; a Z that is nan, where no event tells, crosses none."""
    if z >= efficacy:
        return REJECTED
    if decides == 1:
        return NOT_REJECTED
    if z <= futility:
        return FUTILE
    return GOES_ON


@rule
def is_decided(plan: LookPlan, tally: Tally) -> bool:
    """Whether every hypothesis is decided; never without any."""
    n_open = 0
    for hypothesis in range(plan.n_hypotheses):
        n_open += 1 if tally.decision[hypothesis] == GOES_ON else 0
    return n_open == 0 and plan.n_hypotheses > 0
