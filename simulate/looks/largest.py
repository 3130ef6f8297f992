"""The largest of up to four normal variables, as rules: what a combination of tests rejects by.

Its upper tail is wanted with small relative errors, so what is added and taken away is never larger
than a few tails of single variables.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable
from simulate.looks.normal import upper_tail

MOST_VARIABLES = 4
"""Variables of which the largest may be taken."""

_FEW, _MANY = 20, 32
_TWO_PI = 2.0 * math.pi
_SMALLEST = 1e-300
_SAME = 1.0 - 1e-11
"""Variables with a larger correlation are one."""


class Quadrature(NamedTuple):
    """Nodes and weights of Gauss-Legendre integration from 0 to 1."""

    few_nodes: FloatTable
    few_weights: FloatTable
    """For Owen's T function, which is smooth."""
    nodes: FloatTable
    weights: FloatTable
    """For integrals along a path of correlations: dense near 1, where variables may be nearly
    functions of each other. They are even in the angle whose sine they are."""


def quadrature() -> Quadrature:
    """The nodes that the rules integrate by."""
    few, few_weights = np.polynomial.legendre.leggauss(_FEW)
    many, many_weights = np.polynomial.legendre.leggauss(_MANY)
    angle = 0.25 * np.pi * (many + 1.0)
    return Quadrature(
        0.5 * (few + 1.0),
        0.5 * few_weights,
        np.sin(angle),
        0.25 * np.pi * many_weights * np.cos(angle),
    )


@rule
def any_above(z: float, n: int, correlation: FloatColumn, by: Quadrature) -> float:
    """P(the largest of n standard normal variables > z), for correlations from 0 to 1.

    Of two by Owen's T function (1956); of three and four by Plackett's formula (1954), with the
    variable whose correlations are smallest drawn in from independence. Absolute errors are below
    1e-8, and near 1e-12 unless the correlations are nearly those of fewer variables.

    Parameters
    ----------
    z
        The value.
    n
        Variables, at most `MOST_VARIABLES`.
    correlation
        Their correlations: that of j and k at ``MOST_VARIABLES * j + k``. Is changed: what is the
        same as another variable is dropped.
    by
        Nodes of `quadrature`.
    """
    n = _without_repeats(n, correlation)
    tail = upper_tail(z)
    if n == 1:
        return tail
    if n == 2:
        return tail + two_sides(z, correlation[1], by)
    _smallest_first(n, correlation)
    if n == 3:
        return _of_three(z, correlation, by)
    return _of_four(z, correlation, by)


@rule
def two_sides(z: float, r: float, by: Quadrature) -> float:
    """What a second variable adds to the tail: P(X <= z, Y > z), for a correlation not below 0."""
    return 2.0 * _owen(0.5 * z * z, math.sqrt((1.0 - r) / (1.0 + r)), by)


@rule
def _owen(half_square: float, a: float, by: Quadrature) -> float:
    """Owen's T of the h whose square is twice as large, for a from 0 to 1."""
    total = 0.0
    for i in range(len(by.few_nodes)):
        x = a * by.few_nodes[i]
        one = 1.0 + x * x
        total += by.few_weights[i] * math.exp(-half_square * one) / one
    return total * a / _TWO_PI


@rule
def _without_repeats(n: int, correlation: FloatColumn) -> int:
    """Drop variables that are the same as one before; give how many are left."""
    left = 0
    for j in range(n):
        is_new = True
        for k in range(left):
            is_new &= correlation[MOST_VARIABLES * j + k] < _SAME
        if is_new:
            for k in range(n):  # row and column j move to the place `left`
                correlation[MOST_VARIABLES * left + k] = correlation[MOST_VARIABLES * j + k]
            for k in range(n):
                correlation[MOST_VARIABLES * k + left] = correlation[MOST_VARIABLES * k + j]
            left += 1
    return left


@rule
def _smallest_first(n: int, correlation: FloatColumn) -> None:
    """Exchange variables so that the first has the smallest sum of correlations."""
    best, least = 0, math.inf
    for j in range(n):
        total = 0.0
        for k in range(n):
            total += correlation[MOST_VARIABLES * j + k] if j != k else 0.0
        if total < least:
            best, least = j, total
    if best > 0:
        for k in range(n):
            one, other = k, MOST_VARIABLES * best + k
            correlation[one], correlation[other] = correlation[other], correlation[one]
        for k in range(n):
            one, other = MOST_VARIABLES * k, MOST_VARIABLES * k + best
            correlation[one], correlation[other] = correlation[other], correlation[one]


