"""Named tuples of tables that compiled code reads through one address.

Numba hands a named tuple over as all its parts, number by number; a plan has a thousand, and
compiling takes minutes. So what a kernel works on is packed: for every table its address and
length, for every number its value, one after the other, in the order of the fields. Compiled code
gets the address of that block, and ``plan.dosing.action[row]`` becomes two loads. The rules do not
notice: the fields are found by the same names, and what a field is follows from its annotation
(``IntTable``, ``FloatTable``, ``int``, ``float``, or another named tuple of such fields). What is
annotated as a table is only read; what a kernel fills is a column (``IntColumn``, ``FloatColumn``,
or ``ShortColumn`` for whole numbers below 2**31, which take half the room). A ``ShortTable`` and a
``SmallTable`` are tables of whole numbers of 32 bits and, without a sign, of 16.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    overload,
    register_model,
)

_WORD = 8  # bytes

Value = TypeVar("Value")


class PackedType(types.Type):
    """A named tuple, known by the address of its first entry."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        super().__init__(name=f"Packed({kind.__module__}.{kind.__qualname__})")


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
SHORT_TABLE = TableType(types.int32, constant=True)
SMALL_TABLE = TableType(types.uint16, constant=True)
GUIDED_TABLE = TableType(types.int64, constant=True, guided=True)

_WORD_BITS = 32
_MOST_GUIDE_BITS = 12
_GUIDE = types.CPointer(types.uint16)
_MOST_GUIDED = 2**16 - 1

register_model(PackedType)(models.OpaqueModel)


@register_model(TableType)
class _TableModel(models.StructModel):
    def __init__(self, manager: Any, kind: TableType) -> None:
        pointer = types.CPointer(kind.dtype)
        members = [
            ("data", pointer),
            ("size", types.int64),
            ("guide", _GUIDE),
            ("shift", types.int64),
        ]
        super().__init__(manager, kind, members)


# ---- what the fields are ------------------------------------------------------------------------


class _Field(NamedTuple):
    first: int
    """Entry of the block at which the field begins."""
    kind: Any
    """Numba's type, or the class of a named tuple."""


_KINDS = {
    "Thresholds": GUIDED_TABLE,
    "IntTable": INT_TABLE,
    "IntArray": INT_COLUMN,
    "IntColumn": INT_COLUMN,
    "ShortTable": SHORT_TABLE,
    "SmallTable": SMALL_TABLE,
    "ShortColumn": SHORT_COLUMN,
    "FloatTable": FLOAT_TABLE,
    "FloatArray": FLOAT_COLUMN,
    "FloatColumn": FLOAT_COLUMN,
    "int": types.int64,
    "float": types.float64,
}


@cache
def _fields(kind: type[Any]) -> tuple[dict[str, _Field], int]:
    """Fields of a named tuple, and the number of entries that they take."""
    nested = {name: hint for name, hint in get_type_hints(kind).items() if hasattr(hint, "_fields")}
    found, entry = {}, 0
    for name in kind._fields:
        if name in nested:
            found[name] = _Field(entry, nested[name])
            entry += _fields(nested[name])[1]
            continue
        field = _KINDS[kind.__annotations__[name].__forward_arg__]
        found[name] = _Field(entry, field)
        entry += field.n_entries if isinstance(field, TableType) else 1
    return found, entry


class Packed(NamedTuple):
    """The block of a named tuple, and what must live as long as it does."""

    block: npt.NDArray[np.int64]
    kept: Any


def pack(value: Any) -> Packed:
    """Pack a named tuple of arrays and numbers for a kernel.

    Raises
    ------
    TypeError
        If an array is not a contiguous one of the type that its annotation says, or a guided table
        is longer than its guide can tell.
    """
    block = np.zeros(_fields(type(value))[1], np.int64)
    guides: list[npt.NDArray[np.uint16]] = []
    _fill(block, 0, value, guides)
    return Packed(block, (value, guides))


def _fill(
    block: npt.NDArray[np.int64], first: int, value: Any, guides: list[npt.NDArray[np.uint16]]
) -> None:
    for name, field in _fields(type(value))[0].items():
        part, at = getattr(value, name), first + field.first
        if isinstance(field.kind, TableType):
            dtype = np.dtype(field.kind.dtype.name)
            if part.dtype != dtype or part.ndim != 1 or not part.flags.c_contiguous:
                raise TypeError(f"{type(value).__name__}.{name} is no flat array of {dtype}")
            block[at], block[at + 1] = part.ctypes.data, len(part)
            if field.kind.guided:
                shift = _guide_shift(len(part))
                guides.append(_guide_of(part, shift))
                block[at + 2], block[at + 3] = guides[-1].ctypes.data, shift
        elif field.kind == types.float64:
            block[at : at + 1].view(np.float64)[0] = part
        elif field.kind == types.int64:
            block[at] = part
        else:
            _fill(block, at, part, guides)


def _guide_shift(n_thresholds: int) -> int:
    """Bits of a word that the guide of so many thresholds leaves out."""
    return _WORD_BITS - min(n_thresholds.bit_length() + 1, _MOST_GUIDE_BITS)


def _guide_of(thresholds: npt.NDArray[np.int64], shift: int) -> npt.NDArray[np.uint16]:
    if len(thresholds) > _MOST_GUIDED:
        raise TypeError(f"a guided table has {len(thresholds)} entries, more than {_MOST_GUIDED}")
    words = np.arange((1 << (_WORD_BITS - shift)) + 1, dtype=np.int64) << shift
    return np.searchsorted(thresholds, words, side="right").astype(np.uint16)


