"""Bit by bit, as quickly as the processor can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload


def lowest_bit(mask: int) -> int:
    """Position of the lowest bit that is set in a mask other than 0."""
    return (mask & -mask).bit_length() - 1


@overload(lowest_bit, jit_options={"forceinline": True})
def _lowest_bit_compiled(mask: Any) -> Callable[..., Any]:
    del mask

    def lowest(mask: Any) -> Any:
        return _trailing_zeros(mask)

    return lowest


@intrinsic
def _trailing_zeros(typing: Any, mask: Any) -> Any:
    del typing

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(mask), code
