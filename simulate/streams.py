"""Random numbers looked up by address, never drawn in turn.

A 32-bit word belongs to an address (seed, entity, replicate, purpose, index). Whoever asks for it,
in whatever order, on however many cores, gets the same word. So two scenarios that differ in one
assumption share all other draws, and one replicate can be made again without those before it.

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, *Parallel random numbers: as
easy as 1, 2, 3*): key = the 64-bit seed, counter = (entity, replicate, purpose, index >> 2), and
``index & 3`` is the lane of the block of four words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from simulate.bits import LIFT, lifted
from simulate.compiled import routine, rule, stay_apart

IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint32]
FloatArray = npt.NDArray[np.float64]

WORD_RANGE = 2**32
"""Number of values of one word; a probability p happens when word < round(p * WORD_RANGE)."""

RESERVED_REPLICATES = 2**31
"""Replicate numbers from here on are kept for truth, calibration and confirmation runs."""


class Purpose(IntEnum):
    """What a word decides. These numbers are for ever: never reuse or renumber one."""

    # the trial (entity 0)
    ARRIVAL_DAY = 1
    ARRIVAL_SITE = 2
    # a site (entity = site id)
    SITE_RATE = 8
    SITE_ACTIVATION = 9
    SITE_ARRIVAL = 10
    SITE_SCREENING = 11
    # a region (entity = region id; index = trial day)
    REGION_ARRIVALS = 12
    # a list of blocks (entity = stratum, or stratum and region; index = block * 64 + position)
    BLOCK = 16
    # a patient (entity = patient number)
    BASELINE = 32
    BASELINE_SCAN = 33
    RESPONSE = 34
    PROGRESSION = 35
    DEATH_WITHOUT_PROGRESSION = 36
    DEATH_AFTER_PROGRESSION = 37
    WITHDRAWAL = 38
    LAST_CONTACT = 39
    VISIT_DAY = 40
    VISIT_MISSED = 41
    CLINICAL_PROGRESSION = 42
    PLANNED_CYCLES = 43
    DELAY_MEAN = 44
    DELAY = 45
    FRAILTY = 46
    ADVERSE_EVENT = 47
    ADVERSE_EVENT_DETAIL = 48
    ADVERSE_EVENT_RELATED = 49
    DOSING_RULE = 50
    WITHDRAWAL_CAUSE = 51
    INFUSION = 52
    RANDOMISATION = 64
    SURVIVAL = 65
    READING = 66
    VISITS = 67
    NEW_THERAPY = 68
    SWITCH = 70
    OBJECTIVE_RESPONSE = 72


_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_MASK = 0xFFFFFFFF


@rule
def _multiply(a: int, b: int) -> tuple[int, int]:
    """High and low word of a 32 by 32 bit product, without leaving 63 bits."""
    low = a * (b & 0xFFFF)
    high = a * (b >> 16) + (low >> 16)
    return high >> 16, ((high & 0xFFFF) << 16) | (low & 0xFFFF)


def philox4x32(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[int, int, int, int]:
    """Ten rounds of Philox4x32: the four words of one counter under one key."""
    for _ in range(10):
        high0, low0 = _multiply(_M0, c0)
        high1, low1 = _multiply(_M1, c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@overload(philox4x32, jit_options={"forceinline": True})
def _philox4x32_compiled(
    c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any
) -> Callable[..., Any]:
    """Give kernels the 64-bit products that Python's integers do not need; SIMD in a loop."""
    del c0, c1, c2, c3, k0, k1
    mask, shift = np.uint64(_MASK), np.uint64(32)
    multiplier_0, multiplier_1 = np.uint64(_M0), np.uint64(_M1)
    step_0, step_1 = np.uint64(_W0), np.uint64(_W1)

    def rounds(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
        # words as they are; but if the compiler knows, it multiplies with one instruction
        a, b = np.uint64(c0) & mask, np.uint64(c1) & mask
        c, d = np.uint64(c2) & mask, np.uint64(c3) & mask
        key_0, key_1 = np.uint64(k0), np.uint64(k1)
        for _ in range(10):
            product_0, product_1 = multiplier_0 * a, multiplier_1 * c
            a = (product_1 >> shift) ^ b ^ key_0
            c = (product_0 >> shift) ^ d ^ key_1
            b, d = product_1 & mask, product_0 & mask
            key_0, key_1 = (key_0 + step_0) & mask, (key_1 + step_1) & mask
        return np.int64(a), np.int64(b), np.int64(c), np.int64(d)

    return rounds


def word(seed: int, entity: int, replicate: int, purpose: int, index: int) -> int:
    """The 32-bit word at one address."""
    return _word(seed, entity, replicate, purpose, index)


@overload(word)
def _word_compiled(
    seed: Any, entity: Any, replicate: Any, purpose: Any, index: Any
) -> Callable[..., Any]:
    """Give kernels a function that they call: single words are rare, and long if inlined."""
    del seed, entity, replicate, purpose, index

    def look_up(seed: Any, entity: Any, replicate: Any, purpose: Any, index: Any) -> Any:
        return _single_word(seed, entity, replicate, purpose, index)

    return look_up


@routine
def _single_word(seed: int, entity: int, replicate: int, purpose: int, index: int) -> int:
    stay_apart()
    return _word(seed, entity, replicate, purpose, index)


@rule
def _word(seed: int, entity: int, replicate: int, purpose: int, index: int) -> int:
    block = philox4x32(entity, replicate, purpose, index >> 2, seed & _MASK, (seed >> 32) & _MASK)
    lane = index & 3
    if lane == 0:
        return block[0]
    if lane == 1:
        return block[1]
    if lane == 2:
        return block[2]
    return block[3]


def words(
    seed: int, entities: Sequence[int] | IntArray, replicate: int, layout: Sequence[tuple[int, int]]
) -> WordArray:
    """All words that some entities may need, in one vectorised pass.

    Parameters
    ----------
    seed : int
        64-bit seed of the run.
    entities : sequence of int
        Patient numbers, or site ids, or ``[0]`` for the trial.
    replicate : int
        Replicate number, 0 to 2**32 - 1.
    layout : sequence of (purpose, n_blocks)
        Blocks of four words wanted of each purpose, in this order.

    Returns
    -------
    array of uint32, shape (len(entities), 4 * total blocks)
        Equal to :func:`word` at every address.
    """
    purpose = np.concatenate([np.full(n, p, np.uint64) for p, n in layout])
    block = np.concatenate([np.arange(n, dtype=np.uint64) for _, n in layout])
    n_entities, n_blocks = len(entities), len(block)
    c0 = np.repeat(np.asarray(entities, np.uint64), n_blocks)
    c1 = np.full(n_entities * n_blocks, replicate, np.uint64)
    c2, c3 = np.tile(purpose, n_entities), np.tile(block, n_entities)
    return _philox_arrays(c0, c1, c2, c3, seed).reshape(n_entities, 4 * n_blocks)


def word_blocks(
    seed: int, entity: IntArray, replicate: int, purpose: int, block: IntArray
) -> WordArray:
    """Blocks of four words at addresses given one by one.

    Parameters
    ----------
    seed : int
        64-bit seed of the run.
    entity, block : array of int, shape (n,)
        Entity and block (index >> 2) of each address.
    replicate, purpose : int
        Replicate and purpose of all.

    Returns
    -------
    array of uint32, shape (n, 4)
    """
    n = len(entity)
    counters = (entity.astype(np.uint64), np.full(n, replicate, np.uint64))
    return _philox_arrays(*counters, np.full(n, purpose, np.uint64), block.astype(np.uint64), seed)


def _philox_arrays(
    c0: npt.NDArray[np.uint64],
    c1: npt.NDArray[np.uint64],
    c2: npt.NDArray[np.uint64],
    c3: npt.NDArray[np.uint64],
    seed: int,
) -> WordArray:
    """Philox over arrays of counters, which it overwrites, shape (n, 4); see :func:`philox4x32`."""
    mask, shift = np.uint64(_MASK), np.uint64(32)
    k0, k1 = seed & _MASK, (seed >> 32) & _MASK
    product0, product1 = np.empty_like(c0), np.empty_like(c2)
    for _ in range(10):
        # in place: making new arrays would take as long as filling them
        np.multiply(c0, np.uint64(_M0), out=product0)
        np.multiply(c2, np.uint64(_M1), out=product1)
        np.right_shift(product1, shift, out=c0)
        np.right_shift(product0, shift, out=c2)
        c0 ^= c1
        c2 ^= c3
        c0 ^= np.uint64(k0)
        c2 ^= np.uint64(k1)
        np.bitwise_and(product1, mask, out=c1)
        np.bitwise_and(product0, mask, out=c3)
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    words = np.empty((len(c0), 4), np.uint32)
    for lane, values in enumerate((c0, c1, c2, c3)):
        words[:, lane] = values
    return words


_LN2 = 0.6931471805599453
_SQRT2 = 1.4142135623730951


def _binary(number: int) -> tuple[float, int]:
    """A positive whole number as ``fraction * 2**exponent``, the fraction in [1, 2)."""
    fraction, exponent = math.frexp(number)
    return 2.0 * fraction, exponent - 1


@overload(_binary, jit_options={"forceinline": True})
def _binary_compiled(number: Any) -> Callable[..., Any]:
    """Read fraction and exponent off the bits of the float, so that a loop becomes SIMD."""
    del number
    one, fraction_bits = np.int64(0x3FF0000000000000), np.int64(0x000FFFFFFFFFFFFF)

    def split(number: Any) -> Any:
        bits = np.float64(lifted(number) - LIFT).view(np.int64)
        fraction = np.int64((bits & fraction_bits) | one).view(np.float64)
        return fraction, (bits >> 52) - 1023

    return split


@rule
def _minus_log(fraction: float, exponent: int) -> float:
    """``-ln(fraction * 2**exponent)`` for a fraction in [1, 2), by + - * / alone."""
    if fraction > _SQRT2:
        fraction = fraction * 0.5
        exponent = exponent + 1
    s = (fraction - 1.0) / (fraction + 1.0)
    z = s * s
    p = 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 0.2
    p = p * z + 1.0 / 3.0
    p = p * z + 1.0
    return -exponent * _LN2 - 2.0 * s * p


@rule
def unit_exponential(word: int) -> float:
    """``E(u) = -ln(1 - u)`` of a word, u = (word + 1/2) / 2**32: a unit exponential variable.

    Written out in IEEE additions, multiplications and divisions, because the logarithms of
    different mathematics libraries differ in the last bit. Accurate to a few units in the last
    place.
    """
    fraction, exponent = _binary(2 * (WORD_RANGE - word) - 1)
    return _minus_log(fraction, exponent - 33)


def unit_exponentials(words: WordArray) -> FloatArray:
    """:func:`unit_exponential` of many words at once, equal to it in every bit."""
    v = 2.0 * (WORD_RANGE - words.astype(np.float64)) - 1.0
    mantissa, exponent = np.frexp(v)
    fraction, exponent = 2.0 * mantissa, exponent.astype(np.int64) - 34
    large = fraction > _SQRT2
    fraction = np.where(large, fraction * 0.5, fraction)
    exponent = np.where(large, exponent + 1, exponent)
    s = (fraction - 1.0) / (fraction + 1.0)
    z = s * s
    p = np.full_like(z, 1.0 / 21.0)
    for term in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0):
        p = p * z + 1.0 / term
    p = p * z + 0.2
    p = p * z + 1.0 / 3.0
    p = p * z + 1.0
    result: FloatArray = -exponent * _LN2 - 2.0 * s * p
    return result