# ---- what compiled code does with them ----------------------------------------------------------


@infer_getattr
class _PackedAttributes(AttributeTemplate):
    key = PackedType

    def generic_resolve(self, packed: PackedType, name: str) -> types.Type | None:
        field = _fields(packed.kind)[0].get(name)
        if field is None:
            return None
        if isinstance(field.kind, types.Type):
            return field.kind
        return PackedType(field.kind)


@lower_getattr_generic(PackedType)
def _get_field(context: Any, builder: Any, packed: PackedType, value: Any, name: str) -> Any:
    field = _fields(packed.kind)[0][name]
    if not isinstance(field.kind, types.Type):
        return cgutils.pointer_add(builder, value, field.first * _WORD)
    if not isinstance(field.kind, TableType):
        return _load(builder, value, field.first, context.get_value_type(field.kind))
    pointer = context.get_value_type(types.CPointer(field.kind.dtype))
    table = cgutils.create_struct_proxy(field.kind)(context, builder)
    table.data = _load(builder, value, field.first, pointer)
    table.size = _load(builder, value, field.first + 1, ir.IntType(64))
    if field.kind.guided:
        table.guide = _load(builder, value, field.first + 2, context.get_value_type(_GUIDE))
        table.shift = _load(builder, value, field.first + 3, ir.IntType(64))
    return table._getvalue()


def _load(builder: Any, block: Any, entry: int, kind: Any) -> Any:
    """One entry of a block; blocks never change while a kernel runs."""
    address = cgutils.pointer_add(builder, block, entry * _WORD, ir.PointerType(kind))
    return _load_constant(builder, address)


def _load_constant(builder: Any, address: Any) -> Any:
    """What stands at an address and never changes while a kernel runs."""
    loaded = builder.load(address)
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def unpacked(block: npt.NDArray[np.int64], kind: type[Value]) -> Value:
    """In a kernel: the named tuple of a class whose block is given."""
    del block, kind
    raise TypeError("only kernels read packed tables")


@overload(unpacked)
def _unpacked_compiled(block: Any, kind: Any) -> Callable[..., Any]:
    del block
    address = _address_as(PackedType(kind.instance_class))

    def read(block: Any, kind: Any) -> Any:  # noqa: ARG001
        return address(block)

    return read


def _address_as(packed: PackedType) -> Any:
    """The function that gives the address of a block as a packed named tuple."""

    @intrinsic
    def address(typing: Any, block: Any) -> Any:
        del typing

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
            return builder.bitcast(array.data, context.get_value_type(packed))

        return packed(block), code

    return address


def _element(context: Any, builder: Any, table: TableType, arguments: Any) -> Any:
    """Address of an entry of a table."""
    fields = cgutils.create_struct_proxy(table)(context, builder, arguments[0])
    return builder.gep(fields.data, [arguments[1]])


@intrinsic
def _get(typing: Any, table: Any, index: Any) -> Any:
    del typing

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        address = _element(context, builder, kind, arguments)
        load = partial(_load_constant, builder) if kind.constant else builder.load
        return context.cast(builder, load(address), kind.dtype, kind.value)

    return table.value(table, index), code


@intrinsic
def _set(typing: Any, table: Any, index: Any, value: Any) -> Any:
    del typing, value

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        value = context.cast(builder, arguments[2], kind.value, kind.dtype)
        builder.store(value, _element(context, builder, kind, arguments))
        return context.get_dummy_value()

    return types.void(table, index, table.value), code


@intrinsic
def _size(typing: Any, table: Any) -> Any:
    del typing

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).size

    return types.int64(table), code


@intrinsic
def guide_entry(typing: Any, table: Any, index: Any) -> Any:
    """In a kernel: an entry of a guided table's guide."""
    del typing, index

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        fields = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        entry = _load_constant(builder, builder.gep(fields.guide, [arguments[1]]))
        return context.cast(builder, entry, types.uint16, types.int64)

    return types.int64(table, types.int64), code


@intrinsic
def guide_shift(typing: Any, table: Any) -> Any:
    """In a kernel: bits of a word that a guided table's guide leaves out."""
    del typing

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).shift

    return types.int64(table), code


# the arguments of an overload and of what it gives must be written alike: Numba compares them


@overload(operator.getitem)
def _getitem(table: Any, index: Any) -> Callable[..., Any] | None:
    def get(table: Any, index: Any) -> Any:
        return _get(table, np.int64(index))

    return get if _is_entry(table, index) else None


@overload(operator.setitem)
def _setitem(table: Any, index: Any, value: Any) -> Callable[..., Any] | None:
    del value

    def set_whole(table: Any, index: Any, value: Any) -> Any:
        _set(table, np.int64(index), np.int64(value))

    def set_float(table: Any, index: Any, value: Any) -> Any:
        _set(table, np.int64(index), np.float64(value))

    if not _is_entry(table, index) or table.constant:
        return None
    return set_float if table.dtype == types.float64 else set_whole


@overload(len)
def _len(table: Any) -> Callable[..., Any] | None:
    def size(table: Any) -> Any:
        return _size(table)

    return size if isinstance(table, TableType) else None


def _is_entry(table: Any, index: Any) -> bool:
    return isinstance(table, TableType) and isinstance(index, types.Integer)
