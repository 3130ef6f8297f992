"""At which levels hypotheses may be tested, and where their bounds begin in the tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.looks.bounds import NOT_YET
from simulate.looks.design import LookDesign
from simulate.looks.plan import Levels
from simulate.scenario.monitored import levels_of, rounded


class Root(NamedTuple):
    """Where the bounds of a hypothesis at one level begin."""

    hypothesis: int
    level: float
    """One-sided alpha, above 0."""


def roots(design: LookDesign) -> tuple[Root, ...]:
    """All hypotheses at all levels that they may have; the first nodes of the tree of bounds."""
    if design.graph is None:
        return tuple(Root(h, each.alpha) for h, each in enumerate(design.hypotheses))
    return tuple(
        Root(h, level)
        for h in range(len(design.hypotheses))
        for level in levels_of(design.graph, design.alpha, h)
    )


def look_levels(design: LookDesign) -> Levels:
    """The levels of a design, by the set of hypotheses that have been rejected."""
    n, found = len(design.hypotheses), roots(design)
    level = np.array([each.level for each in found], np.float64)
    last = np.array([max(design.looks_of(each)) for each in design.hypotheses], np.int64)
    if design.graph is None:
        return Levels(0, np.arange(n, dtype=np.int64), level, last)
    place = {root: i for i, root in enumerate(found)}
    root = np.full((1 << n, n), NOT_YET, np.int64)
    for mask, parts in enumerate(design.graph.weights_by_set):
        for h in range(n):
            if not mask >> h & 1:
                root[mask, h] = place.get(Root(h, design.alpha * rounded(parts[h])), NOT_YET)
    return Levels(1, root.ravel(), level, last)
