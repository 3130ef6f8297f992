"""From the distributions that a scenario names to their tables on whole days."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from simulate.distributions import (
    TABLE_DAYS,
    EventTable,
    FloatArray,
    IntArray,
    cure_hazard,
    event_table,
    exponential_hazard,
    lognormal_hazard,
    piecewise_hazard,
    piecewise_ratio_hazard,
    thresholds,
    uniform_hazard,
    weibull_hazard,
)
from simulate.scenario import distributions as families


def cumulative_hazard(time: families.Time, days: FloatArray) -> FloatArray:
    """Cumulative hazard H(t) = -ln S(t) of a time of the scenario, at times in days."""
    match time:
        case families.Exponential():
            return exponential_hazard(days, rate=time.rate_per_day)
        case families.Weibull():
            return weibull_hazard(days, scale=time.scale_days, shape=time.shape)
        case families.LogNormal():
            return lognormal_hazard(days, median=time.median, sigma=time.sigma)
        case families.Uniform():
            return uniform_hazard(days, low=time.low, high=time.high)
        case families.PiecewiseExponential():
            return piecewise_hazard(days, starts=time.from_, rates=time.rates)
        case families.PiecewiseHazardRatio():
            return piecewise_ratio_hazard(
                lambda times: cumulative_hazard(time.of, times),
                days,
                starts=time.from_,
                ratios=time.hazard_ratios,
            )
        case families.Cure():
            return cure_hazard(cumulative_hazard(time.others, days), cured=time.cured)
        case families.Geometric():
            numbers = np.arange(1, time.at_most + 1)
            cumulative = 1.0 - (1.0 - time.probability) ** numbers
            return _steps(days, numbers * time.every, cumulative)
        case families.Discrete():
            cumulative = np.cumsum(np.asarray(time.weights, np.float64))
            return _steps(days, np.asarray(time.values), cumulative / cumulative[-1])


def _steps(
    days: FloatArray, values: IntArray, cumulative: npt.NDArray[np.floating[Any]]
) -> FloatArray:
    """Cumulative hazard of a time that takes few values; the last one takes all that are left."""
    reached = np.concatenate([[0.0], cumulative[:-1], [1.0]])
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log1p(-reached[np.searchsorted(values, days, side="right")]))


@lru_cache(maxsize=64)
def time_table(time: families.Time, *, hazard_ratio: float = 1.0) -> EventTable:
    """Tables of a time to event, its hazard multiplied by a hazard ratio.

    Kept for the next plan, as posterior draws leave most times alone; so nobody writes to them.
    (Marked as read-only they would be of another type to Numba, which compiles anew for it.)
    """
    return event_table(hazard_ratio * _hazard_by_day(time))


@lru_cache(maxsize=8)
def _hazard_by_day(time: families.Time) -> FloatArray:
    return cumulative_hazard(time, np.arange(TABLE_DAYS + 1.0))


@lru_cache(maxsize=16)
def day_table(time: families.Time) -> IntArray:
    """Thresholds of a time that no factor scales, cut off where everybody has had the event."""
    table = np.asarray(time_table(time).thresholds, np.int64)
    complete = int(np.searchsorted(table, 2**32))
    return table[: complete + 1]


def count_table(count: families.Count) -> tuple[int, IntArray]:
    """Smallest number of a count, and the thresholds of what is above it."""
    if isinstance(count, families.FixedCount):
        return count.value, thresholds([1.0])
    numbers = np.arange(count.at_least, count.at_most + 1)
    cumulative = ndtr((np.log(numbers + 0.5) - np.log(count.median)) / count.sigma)
    cumulative[-1] = 1.0
    return count.at_least, thresholds(cumulative)
