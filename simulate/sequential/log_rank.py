"""Events, hazard ratios and the log-rank statistic, for large samples and proportional hazards.

With d events and r patients in the experimental arm for each in the control arm, Z has variance 1
and mean ``-ln(hazard ratio) * sqrt(d * r) / (1 + r)`` (Schoenfeld 1981). Z is positive where the
experimental arm is better. `allocation` is r throughout: 1 for 1:1, 2 for 2:1.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from simulate.sequential.refusals import DesignError, between
from simulate.sequential.spending import FloatArray


def information(events: npt.ArrayLike, *, allocation: float = 1.0) -> FloatArray:
    """Information on the log hazard ratio: the inverse of its variance.

    Parameters
    ----------
    events
        Number of events in both arms, any shape.
    allocation
        Experimental patients for each in the control arm.
    """
    ratio = between("allocation", allocation, 0.0, math.inf)
    return np.asarray(events, np.float64) * ratio / (1.0 + ratio) ** 2


def expected_z(
    hazard_ratio: npt.ArrayLike, events: npt.ArrayLike, *, allocation: float = 1.0
) -> FloatArray:
    """Mean of Z at a true hazard ratio and a number of events (Schoenfeld 1981)."""
    ratio = _above_0(hazard_ratio)
    return np.asarray(-np.log(ratio) * np.sqrt(information(events, allocation=allocation)))


def hazard_ratio_at(
    z: npt.ArrayLike, events: npt.ArrayLike, *, allocation: float = 1.0
) -> FloatArray:
    """Hazard ratio that corresponds to a value of Z; 0 for infinity, infinity for minus infinity.

    Without events there is none: nan for 0, else as if Z were infinite.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.asarray(
            np.exp(-np.asarray(z) / np.sqrt(information(events, allocation=allocation)))
        )


def z_at(
    hazard_ratio: npt.ArrayLike, events: npt.ArrayLike, *, allocation: float = 1.0
) -> FloatArray:
    """Value of Z that corresponds to an observed hazard ratio: the inverse of `hazard_ratio_at`."""
    return expected_z(hazard_ratio, events, allocation=allocation)


def schoenfeld_events(
    hazard_ratio: float, *, power: float, alpha: float = 0.025, allocation: float = 1.0
) -> float:
    """Events that a fixed design needs (Schoenfeld 1981), not rounded.

    Parameters
    ----------
    hazard_ratio
        Under the alternative, below 1.
    power
        Probability of success under the alternative.
    alpha
        One-sided level.
    allocation
        Experimental patients for each in the control arm.
    """
    between("hazard_ratio", hazard_ratio, 0.0, 1.0)
    unit = float(expected_z(hazard_ratio, 1.0, allocation=allocation))
    return (fixed_drift(power=power, alpha=alpha) / unit) ** 2


def schoenfeld_power(
    hazard_ratio: float, events: float, *, alpha: float = 0.025, allocation: float = 1.0
) -> float:
    """Power of a fixed design with a number of events (Schoenfeld 1981)."""
    from scipy.special import ndtr, ndtri

    between("alpha", alpha, 0.0, 1.0)
    return float(ndtr(expected_z(hazard_ratio, events, allocation=allocation) + ndtri(alpha)))


def fixed_drift(*, power: float, alpha: float) -> float:
    """Mean of Z that gives one look at level alpha this power: ``z(1 - alpha) + z(power)``."""
    from scipy.special import ndtri

    between("alpha", alpha, 0.0, 1.0)
    between("power", power, alpha, 1.0)
    return float(ndtri(power) - ndtri(alpha))


def _above_0(hazard_ratio: npt.ArrayLike) -> FloatArray:
    """The hazard ratio, refused if it is none."""
    ratio = np.asarray(hazard_ratio, np.float64)
    if not np.all(ratio > 0.0):
        raise DesignError("hazard_ratio", "a hazard ratio is not above 0", "1 is no effect")
    return ratio
