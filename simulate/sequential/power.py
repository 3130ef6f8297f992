"""Power of a design, the events that it needs, and when it may be expected to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulate.sequential.boundaries import Bounds, crossing_at_means
from simulate.sequential.log_rank import expected_z, fixed_drift
from simulate.sequential.refusals import DesignError, between
from simulate.sequential.spending import FloatArray

_STEEPEST_DRIFT = 40.0
_CLOSE_ENOUGH = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What a design does in the long run, under one truth. Arrays have a value for each look.

    Attributes
    ----------
    means
        Mean of Z at each look, had no trial stopped.
    events
        Events of each look.
    efficacy
        Probability of stopping for efficacy at the look.
    futility
        Probability of stopping for futility at the look; at the last look, of no success.
    """

    means: FloatArray
    events: FloatArray
    efficacy: FloatArray
    futility: FloatArray

    @property
    def power(self) -> float:
        """Probability of success at any look; under the null hypothesis the type I error."""
        return float(self.efficacy.sum())

    @property
    def stopping(self) -> FloatArray:
        """Probability that the trial ends at each look; together 1."""
        return self.efficacy + self.futility

    @property
    def expected_events(self) -> float:
        """Mean number of events when the trial ends."""
        return self.expected(self.events)

    def expected(self, at_looks: npt.ArrayLike) -> float:
        """Mean of anything known for each look (patients enrolled, days) when the trial ends."""
        return float(self.stopping @ np.asarray(at_looks, np.float64))


def performance(
    bounds: Bounds, hazard_ratio: float, events: float, *, allocation: float = 1.0
) -> Performance:
    """What a design does under proportional hazards.

    Parameters
    ----------
    bounds
        Of the design; a trial stops at its futility bounds too.
    hazard_ratio
        The truth; 1 is the null hypothesis.
    events
        Planned at the last look.
    allocation
        Experimental patients for each in the control arm.
    """
    planned = events * bounds.fractions
    means = expected_z(hazard_ratio, planned, allocation=allocation)
    return performance_at_means(bounds, means, planned)


def performance_at_means(
    bounds: Bounds, means: npt.ArrayLike, events: npt.ArrayLike, *, heed_futility: bool = True
) -> Performance:
    """What a design does for any means of Z, such as of a delayed effect.

    Parameters
    ----------
    bounds
        Of the design.
    means
        Mean of Z at each look; of :func:`simulate.sequential.noncentrality.log_rank_at`, say.
    events
        Of each look.
    heed_futility
        Whether a trial stops at its futility bounds. A binding design or not: without futility
        being heeded, the sum of `efficacy` under the null is the level that is claimed.
    """
    found = crossing_at_means(bounds, means, heed_futility=heed_futility)
    futility = found.below.copy()
    futility[-1] = 1.0 - found.above.sum() - found.below[:-1].sum()
    return Performance(
        np.asarray(means, np.float64), np.asarray(events, np.float64), found.above, futility
    )


def required_drift(bounds: Bounds, *, power: float) -> float:
    """Mean of Z at full information that gives a design this power, futility heeded.

    Raises
    ------
    DesignError
        If the power is not above the level, or futility takes so much that none reaches it.
    """
    from scipy.optimize import brentq

    between("power", power, bounds.design.alpha, 1.0)

    def missing(drift: float) -> float:
        return float(bounds.crossing(drift).above.sum()) - power

    if missing(_STEEPEST_DRIFT) < 0.0:
        raise DesignError(
            "power",
            f"futility bounds keep the design below {power:g} whatever the effect",
            "Lower the futility bounds",
        )
    return float(brentq(missing, 0.0, _STEEPEST_DRIFT, xtol=_CLOSE_ENOUGH, rtol=_CLOSE_ENOUGH))


def inflation(bounds: Bounds, *, power: float) -> float:
    """Planned events of a design relative to those of one look with the same power."""
    fixed = fixed_drift(power=power, alpha=bounds.design.alpha)
    return (required_drift(bounds, power=power) / fixed) ** 2


def required_events(
    bounds: Bounds, hazard_ratio: float, *, power: float, allocation: float = 1.0
) -> float:
    """Events that a design needs at its last look, not rounded.

    Parameters
    ----------
    bounds
        Of the design. Where futility is given as hazard ratios, its bounds on Z depend on the
        events they were found for: find them again for the result, until it stays.
    hazard_ratio
        Under the alternative, below 1.
    power
        Probability of success under the alternative.
    allocation
        Experimental patients for each in the control arm.
    """
    between("hazard_ratio", hazard_ratio, 0.0, 1.0)
    one_event = float(expected_z(hazard_ratio, 1.0, allocation=allocation))
    return (required_drift(bounds, power=power) / one_event) ** 2


def detectable_hazard_ratio(
    bounds: Bounds, events: float, *, power: float, allocation: float = 1.0
) -> float:
    """Hazard ratio for which a design with this many events has this power."""
    one_log = -float(expected_z(math.e, events, allocation=allocation))
    return math.exp(-required_drift(bounds, power=power) / one_log)
