"""Bit by bit, as quickly as the processor can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
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


LIFT = 2.0**52


def lifted(word: int) -> float:
    """``2**52 + word`` as a float, of a whole number below that: in compiled code by setting bits.

    Floats that are compared with words can be lifted too, which costs nothing in a loop.
    """
    return LIFT + word


@overload(lifted, jit_options={"forceinline": True})
def _lifted_compiled(word: Any) -> Callable[..., Any]:
    del word
    exponent = np.int64(0x4330000000000000)

    def lift(word: Any) -> Any:
        return np.int64(word | exponent).view(np.float64)

    return lift


def as_float(number: int) -> float:
    """A whole number from 0 to below 2**52 as a float, by what processors do in SIMD."""
    return float(number)


@overload(as_float, jit_options={"forceinline": True})
def _as_float_compiled(number: Any) -> Callable[..., Any]:
    del number

    def convert(number: Any) -> Any:
        return lifted(number) - LIFT

    return convert


def whole(value: float) -> int:
    """The whole part of a float from 0 to below 2**31, by what processors do in SIMD."""
    return int(value)


@overload(whole, jit_options={"forceinline": True})
def _whole_compiled(value: Any) -> Callable[..., Any]:
    del value

    def cut_off(value: Any) -> Any:
        return np.int64(np.int32(value))

    return cut_off
