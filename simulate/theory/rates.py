"""What a hypothesis on response rates may expect at its looks: the usual normal approximation.

Evaluable patients are those who are expected to have been enrolled long enough, in the ratio of the
allocation. Z is taken as normal: its mean is the difference of the rates, weighted by stratum as
Cochran-Mantel-Haenszel does, over the standard error that equal rates would give, which is that of
the test; and its standard deviation is that of the difference over the same standard error. Looks
are correlated by their patients.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from simulate.distributions import FloatArray
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential.boundaries import Bounds
from simulate.sequential.power import Performance, performance_at_means
from simulate.theory.course import Expected, RatesOfStratum, Truth


class ExpectedRates(NamedTuple):
    """Response rates of a hypothesis under one truth."""

    experimental: float
    """Of all its patients, strata together."""
    control: float
    difference: float
    """Weighted by stratum, as the test has it."""
    under_null: float
    """Variance of that difference for one patient, were the rates of each stratum equal."""
    variance: float
    """The same with the rates as they are."""

    @property
    def spread(self) -> float:
        """Standard deviation of Z; nan if nobody, or everybody, responds."""
        return math.sqrt(self.variance / self.under_null) if self.under_null > 0.0 else math.nan

    def mean_z(self, patients: FloatArray) -> FloatArray:
        """Mean of Z with so many evaluable patients in both arms."""
        return np.asarray(self.difference * np.sqrt(patients / self.under_null))

    def patients_for(self, power: float, alpha: float) -> float:
        """Evaluable patients of both arms that one look alone needs; nan without an effect."""
        if not self.difference > 0.0:
            return math.nan
        away = norm.isf(alpha) * math.sqrt(self.under_null)
        return float(((away + norm.ppf(power) * math.sqrt(self.variance)) / self.difference) ** 2)


def expected_rates(
    expected: Expected, hypothesis: Hypothesis, truth: Truth, allocation: float
) -> ExpectedRates:
    """Response rates of a hypothesis, and the spread of their difference.

    Parameters
    ----------
    expected, hypothesis, truth
        Which hypothesis of which trial, and what is taken to be true.
    allocation
        Experimental patients for each in the control arm.
    """
    strata = expected.rates(hypothesis, truth)
    share = allocation / (1.0 + allocation)
    return rates_of(strata, share)


def rates_of(strata: tuple[RatesOfStratum, ...], share: float) -> ExpectedRates:
    """The same from the rates of strata, and the part of the patients in the experimental arm."""
    weight, one, other = np.array(strata, np.float64).T
    weight = weight / weight.sum()
    difference = float(weight @ (one - other))
    both = share * one + (1.0 - share) * other
    each = share * (1.0 - share)
    # for one patient, the variance of a stratum's difference is p q / share of its arm
    spread = one * (1.0 - one) / share + other * (1.0 - other) / (1.0 - share)
    return ExpectedRates(
        float(weight @ one),
        float(weight @ other),
        difference,
        float(weight @ (both * (1.0 - both))) / each,
        float(weight @ spread),
    )


def performance_of_rates(
    bounds: Bounds, rates: ExpectedRates, patients: tuple[float, ...]
) -> Performance:
    """What bounds do with Z of that mean and standard deviation."""
    means = rates.mean_z(np.array(patients))
    if not rates.spread > 0.0:
        return Performance(means, np.array(patients), *(np.full(len(patients), np.nan),) * 2)
    scaled = replace(
        bounds,
        efficacy_z=bounds.efficacy_z / rates.spread,
        futility_z=bounds.futility_z / rates.spread,
    )
    found = performance_at_means(scaled, means / rates.spread, patients)
    return replace(found, means=means)
