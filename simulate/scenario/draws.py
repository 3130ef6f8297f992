"""Posterior draws of a calibration: what replicates take in the place of the point."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from simulate.errors import Problem, ScenarioError
from simulate.scenario.calibration import DRAWS_FILE, CalibratedParameter, Calibration
from simulate.scenario.problems import similar
from simulate.scenario.tree import Block, Path, dotted, plain

Rows = tuple[tuple[float, ...], ...]


class DrawnField(NamedTuple):
    """A field of the scenario that a draw sets."""

    parameter: CalibratedParameter
    path: Path
    """Keys and places in lists, from the top."""
    column: int
    """Position of the parameter among those of the calibration."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Posterior draws, and how they get into the scenario.

    Fields that were changed on purpose (by ``--set``, a what-if, a file that extends the one that
    names the calibration) are not among those that draws set.
    """

    file: str
    """The file that they are from."""
    rows: Rows
    """By draw, a number a parameter of the calibration."""
    fields: tuple[DrawnField, ...]
    names: tuple[str, ...]
    """Paths of the fields as ``--set`` takes them."""
    blocks: Mapping[str, Any]
    """By top-level key, the data at the point of all blocks that draws change."""

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.rows)

    @property
    def digest(self) -> str:
        """Fingerprint of what replicates take from the draws: SHA-256."""
        digest = hashlib.sha256()
        for name, field in sorted(zip(self.names, self.fields, strict=True)):
            digest.update(f"{name} {field.parameter.unit} {self.n}\n".encode())
            digest.update(struct.pack(f"<{self.n}d", *(row[field.column] for row in self.rows)))
        return digest.hexdigest()

    def data(self, number: int) -> dict[str, Any]:
        """Blocks that a draw changes, by top-level key, as a scenario file would have them."""
        row = self.rows[number]
        program: dict[str | int, Any] = {}
        for field in self.fields:
            inner = program
            for step in field.path[:-1]:
                inner = inner.setdefault(step, {})
            inner[field.path[-1]] = (field.parameter.as_written(row[field.column]),)
        return {str(top): _filled(self.blocks[str(top)], program[top]) for top in program}


def _filled(data: Any, program: Any) -> Any:
    """The data with the values that the program, a tree of the same shape, has in a tuple."""
    if isinstance(program, tuple):
        return program[0]
    if isinstance(data, Mapping):
        return {**data, **{key: _filled(data[key], part) for key, part in program.items()}}
    return tuple(_filled(x, program[i]) if i in program else x for i, x in enumerate(data))


def read_draws(calibration: Calibration, tree: Block, fields: tuple[DrawnField, ...]) -> Draws:
    """Read the draws of a calibration for the fields of a scenario that take them.

    Parameters
    ----------
    calibration
        The fit.
    tree
        The scenario at the point.
    fields
        Fields that take draws.

    Raises
    ------
    ScenarioError
        If there is no such file, it cannot be read, it has other columns than the point has
        parameters, or it holds what is not a finite number.
    """
    path = calibration.folder / DRAWS_FILE
    names = tuple(parameter.name for parameter in calibration.content.parameters)
    return draws_from(str(path), _rows(path, names), fields, tree)


def draws_from(file: str, rows: Rows, fields: tuple[DrawnField, ...], tree: Block) -> Draws:
    """Rows of numbers for some fields of a scenario, whose content at the point is the tree."""
    tops = {str(field.path[0]) for field in fields}
    content = plain(tree)
    assert isinstance(content, dict)
    return Draws(
        file=file,
        rows=rows,
        fields=fields,
        names=tuple(dotted(tree, field.path) for field in fields),
        blocks={top: content[top] for top in content if top in tops},
    )


def _rows(path: FilePath, names: tuple[str, ...]) -> Rows:
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        hint = "Run simulate calibrate again, or write use: point"
        raise _refused(path, "there is no such file", hint) from None
    return _read(path, names, changed)


@lru_cache(maxsize=8)
def _read(path: FilePath, names: tuple[str, ...], _changed: int) -> Rows:
    """Values by draw and parameter, read once as long as the file does not change."""
    import pyarrow as pa  # only here: most scenarios have no draws
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise _refused(path, f"the file cannot be read as Parquet: {reason}") from None
    _check_columns(path, table.column_names, names)
    for name in names:
        kind = table.schema.field(name).type
        if kind != pa.float64():
            raise _refused(path, f"float64 numbers are needed (given: {kind})", key=name)
    if len(table) == 0:
        raise _refused(path, "the file holds no draws")
    columns = [table[name].to_pylist() for name in names]
    for name, column in zip(names, columns, strict=True):
        for number, value in enumerate(column):
            if value is None or not math.isfinite(value):
                message = f"a finite number is needed (given: {value}; draw {number})"
                raise _refused(path, message, key=name)
    return tuple(zip(*columns, strict=True))


def _check_columns(path: FilePath, given: list[str], names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in given]
    unknown = [name for name in given if name not in names]
    if not missing and not unknown:
        return
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    if unknown:
        parts.append(f"unknown: {', '.join(unknown)}")
    message = f"the columns are not the parameters of the point ({'; '.join(parts)})"
    hint = similar(unknown[0], missing) if unknown else ""
    raise _refused(path, message, hint or "Run simulate calibrate again")


def _refused(path: FilePath, message: str, hint: str = "", *, key: str = "") -> ScenarioError:
    return ScenarioError([Problem(str(path), None, None, key, message, hint)])
