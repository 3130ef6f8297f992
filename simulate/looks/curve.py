"""The Kaplan-Meier curve of one arm, from its pair's rows: median, landmark, restricted mean.

Conventions are those of :mod:`simulate.analysis.counting`, in days. But a landmark, or a limit of
the restricted mean, that lies beyond the last observed day of an arm is not estimated: it is nan
unless the curve has come down to 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.analysis.product_limit import HALF_TOLERANCE
from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable, ShortColumn
from simulate.looks.risk_sets import FIELD, MOST_PATIENTS, RiskRows


class Curve(NamedTuple):
    """Room for a curve: a point for each day on which the arm has an event, after the start.

    One more is needed than that.
    """

    day: ShortColumn
    survival: FloatColumn
    """After the events of the day."""
    greenwood: FloatColumn
    """Term of Greenwood's sum that the day adds."""


class Estimate(NamedTuple):
    """A restricted mean in days, and its standard error."""

    mean: float
    standard_error: float


@rule
def trace_curve(
    rows: RiskRows, n_rows: int, place: int, reciprocal: FloatTable, curve: Curve
) -> int:
    """Trace the curve of the first (0) or second (1) arm of a pair; give its last point.

    Point 0 is the start, with survival 1.

    Parameters
    ----------
    rows, n_rows
        The pooled rows of the pair, the last day first.
    place
        Which of the two arms.
    reciprocal
        Table of :func:`simulate.looks.comparison.reciprocals`.
    curve
        Is filled.
    """
    shift, point = FIELD * place, 0
    for row in range(n_rows - 1, -1, -1):
        # written in any case, and kept if the event is of this arm: which are cannot be foreseen
        curve.day[point + 1] = row
        point += (rows.events[row] >> shift) & MOST_PATIENTS > 0
    curve.day[0], curve.survival[0], curve.greenwood[0] = 0, 1.0, 0.0
    survival = 1.0
    for k in range(1, point + 1):
        row = curve.day[k]
        m = (rows.at_risk[row] >> shift) & MOST_PATIENTS
        d = (rows.events[row] >> shift) & MOST_PATIENTS
        inverse = reciprocal[m + 1]
        survival *= (1.0 - d * inverse) * (1 if m > d else 0)
        curve.day[k] = rows.day[row]
        curve.survival[k] = survival
        # where nobody is left Greenwood's term would be infinite: it adds nothing
        curve.greenwood[k] = d * (inverse * reciprocal[m - d + 1])
    return point


@rule
def median_of_curve(curve: Curve, last_point: int) -> float:
    """Day on which survival falls to one half or less; inf if it does not.

    Where survival is one half up to the next event the median is the midpoint, as in SAS.
    """
    low, high = 0, last_point + 1
    while low < high:
        middle = (low + high) >> 1
        if curve.survival[middle] <= 0.5 + HALF_TOLERANCE:
            high = middle
        else:
            low = middle + 1
    if low > last_point:
        return math.inf
    if curve.survival[low] >= 0.5 - HALF_TOLERANCE and low < last_point:
        return 0.5 * (curve.day[low] + curve.day[low + 1])
    return float(curve.day[low])


@rule
def survival_at(curve: Curve, last_point: int, last_day: int, day: float) -> float:
    """Survival at a day, of an arm that was observed until a last day."""
    if last_day < day and curve.survival[last_point] > 0.0:
        return math.nan
    return curve.survival[point_at(curve, last_point, day)]


@rule
def point_at(curve: Curve, last_point: int, day: float) -> int:
    """Last point on or before a day."""
    low, high = 0, last_point
    while low < high:
        middle = (low + high + 1) >> 1
        if curve.day[middle] <= day:
            low = middle
        else:
            high = middle - 1
    return low


@rule
def restricted_mean(curve: Curve, last_point: int, last_day: int, tau: float) -> Estimate:
    """Area under the curve up to a day, and its standard error by Greenwood's method.

    The variance is the sum over event days t of ``A(t)**2 * d / (m * (m - d))``, A(t) being the
    area between t and tau (Klein and Moeschberger 2003, section 4.5).
    """
    if last_day < tau and curve.survival[last_point] > 0.0:
        return Estimate(math.nan, math.nan)
    until, area, variance = tau, 0.0, 0.0
    for point in range(point_at(curve, last_point, tau), -1, -1):
        area += curve.survival[point] * (until - curve.day[point])
        variance += area * area * curve.greenwood[point]
        until = float(curve.day[point])
    return Estimate(area, math.sqrt(variance))
