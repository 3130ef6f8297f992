"""The sequentially rejective test of a graph on p-values, without looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulate.multiplicity.graph import FloatArray, Graph


def adjusted_p_values(graph: Graph, p: Sequence[float]) -> FloatArray:
    """Adjusted p-values: a hypothesis is rejected at level alpha iff its own is at most alpha.

    Bretz et al. (2009), algorithm 2. A hypothesis that never gets a weight has 1.

    Parameters
    ----------
    graph
        The graph.
    p
        p-value of each hypothesis.
    """
    values = np.asarray(p, np.float64)
    adjusted, so_far = np.ones(len(graph)), 0.0
    left = set(range(len(graph)))
    while left:
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = {i: values[i] / w if (w := graph.weights[i]) > 0 else np.inf for i in left}
        first = min(left, key=lambda i: (scaled[i], i))
        if np.isinf(scaled[first]):
            break
        so_far = max(so_far, float(scaled[first]))
        adjusted[first] = min(so_far, 1.0)
        graph = graph.without(first)
        left.remove(first)
    return adjusted


def rejected_at(graph: Graph, p: Sequence[float], alpha: float) -> tuple[int, ...]:
    """Hypotheses that are rejected at a family-wise level, in the order of their rejection.

    Whichever of several that can be rejected comes first, the same are rejected in the end.

    Parameters
    ----------
    graph, p
        As in :func:`adjusted_p_values`.
    alpha
        Family-wise level.
    """
    found: list[int] = []
    while True:
        levels = alpha * graph.weights
        rejectable = [i for i in range(len(graph)) if i not in found and p[i] <= levels[i] > 0]
        if not rejectable:
            return tuple(found)
        first = min(rejectable, key=lambda i: p[i] / levels[i])
        found.append(first)
        graph = graph.without(first)
