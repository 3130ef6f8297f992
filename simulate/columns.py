"""Values of all replicates, kept column by column: in memory while they are few, else in a file.

A run of a million replicates has gigabytes of values, of which a summary needs one column at a
time. The file holds them in blocks of replicates; within a block every column lies in one piece. It
is read by seeking, because the pages of a mapped file count as memory of the process.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from simulate.errors import OutputError

FloatArray = npt.NDArray[np.float64]

IN_MEMORY = 64 * 2**20
"""Bytes up to which the values of an analysis are kept in memory."""

_VALUE = 8  # bytes


class Columns(Protocol):
    """Values by row (a replicate) and column (a statistic)."""

    n_rows: int

    def write(self, start: int, values: FloatArray) -> None:
        """Put the rows from `start`; values of shape (rows, columns)."""

    def column(self, position: int) -> FloatArray:
        """All rows of one column, in an array of the caller's own."""

    def rows(self, start: int, stop: int) -> FloatArray:
        """Some rows of all columns, shape (columns, rows)."""


class MemoryColumns:
    """Columns in memory; nan until they are written."""

    def __init__(self, n_rows: int, n_columns: int) -> None:
        self.n_rows = n_rows
        self._table = np.full((n_columns, n_rows), np.nan)

    def write(self, start: int, values: FloatArray) -> None:
        """Put the rows from `start`; values of shape (rows, columns)."""
        self._table[:, start : start + len(values)] = values.T

    def column(self, position: int) -> FloatArray:
        """All rows of one column, in an array of the caller's own."""
        return np.array(self._table[position])

    def rows(self, start: int, stop: int) -> FloatArray:
        """Some rows of all columns, shape (columns, rows)."""
        return self._table[:, start:stop].copy()


class FileColumns:
    """Columns in a file of blocks.

    Parameters
    ----------
    n_rows, n_columns : int
        Size of the table.
    block : int
        Rows of a block. One is written at a time and as a whole; the last may be shorter.
    path : Path
        The file; what it holds from an earlier start stays. Without one it is a file without a
        name, which is gone with the process.

    Raises
    ------
    OutputError
        If the file cannot be opened or written, as on a full disk.
    """

    def __init__(
        self, n_rows: int, n_columns: int, *, block: int, path: Path | None = None
    ) -> None:
        self.n_rows = n_rows
        self._n_columns = n_columns
        self._block = block
        self._name = "the file of replicates" if path is None else str(path)
        try:
            self._file = _opened(path)
        except OSError as error:
            raise self._failure(error) from None
        weakref.finalize(self, os.close, self._file)

    def write(self, start: int, values: FloatArray) -> None:
        """Put the block of rows that begins at `start`; values of shape (rows, columns)."""
        if start % self._block != 0 or values.shape != (self._length(start), self._n_columns):
            raise ValueError(f"rows {start} to {start + len(values)} are not a block of the file")
        left = np.ascontiguousarray(values.T).data.cast("B")
        offset = self._offset(start)
        try:
            while left:
                written = os.pwrite(self._file, left, offset)
                left, offset = left[written:], offset + written
        except OSError as error:
            raise self._failure(error) from None

    def column(self, position: int) -> FloatArray:
        """All rows of one column, in an array of the caller's own."""
        found = np.empty(self.n_rows)
        for start in range(0, self.n_rows, self._block):
            length = self._length(start)
            piece = self._offset(start) + position * length * _VALUE
            self._read(piece, found[start : start + length])
        return found

    def rows(self, start: int, stop: int) -> FloatArray:
        """Some rows of all columns, shape (columns, rows)."""
        found = np.empty((self._n_columns, stop - start))
        for first in range(start - start % self._block, stop, self._block):
            block = np.empty((self._n_columns, self._length(first)))
            self._read(self._offset(first), block)
            low, high = max(start, first), min(stop, first + block.shape[1])
            found[:, low - start : high - start] = block[:, low - first : high - first]
        return found

    def reaches(self, start: int) -> bool:
        """Whether the file is long enough to hold the block that begins at a row."""
        end = self._offset(start) + self._length(start) * self._n_columns * _VALUE
        return os.fstat(self._file).st_size >= end

    def _offset(self, start: int) -> int:
        return start * self._n_columns * _VALUE

    def _length(self, start: int) -> int:
        return min(self._block, self.n_rows - start)

    def _read(self, offset: int, into: FloatArray) -> None:
        left = into.data.cast("B")
        while left:
            read = os.preadv(self._file, [left], offset)
            if read == 0:
                raise OutputError(f"{self._name} has become shorter than what was written to it")
            left, offset = left[read:], offset + read

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(f"{self._name} cannot be written: {error.strerror}")


def _opened(path: Path | None) -> int:
    """Descriptor of a file to read and write: a new or existing one, or one without a name."""
    if path is not None:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    descriptor, name = tempfile.mkstemp(prefix="simulate-")
    Path(name).unlink()
    return descriptor


def new_columns(
    n_rows: int, n_columns: int, *, block: int, path: Path | None = None
) -> MemoryColumns | FileColumns:
    """A table for so many replicates: in memory if it is small and no file is asked for."""
    if path is None and n_rows * n_columns * _VALUE <= IN_MEMORY:
        return MemoryColumns(n_rows, n_columns)
    return FileColumns(n_rows, n_columns, block=block, path=path)
