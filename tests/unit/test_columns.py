"""Columns of replicates are the same in memory and in a file, and a file costs no memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulate.columns import IN_MEMORY, Columns, FileColumns, MemoryColumns, new_columns
from simulate.errors import OutputError

ROWS, COLUMNS, BLOCK = 23, 5, 4  # the last block is a short one
TABLE = np.random.default_rng(1).normal(size=(ROWS, COLUMNS))
TABLE[3, 2], TABLE[22, 4] = np.nan, np.inf

STARTS = list(range(0, ROWS, BLOCK))


def in_memory(_folder: Path) -> Columns:
    return MemoryColumns(ROWS, COLUMNS)


def in_a_file(folder: Path) -> Columns:
    return FileColumns(ROWS, COLUMNS, block=BLOCK, path=folder / "values")


def in_a_file_without_a_name(_folder: Path) -> Columns:
    return FileColumns(ROWS, COLUMNS, block=BLOCK)


@pytest.mark.parametrize("make", [in_memory, in_a_file, in_a_file_without_a_name])
@pytest.mark.parametrize("order", [STARTS, STARTS[::-1], STARTS[1:] + STARTS[:1]])
def test_what_is_written_in_any_order_is_read(
    make: Callable[[Path], Columns], order: list[int], tmp_path: Path
) -> None:
    columns = make(tmp_path)
    for start in order:
        columns.write(start, TABLE[start : start + BLOCK])
    for position in range(COLUMNS):
        assert columns.column(position).tobytes() == TABLE[:, position].tobytes()
    for start, stop in ((0, ROWS), (0, 4), (3, 9), (21, 23), (7, 8)):
        assert columns.rows(start, stop).tobytes() == TABLE[start:stop].T.tobytes()


@pytest.mark.parametrize("make", [in_memory, in_a_file])
def test_what_is_read_is_the_callers_own(make: Callable[[Path], Columns], tmp_path: Path) -> None:
    columns = make(tmp_path)
    for start in STARTS:
        columns.write(start, TABLE[start : start + BLOCK])
    columns.column(0)[:] = 0.0
    columns.rows(0, 3)[:] = 0.0
    assert columns.column(0).tobytes() == TABLE[:, 0].tobytes()


def test_a_file_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    first = in_a_file(tmp_path)
    for start in STARTS[:3]:
        first.write(start, TABLE[start : start + BLOCK])
    again = FileColumns(ROWS, COLUMNS, block=BLOCK, path=tmp_path / "values")
    assert again.reaches(STARTS[2])
    assert not again.reaches(STARTS[3])
    for start in STARTS[3:]:
        again.write(start, TABLE[start : start + BLOCK])
    assert again.column(4).tobytes() == TABLE[:, 4].tobytes()


def test_only_whole_blocks_are_written(tmp_path: Path) -> None:
    columns = in_a_file(tmp_path)
    for start, stop in ((0, 3), (1, 5), (20, 24)):
        with pytest.raises(ValueError, match="not a block"):
            columns.write(start, np.zeros((stop - start, COLUMNS)))
    columns.write(20, TABLE[20:])


def test_a_file_that_was_cut_short_is_told(tmp_path: Path) -> None:
    columns = in_a_file(tmp_path)
    for start in STARTS:
        columns.write(start, TABLE[start : start + BLOCK])
    with (tmp_path / "values").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(OutputError, match="shorter"):
        columns.column(0)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"nowhere.*cannot be written"):
        FileColumns(ROWS, COLUMNS, block=BLOCK, path=tmp_path / "nowhere" / "values")


def test_only_what_is_small_stays_in_memory(tmp_path: Path) -> None:
    n_columns = 64
    most = IN_MEMORY // (8 * n_columns)
    assert isinstance(new_columns(most, n_columns, block=BLOCK), MemoryColumns)
    assert isinstance(new_columns(most + 1, n_columns, block=BLOCK), FileColumns)
    assert isinstance(new_columns(1, 1, block=BLOCK, path=tmp_path / "values"), FileColumns)


# Writes 80 MB of values and reads every column and every row, as a summary and a table do.
WORK = """
import re, resource, sys
from pathlib import Path
import numpy as np
from simulate import columns

def peak():
    status = Path("/proc/self/status")  # elsewhere than on Linux, what getrusage says
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 2**10

if sys.argv[1] == "memory":
    columns.IN_MEMORY = 2**40
n, width, block = 40_000, 250, 1000
before = peak()
found = columns.new_columns(n, width, block=block)
values = np.ones((block, width))
for start in range(0, n, block):
    found.write(start, values)
assert all(found.column(i).sum() == n for i in range(width))
assert sum(found.rows(i, i + 5_000).sum() for i in range(0, n, 5_000)) == n * width
print(peak() - before)
"""


@pytest.mark.parametrize("where", ["file", "memory"])
def test_a_large_table_costs_no_memory_but_in_memory(where: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, where],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    grown = float(done.stdout)
    # 5,000 rows of all columns are 10 MiB, a block 2, a column 0.3; the whole table is 76
    assert grown < 35 if where == "file" else grown > 60
