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

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import (
    NEVER,
    IntArray,
    ShortColumn,
    WordColumn,
    WordTable,
)

WORD_BITS = 32
MOST_NUMBERS = 2**16 - 1
"""Numbers of one table, so that a guide's entries fit in 16 bits."""


class GuidedTables(NamedTuple):
    """Distributions on 0, 1, 2, ..., a table each."""

    highest: WordTable
    """Highest word of each number; two entries after a table's last number take all others."""
    guide: WordTable
    """By table and slice of words: entry of the first number that words of the slice can have."""
    n_numbers: int
    """Numbers of a table."""
    stride_bits: int
    """Table t begins at entry ``t << stride_bits``."""
    slice_bits: int
    """A guide has ``1 << slice_bits`` slices."""


def guided_number(tables: GuidedTables, table: int, word: int) -> int:
    """The number of a word in one of the tables, or NEVER if it lies beyond the table."""
    start = table << tables.stride_bits
    first = tables.guide[table << tables.slice_bits]
    end = start + tables.n_numbers
    found = bisect_left(tables.highest, word, first, end)
    return found - start if found < end else NEVER


@overload(guided_number, jit_options={"forceinline": True})
def _guided_number_compiled(tables: Any, table: Any, word: Any) -> Callable[..., Any]:
    """Give kernels the same search by the guide."""
    del tables, table, word

    def search(tables: Any, table: Any, word: Any) -> Any:
        start = table << tables.stride_bits
        slice_of_words = word >> (WORD_BITS - tables.slice_bits)
        at = tables.guide[(table << tables.slice_bits) + slice_of_words]
        while tables.highest[at] < word:
            at = at + 1
        number = at - start
        return number if number < tables.n_numbers else NEVER

    return search


class Search(NamedTuple):
    """Room to look up many words together, an entry a word."""

    table: ShortColumn
    """Table in which it is looked up."""
    spot: ShortColumn
    """Entry of the guides that tells where the search begins."""


def search_room(n: int) -> Search:
    """Room for so many words."""
    return Search(*(np.zeros(n, np.int32) for _ in range(2)))


@routine
def look_up_numbers(
    tables: GuidedTables,
    slice_bits: int,
    search: Search,
    words: WordColumn,
    first: int,
    numbers: ShortColumn,
    start: int,
    n: int,
) -> None:
    """Numbers of ``n`` words in the tables that the room for the search names.

    The words are those from ``first`` on, the numbers go to the entries from ``start`` on. They are
    those of :func:`guided_number`, found in two short loops, the first of which becomes SIMD.
    ``slice_bits`` are those of the tables: written in the call they are known when it is compiled.
    """
    stay_apart()
    shift, within = WORD_BITS - slice_bits, (1 << tables.stride_bits) - 1
    for i in range(n):
        search.spot[i] = (search.table[i] << slice_bits) + (words[first + i] >> shift)
    for i in range(n):
        word = words[first + i]
        at = tables.guide[search.spot[i]]
        # the words of a table never decrease, so neither of the two has to wait for the other
        at = at + int(tables.highest[at] < word) + int(tables.highest[at + 1] < word)
        while tables.highest[at] < word:
            at = at + 1
        number = at & within
        numbers[start + i] = number if number < tables.n_numbers else NEVER


_FEW = 8
"""Numbers of which one table is searched without its guide."""
_NEARLY_ALL = 2**WORD_BITS - 2 ** (WORD_BITS - 10)
"""As many words are nearly all: all but one in a thousand."""


@part
def has_few_numbers(tables: GuidedTables, table: int) -> bool:
    """Whether nearly all words of a table have one of its first few numbers."""
    if (1 << tables.stride_bits) < _FEW:
        return False
    return bool(tables.highest[(table << tables.stride_bits) + _FEW - 1] >= _NEARLY_ALL)


@routine
def look_up_few_numbers(
    tables: GuidedTables, table: int, words: WordColumn, numbers: ShortColumn, start: int, n: int
) -> None:
    """Numbers of the first ``n`` words in one table that has few, as :func:`look_up_numbers` does.

    Each word is compared with the words of all these numbers, many words at a time by SIMD; the
    one in a thousand that lies beyond them is searched for afterwards.
    """
    stay_apart()
    first, beyond = table << tables.stride_bits, 0
    a, b = tables.highest[first], tables.highest[first + 1]
    c, d = tables.highest[first + 2], tables.highest[first + 3]
    e, f = tables.highest[first + 4], tables.highest[first + 5]
    g, h = tables.highest[first + 6], tables.highest[first + 7]
    for i in range(n):
        word = words[i]
        low = int(a < word) + int(b < word) + int(c < word) + int(d < word)
        numbers[start + i] = low + int(e < word) + int(f < word) + int(g < word) + int(h < word)
    for i in range(n):
        beyond += numbers[start + i] == _FEW
    if beyond > 0:
        for i in range(n):
            if numbers[start + i] == _FEW:
                numbers[start + i] = guided_number(tables, table, words[i])


def guided_tables(thresholds: Sequence[IntArray], *, slice_bits: int) -> GuidedTables:
    """Guided tables of distributions given by their thresholds (:mod:`simulate.distributions`).

    Parameters
    ----------
    thresholds : sequence of array of int
        For each table the thresholds of 0, 1, 2, ...; words not below the last are NEVER. Shorter
        tables are filled up with their last threshold.
    slice_bits : int
        Each guide has ``1 << slice_bits`` entries.

    Raises
    ------
    ValueError
        If a table is too long for its guide.
    """
    length = max(len(table) for table in thresholds)
    if length > MOST_NUMBERS:
        raise ValueError(f"a table of {length} numbers is longer than {MOST_NUMBERS}")
    stride_bits = (length + 1).bit_length()  # two entries more than there are numbers, at least
    slices = np.arange(1 << slice_bits, dtype=np.int64) << (WORD_BITS - slice_bits)
    highest = np.full((len(thresholds), 1 << stride_bits), 2**WORD_BITS - 1, np.uint32)
    guide = np.empty((len(thresholds), len(slices)), np.uint32)
    for row, table in enumerate(thresholds):
        filled = np.full(length, table[-1])
        filled[: len(table)] = table
        # a number without words before it is passed by the guide
        highest[row, :length] = np.maximum(filled - 1, 0)
        guide[row] = np.searchsorted(filled, slices, side="right") + (row << stride_bits)
    return GuidedTables(highest.ravel(), guide.ravel(), length, stride_bits, slice_bits)
