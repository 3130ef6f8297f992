"""Named tuples of tables laid out in one block, through whose address compiled code reads them.

Numba hands a named tuple over as all its parts, number by number; a plan has a thousand, and
compiling takes minutes. So what a kernel works on is packed: for every table its address and
length, for every number its value, one after the other, in the order of the fields. Compiled code
gets the address of that block, and ``plan.dosing.action[row]`` becomes two loads. The rules do not
notice: the fields are found by the same names, and what a field is follows from its annotation
(``IntTable``, ``FloatTable``, ``int``, ``float``, another named tuple of such fields, or several
named tuples of one class, ``tuple[Class, ...]``, each of which has a block of its own). What is
annotated as a table is only read; what a kernel fills is a column (``IntColumn``, ``FloatColumn``,
or ``ShortColumn`` for whole numbers below 2**31, which take half the room). Words of 32 bits,
without a sign, have a ``WordTable`` or a ``WordColumn``; a ``SmallTable``
is one of whole numbers of 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
from numba.core import types
from numba.core.datamodel import models
from numba.extending import register_model


class PackedType(types.Type):
    """A named tuple, known by the address of its first entry."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        super().__init__(name=f"Packed({kind.__module__}.{kind.__qualname__})")


class RowsType(types.Type):
    """Named tuples of one class, known by a table of the addresses of their blocks."""

    def __init__(self, kind: type[Any]) -> None:
        self.packed = PackedType(kind)
        super().__init__(name=f"Rows({kind.__module__}.{kind.__qualname__})")


class TableType(types.Type):
    """A table of whole numbers or floats, known by its address and length.

    Short whole numbers are stored in 32 or 16 bits, and read as if they had 64.
    A constant one never changes while a kernel runs, so that what was read need not be read again
    after something else was written. A guided one is of thresholds, in order, and has a guide that
    shortens a search for a word: entry j tells how many thresholds do not exceed ``j << shift``.
    The guide has about twice as many entries as the table, so that it stays in the cache.
    """

    def __init__(self, dtype: types.Type, *, constant: bool = False, guided: bool = False) -> None:
        self.dtype, self.constant, self.guided = dtype, constant, guided
        self.value = types.int64 if isinstance(dtype, types.Integer) else dtype
        self.n_entries = 4 if guided else 2
        kind = "Guided" if guided else "Constant" if constant else ""
        super().__init__(name=f"{kind}Table({dtype})")


INT_COLUMN, FLOAT_COLUMN = TableType(types.int64), TableType(types.float64)
SHORT_COLUMN = TableType(types.int32)
INT_TABLE = TableType(types.int64, constant=True)
FLOAT_TABLE = TableType(types.float64, constant=True)
WORD_COLUMN = TableType(types.uint32)
WORD_TABLE = TableType(types.uint32, constant=True)
SMALL_TABLE = TableType(types.uint16, constant=True)
GUIDED_TABLE = TableType(types.int64, constant=True, guided=True)

_WORD_BITS = 32
_MOST_GUIDE_BITS = 12
GUIDE = types.CPointer(types.uint16)
ADDRESSES = types.CPointer(types.intp)
_MOST_GUIDED = 2**16 - 1

register_model(PackedType)(models.OpaqueModel)


@register_model(RowsType)
class _RowsModel(models.StructModel):
    def __init__(self, manager: Any, kind: RowsType) -> None:
        super().__init__(manager, kind, [("data", ADDRESSES), ("size", types.int64)])


@register_model(TableType)
class _TableModel(models.StructModel):
    def __init__(self, manager: Any, kind: TableType) -> None:
        pointer = types.CPointer(kind.dtype)
        members = [
            ("data", pointer),
            ("size", types.int64),
            ("guide", GUIDE),
            ("shift", types.int64),
        ]
        super().__init__(manager, kind, members)


# ---- what the fields are ------------------------------------------------------------------------


class Field(NamedTuple):
    """Where a field of a named tuple lies in its block, and what it is."""

    first: int
    """Entry of the block at which the field begins."""
    kind: Any
    """Numba's type, or the class of a named tuple."""


_KINDS = {
    "Thresholds": GUIDED_TABLE,
    "IntTable": INT_TABLE,
    "IntArray": INT_COLUMN,
    "IntColumn": INT_COLUMN,
    "WordColumn": WORD_COLUMN,
    "WordTable": WORD_TABLE,
    "SmallTable": SMALL_TABLE,
    "ShortColumn": SHORT_COLUMN,
    "FloatTable": FLOAT_TABLE,
    "FloatArray": FLOAT_COLUMN,
    "FloatColumn": FLOAT_COLUMN,
    "int": types.int64,
    "float": types.float64,
}


