"""What a look decides: every hypothesis against its bounds, once all statistics are known.

Where hypotheses share alpha (Maurer and Bretz 2013), one that is rejected passes its part on, and
the others are tested again, at the same look, with the bounds that their new level would have given
them from the start: the path through the tree of bounds is walked anew from the root of that level.
No earlier look is gone back to. A hypothesis that has had its last look keeps its statistic; as
long as its level may rise it is undecided, and is tested again when it does. One that has no alpha
yet is not tested, neither for efficacy nor for futility.

A hypothesis is not rejected for good as soon as nothing that may still happen could reject it. So
the trial ends when all are rejected, given up, or out of reach.
"""

from __future__ import annotations

import math

from simulate.compiled import rule
from simulate.distributions import FloatColumn
from simulate.looks.bounds import NOT_YET, BoundTree, next_node
from simulate.looks.plan import (
    DECISION,
    EFFICACY,
    FRACTION,
    FUTILE,
    FUTILITY,
    GOES_ON,
    HYPOTHESIS_EVENTS,
    NOT_REJECTED,
    REJECTED,
    LookPlan,
    Z,
)
from simulate.looks.statistics import Tally

_NOWHERE = -2
"""The root of a hypothesis before its first test."""


@rule
def begin(plan: LookPlan, tally: Tally) -> None:
    """Make ready for the looks of another trial."""
    path = tally.path
    path.rejected[0] = 0
    for hypothesis in range(plan.n_hypotheses):
        tally.decision[hypothesis] = GOES_ON
        path.root[hypothesis] = _NOWHERE
        path.walked[hypothesis] = 0
        path.n_tested[hypothesis] = 0
        path.is_over[hypothesis] = 0


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
    for hypothesis in range(plan.n_hypotheses):
        tally.path.is_tested[hypothesis] = 0
        if tally.decision[hypothesis] == GOES_ON:
            out[at + plan.places.hypothesis[hypothesis] + DECISION] = float(GOES_ON)
            _note_test(plan, look, hypothesis, tally)
    if not _reject(plan, tree, tally):
        return False
    for hypothesis in range(plan.n_hypotheses):
        if tally.path.is_tested[hypothesis] == 1:
            _tell_test(plan, tree, hypothesis, tally, out, at)
            if tally.decision[hypothesis] == GOES_ON:
                _judge_the_rest(plan, tree, look, hypothesis, tally)
    _settle(plan, tally)
    for hypothesis in range(plan.n_hypotheses):
        column = at + plan.places.hypothesis[hypothesis] + DECISION
        if out[column] == GOES_ON and tally.decision[hypothesis] != GOES_ON:
            out[column] = float(tally.decision[hypothesis])
            tally.is_due[hypothesis] = 1
        if tally.is_kept[hypothesis] == 1 and tally.path.is_tested[hypothesis] == 0:
            out[at + plan.places.hypothesis[hypothesis] + Z] = tally.z[hypothesis]
    return True


@rule
def _note_test(plan: LookPlan, look: int, hypothesis: int, tally: Tally) -> None:
    """Keep the statistic of an open hypothesis, if the look tests it."""
    path = tally.path
    is_asked = plan.hypotheses.is_tested[hypothesis * plan.n_looks + look] == 1
    if is_asked and path.is_over[hypothesis] == 0:
        place = hypothesis * plan.n_looks + path.n_tested[hypothesis]
        path.events[place] = tally.events[hypothesis]
        path.z[hypothesis] = tally.z[hypothesis]
        path.n_tested[hypothesis] += 1
        path.is_tested[hypothesis] = 1


@rule
def _reject(plan: LookPlan, tree: BoundTree, tally: Tally) -> bool:
    """Reject what can be, until nothing passes on any more; False if bounds are missing."""
    path, is_known, tests_again = tally.path, True, True
    while tests_again:
        tests_again = False
        for hypothesis in range(plan.n_hypotheses):
            if tally.decision[hypothesis] != GOES_ON or path.n_tested[hypothesis] == 0:
                continue
            is_new = path.root[hypothesis] != _root_now(plan, hypothesis, tally)
            if is_new and path.is_over[hypothesis] == 1:
                path.is_tested[hypothesis] = 1
            if path.is_tested[hypothesis] == 0:
                continue
            is_there = _walk(plan, tree, hypothesis, tally)
            is_known &= is_there
            if is_there and _is_beyond(tree, hypothesis, tally):
                tally.decision[hypothesis] = REJECTED
                if plan.levels.passes_on == 1:
                    path.rejected[0] |= 1 << hypothesis
                    tests_again = True
    return is_known


