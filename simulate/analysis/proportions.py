"""Confidence intervals of proportions, and what they promise at a given sample size.

The exact interval is that of Clopper and Pearson (1934), SAS's ``EXACT BINOMIAL`` limits; the
score interval is Wilson's (1927). Width, coverage and the chance of clearing a threshold are exact
sums over the binomial distribution, so they need no simulation and no Monte Carlo error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate.analysis.product_limit import FloatArray, IntArray, normal_quantile
from simulate.compiled import rule
from simulate.distributions import FloatTable

_LARGEST_TABLE = 2000  # patients; above it limits are computed for the counts asked for only


class Interval(NamedTuple):
    """Lower and upper confidence limits as fractions, in the shape of what was asked for."""

    lower: FloatArray
    upper: FloatArray


def clopper_pearson(count: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Exact confidence interval of a proportion (Clopper and Pearson 1934).

    Parameters
    ----------
    count, n
        Patients with the outcome, and patients in all; arrays are broadcast against each other.
    confidence
        Two-sided confidence.

    Returns
    -------
    Interval
        0 of n starts at exactly 0 and n of n ends at exactly 1; with nobody (n = 0) both limits
        are nan.

    Raises
    ------
    ValueError
        If a count is not a whole number between 0 and n, or the confidence is not between 0 and 1.
    """
    normal_quantile(confidence)  # refuses an impossible confidence
    counts, sizes = _checked_counts(count, n)
    lower, upper = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    for size in np.unique(sizes[sizes > 0]):
        chosen = sizes == size
        limits = _exact_limits(counts[chosen], int(size), confidence)
        lower[chosen], upper[chosen] = limits
    return Interval(lower[()], upper[()])


def clopper_pearson_table(n: int, confidence: float) -> Interval:
    """Exact limits of every count among every number of patients up to n, one after the other.

    The limits of x of m stand at ``m * (m + 1) // 2 + x``, where `clopper_pearson_at` finds them.
    They equal those of `clopper_pearson`.

    Raises
    ------
    ValueError
        If n is negative or the confidence is not between 0 and 1.
    """
    normal_quantile(confidence)  # refuses an impossible confidence
    if n < 0:
        raise ValueError(f"n must not be negative, got {n}")
    sizes = np.repeat(np.arange(n + 1), np.arange(1, n + 2))
    counts = np.arange(sizes.size) - sizes * (sizes + 1) // 2
    lower, upper = _beta_quantiles(counts, sizes, confidence)
    lower[0] = upper[0] = np.nan  # nobody
    return Interval(lower, upper)


