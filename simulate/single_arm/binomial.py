"""Binomial and beta-binomial probabilities, and those of a beta posterior; all values at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]


def binomial(n: int, p: float) -> FloatArray:
    """Probabilities of 0 to n responses among n patients."""
    k = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return np.asarray(np.exp(ways + special.xlogy(k, p) + special.xlog1py(n - k, -p)))


def exceeding(n: int, p: float) -> FloatArray:
    """Probabilities of k or more responses among n patients, for k from 0 to n + 1."""
    return np.append(np.cumsum(binomial(n, p)[::-1])[::-1], 0.0)


def beta_binomial(n: int, a: float, b: float) -> FloatArray:
    """Probabilities of 0 to n responses among n patients whose rate has a beta distribution."""
    k = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return np.asarray(np.exp(ways + special.betaln(a + k, b + n - k) - special.betaln(a, b)))


def posterior_above(p: float, n: int, prior: tuple[float, float]) -> FloatArray:
    """Posterior probability that the rate is above p, after 0 to n responses among n patients.

    The rate has a beta prior with parameters `prior`, so the posterior is a beta distribution.
    """
    k = np.arange(n + 1)
    return np.asarray(special.betaincc(prior[0] + k, prior[1] + n - k, p))
