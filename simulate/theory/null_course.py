"""What the two arms of a hypothesis may expect without an effect: both are like the control arm.

From it follows how the statistics of its looks are correlated under the null hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from simulate.distributions import FloatArray
from simulate.scenario.monitoring import Hypothesis
from simulate.theory.course import NULL, Expected, Truth

_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class NullCourse:
    """Arrays by patient's day, or by trial day, from 0 on.

    Attributes
    ----------
    survival
        Of the control arm, as it is seen, by patient's day.
    followed
        Probability of being in the study still, by patient's day.
    entered
        Patients of both arms whom the hypothesis tests, enrolled by each trial day.
    events
        Their events that are known by each trial day.
    """

    survival: FloatArray
    followed: FloatArray
    entered: FloatArray
    events: FloatArray

    @property
    def events_of_day(self) -> FloatArray:
        """Probability of an event that is known on each patient's day."""
        return _events_of_day(self.survival, self.followed)

    def by_trial_day(self, of_day: FloatArray) -> FloatArray:
        """Sum over all patients of what each adds on each of its days, by the end of trial days."""
        return _by_trial_day(self.entered, of_day)


def null_courses(expected: Expected, hypothesis: Hypothesis) -> tuple[NullCourse, ...]:
    """What a scenario lets a hypothesis expect without an effect, by stratum or in one."""
    followed = expected.in_study(hypothesis.control)
    days = np.arange(len(followed), dtype=np.float64)
    found = []
    for stratum in expected.compared(hypothesis, Truth(NULL, hypothesis)):
        survival = np.asarray(stratum.control.event.survival(days))
        share = stratum.experimental.share + stratum.control.share
        entered = expected.entered[: expected.horizon + 1] * share
        events = _by_trial_day(entered, _events_of_day(survival, followed))
        found.append(NullCourse(survival, followed, entered, events))
    return tuple(found)


def days_that_count(events: FloatArray) -> FloatArray:
    """Trial days on which there are more events than before, and the first one."""
    least = _SMALLEST * max(float(events[-1]), 1.0)
    return np.append(True, np.diff(events) > least)


def _events_of_day(survival: FloatArray, followed: FloatArray) -> FloatArray:
    return np.append(0.0, (survival[:-1] - survival[1:]) * followed[:-1])


def _by_trial_day(entered: FloatArray, of_day: FloatArray) -> FloatArray:
    last = len(entered)
    found = fftconvolve(np.diff(entered, prepend=0.0), np.cumsum(of_day)[:last])[:last]
    return np.maximum.accumulate(np.maximum(found, 0.0))
