"""What theory expects of two Kaplan-Meier curves that are compared at the looks of a trial.

Restricted means and milestone rates estimate the same difference at every look. By Greenwood's sum
its variance on trial day D is, in each arm,

    sum over patient's days s of A(s)^2 * h(s) / ((1 - h(s)) * Y(s, D)),

h(s) being the hazard of the day, Y the patients expected to be at risk on it who were enrolled by
D - s, and A(s) the area under the curve from s to the limit, or the rate at the milestone. Who is
at risk at a look is so at every later one: the covariance of two looks is the variance at the later
of them. So the information, one over the variance, grows by independent increments (Murray and
Tsiatis 1999, Biometrics 55, 1085-1092), though not in proportion to events.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.distributions import FloatArray
from simulate.scenario import testing
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_of
from simulate.scenario.testing import compares_curves, is_on_log_log
from simulate.sequential.boundaries import Bounds
from simulate.sequential.crossing import crossing
from simulate.sequential.power import Performance
from simulate.theory.course import NULL, Expected, Truth, at_day
from simulate.theory.covariance import ExpectedCovariance, growing
from simulate.theory.null_course import days_that_count, null_courses

_FEWEST = 1.0
"""Patients of an arm who must be expected to be followed to the end of the time compared."""


class _Arm(NamedTuple):
    """An arm as its curve is compared."""

    estimate: float
    """Restricted mean in days, or rate."""
    value: float
    """The same on the scale of the test."""
    variance: FloatArray
    """Of that value by trial day; infinite while nobody is followed so long."""


def expected_information(expected: Expected, hypothesis: Hypothesis) -> ExpectedCovariance:
    """Information of a comparison of curves by number of events, both arms being like control."""
    (course,) = null_courses(expected, hypothesis)  # curves are compared without strata
    truth = Truth(NULL, hypothesis)
    arms = _arms(expected, hypothesis, truth)
    values = 1.0 / (arms[0].variance + arms[1].variance)
    keep = days_that_count(course.events)
    return ExpectedCovariance(course.events[keep], values[keep][:, np.newaxis, np.newaxis])


class ExpectedCurves(NamedTuple):
    """A comparison of curves at the looks of a hypothesis, under one truth."""

    experimental: float
    """Restricted mean in days, or rate at the milestone."""
    control: float
    means: FloatArray
    """Mean of Z at each look; nan where it is not defined yet."""
    information: FloatArray
    """At each look; 0 where the comparison is not defined yet."""


def expected_curves(
    expected: Expected, hypothesis: Hypothesis, truth: Truth, days: Sequence[float]
) -> ExpectedCurves:
    """What a comparison of curves may expect at looks on some trial days.

    Parameters
    ----------
    expected, hypothesis, truth
        Which hypothesis of which trial, and what is taken to be true.
    days
        Trial days of the data cuts; the cut is the end of the day.
    """
    one, other = _arms(expected, hypothesis, truth)
    by_day = 1.0 / (one.variance + other.variance)
    information = np.array([at_day(by_day, day) for day in days])
    known = np.where(information > 0.0, information, np.nan)
    means = (one.value - other.value) * np.sqrt(known)
    return ExpectedCurves(one.estimate, other.estimate, means, information)


def performance_of_curves(
    bounds: Bounds, curves: ExpectedCurves, events: Sequence[float]
) -> Performance:
    """How often each look stops, a look without information never."""
    above, below = np.zeros(len(events)), np.zeros(len(events))
    known = np.flatnonzero(curves.information > 0.0)
    if len(known):
        information = growing(curves.information[known].tolist())
        lowest = np.full(len(known), -np.inf)
        found = crossing(information, curves.means[known], lowest, bounds.efficacy_z[known])
        above[known] = found.above
    below[-1] = 1.0 - above.sum()
    return Performance(curves.means, np.array(events, np.float64), above, below)


def _arms(expected: Expected, hypothesis: Hypothesis, truth: Truth) -> tuple[_Arm, _Arm]:
    """The experimental and the control arm under a truth."""
    population = population_of(hypothesis.population)
    weight = expected.weight(population)
    found = []
    for name in (hypothesis.experimental, hypothesis.control):
        survival = expected.survival_under(hypothesis, name, truth)
        entered = expected.entered[: expected.horizon + 1] * expected.share(name) * weight
        found.append(_arm(hypothesis, survival, expected.in_study(name), entered))
    return found[0], found[1]


def _arm(
    hypothesis: Hypothesis, survival: FloatArray, followed: FloatArray, entered: FloatArray
) -> _Arm:
    """An arm, from survival and follow-up by patient's day and the patients enrolled by day."""
    end = _end(hypothesis, len(survival))
    last = math.floor(end)
    estimate, area = _area(hypothesis, survival, end)
    before, after = survival[:last], survival[1 : last + 1]
    # hazard over what is not hazard, over the part of the arm that is at risk on the day
    at_risk = before * followed[:last]
    per_patient = np.divide(before - after, after * at_risk, out=np.zeros(last), where=after > 0.0)
    per_patient = np.append(0.0, per_patient * area[1:] ** 2)
    value, slope = _on_scale(hypothesis, estimate)
    variance = np.full(len(entered), np.inf)
    reached = np.flatnonzero(entered >= _FEWEST)
    first = reached[0] + math.ceil(end) if len(reached) else len(entered)
    if first < len(entered) and per_patient.any():
        inverse = 1.0 / np.maximum(entered, _FEWEST)
        found = np.convolve(inverse, per_patient)[first : len(entered)]
        variance[first:] = slope**2 * np.minimum.accumulate(found)
    return _Arm(estimate, value, variance)


def _end(hypothesis: Hypothesis, n_days: int) -> float:
    """Day up to which curves are compared, at most the last one that there is."""
    test = hypothesis.test
    assert compares_curves(test)
    end = test.until if isinstance(test, testing.RestrictedMean) else test.time
    return min(float(end), float(n_days - 1))


def _area(hypothesis: Hypothesis, survival: FloatArray, end: float) -> tuple[float, FloatArray]:
    """What is estimated; and by day, how much of it is lost with all who are at risk then."""
    last = math.floor(end)
    if not isinstance(hypothesis.test, testing.RestrictedMean):
        rate = float(survival[last])
        return rate, np.full(last + 1, rate)
    steps = np.append(survival[:last], survival[last] * (end - last))
    area = np.cumsum(steps[::-1])[::-1]
    return float(area[0]), area


def _on_scale(hypothesis: Hypothesis, estimate: float) -> tuple[float, float]:
    """An estimate on the scale of the test, and the slope of that scale there."""
    if is_on_log_log(hypothesis.test):
        if not 0.0 < estimate < 1.0:
            return 0.0, math.inf
        return -math.log(-math.log(estimate)), -1.0 / (estimate * math.log(estimate))
    return estimate, 1.0
