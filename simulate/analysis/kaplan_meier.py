"""The Kaplan-Meier curve of one sample, in any unit of time.

Conventions, here and for the many replicates of :mod:`simulate.analysis.counting`:

- an event at a time precedes a censoring at the same time, so the censored patient is at risk;
- survival *at* a time includes the events of that time (right-continuous);
- the number at risk *at* a time is the number observed for at least that long, as printed below
  a curve: a patient whose event or censoring falls on the time itself still counts;
- beyond the last observation survival and limits are carried forward, and the caller is told;
- what is not reached is ``inf``; what is undefined is ``nan``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simulate.analysis.product_limit import (
    FloatArray,
    IntArray,
    checked_sample,
    greenwood_sum,
    log_log_limits,
    median_limits,
    median_time,
    normal_quantile,
    survival_steps,
)


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """The Kaplan-Meier curve of one sample, with a row for each distinct observed time."""

    time: FloatArray
    """Distinct times of events and censorings, increasing, in the unit they were given in."""
    at_risk: IntArray
    """Patients observed for at least this time."""
    events: IntArray
    """Patients with the event at this time."""
    censored: IntArray
    """Patients censored at this time, after its events."""
    survival: FloatArray
    """Survival after the events of this time."""
    lower: FloatArray
    """Lower pointwise limit on the log(-log) scale: 1 before the first event, nan where S = 0."""
    upper: FloatArray
    """Upper pointwise limit; as `lower`."""
    confidence: float
    """Two-sided confidence of the limits, such as 0.95."""

    @property
    def n(self) -> int:
        """Patients in the sample."""
        return int(self.at_risk[0]) if self.time.size else 0

    @property
    def last_time(self) -> float:
        """Last observed time, event or censoring: nothing is known beyond it. nan if nobody."""
        return float(self.time[-1]) if self.time.size else float("nan")

    def survival_at(self, times: ArrayLike) -> FloatArray:
        """Survival at each time, the events of that time included."""
        return self._carried_forward(self.survival, times)

    def interval_at(self, times: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Pointwise confidence limits (lower, upper) of survival at each time."""
        return (
            self._carried_forward(self.lower, times),
            self._carried_forward(self.upper, times),
        )

    def at_risk_at(self, times: ArrayLike) -> IntArray:
        """Number at risk just before the events of each time: observed for at least that long."""
        index = np.searchsorted(self.time, np.asarray(times, dtype=np.float64), side="left")
        return np.append(self.at_risk, 0)[index]

    def median(self) -> float:
        """Median time to event; inf if not reached, nan if nobody was in the sample.

        The first time at which survival is at most one half; where it is exactly one half, the
        midpoint between that event and the next, as in SAS.
        """
        if not self.n:
            return float("nan")
        time, survival = self._event_steps(self.time, self.survival)
        return float(median_time(time, survival))

    def median_interval(self) -> tuple[float, float]:
        """Brookmeyer-Crowley confidence limits of the median; inf if not reached."""
        if not self.n:
            return float("nan"), float("nan")
        steps = self._event_steps(self.time, self.survival, self.lower, self.upper)
        lower, upper = median_limits(*steps)
        return float(lower), float(upper)

    def _carried_forward(self, values: FloatArray, times: ArrayLike) -> FloatArray:
        start = 1.0 if self.n else np.nan
        index = np.searchsorted(self.time, np.asarray(times, dtype=np.float64), side="right")
        return np.append(start, values)[index]

    def _event_steps(self, time: FloatArray, *values: FloatArray) -> tuple[FloatArray, ...]:
        """The rows with an event, and after them the padding of no event at infinity."""
        rows = self.events > 0
        last = (value[-1] for value in values)
        padded = (np.append(value[rows], end) for value, end in zip(values, last, strict=True))
        return np.append(time[rows], np.inf), *padded


def kaplan_meier(time: ArrayLike, event: ArrayLike, *, confidence: float = 0.95) -> KaplanMeier:
    """Estimate survival from right-censored times (Kaplan and Meier 1958).

    Parameters
    ----------
    time
        Observed time of each patient, in any unit, finite and not negative. Shape (patients,).
    event
        Whether the patient had the event at that time (True or 1) or was censored (False or 0).
    confidence
        Two-sided confidence of the pointwise limits (Greenwood variance, log(-log) scale).

    Raises
    ------
    ValueError
        If the arrays do not match, a time is negative or not finite, an event is neither 0 nor 1,
        or the confidence is not between 0 and 1.
    """
    z = normal_quantile(confidence)
    observed, had_event = checked_sample(time, event)
    distinct, position = np.unique(observed, return_inverse=True)
    leaving = np.bincount(position, minlength=distinct.size)
    events = np.bincount(position[had_event], minlength=distinct.size)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    survival = survival_steps(events, at_risk)
    lower, upper = log_log_limits(survival, greenwood_sum(events, at_risk), z)
    return KaplanMeier(
        time=distinct,
        at_risk=at_risk,
        events=events,
        censored=leaving - events,
        survival=survival,
        lower=lower,
        upper=upper,
        confidence=confidence,
    )


def reverse_kaplan_meier(
    time: ArrayLike, event: ArrayLike, *, confidence: float = 0.95
) -> KaplanMeier:
    """Estimate the distribution of follow-up (reverse Kaplan-Meier; Schemper and Smith 1996).

    The indicator is flipped: the end of follow-up is the event, and the true event censors it.
    As flipping does in SAS or lifelines, at equal times the end of follow-up now precedes the true
    event, so a patient who dies on a day counts as still followed when others are censored on it.
    """
    observed, had_event = checked_sample(time, event)
    return kaplan_meier(observed, ~had_event, confidence=confidence)
