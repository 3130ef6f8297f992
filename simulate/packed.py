"""How compiled code reads named tuples of tables through the address of their block.

What is in a block, and why, is told in :mod:`simulate.packing`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, overload

from simulate.packing import (
    ADDRESSES,
    GUIDE,
    Packed,
    PackedType,
    RowsType,
    TableType,
    fields_of,
    pack,
)

__all__ = ["Packed", "guide_entry", "guide_shift", "pack", "unpacked"]

_WORD = 8  # bytes

Value = TypeVar("Value")


@infer_getattr
class _PackedAttributes(AttributeTemplate):
    key = PackedType

    def generic_resolve(self, packed: PackedType, name: str) -> types.Type | None:
        field = fields_of(packed.kind)[0].get(name)
        if field is None:
            return None
        if isinstance(field.kind, types.Type):
            return field.kind
        return PackedType(field.kind)


@lower_getattr_generic(PackedType)
def _get_field(context: Any, builder: Any, packed: PackedType, value: Any, name: str) -> Any:
    field = fields_of(packed.kind)[0][name]
    if not isinstance(field.kind, types.Type):
        return cgutils.pointer_add(builder, value, field.first * _WORD)
    if isinstance(field.kind, RowsType):
        rows = cgutils.create_struct_proxy(field.kind)(context, builder)
        rows.data = _load(builder, value, field.first, context.get_value_type(ADDRESSES))
        rows.size = _load(builder, value, field.first + 1, ir.IntType(64))
        return rows._getvalue()
    if not isinstance(field.kind, TableType):
        return _load(builder, value, field.first, context.get_value_type(field.kind))
    pointer = context.get_value_type(types.CPointer(field.kind.dtype))
    table = cgutils.create_struct_proxy(field.kind)(context, builder)
    table.data = _load(builder, value, field.first, pointer)
    table.size = _load(builder, value, field.first + 1, ir.IntType(64))
    if field.kind.guided:
        table.guide = _load(builder, value, field.first + 2, context.get_value_type(GUIDE))
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


def _element(context: Any, builder: Any, table: types.Type, arguments: Any) -> Any:
    """Address of an entry of a table or of rows."""
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
def _row(typing: Any, rows: Any, index: Any) -> Any:
    del typing

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _load_constant(builder, _element(context, builder, signature.args[0], arguments))
        return builder.inttoptr(address, context.get_value_type(signature.return_type))

    return rows.packed(rows, index), code


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

    def row(table: Any, index: Any) -> Any:
        return _row(table, np.int64(index))

    if isinstance(table, RowsType) and isinstance(index, types.Integer):
        return row
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

    return size if isinstance(table, TableType | RowsType) else None


def _is_entry(table: Any, index: Any) -> bool:
    return isinstance(table, TableType) and isinstance(index, types.Integer)
