"""The mathematics of the product-limit estimate that one sample and many replicates share.

Every function takes the *event steps* of one or more curves: arrays whose last axis runs over the
distinct times with at least one event, in increasing order. A shorter curve is padded at the end
with steps of no events at time infinity, which change nothing.

Sources: Kaplan and Meier (1958); Greenwood (1926); Kalbfleisch and Prentice (1980) for the limits
on the log(-log) scale; Brookmeyer and Crowley (1982) for the limits of the median. The conventions
are those of SAS PROC LIFETEST, whose default is ``CONFTYPE=LOGLOG``.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HALF_TOLERANCE = 1e-12
"""How near to one half a survival counts as one half.

A product such as 9/10 * 8/9 * ... * 5/6 may miss 0.5 by a unit in the last place, which would
move the median to the next event. Rounding errors here are below 1e-13; distinct survivals of
samples of any practical size lie farther apart than 1e-12.
"""


def normal_quantile(confidence: float) -> float:
    """Two-sided standard normal quantile, 1.96 for a confidence of 0.95.

    Raises
    ------
    ValueError
        If the confidence is not strictly between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie strictly between 0 and 1, got {confidence!r}")
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def checked_sample(time: ArrayLike, event: ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Observed times and event flags as arrays of one length.

    Raises
    ------
    ValueError
        If the arrays do not match, a time is negative or not finite, or an event is neither 0 nor
        1.
    """
    observed = np.asarray(time, dtype=np.float64)
    flags = np.asarray(event)
    if observed.ndim != 1 or flags.shape != observed.shape:
        raise ValueError(
            "time and event must be one-dimensional and of equal length, "
            f"got shapes {observed.shape} and {flags.shape}"
        )
    if not np.all(np.isfinite(observed)) or np.any(observed < 0):
        raise ValueError("times must be finite and not negative")
    if flags.dtype != np.bool_ and not np.all((flags == 0) | (flags == 1)):
        raise ValueError("event must be True or False (1 or 0) for every patient")
    return observed, flags.astype(np.bool_)


def survival_steps(events: IntArray, at_risk: IntArray) -> FloatArray:
    """Survival just after each step: the running product of ``1 - events / at_risk``."""
    return np.asarray(np.cumprod(1.0 - events / at_risk, axis=-1), dtype=np.float64)


def greenwood_sum(events: IntArray, at_risk: IntArray) -> FloatArray:
    """Greenwood's sum of ``d / (n * (n - d))``, the squared standard error of log survival.

    A step at which everybody at risk has the event would add infinity; it adds nothing here, and
    the limits are undefined from there on because survival is zero.
    """
    survivors = at_risk - events
    product = at_risk.astype(np.float64) * np.where(survivors > 0, survivors, 1)
    terms = np.where(survivors > 0, events / product, 0.0)
    return np.asarray(np.cumsum(terms, axis=-1), dtype=np.float64)


def log_log_limits(
    survival: FloatArray, greenwood: FloatArray, z: float
) -> tuple[FloatArray, FloatArray]:
    """Pointwise limits ``S ** exp(-/+ z * sqrt(V) / log S)`` on the log(-log) scale.

    Returns
    -------
    lower, upper
        (1, 1) where survival is 1, before the first event: nothing has been observed that could
        give a width. ``nan`` where survival is 0: the transform is undefined there (lifelines
        prints (0, 0), which claims a certainty that the data do not have).
    """
    inside = (survival > 0.0) & (survival < 1.0)
    log_survival = np.log(np.where(inside, survival, 0.5))
    spread = z * np.sqrt(greenwood) / -log_survival
    lower = np.exp(log_survival * np.exp(spread))
    upper = np.exp(log_survival * np.exp(-spread))
    outside = np.where(survival > 0.0, 1.0, np.nan)
    return np.where(inside, lower, outside), np.where(inside, upper, outside)


def median_time(time: FloatArray, survival: FloatArray) -> FloatArray:
    """Median of each curve: the first event time at which survival is one half or less.

    Where survival is exactly one half (within `HALF_TOLERANCE`) it stays there until the next
    event, and the median is the midpoint of the two times, as in SAS (lifelines takes the first).
    Without a later event it is the first time itself. A median that is not reached is ``inf``.
    """
    first, reached = _first_true(survival <= 0.5 + HALF_TOLERANCE)
    at = _pick(time, first)
    following = _pick(time, np.minimum(first + 1, time.shape[-1] - 1))
    flat = _pick(survival, first) >= 0.5 - HALF_TOLERANCE
    midpoint = np.where(flat & np.isfinite(following), 0.5 * (at + following), at)
    return np.where(reached, midpoint, np.inf)


def median_limits(
    time: FloatArray, survival: FloatArray, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Brookmeyer-Crowley limits of the median: where each pointwise limit first falls to one half.

    A limit that never does is ``inf``. Where survival is 0 the pointwise limits are undefined: the
    step may give the lower limit, which cannot lie beyond the death of the last patient, but not
    the upper one, which then is not reached (as in R's survfit; lifelines takes the last death).
    """
    first_lower, lower_reached = _first_true((lower <= 0.5 + HALF_TOLERANCE) | (survival == 0.0))
    first_upper, upper_reached = _first_true(upper <= 0.5 + HALF_TOLERANCE)
    return (
        np.where(lower_reached, _pick(time, first_lower), np.inf),
        np.where(upper_reached, _pick(time, first_upper), np.inf),
    )


def _first_true(flags: BoolArray) -> tuple[IntArray, BoolArray]:
    """Index of the first true flag along the last axis, and whether there is one."""
    return np.argmax(flags, axis=-1), np.any(flags, axis=-1)


def _pick(values: FloatArray, index: IntArray) -> FloatArray:
    """The value at one index along the last axis of each curve."""
    picked = np.take_along_axis(values, index[..., np.newaxis], axis=-1)
    return np.asarray(picked[..., 0], dtype=np.float64)
