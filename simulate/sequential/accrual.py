"""How many patients are expected to have entered, by calendar day.

`entered` counts from the trial's first day: its value at d is the mean number of patients who
entered on day d or before. The course of a patient does not depend on the others, so that means are
all that expected counts need (:mod:`simulate.sequential.expected`).
"""

from __future__ import annotations

import math

import numpy as np

from simulate.sequential.refusals import DesignError, between, increasing
from simulate.sequential.spending import FloatArray


def cumulative_rate(starts: tuple[float, ...], rates: tuple[float, ...], days: int) -> FloatArray:
    """Patients that a piecewise constant rate brings by days 0, 1, ..., `days`, without end.

    Parameters
    ----------
    starts
        Calendar days from which each rate holds, increasing; before the first nobody enters.
    rates
        Patients per day.
    days
        Last calendar day.
    """
    increasing("starts", starts, above=-math.inf)
    if len(starts) != len(rates) or not all(0.0 <= rate < math.inf for rate in rates):
        raise DesignError(
            "rates", "they do not fit the starts", "Give one rate of 0 or more for each start"
        )
    at = np.arange(days + 1, dtype=np.float64)
    total = np.zeros_like(at)
    for start, end, rate in zip(starts, (*starts[1:], math.inf), rates, strict=True):
        total += rate * np.clip(at - start, 0.0, end - start)
    return total


def entered_at_rate(
    starts: tuple[float, ...], rates: tuple[float, ...], n: int, days: int
) -> FloatArray:
    """Patients entered at exactly the given rates until n are in.

    This is the mean of n patients who enter independently over the time that the rates need for n,
    and the usual assumption of planning.
    """
    return np.minimum(cumulative_rate(starts, rates, days), between("n", n, 0.0, math.inf))


def entered_uniformly(n: int, duration: float, days: int) -> FloatArray:
    """Mean number entered where n patients enter uniformly over a duration in days."""
    between("duration", duration, 0.0, math.inf)
    return entered_at_rate((0.0,), (n / duration,), n, days)


def entered_by_poisson(
    starts: tuple[float, ...], rates: tuple[float, ...], n: int, days: int
) -> FloatArray:
    """Mean number entered where patients come as a Poisson process until n are in.

    With mean m of the process by a day, that is ``m P(N <= n - 2) + n P(N >= n)``.
    """
    from scipy.special import pdtr, pdtrc

    mean = cumulative_rate(starts, rates, days)
    between("n", n, 0.0, math.inf)
    few = pdtr(n - 2, mean) if n >= 2 else np.zeros_like(mean)
    return np.asarray(mean * few + n * pdtrc(n - 1, mean))
