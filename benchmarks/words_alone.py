"""The random numbers of the batch engine and nothing else: less than this no engine can need.

As many blocks of words and unit exponentials as an average replicate of the engine asks for
(:mod:`benchmarks.word_count`), made by the engine's own functions: those that it looks up many at a
time by its loop (:func:`simulate.engines.batch.words.look_up`), single words one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.word_count import WordCount
from simulate.compiled import kernel
from simulate.distributions import IntArray, IntColumn
from simulate.engines.batch.words import (
    GROUP,
    Lanes,
    lanes,
    look_up,
    look_up_delays,
    word_at,
)
from simulate.packed import Packed, pack, unpacked
from simulate.streams import Purpose, unit_exponential, word

BLOCKS_AT_ONCE = 64
"""Blocks of one loop: about as many as a patient's fixed words, or a batch of cycles."""

EXPONENTIALS_AT_ONCE = 64
"""Exponentials of one loop: the delays of as many cycles, sixteen a lane."""

_SINGLE = int(Purpose.DOSING_RULE)


class Tray(NamedTuple):
    """Where the random numbers are put, each on top of the one before."""

    words: Lanes
    purposes: IntColumn
    blocks: IntColumn
    single: IntColumn
    delays: Lanes


class WordsAlone:
    """Makes the random numbers of replicates.

    Parameters
    ----------
    count : WordCount
        How many a replicate; rounded up, the blocks and exponentials of loops to whole groups.
    seed : int
        Seed of the words.
    """

    def __init__(self, count: WordCount, *, seed: int) -> None:
        self._packed = _new_tray()
        self._seed = seed
        self._sizes = np.array(
            [
                _whole(count.blocks_in_loops, GROUP),
                _whole(count.single_blocks, 1),
                _whole(count.exponentials_in_loops, EXPONENTIALS_AT_ONCE),
                _whole(count.single_exponentials, 1),
            ],
            np.int64,
        )

    def run(self, replicates: range) -> int:
        """Make the random numbers of some replicates; a sum over some of them."""
        first, n = replicates.start, len(replicates)
        return make_random_words(self._packed.block, self._sizes, self._seed, first, n)


def _new_tray() -> Packed:
    n = BLOCKS_AT_ONCE
    return pack(
        Tray(
            words=lanes(n),
            purposes=np.full(n, int(Purpose.ADVERSE_EVENT), np.int64),
            blocks=np.arange(n),
            single=np.zeros(1, np.int64),
            delays=lanes(EXPONENTIALS_AT_ONCE // 4),
        )
    )


def _whole(count: float, group: int) -> int:
    return -int(-count // group) * group


@kernel
def make_random_words(block: IntArray, sizes: IntArray, seed: int, first: int, n: int) -> int:
    """Make the random numbers of ``n`` replicates from ``first``; a sum keeps them from going."""
    tray = unpacked(block, Tray)
    total, exponential = 0, 0.0
    for replicate in range(first, first + n):
        entity, left = 0, sizes[0]
        while left > 0:
            size = min(left, BLOCKS_AT_ONCE)
            look_up(tray.words, 0, seed, entity, replicate, tray.purposes, tray.blocks, size)
            total = total + word_at(tray.words, size - 1, 3)
            entity, left = entity + 1, left - size
        for index in range(sizes[1]):
            tray.single[0] = word(seed, 0, replicate, _SINGLE, index)
            total = total + tray.single[0]
        n = EXPONENTIALS_AT_ONCE // 4
        for index in range(sizes[2] // EXPONENTIALS_AT_ONCE):
            look_up_delays(tray.words, index & 31, 1.0, tray.delays, n)
            total = total + word_at(tray.delays, index & 15, 0)
        for index in range(sizes[3]):
            exponential = exponential + unit_exponential(word_at(tray.words, index & 63, 0))
    return total + int(exponential)
