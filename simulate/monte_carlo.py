"""Estimates over replicates, each with its Monte Carlo error.

Formulas of Monte Carlo standard errors (MCSE) as in Morris, White and Crowther 2019, *Using
simulation studies to evaluate statistical methods*, Statistics in Medicine 38:2074-2102. Intervals
are at 95%: normal, Wilson for a proportion, and by order statistics for a quantile.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from simulate.analysis.proportions import wilson

Z = 1.959963984540054
"""97.5% point of the standard normal distribution."""


ESTIMATE_COLUMNS = (
    "estimate",
    "mcse",
    "lower",
    "upper",
    "n_requested",
    "n_analysed",
    "n_failed",
)
"""Columns of an estimate in a table."""


@dataclass(frozen=True)
class Estimate:
    """One Monte Carlo estimate."""

    estimate: float
    mcse: float
    """Monte Carlo standard error; nan if it cannot be told."""
    lower: float
    upper: float
    """95% Monte Carlo interval."""
    n_requested: int
    """Replicates asked for."""
    n_analysed: int
    """Replicates in which the quantity is defined."""

    @property
    def n_failed(self) -> int:
        """Replicates in which the quantity is not defined."""
        return self.n_requested - self.n_analysed

    @property
    def row(self) -> tuple[float, float, float, float, int, int, int]:
        """Its values in a table, with :data:`ESTIMATE_COLUMNS`."""
        counts = (self.n_requested, self.n_analysed, self.n_failed)
        return (self.estimate, self.mcse, self.lower, self.upper, *counts)

    def less(self, true: Estimate) -> Estimate:
        """What it is apart from a true value, with the Monte Carlo errors of both."""
        mcse = math.hypot(self.mcse, true.mcse)
        return _normal(self.estimate - true.estimate, mcse, self.n_requested, self.n_analysed)


def mean(values: npt.ArrayLike) -> Estimate:
    """Mean of the defined (not nan) values; MCSE sd / sqrt(n), nan if one is infinite."""
    defined, requested = _defined(values)
    n = len(defined)
    estimate = float(defined.mean()) if n else math.nan
    spread = n > 1 and bool(np.isfinite(defined).all())
    if spread and bool((defined == defined[0]).all()):
        return _normal(float(defined[0]), 0.0, requested, n)  # without the rounding of a sum
    mcse = float(defined.std(ddof=1)) / math.sqrt(n) if spread else math.nan
    return _normal(estimate, mcse, requested, n)


def standard_deviation(values: npt.ArrayLike) -> Estimate:
    """Empirical standard deviation; MCSE sd / sqrt(2 (n - 1))."""
    defined, requested = _defined(values)
    n = len(defined)
    finite = bool(np.isfinite(defined).all())
    estimate = float(defined.std(ddof=1)) if n > 1 and finite else math.nan
    mcse = estimate / math.sqrt(2 * (n - 1)) if n > 1 else math.nan
    return _normal(estimate, mcse, requested, n)


def proportion(values: npt.ArrayLike) -> Estimate:
    """Share of the defined values that are true (1); MCSE sqrt(p (1 - p) / n)."""
    defined, requested = _defined(values)
    n = len(defined)
    if n == 0:
        return _normal(math.nan, math.nan, requested, n)
    p = float(defined.mean())
    mcse = math.sqrt(p * (1 - p) / n)
    interval = wilson(round(p * n), n)
    return Estimate(p, mcse, float(interval.lower), float(interval.upper), requested, n)


def share_not_reached(values: npt.ArrayLike) -> Estimate:
    """Share of the defined values that are infinite: times that are not reached."""
    times = np.asarray(values, float)
    return proportion(np.where(np.isnan(times), np.nan, np.isinf(times)))


def quantile(values: npt.ArrayLike, probability: float) -> Estimate:
    """Quantile of the defined values, in which infinity counts as later than all others.

    The estimate is the smallest value that a share ``probability`` does not exceed. The interval is
    free of distributions: order statistics that enclose the true quantile with 95% probability. The
    MCSE is the width of that interval over twice 1.96.
    """
    return quantiles(values, (probability,))[0]


def quantiles(values: npt.ArrayLike, probabilities: Sequence[float]) -> tuple[Estimate, ...]:
    """Several quantiles of the same values, which are sorted only once; see :func:`quantile`."""
    ordered, requested = _defined(values)
    ordered.sort()
    return tuple(_quantile(ordered, requested, probability) for probability in probabilities)


def _quantile(ordered: npt.NDArray[np.float64], requested: int, probability: float) -> Estimate:
    n = len(ordered)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan, requested, n)
    estimate = float(ordered[max(math.ceil(probability * n) - 1, 0)])
    low, high = _enclosing_ranks(n, probability)
    lower, upper = float(ordered[low]), float(ordered[high])
    mcse = (upper - lower) / (2 * Z) if math.isfinite(upper) else math.nan
    return Estimate(estimate, mcse, lower, upper, requested, n)


@lru_cache(maxsize=256)
def _enclosing_ranks(n: int, probability: float) -> tuple[int, int]:
    """Positions, from 0, of the order statistics of n values that enclose a quantile."""

    def at_most(k: int) -> float:
        """Probability that no more than k values lie below the quantile."""
        return float(bdtr(k, n, probability))

    low = bisect_left(range(n + 1), 0.025, key=at_most) - 1
    high = bisect_left(range(n + 1), 0.975, key=at_most) + 1
    return max(low, 0), min(high, n - 1)


def exact(value: float) -> Estimate:
    """A value computed by formula, without Monte Carlo error."""
    return Estimate(value, 0.0, value, value, 0, 0)


def percentile_of(values: npt.ArrayLike, reported: float) -> float:
    """Percentile of a reported value among simulated ones: P(<) + P(=) / 2, in percent."""
    defined, _ = _defined(values)
    if len(defined) == 0:
        return math.nan
    return 100 * float((defined < reported).mean() + (defined == reported).mean() / 2)


def _defined(values: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], int]:
    everything = np.asarray(values, float)
    return everything[~np.isnan(everything)], len(everything)


def _normal(estimate: float, mcse: float, requested: int, n: int) -> Estimate:
    return Estimate(estimate, mcse, estimate - Z * mcse, estimate + Z * mcse, requested, n)
