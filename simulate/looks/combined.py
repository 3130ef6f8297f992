"""Bounds of tests whose looks are not correlated as their events are, by the events of the looks.

These are weighted log-rank tests, their combinations, and comparisons of two curves, for which V is
the information.

Under the null hypothesis the weighted statistics of all looks are jointly normal. With V_kl(d) the
covariance of the sums of weights k and l at d events, weights being functions of survival time,

    corr(Z_k at d, Z_l at e) = V_kl(min(d, e)) / sqrt(V_kk(d) * V_ll(e))

(Tsiatis 1982). V is the expected one, so that bounds follow from counts of events alone: see
`Covariance`. Look after look the value m is found for which the largest Z at the look is above m,
and at no look before was it above that look's m, with the probability that the spending function
has left for the look. What the look compares is the p-value of its combination, from its own
observed correlation: its bound is the P(largest Z > m) of the expected one, as a normal deviate.

Probabilities are integrated by the sequence of conditional distributions (Genz 1992), on fixed
points of a scrambled Sobol sequence: the same counts always have the same bounds. What crosses is
drawn first, so that all points count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from simulate.distributions import FloatArray, IntArray
from simulate.looks.largest import MOST_VARIABLES, Quadrature, any_above, quadrature
from simulate.looks.normal import upper_quantile
from simulate.plan import with_lists

Path = tuple[int, ...]

_POINTS = 2**11
_SEED = 20261129
_LEAST = 1e-12
"""Error that is not worth a bound."""

_NOTHING = 1e-14
"""Part of the largest variance that is none."""

_SMALLEST_SD = 1e-7
_LOWEST, _HIGHEST, _MARGIN = 0.0, 9.0, 0.01


class Covariance(Protocol):
    """Expected covariance of the sums of a combination, or information, without an effect."""

    def __call__(self, events: float) -> FloatArray:
        """Of each pair of statistics at a number of events, up to a factor that all have.

        It grows: the difference of two is a covariance itself.
        """


class _Held(NamedTuple):
    """The looks of a path that were held."""

    events: Path
    limits: tuple[float, ...]
    """Values that the largest Z stayed below, by look."""
    spent: float
    """Alpha spent by them."""


class CombinedBounds:
    """Bounds of one such test, by the events of the looks.

    Parameters
    ----------
    covariance
        What is expected at a number of events.
    n_statistics
        Statistics of a look: the weights of a combination, or one.
    n_looks
        Looks of the hypothesis.
    spent
        Given the events of a path, the alpha that is to be spent by the end of its last look.
    """

    def __init__(
        self,
        covariance: Covariance,
        n_statistics: int,
        n_looks: int,
        spent: Callable[[Path], float],
    ) -> None:
        self._covariance = covariance
        self._spent = spent
        self._n = n_statistics
        self._by: Quadrature = with_lists(quadrature())
        from scipy.stats import qmc  # half a second, which only a combination has to wait for

        points = qmc.Sobol(n_statistics * n_looks, scramble=True, rng=np.random.default_rng(_SEED))
        self._points = np.clip(points.random(_POINTS), 1e-12, 1.0 - 1e-12)
        self._held: dict[Path, _Held] = {(): _Held((), (), 0.0)}

    def efficacy(self, path: Path) -> float:
        """Bound of the last look of a path on the normal deviate of its p-value; infinite if none.

        A look without new events, or without alpha left to it, has no bound.
        """
        return self._at_end(self._before(path[:-1]), path)[0]

    def _before(self, path: Path) -> _Held:
        """The looks of a path, kept once found."""
        if path not in self._held:
            before = self._before(path[:-1])
            _, limit = self._at_end(before, path)
            held = before
            if math.isfinite(limit):
                events, limits = (*before.events, path[-1]), (*before.limits, limit)
                held = _Held(events, limits, self._spent(path))
            self._held[path] = held
        return self._held[path]

    def _at_end(self, before: _Held, path: Path) -> tuple[float, float]:
        """Bound of the last look of a path, and the value of the largest Z that it stands for."""
        alpha = self._spent(path) - before.spent
        is_new = path[-1] > (before.events[-1] if before.events else 0)
        if alpha < _LEAST or not is_new:
            return math.inf, math.inf
        if not self._covariance(path[-1]).max() > 0.0:  # the test is not defined so early
            return math.inf, math.inf
        correlation = self._correlation((path[-1],))
        if not before.events:
            limit = _root(lambda m: self._any_above(m, correlation) - alpha)
            return upper_quantile(alpha), limit
        whole = self._correlation((*before.events, path[-1]))
        limit = _root(
            lambda m: self._crossing(before, whole, m) - alpha,
            # with what has crossed before counted again, and with nothing crossed before
            _root(lambda m: self._any_above(m, correlation) - alpha - before.spent) - _MARGIN,
            _root(lambda m: self._any_above(m, correlation) - alpha) + _MARGIN,
        )
        if not math.isfinite(limit):
            return math.inf, math.inf
        return upper_quantile(self._any_above(limit, correlation)), limit

    def _any_above(self, value: float, correlation: FloatArray) -> float:
        """Probability that the largest statistic of one look exceeds a value."""
        return _largest_above(value, correlation, self._by)

    def _correlation(self, events: Sequence[int]) -> FloatArray:
        """Of all statistics of some looks, look after look."""
        by_look = [self._covariance(count) for count in events]
        chosen = [_that_vary(covariance) for covariance in by_look]
        looks = range(len(events))
        whole = np.block(
            [[by_look[min(i, j)][np.ix_(chosen[i], chosen[j])] for j in looks] for i in looks]
        )
        sd = np.sqrt(np.diag(whole))
        return np.asarray(whole / np.outer(sd, sd))

    def _crossing(self, before: _Held, correlation: FloatArray, value: float) -> float:
        """Probability of staying below all values before, and of a statistic above one now.

        Each statistic in turn is the first of its look to be above; it is drawn first, so that all
        points are where it is.
        """
        n = self._n
        earlier, now = len(before.events) * n, np.repeat(value, n)
        limits = np.append(np.repeat(before.limits, n), now)
        total = 0.0
        for k in range(n):
            order = [earlier + k, *range(earlier, earlier + k), *range(earlier)]
            factor = _cholesky(correlation[np.ix_(order, order)])
            total += self._first_above(factor, limits[order])
        return total

    def _first_above(self, factor: FloatArray, limits: FloatArray) -> float:
        """Probability that the first variable is above its limit, and all others below theirs."""
        tail = float(ndtr(-limits[0]))
        drawn = [-ndtri(tail * self._points[:, 0])]
        inside = np.full(_POINTS, tail)
        for place in range(1, len(limits)):
            row = factor[place]
            mean = sum(float(row[i]) * each for i, each in enumerate(drawn))
            below = ndtr((limits[place] - mean) / max(float(row[place]), _SMALLEST_SD))
            inside *= below
            drawn.append(ndtri(np.maximum(below * self._points[:, place], 1e-300)))
        return float(np.mean(inside))


def value_of_largest(p: float, correlation: FloatArray) -> float:
    """The value that the largest of some correlated normal variables exceeds with a probability."""
    by: Quadrature = with_lists(quadrature())
    return _root(lambda value: _largest_above(value, correlation, by) - p)


def _largest_above(value: float, correlation: FloatArray, by: Quadrature) -> float:
    """Probability that the largest of some correlated normal variables exceeds a value."""
    n, room = len(correlation), np.zeros((MOST_VARIABLES, MOST_VARIABLES))
    room[:n, :n] = np.minimum(correlation, 1.0)
    return any_above(value, n, room.ravel().tolist(), by)


def _that_vary(covariance: FloatArray) -> IntArray:
    """Weights; in the place of each that does not vary yet, as it is 0 so far, one that does."""
    variance = np.diag(covariance)
    varies = variance > _NOTHING * variance.max()
    return np.where(varies, np.arange(len(variance)), np.argmax(varies))


def _root(
    function: Callable[[float], float], low: float = _LOWEST, high: float = _HIGHEST
) -> float:
    """Where a falling function is 0; infinite if it is not."""
    if function(low) <= 0.0 or function(high) >= 0.0:
        return math.inf
    from scipy.optimize import brentq  # imported where it is needed: it takes long

    return float(brentq(function, low, high, xtol=1e-6, rtol=1e-9))


def _cholesky(correlation: FloatArray) -> FloatArray:
    """Lower factor of a correlation that may be singular: what is 0 but for rounding is 0."""
    n = len(correlation)
    factor = np.zeros((n, n))
    for j in range(n):
        rest = correlation[j, j] - factor[j, :j] @ factor[j, :j]
        if rest <= _SMALLEST_SD**2:
            factor[j, j] = 0.0
            continue
        factor[j, j] = math.sqrt(rest)
        factor[j + 1 :, j] = (correlation[j + 1 :, j] - factor[j + 1 :, :j] @ factor[j, :j]) / (
            factor[j, j]
        )
    return factor
