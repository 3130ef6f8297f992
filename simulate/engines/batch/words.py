"""Words, and delays by them, looked up many at a time: loops that the compiler turns into SIMD.

They are those of :func:`simulate.streams.word`. The four words of a block go to four tables, one a
lane, because that is how a processor stores them quickest: word ``index`` of a purpose whose blocks
begin at ``start`` is entry ``start + (index >> 2)`` of lane ``index & 3``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import IntColumn, IntTable
from simulate.patient.treatment import cycle_delay
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


@routine
def look_up(
    out: Lanes,
    seed: int,
    entity: int,
    replicate: int,
    purposes: IntTable,
    blocks: IntTable,
    n: int,
    shift: int,
) -> None:
    """Look up ``n`` blocks, each at its purpose and its number plus ``shift``."""
    stay_apart()
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


@routine
def look_up_delays(words: Lanes, start: int, mean: float, out: Lanes) -> None:
    """Delays of the cycles of some blocks of words, as many as there is room for, lane by lane."""
    stay_apart()
    delays_of_lane(words.first, start, mean, out.first)
    delays_of_lane(words.second, start, mean, out.second)
    delays_of_lane(words.third, start, mean, out.third)
    delays_of_lane(words.fourth, start, mean, out.fourth)


@part
def delays_of_lane(words: IntColumn, start: int, mean: float, out: IntColumn) -> None:
    """Delays by the words of one lane: a loop that reads and writes no more becomes SIMD."""
    for i in range(len(out)):
        out[i] = cycle_delay(mean, unit_exponential(words[start + i]))