@cache
def fields_of(kind: type[Any]) -> tuple[dict[str, Field], int]:
    """Fields of a named tuple, and the number of entries that they take."""
    hints = get_type_hints(kind)
    found, entry = {}, 0
    for name in kind._fields:
        if hasattr(hints[name], "_fields"):
            found[name] = Field(entry, hints[name])
            entry += fields_of(hints[name])[1]
            continue
        if get_origin(hints[name]) is tuple:
            found[name] = Field(entry, RowsType(get_args(hints[name])[0]))
            entry += 2
            continue
        field = _KINDS[kind.__annotations__[name].__forward_arg__]
        found[name] = Field(entry, field)
        entry += field.n_entries if isinstance(field, TableType) else 1
    return found, entry


class Packed(NamedTuple):
    """The block of a named tuple, and what must live as long as it does."""

    block: npt.NDArray[np.int64]
    kept: Any
    rows: tuple[Packed, ...]
    """What was packed of fields that are several named tuples, one after the other."""


NOTHING_READY: Mapping[str, Packed] = MappingProxyType({})
"""No field is packed already."""


class _Kept(NamedTuple):
    """What a block points to, beside the arrays of the named tuple itself."""

    guides: list[npt.NDArray[np.uint16]]
    addresses: list[npt.NDArray[np.int64]]
    rows: list[Packed]


def pack(value: Any, ready: Mapping[str, Packed] = NOTHING_READY) -> Packed:
    """Pack a named tuple of arrays and numbers for a kernel.

    Parameters
    ----------
    value : NamedTuple
        What is packed.
    ready : mapping of str to Packed
        Fields of it that have been packed already, as what stays the same from chunk to chunk has:
        their entries are copied.

    Raises
    ------
    TypeError
        If an array is not a contiguous one of the type that its annotation says, or a guided table
        is longer than its guide can tell.
    """
    fields, size = fields_of(type(value))
    block = np.zeros(size, np.int64)
    kept = _Kept([], [], [])
    _fill(block, 0, value, kept, ready)
    for name, packed in ready.items():
        first = fields[name].first
        block[first : first + len(packed.block)] = packed.block
        kept.rows.extend(packed.rows)
    return Packed(block, (value, kept, ready), tuple(kept.rows))


def _fill(
    block: npt.NDArray[np.int64],
    first: int,
    value: Any,
    kept: _Kept,
    ready: Mapping[str, Packed] = NOTHING_READY,
) -> None:
    for name, field in fields_of(type(value))[0].items():
        if name in ready:
            continue
        part, at = getattr(value, name), first + field.first
        if isinstance(field.kind, TableType):
            dtype = np.dtype(field.kind.dtype.name)
            if part.dtype != dtype or part.ndim != 1 or not part.flags.c_contiguous:
                raise TypeError(f"{type(value).__name__}.{name} is no flat array of {dtype}")
            block[at], block[at + 1] = part.ctypes.data, len(part)
            if field.kind.guided:
                shift = _guide_shift(len(part))
                kept.guides.append(_guide_of(part, shift))
                block[at + 2], block[at + 3] = kept.guides[-1].ctypes.data, shift
        elif isinstance(field.kind, RowsType):
            rows = [pack(row) for row in part]
            kept.rows.extend(rows)
            kept.addresses.append(np.array([row.block.ctypes.data for row in rows], np.int64))
            block[at], block[at + 1] = kept.addresses[-1].ctypes.data, len(rows)
        elif field.kind == types.float64:
            block[at : at + 1].view(np.float64)[0] = part
        elif field.kind == types.int64:
            block[at] = part
        else:
            _fill(block, at, part, kept)


def _guide_shift(n_thresholds: int) -> int:
    """Bits of a word that the guide of so many thresholds leaves out."""
    return _WORD_BITS - min(n_thresholds.bit_length() + 1, _MOST_GUIDE_BITS)


def _guide_of(thresholds: npt.NDArray[np.int64], shift: int) -> npt.NDArray[np.uint16]:
    if len(thresholds) > _MOST_GUIDED:
        raise TypeError(f"a guided table has {len(thresholds)} entries, more than {_MOST_GUIDED}")
    words = np.arange((1 << (_WORD_BITS - shift)) + 1, dtype=np.int64) << shift
    return np.searchsorted(thresholds, words, side="right").astype(np.uint16)
