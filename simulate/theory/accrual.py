"""How many patients are expected to have entered by each trial day, and when all places are taken.

The patients who arrive in a region by the end of day d are a Poisson number whose mean is the rate
integrated up to d + 1. A region takes as many as its cap, the trial as many as its sample size:
``min(sum of min(N, cap), sample size)``. Its mean is exact: regions far from their cap are one
Poisson number together, those that have filled it are a constant, and only those between are
convolved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import pdtr, pdtrc

from simulate.build_survival_plan import daily_means, regions_in_order
from simulate.distributions import FloatArray
from simulate.scenario.survival_trial import SurvivalTrial

_NEGLIGIBLE = 1e-14
_UNLIMITED = 2**31

_OfPoisson = Callable[[FloatArray, FloatArray], FloatArray]
"""Of a Poisson mean, and a number that is left for it."""


@dataclass(frozen=True, eq=False)
class Accrual:
    """Enrolment of a trial that is not stopped, on days 0, 1, ... to its end.

    Attributes
    ----------
    sample_size
        Places in the trial.
    caps
        Places in each region.
    means
        Mean number that would have arrived by the end of each day, regions by days.
    """

    sample_size: int
    caps: FloatArray
    means: FloatArray

    @property
    def days(self) -> int:
        """Last day."""
        return int(self.means.shape[1]) - 1

    def entered(self) -> FloatArray:
        """Expected number of patients enrolled by the end of each day."""
        return self._over_days(_mean_of_smaller, taken=True)

    def not_reached(self, number: int) -> FloatArray:
        """Probability that fewer than a number of patients are enrolled by the end of each day."""
        return self._over_days(_below, limit=number)

    def day_reaching(self, number: int) -> float:
        """Expected day on which so many patients are enrolled; infinite if it is mostly never."""
        missing = self.not_reached(number)
        return math.inf if missing[-1] > 0.5 else float(missing.sum())

    def quantile(self, number: int, probability: float) -> float:
        """Day by which so many are enrolled with a probability; infinite if by none."""
        reached = self.not_reached(number) <= 1.0 - probability
        return float(np.argmax(reached)) if reached[-1] else math.inf

    def by_region(self) -> FloatArray:
        """Patients of each region, were arrivals to come at exactly their mean rates."""
        taken = np.zeros(len(self.caps))
        for arriving in np.diff(self.means, axis=1, prepend=0.0).T:
            entering = np.minimum(arriving, self.caps - taken)
            places = self.sample_size - taken.sum()
            if entering.sum() >= places:
                return np.asarray(taken + entering * places / entering.sum())
            taken += entering
        return taken

    def _over_days(
        self, value: _OfPoisson, *, limit: int | None = None, taken: bool = False
    ) -> FloatArray:
        """A mean over the distribution of the number enrolled, by day.

        Parameters
        ----------
        value
            Of a Poisson mean and the places that are left: what to take the mean of.
        limit
            The number; by default the sample size.
        taken
            Whether the patients of regions that are not Poisson count themselves.
        """
        number = self.sample_size if limit is None else limit
        caps = self.caps[:, np.newaxis]
        is_free = pdtrc(caps, self.means) < _NEGLIGIBLE
        is_full = ~is_free & (pdtr(caps - 1.0, self.means) < _NEGLIGIBLE)
        mean = np.where(is_free, self.means, 0.0).sum(axis=0)
        full = np.where(is_full, caps, 0.0).sum(axis=0)
        between = ~is_free & ~is_full
        total = value(mean, number - full) + (np.minimum(full, number) if taken else 0.0)
        for day in np.flatnonzero(between.any(axis=0)):
            regions = np.flatnonzero(between[:, day])
            chance = _number_in(self.means[regions, day], self.caps[regions])
            here = full[day] + np.arange(len(chance))
            known = np.minimum(here, number) if taken else 0.0
            total[day] = chance @ (value(np.full(len(chance), mean[day]), number - here) + known)
        return np.asarray(total, np.float64)


def accrual_of(trial: SurvivalTrial, days: int) -> Accrual:
    """Enrolment of a trial up to a trial day; regions in the order of their numbers."""
    regions = regions_in_order(trial)
    return Accrual(
        sample_size=trial.sample_size,
        caps=np.array([float(region.cap or _UNLIMITED) for region in regions]),
        means=np.array([np.cumsum(daily_means(each.accrual, days + 1)) for each in regions]),
    )


def _mean_of_smaller(mean: FloatArray, places: FloatArray) -> FloatArray:
    """Mean of the smaller of a Poisson number and the places that are left."""
    left = np.maximum(places, 0.0)
    few = np.where(left >= 2.0, pdtr(np.maximum(left - 2.0, 0.0), mean), 0.0)
    return np.where(left > 0.0, mean * few + left * pdtrc(np.maximum(left - 1.0, 0.0), mean), 0.0)


def _below(mean: FloatArray, number: FloatArray) -> FloatArray:
    """Probability that a Poisson number is below a number."""
    return np.where(number > 0.0, pdtr(np.maximum(number - 1.0, 0.0), mean), 0.0)


def _number_in(means: FloatArray, caps: FloatArray) -> FloatArray:
    """Distribution of the number enrolled in regions with caps together, on 0, 1, ..."""
    total = np.ones(1)
    for mean, cap in zip(means, caps, strict=True):
        numbers = np.arange(int(cap))
        own = np.append(np.diff(pdtr(numbers, mean), prepend=0.0), pdtrc(cap - 1.0, mean))
        total = np.convolve(total, own)
    return total
