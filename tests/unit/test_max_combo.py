"""The largest of correlated normal variables, and MaxCombo, against scipy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from compared_arms import COMBOS, NAMES, in_python
from look_samples import random_patients
from scipy import integrate, stats

from simulate.looks.largest import (
    MOST_VARIABLES,
    Quadrature,
    any_above,
    both_below,
    owen,
    quadrature,
)
from simulate.looks.normal import upper_quantile, upper_tail
from simulate.plan import with_lists

BY: Quadrature = with_lists(quadrature())
Matrix = npt.NDArray[np.float64]


def tail(z: float, correlation: Matrix) -> float:
    n = len(correlation)
    room = [0.0] * MOST_VARIABLES**2
    for j in range(n):
        for k in range(n):
            room[MOST_VARIABLES * j + k] = min(float(correlation[j, k]), 1.0)
    return any_above(z, n, room, BY)


def correlations_of_weights(seed: int, n: int, how_many: int) -> list[Matrix]:
    """Correlations of Fleming-Harrington statistics, from hardly different ones to early ones."""
    rng = np.random.default_rng(seed)
    found: list[Matrix] = []
    while len(found) < how_many:
        m = int(rng.integers(5, 60))
        survival = np.linspace(1, rng.uniform(0.02, 0.95), m)
        powers = [rng.choice([0.0, 0.5, 1.0, 2.0], 2) for _ in range(n)]
        w = np.array([survival**rho * (1 - survival) ** gamma for rho, gamma in powers])
        v = (w * rng.uniform(0.1, 1.0, m)) @ w.T
        correlation = v / np.sqrt(np.outer(np.diag(v), np.diag(v)))
        if np.max(correlation - np.eye(n)) < 1 - 1e-9:
            found.append(correlation)
    return found


def three_by_quadrature(z: float, correlation: Matrix) -> float:
    """P(largest of three > z), by integrating over the first the probability of the others."""
    first = int(np.argmin(correlation.sum(axis=1)))
    order = [first, *(k for k in range(3) if k != first)]
    r = correlation[np.ix_(order, order)]
    sd = np.sqrt(1 - r[0, 1:] ** 2)
    partial = float((r[1, 2] - r[0, 1] * r[0, 2]) / (sd[0] * sd[1]))
    partial = max(min(partial, 1 - 1e-15), -1 + 1e-15)
    pair = stats.multivariate_normal([0, 0], [[1, partial], [partial, 1]], allow_singular=True)

    def density(x: float) -> float:
        return float(stats.norm.pdf(x) * pair.cdf((z - r[0, 1:] * x) / sd))

    below, _ = integrate.quad(density, -9, z, epsabs=1e-12, epsrel=1e-12, limit=300)
    return 1 - float(below)


def test_tails_and_quantiles_are_those_of_scipy() -> None:
    ps = [10.0**-k for k in range(1, 300, 7)] + np.linspace(0.01, 0.99, 50).tolist()
    ps += [1 - 10.0**-k for k in range(2, 15)]
    for p in ps:
        z = float(stats.norm.isf(p))
        assert upper_quantile(p) == pytest.approx(z, rel=1e-14, abs=1e-15)
        assert upper_tail(z) == pytest.approx(float(stats.norm.sf(z)), rel=1e-14)
    assert upper_quantile(0.0) == math.inf
    assert upper_quantile(1.0) == -math.inf


def test_owens_function_is_that_of_scipy() -> None:
    from scipy.special import owens_t

    rng = np.random.default_rng(3)
    for h, a in zip(rng.normal(0, 2, 300), rng.normal(0, 3, 300), strict=True):
        assert owen(h, a, BY) == pytest.approx(float(owens_t(h, a)), abs=1e-14)


def test_two_correlated_variables_are_those_of_scipy() -> None:
    rng = np.random.default_rng(4)
    for r in rng.uniform(-0.999, 0.999, 300):
        h, k = rng.normal(0, 2, 2)
        theirs = stats.multivariate_normal.cdf([h, k], cov=[[1, r], [r, 1]])
        assert both_below(h, k, r, BY) == pytest.approx(theirs, abs=1e-13)


def test_the_largest_of_three_is_exact_to_eight_digits() -> None:
    rng = np.random.default_rng(5)
    for correlation in correlations_of_weights(6, 3, 20):
        z = rng.normal(1.5, 1.2)
        assert tail(z, correlation) == pytest.approx(three_by_quadrature(z, correlation), abs=1e-9)


def test_small_tails_of_three_keep_their_digits() -> None:
    """Between the tail of one variable and three times it, and as that of scipy."""
    for correlation in correlations_of_weights(7, 3, 20):
        for z in (4.0, 6.0, 9.0, 20.0):
            one = float(stats.norm.sf(z))
            assert one * (1 - 1e-9) <= tail(z, correlation) <= 3 * one


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_largest_of_several_is_that_of_scipy(n: int) -> None:
    """By scipy's quasi-Monte Carlo integral, which is good for about four digits here."""
    rng = np.random.default_rng(8)
    for correlation in correlations_of_weights(9, n, 15):
        z = rng.normal(1.5, 1.0)
        theirs = 1 - stats.multivariate_normal.cdf(
            np.full(n, z),
            np.zeros(n),
            correlation,
            allow_singular=True,
            abseps=1e-7,
            maxpts=200_000,
        )
        assert tail(z, correlation) == pytest.approx(float(theirs), abs=2e-4)


