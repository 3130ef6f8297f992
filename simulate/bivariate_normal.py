"""Probability that two correlated normal variables both exceed given values."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from simulate.distributions import FloatArray

_NODES = 96


@lru_cache(maxsize=8)
def gauss_legendre(n: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of Gauss and Legendre's rule on (-1, 1), kept: finding them takes long."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def both_above(one: FloatArray, other: FloatArray, correlation: float) -> FloatArray:
    """``P(X > one, Y > other)`` of standard normal X and Y with a correlation between -1 and 1.

    By Gauss-Legendre integration of Plackett's formula over the correlation, after Drezner and
    Wesolowsky (1990); elementwise. Values may be infinite.
    """
    x, weights = gauss_legendre(_NODES)
    limit = np.arcsin(correlation)
    angle = 0.5 * limit * (x + 1.0)
    sine, cosine2 = np.sin(angle), np.cos(angle) ** 2
    # where a value is infinite the density is 0
    h, k = (np.clip(each, -38.0, 38.0)[..., np.newaxis] for each in (one, other))
    density = np.exp(-(h * h + k * k - 2.0 * h * k * sine) / (2.0 * cosine2))
    integral = 0.5 * limit * (density @ weights) / (2.0 * np.pi)
    return np.asarray(np.clip(ndtr(-one) * ndtr(-other) + integral, 0.0, 1.0))
