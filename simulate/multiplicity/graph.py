"""A graph of hypotheses: what part of alpha each has, and to whom it goes when it is rejected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_ROUNDING = 1e-9


class GraphError(ValueError):
    """A graph that does not keep alpha."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Weights of hypotheses, and the transitions between them.

    Attributes
    ----------
    weights
        Part of alpha of each hypothesis at first; together 1 at most.
    transitions
        Row i: parts of the weight of hypothesis i that go to each other one when i is rejected;
        together 1 at most, and none to itself.
    """

    weights: FloatArray
    transitions: FloatArray

    def __post_init__(self) -> None:
        """Refuse a graph that would spend more than alpha.

        Raises
        ------
        GraphError
            If shapes differ, or weights or transitions are negative, too many, or to themselves.
        """
        n = len(self.weights)
        if self.transitions.shape != (n, n):
            raise GraphError(f"{n} weights need a table of {n} by {n} transitions")
        if np.any(self.weights < 0) or np.any(self.transitions < 0):
            raise GraphError("weights and transitions are not negative")
        if self.weights.sum() > 1 + _ROUNDING:
            raise GraphError(f"the weights sum to {self.weights.sum():g}, which is more than 1")
        if np.any(self.transitions.sum(axis=1) > 1 + _ROUNDING):
            raise GraphError("the transitions of a hypothesis sum to more than 1")
        if np.any(np.diag(self.transitions) != 0):
            raise GraphError("a hypothesis passes nothing to itself")

    def __len__(self) -> int:
        """Count the hypotheses."""
        return len(self.weights)

    def without(self, rejected: int) -> Graph:
        """The graph after a hypothesis is rejected (Bretz et al. 2009, algorithm 1).

        Its weight goes to its neighbours; who passed something to it now passes that to them. The
        rejected one stays in the tables with weight 0, so that positions stay what they are.
        """
        ways = self.transitions
        weight = self.weights + self.weights[rejected] * ways[rejected]
        weight[rejected] = 0.0
        back = ways[:, rejected] * ways[rejected]
        keeps = back < 1.0 - _ROUNDING  # else all came back by way of the rejected one
        through = ways + np.outer(ways[:, rejected], ways[rejected])
        passed = through / np.where(keeps, 1.0 - back, np.inf)[:, np.newaxis]
        passed[rejected] = passed[:, rejected] = 0.0
        np.fill_diagonal(passed, 0.0)
        return Graph(weight, passed)

    def after(self, rejected: Iterable[int]) -> Graph:
        """The graph after some hypotheses are rejected; their order does not matter."""
        graph = self
        for each in sorted(rejected):
            graph = graph.without(each)
        return graph

    @cached_property
    def weights_by_set(self) -> FloatArray:
        """Weights after each set of rejected hypotheses, shape (sets, hypotheses).

        Row m is the set of those i with bit i of m set.
        """
        n = len(self)
        graphs: list[Graph] = [self]
        for mask in range(1, 1 << n):
            last = mask.bit_length() - 1
            graphs.append(graphs[mask ^ (1 << last)].without(last))
        return np.array([graph.weights for graph in graphs]).reshape(1 << n, n)


def members(mask: int) -> tuple[int, ...]:
    """Positions of the bits of a set."""
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


# ---- graphs of common procedures --------------------------------------------------------------


def holm(n: int) -> Graph:
    """Holm (1979): equal weights, and each passes its own to the others in equal parts."""
    ways = np.full((n, n), 1.0 / max(n - 1, 1))
    np.fill_diagonal(ways, 0.0)
    return Graph(np.full(n, 1.0 / n), ways)


def bonferroni(weights: Sequence[float]) -> Graph:
    """Weights that are not passed on."""
    n = len(weights)
    return Graph(np.array(weights, np.float64), np.zeros((n, n)))


def fixed_sequence(order: Sequence[int]) -> Graph:
    """One hypothesis after the other at the whole of alpha, as long as each is rejected.

    Parameters
    ----------
    order
        Positions of all hypotheses in the order in which they are tested.
    """
    weights = np.zeros(len(order))
    weights[order[0]] = 1.0
    return Graph(weights, _chain(order))


def fallback(weights: Sequence[float]) -> Graph:
    """Wiens (2003): each hypothesis has its own weight and passes it to the next one."""
    return Graph(np.array(weights, np.float64), _chain(range(len(weights))))


def _chain(order: Sequence[int]) -> FloatArray:
    ways = np.zeros((len(order), len(order)))
    for one, following in pairwise(order):
        ways[one, following] = 1.0
    return ways