@rule
def _root_now(plan: LookPlan, hypothesis: int, tally: Tally) -> int:
    """Where the bounds of a hypothesis begin after what has been rejected."""
    return plan.levels.root[tally.path.rejected[0] * plan.n_hypotheses + hypothesis]


@rule
def _walk(plan: LookPlan, tree: BoundTree, hypothesis: int, tally: Tally) -> bool:
    """Go to the bounds of the last test of a hypothesis at its level; False if they are missing."""
    path, root = tally.path, _root_now(plan, hypothesis, tally)
    if path.root[hypothesis] != root:
        path.root[hypothesis] = root
        path.node[hypothesis] = root
        path.walked[hypothesis] = 0
    if root == NOT_YET:
        return True
    for k in range(path.walked[hypothesis], path.n_tested[hypothesis]):
        events = path.events[hypothesis * plan.n_looks + k]
        node = next_node(tree, root, path.node[hypothesis], events)
        if node == NOT_YET:
            return False
        path.node[hypothesis] = node
        path.walked[hypothesis] = k + 1
    return True


@rule
def _is_beyond(tree: BoundTree, hypothesis: int, tally: Tally) -> bool:
    """Whether a hypothesis is rejected; a Z that is nan, where no event tells, rejects nothing."""
    path = tally.path
    if path.root[hypothesis] == NOT_YET:
        return False
    return path.z[hypothesis] >= tree.efficacy[path.node[hypothesis]]


@rule
def _judge_the_rest(
    plan: LookPlan, tree: BoundTree, look: int, hypothesis: int, tally: Tally
) -> None:
    """See whether this was the last test of a hypothesis that it did not reject, or gives it up."""
    path = tally.path
    if path.root[hypothesis] == NOT_YET:
        events = path.events[hypothesis * plan.n_looks + path.n_tested[hypothesis] - 1]
        is_all = events >= plan.hypotheses.planned_events[hypothesis]
        if is_all or look == plan.levels.last_look[hypothesis]:
            path.is_over[hypothesis] = 1
        return
    node = path.node[hypothesis]
    if tree.decides[node] == 1:
        path.is_over[hypothesis] = 1
    elif path.z[hypothesis] <= tree.futility[node]:
        tally.decision[hypothesis] = FUTILE


@rule
def _settle(plan: LookPlan, tally: Tally) -> None:
    """Decide the hypotheses that nothing can reject any more.

    Those can be rejected that have a level and looks to come; and those whose level rises, were
    all of these rejected.
    """
    path, rejected, finds_more = tally.path, tally.path.rejected[0], True
    for hypothesis in range(plan.n_hypotheses):
        path.can_be[hypothesis] = 0
    while finds_more:
        finds_more = False
        for hypothesis in range(plan.n_hypotheses):
            if tally.decision[hypothesis] != GOES_ON or path.can_be[hypothesis] == 1:
                continue
            root = plan.levels.root[rejected * plan.n_hypotheses + hypothesis]
            rises = root != path.root[hypothesis]
            if root != NOT_YET and (path.is_over[hypothesis] == 0 or rises):
                path.can_be[hypothesis] = 1
                if plan.levels.passes_on == 1:
                    rejected |= 1 << hypothesis
                    finds_more = True
    for hypothesis in range(plan.n_hypotheses):
        if tally.decision[hypothesis] == GOES_ON and path.can_be[hypothesis] == 0:
            tally.decision[hypothesis] = NOT_REJECTED


@rule
def _tell_test(
    plan: LookPlan, tree: BoundTree, hypothesis: int, tally: Tally, out: FloatColumn, at: int
) -> None:
    """Write the statistic of a test with its events, its bounds, and its level if that changes."""
    path, column = tally.path, at + plan.places.hypothesis[hypothesis]
    events = path.events[hypothesis * plan.n_looks + path.n_tested[hypothesis] - 1]
    efficacy, futility, level, root = math.inf, -math.inf, 0.0, path.root[hypothesis]
    if root != NOT_YET:
        node = path.node[hypothesis]
        efficacy, futility = tree.efficacy[node], tree.futility[node]
        level = plan.levels.level[root]
    out[column + HYPOTHESIS_EVENTS] = float(events)
    out[column + FRACTION] = events / plan.hypotheses.planned_events[hypothesis]
    out[column + EFFICACY] = efficacy
    out[column + FUTILITY] = futility
    out[column + Z] = path.z[hypothesis]
    if plan.places.level > 0:
        out[column + plan.places.level] = level


@rule
def is_decided(plan: LookPlan, tally: Tally) -> bool:
    """Whether every hypothesis is decided; never without any."""
    n_open = 0
    for hypothesis in range(plan.n_hypotheses):
        n_open += 1 if tally.decision[hypothesis] == GOES_ON else 0
    return n_open == 0 and plan.n_hypotheses > 0
