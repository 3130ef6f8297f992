"""Words and unit exponentials looked up many at a time: loops that the compiler turns into SIMD.

They are those of :func:`simulate.streams.word`. The four words of a block go to four tables, one a
lane, because that is how a processor stores them quickest: word ``index`` of a purpose whose blocks
begin at ``start`` is entry ``start + (index >> 2)`` of lane ``index & 3``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import part
from simulate.distributions import FloatColumn, IntColumn
from simulate.streams import philox4x32, unit_exponential

_KEY = 0xFFFFFFFF


class Lanes(NamedTuple):
    """The words of some blocks, a table a lane."""

    first: IntColumn
    second: IntColumn
    third: IntColumn
    fourth: IntColumn


def lanes(n_blocks: int) -> Lanes:
    """Room for the words of so many blocks."""
    return Lanes(*(np.zeros(n_blocks, np.int64) for _ in range(4)))


@part
def look_up(
    out: Lanes,
    seed: int,
    entity: int,
    replicate: int,
    purposes: IntColumn,
    blocks: IntColumn,
    n: int,
    shift: int,
) -> None:
    """Look up ``n`` blocks, each at its purpose and its number plus ``shift``."""
    low, high = seed & _KEY, (seed >> 32) & _KEY
    for i in range(n):
        a, b, c, d = philox4x32(entity, replicate, purposes[i], blocks[i] + shift, low, high)
        out.first[i] = a
        out.second[i] = b
        out.third[i] = c
        out.fourth[i] = d


@part
def word_at(words: Lanes, start: int, index: int) -> int:
    """Word ``index`` of the purpose whose blocks begin at ``start``."""
    block, lane = start + (index >> 2), index & 3
    if lane == 0:
        return words.first[block]
    if lane == 1:
        return words.second[block]
    if lane == 2:
        return words.third[block]
    return words.fourth[block]


@part
def exponentials(words: Lanes, start: int, drawn: IntColumn, out: FloatColumn) -> None:
    """Unit exponentials of the words of two blocks from ``start``, in the order of the words."""
    for block in range(2):
        drawn[4 * block] = words.first[start + block]
        drawn[4 * block + 1] = words.second[start + block]
        drawn[4 * block + 2] = words.third[start + block]
        drawn[4 * block + 3] = words.fourth[start + block]
    for i in range(8):
        out[i] = unit_exponential(drawn[i])
