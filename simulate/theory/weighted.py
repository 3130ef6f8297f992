"""What weighted log-rank tests and their combinations may expect at the looks of a trial.

On a trial day, for weights k and l, with the numbers that are expected on each patient's day s to
be at risk and to have the event:

    U_k  = sum of w_k(S(s-1)) * (expected less observed events of the experimental arm),
    V_kl = sum of w_k(S(s-1)) * w_l(S(s-1)) * (variance of the difference),

S being the survival of both arms together, and each the sum over strata. Z_k has the mean
U_k / sqrt(V_kk); looks are correlated as without an effect (Tsiatis 1982), by these V. A
combination rejects where its largest Z is above the value whose p-value, by the correlation at the
look, is that of the bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from simulate.distributions import FloatArray
from simulate.looks.build_tests import Weight, weights_of
from simulate.looks.combined import value_of_largest
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential.boundaries import Bounds
from simulate.sequential.crossing import crossing
from simulate.sequential.noncentrality import Stratum, compared_days, followed_at
from simulate.sequential.power import Performance
from simulate.theory.combination import weight_by_survival
from simulate.theory.course import Expected, Truth
from simulate.theory.covariance import growing

_POINTS = 2**17
_SEED = 20261130


class ExpectedWeights(NamedTuple):
    """Weighted statistics at the looks of a hypothesis, under one truth."""

    means: FloatArray
    """Mean of Z: looks by weights."""
    covariance: FloatArray
    """Of the sums: looks by weights by weights."""


def expected_weights(
    expected: Expected, hypothesis: Hypothesis, truth: Truth, days: Sequence[float]
) -> ExpectedWeights:
    """What the weighted statistics of a hypothesis may expect at data cuts on some trial days."""
    strata, weights = expected.compared(hypothesis, truth), weights_of(hypothesis.test)
    found = [
        _sums(strata, weights, followed_at(expected.entered, max(1, math.ceil(day))))
        for day in days
    ]
    sums, covariance = (np.array(each) for each in zip(*found, strict=True))
    sd = np.sqrt(np.einsum("lkk->lk", covariance))
    means = np.divide(sums, sd, out=np.zeros_like(sums), where=sd > 0.0)
    return ExpectedWeights(means, covariance)


def _sums(
    strata: Sequence[Stratum], weights: Sequence[Weight], followed: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sums of the weights over days and strata, positive for the experimental arm; and V."""
    sums, covariance = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    for stratum in strata:
        days = compared_days(stratum, followed)
        survival = np.append(1.0, np.cumprod(1.0 - days.happening))
        w = np.array([weight_by_survival(each, survival[:-1], survival) for each in weights])
        sums -= w @ days.difference
        covariance += (w * days.variance) @ w.T
    return sums, covariance


def performance_of_weights(
    bounds: Bounds, weights: ExpectedWeights, events: Sequence[float]
) -> Performance:
    """How often each look stops for efficacy; a combination has no mean of Z."""
    if weights.means.shape[1] == 1:
        means = weights.means[:, 0]
        information = growing(weights.covariance[:, 0, 0].tolist())
        lowest = np.full(len(events), -np.inf)
        above = crossing(information, means, lowest, bounds.efficacy_z).above
    else:
        means = np.full(len(events), np.nan)
        above = _first_above(bounds.efficacy_z, weights)
    below = np.zeros(len(events))
    below[-1] = 1.0 - above.sum()
    return Performance(means, np.array(events, np.float64), above, below)


def _first_above(efficacy: FloatArray, weights: ExpectedWeights) -> FloatArray:
    """Probability that the largest Z is first above its value at each look, on Sobol points."""
    from scipy.stats import qmc  # half a second, which only a combination has to wait for

    n_looks, n = weights.means.shape
    looks = range(n_looks)
    whole = np.block([[weights.covariance[min(i, j)] for j in looks] for i in looks])
    sd = np.sqrt(np.maximum(np.diag(whole), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(whole / np.outer(sd, sd))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    points = qmc.Sobol(n_looks * n, scramble=True, rng=np.random.default_rng(_SEED))
    normal = ndtri(np.clip(points.random(_POINTS), 1e-12, 1.0 - 1e-12))
    z = (normal @ root.T + weights.means.ravel()).reshape(_POINTS, n_looks, n).max(axis=2)
    correlation = whole / np.outer(sd, sd)
    limits = [
        value_of_largest(float(ndtr(-bound)), correlation[n * k : n * k + n, n * k : n * k + n])
        for k, bound in enumerate(efficacy)
    ]
    crossed = z >= np.array(limits)
    first = np.argmax(crossed, axis=1)
    any_look = crossed.any(axis=1)
    return np.array([float(np.mean(any_look & (first == look))) for look in looks])