@rule
def _of_three(z: float, correlation: FloatColumn, by: Quadrature) -> float:
    """The tail of three: the correlations of the first grow from 0 as the sine of an angle."""
    r12, r13, r23 = correlation[1], correlation[2], correlation[MOST_VARIABLES + 2]
    angle2, angle3 = math.asin(r12), math.asin(r13)
    total, square = 0.0, z * z
    for i in range(len(by.nodes)):
        a, b = math.sin(angle2 * by.nodes[i]), math.sin(angle3 * by.nodes[i])
        determinant = max(1.0 - a * a - b * b - r23 * r23 + 2.0 * a * b * r23, _SMALLEST)
        other = (1.0 + a - b - r23) * math.sqrt((1.0 - a) / ((1.0 + a) * determinant))
        step = angle2 * math.exp(-square / (1.0 + a)) * upper_tail(-z * other)
        other = (1.0 + b - a - r23) * math.sqrt((1.0 - b) / ((1.0 + b) * determinant))
        step += angle3 * math.exp(-square / (1.0 + b)) * upper_tail(-z * other)
        total += by.weights[i] * step
    tail = upper_tail(z)
    pair = tail + two_sides(z, r23, by)
    return tail + pair - tail * pair - total / _TWO_PI


@rule
def _of_four(z: float, correlation: FloatColumn, by: Quadrature) -> float:
    """The tail of four: the correlations of the first grow from 0 in proportion to each other."""
    total = 0.0
    for i in range(len(by.nodes)):
        t, step = by.nodes[i], 0.0
        for j in range(1, 4):
            k, other = (2 if j == 1 else 1), (2 if j == 3 else 3)
            r = correlation[j]
            density = math.exp(-z * z / (1.0 + r * t)) / math.sqrt(1.0 - r * t * r * t)
            step += r * density * _others_below(z, t, j, k, other, correlation, by)
        total += by.weights[i] * step
    for j in range(3):
        for k in range(3):
            correlation[MOST_VARIABLES * j + k] = correlation[MOST_VARIABLES * (j + 1) + k + 1]
    _smallest_first(3, correlation)
    tail, rest = upper_tail(z), _of_three(z, correlation, by)
    return tail + rest - tail * rest - total / _TWO_PI


@rule
def _others_below(
    z: float, t: float, j: int, k: int, other: int, correlation: FloatColumn, by: Quadrature
) -> float:
    """P(variables k and other <= z | the first and j are z), the first's correlations times t."""
    r, rk, ro = correlation[j] * t, correlation[k] * t, correlation[other] * t
    rjk, rjo = correlation[MOST_VARIABLES * j + k], correlation[MOST_VARIABLES * j + other]
    rko, rest = correlation[MOST_VARIABLES * k + other], 1.0 - r * r
    k_variance = max(1.0 - (rk * rk + rjk * rjk - 2.0 * r * rk * rjk) / rest, _SMALLEST)
    o_variance = max(1.0 - (ro * ro + rjo * rjo - 2.0 * r * ro * rjo) / rest, _SMALLEST)
    covariance = rko - (rk * ro + rjk * rjo - r * (rk * rjo + rjk * ro)) / rest
    return both_below(
        z * (1.0 - (rk + rjk) / (1.0 + r)) / math.sqrt(k_variance),
        z * (1.0 - (ro + rjo) / (1.0 + r)) / math.sqrt(o_variance),
        max(min(covariance / math.sqrt(k_variance * o_variance), _SAME), -_SAME),
        by,
    )


@rule
def both_below(h: float, k: float, r: float, by: Quadrature) -> float:
    """P(X <= h, Y <= k), for a correlation between -1 and 1 (Owen 1956)."""
    h = h if h != 0.0 else _SMALLEST
    k = k if k != 0.0 else _SMALLEST
    root = math.sqrt(1.0 - r * r)
    apart = 0.5 if (h > 0.0) != (k > 0.0) else 0.0
    both = 0.5 * (upper_tail(-h) + upper_tail(-k)) - apart
    return both - owen(h, (k / h - r) / root, by) - owen(k, (h / k - r) / root, by)


@rule
def owen(h: float, a: float, by: Quadrature) -> float:
    """Owen's T function."""
    size = abs(a)
    if size <= 1.0:
        found = _owen(0.5 * h * h, size, by)
    else:
        one, other = upper_tail(abs(h)), upper_tail(abs(h) * size)
        turned = _owen(0.5 * (h * size) * (h * size), 1.0 / size, by)
        found = 0.5 * (one + other) - one * other - turned
    return found if a > 0.0 else -found
