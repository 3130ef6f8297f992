"""Clopper-Pearson limits worked out one at a time: for trials too large for a table of them all.

The lower limit of x responders among n patients is the probability p at which x or more are as
rare as the tail outside the interval. It is found by halving, on exact sums of the binomial
distribution; the upper limit is the lower one of those without the response, taken from 1.
"""

from __future__ import annotations

import math

import numpy as np

from simulate.compiled import rule
from simulate.distributions import FloatArray, FloatTable

_HALVINGS = 64  # a limit near 0 keeps its digits as well
_NEGLIGIBLE = 1e-17


def log_factorials(n: int) -> FloatArray:
    """Logarithms of 0!, 1!, ..., n!."""
    from scipy.special import gammaln

    return np.asarray(gammaln(np.arange(n + 1) + 1.0), np.float64)


@rule
def probability_of_at_least(log_factorial: FloatTable, x: int, n: int, p: float) -> float:
    """Probability of x or more among n patients, each with probability p; x above the mean.

    There the terms of the sum fall from the first on.
    """
    log_first = log_factorial[n] - log_factorial[x] - log_factorial[n - x]
    log_first += x * math.log(p) + (n - x) * math.log(1.0 - p)
    odds, total, term = p / (1.0 - p), 1.0, 1.0
    for k in range(x, n):
        term *= odds * (n - k) / (k + 1)
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return math.exp(log_first) * total


@rule
def lower_limit(log_factorial: FloatTable, x: int, n: int, tail: float) -> float:
    """Lower Clopper-Pearson limit of x of n patients; nan without patients, 0 for nobody.

    Parameters
    ----------
    log_factorial
        See :func:`log_factorials`; as long as n asks for.
    x, n
        Patients with the outcome, and patients in all.
    tail
        Probability left outside the interval at each end: 0.025 for a confidence of 0.95.
    """
    if n == 0:
        return math.nan
    if x == 0:
        return 0.0
    low, high = 0.0, x / n
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if probability_of_at_least(log_factorial, x, n, middle) < tail:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
