"""Bayesian optimal phase II boundaries (Zhou, Lee and Yuan, Statistics in Medicine 2017;36:3302).

After n of N patients the trial stops with no go where the posterior probability that the response
rate is at most p0 exceeds C(n) = 1 - lambda * (n / N)^gamma; at the end it is go otherwise. Lambda
and gamma are those with the most power among designs that keep the type I error.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulate.sequential.refusals import DesignError
from simulate.single_arm.binomial import FloatArray, posterior_above
from simulate.single_arm.performance import performance
from simulate.single_arm.rule import DecisionRule

IntArray = npt.NDArray[np.int64]

LAMBDAS = np.arange(100, 200) / 200
"""Values of lambda that are searched: 0.5 to 0.995."""

GAMMAS = np.arange(0, 51) / 50
"""Values of gamma that are searched: 0 to 1, as in the paper."""

_TIE = 1e-12


class Bop2Design(NamedTuple):
    """A design, and the parameters of its boundary."""

    rule: DecisionRule
    lambda_: float
    gamma: float


def vague_prior(p0: float) -> tuple[float, float]:
    """The beta prior of the paper: mean p0, worth one patient."""
    return p0, 1.0 - p0


@lru_cache(maxsize=64)
def with_parameters(
    looks: tuple[int, ...], p0: float, prior: tuple[float, float], lambda_: float, gamma: float
) -> Bop2Design:
    """The design of given parameters of the boundary.

    Raises
    ------
    DesignError
        If any number of responses would be go at the end, or none at some look would go on.
    """
    counts = _no_go_counts(looks, p0, prior, np.array([lambda_]), np.array([gamma]))[0]
    if not _is_possible(looks, counts):
        how = "always" if counts[-1] < 0 else "never"
        raise DesignError(
            "lambda",
            f"whatever the responses, it would {how} be go at {lambda_:g}",
            "Give another lambda, such as 0.95",
        )
    return Bop2Design(_rule(looks, counts), lambda_, gamma)


@lru_cache(maxsize=64)
def bop2_design(
    looks: tuple[int, ...], p0: float, p1: float, alpha: float, prior: tuple[float, float]
) -> Bop2Design:
    """The design with the most power at p1 whose type I error at p0 is at most alpha.

    Of designs with the same power the one with the fewest expected patients at p0 is taken; of
    parameters that give the same design, the smallest.

    Parameters
    ----------
    looks
        Patients at each look.
    p0, p1
        Response rate that is not worth while, and one that is.
    alpha
        Probability of go at p0, at most.
    prior
        Parameters of the beta prior; see :func:`vague_prior`.

    Raises
    ------
    DesignError
        If no boundary of the family keeps the type I error.
    """
    lambdas, gammas = (grid.ravel() for grid in np.meshgrid(LAMBDAS, GAMMAS, indexing="ij"))
    counts = _no_go_counts(looks, p0, prior, lambdas, gammas)
    is_possible = _is_possible(looks, counts)
    lambdas, gammas, counts = lambdas[is_possible], gammas[is_possible], counts[is_possible]
    distinct, first = np.unique(counts, axis=0, return_index=True)
    best, chosen = (-1.0, 0.0), -1
    for row, at in zip(distinct, first, strict=True):
        rule = _rule(looks, row)
        null = performance(rule, p0)
        if null.go_in_all > alpha:
            continue
        power, size = performance(rule, p1).go_in_all, -null.expected_patients
        if power > best[0] + _TIE or (power > best[0] - _TIE and size > best[1]):
            best, chosen = (power, size), int(at)
    if chosen < 0:
        raise DesignError(
            "alpha",
            f"no boundary with lambda below 1 keeps a type I error of {alpha:g} at {p0:g}",
            "Raise alpha, or enrol more patients",
        )
    return Bop2Design(_rule(looks, counts[chosen]), float(lambdas[chosen]), float(gammas[chosen]))


def _no_go_counts(
    looks: tuple[int, ...],
    p0: float,
    prior: tuple[float, float],
    lambdas: FloatArray,
    gammas: FloatArray,
) -> IntArray:
    """Most responses that are no go, shape (parameters, looks); -1 for none."""
    counts = np.empty((len(lambdas), len(looks)), np.int64)
    for look, n in enumerate(looks):
        above = posterior_above(p0, n, prior)  # increases with the responses
        counts[:, look] = np.searchsorted(above, lambdas * (n / looks[-1]) ** gammas) - 1
    return counts


def _is_possible(looks: tuple[int, ...], no_go: IntArray) -> npt.NDArray[np.bool_]:
    """Whether responses decide: some number ends with no go, and some number goes on to go."""
    return np.asarray((no_go[..., -1] >= 0) & (no_go < np.array(looks)).all(axis=-1))


def _rule(looks: tuple[int, ...], no_go: IntArray) -> DecisionRule:
    counts = tuple(int(count) for count in no_go)
    return DecisionRule(looks, counts, (*(n + 1 for n in looks[:-1]), counts[-1] + 1))
