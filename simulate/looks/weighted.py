"""Weighted log-rank tests of two arms, for hazards that are not proportional.

A weight is a function of the Kaplan-Meier estimate of both arms together just before a day; in
strata, of the estimate of the stratum. Several statistics of the same rows have the covariance of
their weights, which combinations of tests need.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable, IntColumn, IntTable
from simulate.looks.largest import MOST_VARIABLES, Quadrature, any_above
from simulate.looks.normal import upper_quantile
from simulate.looks.risk_sets import RiskRows, first_count, second_count

FLEMING_HARRINGTON, MODEST_BY_DELAY, MODEST_BY_SURVIVAL = range(3)
"""Kinds of weights: ``S**rho * (1 - S)**gamma`` (Harrington and Fleming 1982; Fleming and
Harrington 1991); and ``1 / max(S, floor)``, the floor being the survival at a day or given
(Magirr and Burman 2019)."""

_NEARLY_ONE = 1.0 - 2.0**-53

MOST_WEIGHTS = MOST_VARIABLES
"""Weights of one combination."""


class Weights(NamedTuple):
    """Weights, by number."""

    kind: IntTable
    one: FloatTable
    """rho; the day; the survival."""
    other: FloatTable
    """gamma."""


class WeightRoom(NamedTuple):
    """Room in which the rows of a pair are weighted."""

    stride: int
    """Rows for which a weight has room."""
    survival: FloatColumn
    """By row: the estimate of both arms just before its day."""
    difference: FloatColumn
    """By row: expected less observed events of the experimental arm."""
    variance: FloatColumn
    weight: FloatColumn
    """By weight and row."""
    z: FloatColumn
    """By weight: the statistic; nan where nothing could differ."""
    covariance: FloatColumn
    """Of weights j and k at ``MOST_WEIGHTS * j + k``."""
    correlation: FloatColumn
    ends: IntColumn
    """By stratum: the row after its last."""


def weight_room(n_patients: int, n_strata: int) -> WeightRoom:
    """Room for a trial of at most so many patients."""
    n = n_patients + 1
    return WeightRoom(
        stride=n,
        survival=np.zeros(n),
        difference=np.zeros(n),
        variance=np.zeros(n),
        weight=np.zeros(MOST_WEIGHTS * n),
        z=np.zeros(MOST_WEIGHTS),
        covariance=np.zeros(MOST_WEIGHTS * MOST_WEIGHTS),
        correlation=np.zeros(MOST_WEIGHTS * MOST_WEIGHTS),
        ends=np.zeros(max(n_strata, 1), np.int64),
    )


@rule
def weighted_log_rank(
    rows: RiskRows,
    n_strata: int,
    weights: Weights,
    first: int,
    n: int,
    reciprocal: FloatTable,
    room: WeightRoom,
) -> None:
    """Fill the statistics of n weights from a first one on, and their covariance.

    Parameters
    ----------
    rows, n_strata
        Rows of so many strata; where they end stands in the room.
    weights, first, n
        At most `MOST_WEIGHTS` weights.
    reciprocal
        Table of :func:`simulate.looks.comparison.reciprocals`.
    room
        Is used; its ``z`` and ``covariance`` are filled.
    """
    start = 0
    for stratum in range(n_strata):
        end = room.ends[stratum]
        _compare_rows(rows, start, end, reciprocal, room)
        for k in range(n):
            _weigh(rows, start, end, weights, first + k, room, k * room.stride)
        start = end
    for k in range(n):
        for j in range(k + 1):
            covariance = _covariance(start, j * room.stride, k * room.stride, room)
            room.covariance[MOST_WEIGHTS * j + k] = covariance
            room.covariance[MOST_WEIGHTS * k + j] = covariance
        room.z[k] = _standardised(start, k, room)


@rule
def _compare_rows(
    rows: RiskRows, start: int, end: int, reciprocal: FloatTable, room: WeightRoom
) -> None:
    """Write survival before each day of a stratum, and difference and variance of the day."""
    survival = 1.0
    for row in range(end - 1, start - 1, -1):
        word, events = rows.at_risk[row], rows.events[row]
        m1, m2 = first_count(word), second_count(word)
        d1, d2 = first_count(events), second_count(events)
        m, d = m1 + m2, d1 + d2
        inverse = reciprocal[m + 1]
        room.survival[row] = survival
        room.difference[row] = (m1 * d2 - m2 * d1) * inverse
        room.variance[row] = (d * (m - d)) * reciprocal[m] * ((m1 * m2) * (inverse * inverse))
        survival *= (m - d) * inverse


@rule
def _weigh(
    rows: RiskRows, start: int, end: int, weights: Weights, which: int, room: WeightRoom, at: int
) -> None:
    """Write a weight for the rows of a stratum."""
    one, other = weights.one[which], weights.other[which]
    if weights.kind[which] == FLEMING_HARRINGTON:
        for row in range(start, end):
            survival = room.survival[row]
            room.weight[at + row] = power(survival, one) * power(1.0 - survival, other)
        return
    floor = one
    if weights.kind[which] == MODEST_BY_DELAY:
        floor = 0.0  # if all days are earlier: survival is never below the one at the delay
        for row in range(start, end):
            if rows.day[row] > one:
                floor = room.survival[row]
    for row in range(start, end):
        room.weight[at + row] = 1.0 / max(room.survival[row], floor)


@rule
def power(base: float, exponent: float) -> float:
    """A number from 0 to 1 to a power that is not negative."""
    if exponent == 0.0:
        return 1.0
    if exponent == 1.0:
        return base
    if exponent == 0.5:
        return math.sqrt(base)
    if base <= 0.0:
        return 0.0
    return math.exp(exponent * math.log(base))


@rule
def _covariance(n_rows: int, at: int, other: int, room: WeightRoom) -> float:
    """Sum of the variances of days, each times two of its weights."""
    total = 0.0
    for row in range(n_rows):
        total += room.weight[at + row] * room.weight[other + row] * room.variance[row]
    return total


@rule
def _standardised(n_rows: int, which: int, room: WeightRoom) -> float:
    """The statistic of a weight: positive for the experimental arm; nan if nothing could differ."""
    variance = room.covariance[MOST_WEIGHTS * which + which]
    if not variance > 0.0:
        return math.nan
    total, at = 0.0, which * room.stride
    for row in range(n_rows):
        total += room.weight[at + row] * room.difference[row]
    return total / math.sqrt(variance)


@rule
def largest_weight(n: int, room: WeightRoom) -> int:
    """Which of n weights, from 0, has the largest statistic; -1 if none has one."""
    found, largest = -1, -math.inf
    for j in range(n):
        if room.covariance[MOST_WEIGHTS * j + j] > 0.0 and room.z[j] > largest:
            found, largest = j, room.z[j]
    return found


@rule
def max_combo_z(n: int, room: WeightRoom, by: Quadrature) -> float:
    """The largest of n weighted statistics, as the normal deviate of its p-value (Lin et al. 2020).

    ``p = P(max of n standard normal variables > largest z)``, for the correlation of the statistics
    as observed; and z is the deviate with ``P(Z > z) = p``. A statistic that is nan is left out;
    nan if all are.

    Parameters
    ----------
    n
        Weights, after `weighted_log_rank`.
    room
        Its ``correlation`` is used.
    by
        Nodes of :func:`simulate.looks.largest.quadrature`.
    """
    known, largest = 0, -math.inf
    for j in range(n):
        variance = room.covariance[MOST_WEIGHTS * j + j]
        if variance > 0.0:
            largest = max(largest, room.z[j])
            other = 0
            for k in range(j + 1):
                both = variance * room.covariance[MOST_WEIGHTS * k + k]
                if both > 0.0:
                    r = min(room.covariance[MOST_WEIGHTS * j + k] / math.sqrt(both), 1.0)
                    room.correlation[MOST_WEIGHTS * known + other] = r
                    room.correlation[MOST_WEIGHTS * other + known] = r
                    other += 1
            known += 1
    if known == 0:
        return math.nan
    p = any_above(largest, known, room.correlation, by)
    return upper_quantile(min(p, _NEARLY_ONE))