@rule
def clopper_pearson_at(limits: FloatTable, count: int, n: int) -> float:
    """The limit of one proportion, from the lower or the upper table of `clopper_pearson_table`.

    nan with nobody (n = 0).
    """
    return limits[n * (n + 1) // 2 + count]


def wilson(count: ArrayLike, n: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Score confidence interval of a proportion (Wilson 1927), without continuity correction.

    Used for proportions of replicates, where an estimate of 0 or 1 must still carry an error. With
    n = 0 both limits are nan. Parameters and errors are those of `clopper_pearson`.
    """
    z = normal_quantile(confidence)
    counts, sizes = _checked_counts(count, n)
    total = np.where(sizes > 0, sizes, np.nan)
    share = counts / total
    centre = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    # At 0 and n the limit is exact; the difference of two roundings would not be.
    lower = np.where(counts == 0, 0.0 * total, centre - half)
    upper = np.where(counts == sizes, 1.0 + 0.0 * total, centre + half)
    return Interval(lower[()], upper[()])


def clopper_pearson_width(n: int, p: ArrayLike, *, confidence: float = 0.95) -> FloatArray:
    """Expected width of the exact interval among n patients with true proportion p.

    The paper's own argument for a sample size: how precise will the response rate be? Exact, by
    summing the width of every possible count over the binomial distribution.

    Raises
    ------
    ValueError
        If n is below 1, a proportion is outside [0, 1], or the confidence is impossible.
    """
    lower, upper = _every_interval(n, confidence)
    return _expected(upper - lower, n, p)


def clopper_pearson_coverage(n: int, p: ArrayLike, *, confidence: float = 0.95) -> FloatArray:
    """Probability that the exact interval of n patients contains the true proportion p.

    Exact; at least the stated confidence for every p. Errors are those of `clopper_pearson_width`.
    """
    lower, upper = _every_interval(n, confidence)
    truth = np.asarray(p, dtype=np.float64)[..., np.newaxis]
    return _expected((lower <= truth) & (truth <= upper), n, p)


def probability_lower_exceeds(
    n: int, p: ArrayLike, threshold: float, *, confidence: float = 0.95
) -> FloatArray:
    """Probability that the lower exact limit of n patients lies above a threshold.

    The power of a single-arm trial that succeeds if its interval excludes the threshold, when the
    true proportion is p. Exact. Errors are those of `clopper_pearson_width`.
    """
    lower, _ = _every_interval(n, confidence)
    return _expected(lower > threshold, n, p)


def _every_interval(n: int, confidence: float) -> Interval:
    """The exact interval of every count from 0 to n."""
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    return clopper_pearson(np.arange(n + 1), n, confidence=confidence)


def _exact_limits(counts: IntArray, n: int, confidence: float) -> tuple[FloatArray, FloatArray]:
    if n > _LARGEST_TABLE:
        return _beta_quantiles(counts, n, confidence)
    lower, upper = _exact_table(n, confidence)
    return lower[counts], upper[counts]


@lru_cache(maxsize=256)
def _exact_table(n: int, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Limits for every count from 0 to n: replicates ask for the same few again and again."""
    lower, upper = _beta_quantiles(np.arange(n + 1), n, confidence)
    lower.flags.writeable = upper.flags.writeable = False
    return lower, upper


def _beta_quantiles(
    counts: IntArray, sizes: int | IntArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Limits as quantiles of beta distributions, which have no value at 0 and n themselves."""
    from scipy.special import betaincinv

    tail = 0.5 * (1.0 - confidence)
    lower, upper = np.zeros(counts.shape), np.ones(counts.shape)
    others = sizes - counts
    some, missing = counts > 0, others > 0
    lower[some] = betaincinv(counts[some], others[some] + 1, tail)
    upper[missing] = betaincinv(counts[missing] + 1, others[missing], 1.0 - tail)
    return lower, upper


def _expected(values: NDArray[np.generic], n: int, p: ArrayLike) -> FloatArray:
    """Mean of a value per count over the binomial distribution, in the shape of p."""
    from scipy.special import gammaln, xlog1py, xlogy

    truth = np.asarray(p, dtype=np.float64)
    if not np.all((truth >= 0.0) & (truth <= 1.0)):
        raise ValueError("a true proportion must lie in [0, 1]")
    count = np.arange(n + 1)
    log_ways = gammaln(n + 1) - gammaln(count + 1) - gammaln(n - count + 1)
    each = truth[..., np.newaxis]
    weight = np.exp(log_ways + xlogy(count, each) + xlog1py(n - count, -each))
    return np.asarray(np.sum(weight * values, axis=-1), dtype=np.float64)[()]


def _checked_counts(count: ArrayLike, n: ArrayLike) -> tuple[IntArray, IntArray]:
    given_count, given_n = np.broadcast_arrays(np.asarray(count), np.asarray(n))
    counts, sizes = given_count.astype(np.int64), given_n.astype(np.int64)
    if np.any(counts != given_count) or np.any(sizes != given_n):
        raise ValueError("counts must be whole numbers")
    if np.any(counts < 0) or np.any(counts > sizes):
        raise ValueError("a count must lie between 0 and n")
    return counts, sizes
