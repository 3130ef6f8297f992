"""The product-limit estimate, day by day: rules that walk along the curve of one sample.

The mathematics is that of :mod:`simulate.analysis.product_limit`, which takes whole curves; here a
curve is a walk from `start` over the days on which somebody leaves observation, a `Step` on each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.analysis.product_limit import HALF_TOLERANCE
from simulate.compiled import rule
from simulate.distributions import IntTable


class Step(NamedTuple):
    """A day on which somebody leaves observation, and the product-limit estimate after it."""

    day: int
    at_risk: int
    """Patients observed for at least this day."""
    leaving: int
    """Those of them who are not observed longer."""
    events: int
    """Patients who had the event by this day."""
    survival: float
    greenwood: float
    """Greenwood's sum of ``d / (m * (m - d))``: d events among m at risk, over the days so far."""


@rule
def start(n: int) -> Step:
    """Survival before the first day: 1, or nan without patients."""
    if n > 0:
        return Step(-1, n, 0, 0, 1.0, 0.0)
    return Step(-1, 0, 0, 0, math.nan, 0.0)


@rule
def step_on(day: int, before: Step, exits: IntTable, events: IntTable) -> Step:
    """Survival after the events of the next day on which somebody leaves (Kaplan and Meier 1958).

    Events of a day precede its censorings. Where everybody at risk has the event, Greenwood's term
    would be infinite; it adds nothing, and limits are undefined from there on as survival is 0.
    """
    at_risk = before.at_risk - before.leaving
    now = events[day]
    survival = before.survival * (1.0 - now / at_risk)
    greenwood = before.greenwood
    if now < at_risk:
        greenwood = greenwood + now / (at_risk * (at_risk - now))
    return Step(day, at_risk, exits[day], before.events + now, survival, greenwood)


@rule
def log_log_limit(step: Step, z: float) -> float:
    """Pointwise limit ``S ** exp(z * sqrt(V) / -log S)``, V Greenwood's sum.

    The lower limit for a z above 0, the upper one for its negative (Kalbfleisch and Prentice 1980).
    1 where survival is 1, before the first event; nan where it is 0.
    """
    if step.survival >= 1.0:
        return 1.0
    if not step.survival > 0.0:
        return math.nan
    log_survival = math.log(step.survival)
    return math.exp(log_survival * math.exp(z * math.sqrt(step.greenwood) / -log_survival))


@rule
def is_lower_limit_high(step: Step, z: float) -> bool:
    """Whether the lower limit of a survival between 1/2 and 1 is above 1/2.

    With l = -log S and k = log 2, it is iff ``z * sqrt(V) < l * log(k / l)``. The parabola
    ``3.89 * (S - 1/2) * (1 - S)`` lies below the right side, and nearly always decides without
    logarithms.
    """
    bound = 3.89 * (step.survival - 0.5) * (1.0 - step.survival)
    if z * z * step.greenwood < bound * bound:
        return True
    return log_log_limit(step, z) > 0.5 + HALF_TOLERANCE


@rule
def is_upper_limit_high(step: Step, z: float) -> bool:
    """Whether the upper limit of a survival between 0 and 1/2 is above 1/2.

    It is iff ``z * sqrt(V) > l * log(l / k)``; ``1.025 * (1/2 - S) / S`` lies above the right side.
    """
    width = z * step.survival
    bound = 1.025 * (0.5 - step.survival)
    if width * width * step.greenwood > bound * bound:
        return True
    return log_log_limit(step, -z) > 0.5 + HALF_TOLERANCE
