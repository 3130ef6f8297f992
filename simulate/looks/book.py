"""The tree of bounds that one thread looks up, and how it grows."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulate.looks.boundaries import Boundaries, LookBounds, Path
from simulate.looks.bounds import COUNT_BITS, MISS_SIZE, NOT_YET, BoundTree, entry_of
from simulate.plan import with_lists

FIRST_MISSES = 32
"""Misses after which a fresh tree asks for bounds: few replicates are run in vain."""

MOST_MISSES = 4096

_FIRST_ENTRIES = 1024


class BoundBook:
    """Bounds as a thread keeps them.

    Parameters
    ----------
    boundaries : Boundaries
        Where bounds are found; threads share it.
    n_roots : int
        Hypotheses, each as often as it may have another level.
    as_lists : bool
        Whether Python reads the tree, which reads lists, or compiled code, which reads arrays.
    """

    def __init__(self, boundaries: Boundaries, n_roots: int, *, as_lists: bool) -> None:
        self._boundaries = boundaries
        self._as_lists = as_lists
        self._paths: list[Path] = [()] * n_roots
        self._branches: dict[tuple[int, int], int] = {}
        self._bounds = [LookBounds(np.inf, -np.inf, decides=False)] * n_roots
        self.most_misses = FIRST_MISSES
        """Misses after which compiled code returns; grows with what is known."""
        self.tree = self._new_tree(_FIRST_ENTRIES)

    def learn(self) -> bool:
        """Add the bounds that were missed; whether the tree is another one now."""
        misses = sorted(set(self._misses()))
        self.tree.n_missed[0] = 0
        self.most_misses = min(2 * self.most_misses, MOST_MISSES)
        new: list[tuple[int, int]] = []
        for root in sorted({root for root, _, _ in misses}):
            branches = [(node, count) for which, node, count in misses if which == root]
            paths = [(*self._paths[node], count) for node, count in branches]
            self._bounds += self._boundaries.find(root, paths)
            self._paths += paths
            new += branches
        known = len(self._paths) - len(new)
        self._branches |= dict(zip(new, range(known, len(self._paths)), strict=True))
        if 2 * len(self._paths) > len(self.tree.key):
            self.tree = self._new_tree(1 << (4 * len(self._paths)).bit_length())
            return True
        for node, count in new:
            self._enter(self.tree, node, count)
        return False

    def _misses(self) -> list[tuple[int, int, int]]:
        flat = [int(number) for number in self.tree.missed]
        n = int(self.tree.n_missed[0])
        return [(flat[at], flat[at + 1], flat[at + 2]) for at in range(0, n * MISS_SIZE, MISS_SIZE)]

    def _new_tree(self, n_entries: int) -> BoundTree:
        """A tree with room for half as many nodes, and all that are known."""
        tree = BoundTree(
            key=np.full(n_entries, NOT_YET, np.int64),
            child=np.zeros(n_entries, np.int64),
            efficacy=np.zeros(n_entries),
            futility=np.zeros(n_entries),
            decides=np.zeros(n_entries, np.int64),
            n_missed=np.zeros(1, np.int64),
            missed=np.zeros(MISS_SIZE * MOST_MISSES * 2, np.int64),
        )
        if self._as_lists:
            tree = with_lists(tree)
        for node, count in self._branches:
            self._enter(tree, node, count)
        return tree

    def _enter(self, tree: Any, node: int, count: int) -> None:
        """Put a branch and the bounds at its end into a tree."""
        entry, child = entry_of(tree, node, count), self._branches[node, count]
        tree.key[entry] = (node << COUNT_BITS) + count
        tree.child[entry] = child
        tree.efficacy[child], tree.futility[child] = self._bounds[child][:2]
        tree.decides[child] = int(self._bounds[child].decides)
