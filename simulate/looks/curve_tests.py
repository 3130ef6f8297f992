"""Two Kaplan-Meier curves compared: restricted means, and survival at a milestone."""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.compiled import rule
from simulate.looks.curve import Curve, Estimate, point_at
from simulate.looks.effect import Effect, effect_of


class Milestone(NamedTuple):
    """Survival of an arm at a day."""

    survival: float
    """nan if the arm was not followed so long."""
    greenwood: float
    """Greenwood's sum up to the day: the variance of the log of survival."""


@rule
def milestone_of(curve: Curve, last_point: int, last_day: int, day: float) -> Milestone:
    """Survival at a day of an arm that was observed until a last day."""
    if last_day < day and curve.survival[last_point] > 0.0:
        return Milestone(math.nan, math.nan)
    at, total = point_at(curve, last_point, day), 0.0
    for point in range(at + 1):
        total += curve.greenwood[point]
    return Milestone(curve.survival[at], total)


@rule
def mean_difference(first: Estimate, second: Estimate) -> Effect:
    """Difference of two restricted means, in days."""
    variance = first.standard_error * first.standard_error
    variance += second.standard_error * second.standard_error
    return effect_of(first.mean - second.mean, variance)


@rule
def milestone_difference(first: Milestone, second: Milestone) -> Effect:
    """Difference of survival, with its standard error by Greenwood's formula."""
    variance = first.survival * first.survival * first.greenwood
    variance += second.survival * second.survival * second.greenwood
    return effect_of(first.survival - second.survival, variance)


@rule
def log_log_milestone_z(first: Milestone, second: Milestone) -> float:
    """The same on the scale of ``log(-log S)`` (Klein et al. 2007); nan where S is 0 or 1."""
    if not (0.0 < first.survival < 1.0 and 0.0 < second.survival < 1.0):
        return math.nan
    one, other = math.log(first.survival), math.log(second.survival)
    variance = first.greenwood / (one * one) + second.greenwood / (other * other)
    if variance > 0.0:
        return (math.log(-other) - math.log(-one)) / math.sqrt(variance)
    return math.nan
