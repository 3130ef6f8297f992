"""Bounds of a test by the events of its looks so far, as compiled code looks them up.

The events of a hypothesis at its looks so far are a path from the root of a tree, one branch a
look; a hypothesis whose level may change has a root for each level. A node holds the bounds of the
look at its end. Where a path leads next is found in a hash table by node and count; a path that is
not there yet is noted as missed, for Python to work out, and the replicate is run again afterwards.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn

NOT_YET = -1
"""No node, and an empty entry of the hash table."""

MISS_SIZE = 3
"""Numbers of a miss: the root, the node, and the count."""

COUNT_BITS = 32
_NODE_FACTOR, _FACTOR = 7919, 2654435761
_LOW = (1 << 32) - 1


class BoundTree(NamedTuple):
    """The bounds that are known. Nodes 0, 1, ... are the roots: hypotheses at their levels."""

    key: IntColumn
    """By entry of the hash table, a power of 2 of them: ``node << 32 | count``, or NOT_YET."""
    child: IntColumn
    """By entry: the node to which it leads."""
    efficacy: FloatColumn
    """By node: Z at or above rejects."""
    futility: FloatColumn
    """By node: Z at or below gives up; minus infinity if nothing does."""
    decides: IntColumn
    """By node: 1 if the look decides, whatever Z is."""
    n_missed: IntColumn
    """One entry."""
    missed: IntColumn
    """`MISS_SIZE` numbers for each miss, as far as there is room."""


@rule
def entry_of(tree: BoundTree, node: int, count: int) -> int:
    """Entry of the hash table for a branch: where it is, or where it belongs."""
    key = (node << COUNT_BITS) + count
    mask = len(tree.key) - 1
    entry = ((((node * _NODE_FACTOR + count) & _LOW) * _FACTOR & _LOW) >> 8) & mask
    while tree.key[entry] != key and tree.key[entry] != NOT_YET:
        entry = (entry + 1) & mask
    return entry


@rule
def next_node(tree: BoundTree, root: int, node: int, count: int) -> int:
    """Node to which so many events lead; NOT_YET, and noted as missed, if it is not known."""
    entry = entry_of(tree, node, count)
    if tree.key[entry] != NOT_YET:
        return tree.child[entry]
    at = tree.n_missed[0] * MISS_SIZE
    if at + MISS_SIZE <= len(tree.missed):
        tree.missed[at] = root
        tree.missed[at + 1] = node
        tree.missed[at + 2] = count
        tree.n_missed[0] += 1
    return NOT_YET
