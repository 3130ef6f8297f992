"""Words, and delays by them, looked up many at a time: loops that the compiler turns into SIMD.

They are those of :func:`simulate.streams.word`. The four words of a block go to four places, a lane
apart, because that is how a processor stores them quickest: word ``index`` of a purpose whose
blocks begin at ``start`` is entry ``start + (index >> 2)`` of lane ``index & 3``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import IntColumn, IntTable
from simulate.patient.treatment import cycle_delay
from simulate.streams import philox4x32, unit_exponential

KEY = 0xFFFFFFFF

GROUP = 8
"""Blocks that a processor makes at once: whole groups have no slow remainder."""


class Lanes(NamedTuple):
    """The words of some blocks, lane after lane."""

    values: IntColumn
    size: int
    """Blocks for which there is room; a lane is that long."""


def lanes(n_blocks: int) -> Lanes:
    """Room for the words of so many blocks."""
    return Lanes(np.zeros(4 * n_blocks, np.int64), n_blocks)


def whole_groups(n: int) -> int:
    """A number of blocks, filled up to whole groups of those made at once."""
    return (n + GROUP - 1) // GROUP * GROUP


@routine
def look_up(
    out: Lanes,
    first: int,
    seed: int,
    entity: int,
    replicate: int,
    purposes: IntTable,
    blocks: IntTable,
    n: int,
) -> None:
    """Look up ``n`` blocks, each at its purpose and number, into the entries from ``first`` on."""
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    second, third, fourth = out.size, 2 * out.size, 3 * out.size
    for i in range(first, first + n):
        a, b, c, d = philox4x32(entity, replicate, purposes[i], blocks[i], low, high)
        out.values[i] = a
        out.values[second + i] = b
        out.values[third + i] = c
        out.values[fourth + i] = d


@part
def word_at(words: Lanes, start: int, index: int) -> int:
    """Word ``index`` of the purpose whose blocks begin at ``start``."""
    return words.values[(index & 3) * words.size + start + (index >> 2)]


@routine
def look_up_delays(words: Lanes, start: int, mean: float, out: Lanes, n: int) -> None:
    """Delays of the cycles of ``n`` blocks of words, lane by lane."""
    stay_apart()
    for lane in range(4):
        source, target = lane * words.size + start, lane * out.size
        for i in range(n):
            drawn = words.values[source + i]
            out.values[target + i] = cycle_delay(mean, unit_exponential(drawn))
