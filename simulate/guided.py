"""Many distributions on whole numbers in one place, searched by a guide.

Compiled code that follows sixty thousand patients looks most of them up in other tables than the
patient before. So all tables of one kind lie one after the other, all equally long, and each has a
guide: where a search begins, for each of many equal slices of the words. With 4096 slices hardly
any search goes further than two steps, and these are taken without asking.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba.extending import overload

from simulate.distributions import NEVER, IntArray, ShortTable, SmallTable

SHIFT = 2**31
"""Words are stored less this, because they are compared as whole numbers with a sign."""

WORD_BITS = 32
MOST_NUMBERS = 2**16 - 1
"""Numbers of one table, so that a guide's entries fit in 16 bits."""


class GuidedTables(NamedTuple):
    """Distributions on 0, 1, 2, ..., a table each; table t begins at ``t * stride``."""

    highest: ShortTable
    """Highest word of each number, less SHIFT; the last entry of a table takes all others."""
    guide: SmallTable
    """By table and slice of words: the first number that the lowest word of the slice can have."""
    stride: int
    """Entries of a table, one more than it has numbers."""
    bits: int
    """A guide has ``2**bits`` slices."""


def guided_number(tables: GuidedTables, table: int, word: int) -> int:
    """The number of a word in one of the tables, or NEVER if it lies beyond the table."""
    start = table * tables.stride
    first = start + tables.guide[table << tables.bits]
    end = start + tables.stride - 1
    found = bisect_left(tables.highest, word - SHIFT, first, end)
    return found - start if found < end else NEVER


@overload(guided_number, jit_options={"forceinline": True})
def _guided_number_compiled(tables: Any, table: Any, word: Any) -> Callable[..., Any]:
    """Give kernels the same search by the guide."""
    del tables, table, word

    def search(tables: Any, table: Any, word: Any) -> Any:
        start = table * tables.stride
        shifted = word - SHIFT
        at = start + tables.guide[(table << tables.bits) + (word >> (WORD_BITS - tables.bits))]
        at = at + np.int64(tables.highest[at] < shifted)
        at = at + np.int64(tables.highest[at] < shifted)
        while tables.highest[at] < shifted:
            at = at + 1
        number = at - start
        return NEVER if number == tables.stride - 1 else number

    return search


def guided_tables(thresholds: Sequence[IntArray], *, bits: int) -> GuidedTables:
    """Guided tables of distributions given by their thresholds (:mod:`simulate.distributions`).

    Parameters
    ----------
    thresholds : sequence of array of int
        For each table the thresholds of 0, 1, 2, ...; words not below the last are NEVER. Shorter
        tables are filled up with their last threshold.
    bits : int
        Each guide has ``2**bits`` entries.

    Raises
    ------
    ValueError
        If a table is too long for its guide.
    """
    length = max(len(table) for table in thresholds)
    if length > MOST_NUMBERS:
        raise ValueError(f"a table of {length} numbers is longer than {MOST_NUMBERS}")
    slices = np.arange(1 << bits, dtype=np.int64) << (WORD_BITS - bits)
    highest = np.full((len(thresholds), length + 1), SHIFT - 1, np.int64)
    guide = np.empty((len(thresholds), len(slices)), np.uint16)
    for row, table in enumerate(thresholds):
        filled = np.full(length, table[-1])
        filled[: len(table)] = table
        # a number without words before it is passed by the guide
        highest[row, :length] = np.maximum(filled - 1, 0) - SHIFT
        guide[row] = np.searchsorted(filled, slices, side="right")
    return GuidedTables(
        highest=highest.ravel().astype(np.int32),
        guide=guide.ravel(),
        stride=length + 1,
        bits=bits,
    )
