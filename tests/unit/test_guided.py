"""Guided tables against a search from one end, by words in every corner."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from simulate.compiled import kernel
from simulate.distributions import NEVER, IntArray, ShortColumn, WordColumn
from simulate.guided import (
    GuidedTables,
    Search,
    guided_number,
    guided_tables,
    look_up_numbers,
    search_room,
)
from simulate.packed import pack, unpacked


class Bench(NamedTuple):
    """What a kernel needs to look up many words."""

    tables: GuidedTables
    search: Search
    words: WordColumn
    numbers: ShortColumn


@kernel
def look_up_all(block: IntArray, first: int, start: int, n: int) -> int:
    bench = unpacked(block, Bench)
    numbers = bench.numbers
    bits = bench.tables.slice_bits
    look_up_numbers(bench.tables, bits, bench.search, bench.words, first, numbers, start, n)
    return n


def cumulative(*numbers: float) -> IntArray:
    return np.array([round(x * 2**32) for x in numbers], np.int64)


TABLES = [
    cumulative(0.0, 0.0, 0.25, 0.25, 0.9, 1.0),
    cumulative(1.0),
    cumulative(0.0),
    cumulative(0.2, 0.4),
    np.array([0, 1, 2, 2**32 - 1, 2**32], np.int64),
    cumulative(*(-np.expm1(-0.003 * np.arange(900.0) ** 1.3))),
    cumulative(*np.linspace(0.999, 1.0, 700)),
]


def naive(table: IntArray, word: int) -> int:
    """The first number whose threshold is above the word; the last threshold goes on."""
    for number, threshold in enumerate(table.tolist()):
        if word < threshold:
            return number
    return NEVER


def words_about(table: IntArray) -> list[int]:
    near = {int(t) + step for t in table.tolist() for step in (-1, 0, 1)}
    near |= {0, 1, 2**20, 2**31, 2**32 - 2, 2**32 - 1, *range(0, 2**32, 2**27 + 1)}
    return sorted(word for word in near if 0 <= word < 2**32)


@pytest.mark.parametrize("slice_bits", [1, 6, 12])
def test_a_number_is_that_of_a_search_from_one_end(slice_bits: int) -> None:
    tables = guided_tables(TABLES, slice_bits=slice_bits)
    lists = tables._replace(highest=tables.highest.tolist(), guide=tables.guide.tolist())
    for row, table in enumerate(TABLES):
        words = words_about(table)
        expected = [naive(table, word) for word in words]
        bench = Bench(
            tables,
            search_room(len(words)),
            np.array([7, *words], np.uint32),
            np.zeros(len(words) + 3, np.int32),
        )
        np.asarray(bench.search.table)[:] = row
        packed = pack(bench)

        look_up_all(packed.block, 1, 3, len(words))

        assert [guided_number(lists, row, word) for word in words] == expected
        assert np.asarray(bench.numbers)[3:].tolist() == expected


def test_a_table_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="a table of 65536 numbers is longer than 65535"):
        guided_tables([np.zeros(2**16, np.int64)], slice_bits=4)
