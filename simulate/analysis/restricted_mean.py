"""Restricted mean survival time of one sample, from patients counted on whole days.

The mean of min(T, tau) is the area under the Kaplan-Meier curve up to tau (Irwin 1949; Royston and
Parmar 2013). A sample is given as in :mod:`simulate.analysis.counting`.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.analysis.counting import next_exit
from simulate.analysis.product_limit_steps import start, step_on
from simulate.compiled import rule
from simulate.distributions import IntTable


class RestrictedMean(NamedTuple):
    """Area under the Kaplan-Meier curve up to a day, and the variance of this estimate."""

    mean: float
    """Restricted mean survival time in days."""
    variance: float
    """Square of its standard error, in days squared."""


@rule
def restricted_mean(exits: IntTable, events: IntTable, n: int, last: int, tau: float) -> float:
    """Mean of the survival time up to tau, in days; nan without patients.

    Beyond the last observed day survival is carried forward: choose a tau that the data reach.
    """
    return restricted_mean_and_variance(exits, events, n, last, tau).mean


@rule
def restricted_mean_variance(
    exits: IntTable, events: IntTable, n: int, last: int, tau: float
) -> float:
    """Variance of `restricted_mean` by Greenwood's method; nan without patients."""
    return restricted_mean_and_variance(exits, events, n, last, tau).variance


@rule
def restricted_mean_and_variance(
    exits: IntTable, events: IntTable, n: int, last: int, tau: float
) -> RestrictedMean:
    """Mean of the survival time up to tau and its variance.

    The variance is the sum over event days t of ``A(t)**2 * d / (m * (m - d))``, A(t) being the
    area between t and tau, d the events and m the patients at risk (Klein and Moeschberger 2003,
    section 4.5). Whenever the area grows by ``gain``, every A(t) so far grows by it; hence the two
    running sums over A(t) and its square, which add positive terms only.
    """
    step = start(n)
    since = 0.0
    area, first_moment, variance = step.survival * 0.0, 0.0, step.survival * 0.0
    while since < tau:
        day = next_exit(exits, step.day + 1, last)
        until = tau
        if day <= last:
            until = min(float(day), tau)
        gain = step.survival * (until - since)
        area += gain
        variance += gain * (2.0 * first_moment + gain * step.greenwood)
        first_moment += gain * step.greenwood
        since = until
        if since < tau:
            step = step_on(day, step, exits, events)
    return RestrictedMean(area, variance)