def test_the_largest_of_four_is_exact_where_two_pairs_are_independent() -> None:
    rng = np.random.default_rng(10)
    for a, b in rng.uniform(0.1, 0.98, (20, 2)):
        z = rng.normal(1.5, 1.0)
        pairs = np.array([[1, a, 0, 0], [a, 1, 0, 0], [0, 0, 1, b], [0, 0, b, 1]])
        mixed = rng.permutation(4)
        below = [stats.multivariate_normal.cdf([z, z], cov=[[1, r], [r, 1]]) for r in (a, b)]
        ours = tail(z, pairs[np.ix_(mixed, mixed)])
        assert ours == pytest.approx(1 - below[0] * below[1], abs=1e-10)


def test_equally_correlated_variables_have_a_single_integral() -> None:
    """P(largest > z) = 1 - E[Phi((z - sqrt(r) X) / sqrt(1 - r)) ** n]."""
    for n in (2, 3, 4):
        for r in (0.05, 0.5, 0.9, 0.99):
            for z in (0.0, 1.96, 3.0):
                below, _ = integrate.quad(
                    lambda x, z=z, r=r, n=n: (
                        stats.norm.pdf(x)
                        * stats.norm.cdf((z - math.sqrt(r) * x) / math.sqrt(1 - r)) ** n
                    ),
                    -9,
                    9,
                    epsabs=1e-13,
                    limit=300,
                )
                correlation = np.full((n, n), r) + (1 - r) * np.eye(n)
                assert tail(z, correlation) == pytest.approx(1 - below, abs=1e-9)


def test_variables_that_are_the_same_count_once() -> None:
    twice = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    assert tail(2.0, twice) == tail(2.0, np.array([[1, 0.5], [0.5, 1]]))
    assert tail(2.0, np.ones((4, 4))) == upper_tail(2.0)


def test_max_combo_is_its_definition() -> None:
    """The p-value of the largest statistic by integration, for its own correlation."""
    n_known = 0
    for patients in random_patients(31, 60):
        found = in_python(patients)
        covariance = np.array([found[f"covariance{k}"] for k in range(16)]).reshape(4, 4)
        first, n = COMBOS[0]
        assert first == 0
        known = [k for k in range(n) if covariance[k, k] > 1e-12]
        if not known:
            assert math.isnan(found["combo0"])
            continue
        sd = np.sqrt(np.diag(covariance)[known])
        correlation = covariance[np.ix_(known, known)] / np.outer(sd, sd)
        z = max(found[NAMES[k]] for k in known)
        if len(known) == 3:
            p = three_by_quadrature(z, correlation)
        else:
            p = 1 - stats.multivariate_normal.cdf(
                np.full(len(known), z), cov=correlation, allow_singular=True
            )
        assert stats.norm.sf(found["combo0"]) == pytest.approx(float(p), abs=1e-7)
        n_known += 1
    assert n_known > 20
