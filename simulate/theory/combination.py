"""Expected covariance of weighted log-rank statistics under the null hypothesis, by events.

Both arms are taken to be like the control arm. On the trial day on which the expected events are d,

    V_kl(d) = sum over patient's days s of e(s) * w_k(S(s-1)) * w_l(S(s-1)) * S(s) / S(s-1),

e(s) being the events expected so far on their patient's day s, S the control arm's survival as it
is seen, and the last factor that of ties; in strata their sum. Between trial days V is interpolated
in d; beyond the end of the trial it grows in proportion to d. Where survival has no formula, all
patients are taken to be followed equally: e is spread evenly over S from 1 down to one less
d / patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulate.distributions import FloatArray
from simulate.looks.build_tests import Weight, weights_of
from simulate.looks.weighted import FLEMING_HARRINGTON, MODEST_BY_DELAY
from simulate.scenario.monitoring import Hypothesis
from simulate.theory.course import Expected
from simulate.theory.covariance import ExpectedCovariance
from simulate.theory.null_course import NullCourse, days_that_count, null_courses

_STEPS = 2000
_SMALLEST = 1e-12


def expected_covariance(expected: Expected, hypothesis: Hypothesis) -> ExpectedCovariance:
    """Covariance of the weights of a hypothesis, as a scenario expects it without an effect."""
    weights, courses = weights_of(hypothesis.test), null_courses(expected, hypothesis)
    events = np.sum([course.events for course in courses], axis=0)
    values = np.sum([_covariance(course, weights) for course in courses], axis=0)
    keep = days_that_count(events)
    return ExpectedCovariance(events[keep], values[keep])


def _covariance(course: NullCourse, weights: Sequence[Weight]) -> FloatArray:
    """Covariance of some weights in a stratum, by trial day."""
    before, after = course.survival[:-1], course.survival[1:]
    w = np.array([weight_by_survival(weight, before, course.survival) for weight in weights])
    ties = np.divide(after, before, out=np.zeros_like(after), where=before > 0.0)
    per_event = np.einsum("ks,ls,s->kls", w, w, ties)
    values = np.empty((len(course.events), len(weights), len(weights)))
    for k in range(len(weights)):
        for j in range(k + 1):
            of_day = course.events_of_day * np.append(0.0, per_event[k, j])
            values[:, k, j] = values[:, j, k] = course.by_trial_day(of_day)
    return values


def covariance_without_formula(hypothesis: Hypothesis, patients: float) -> ExpectedCovariance:
    """The same where all that is known is the number of patients in the two arms."""
    weights = weights_of(hypothesis.test)
    survival = np.linspace(1.0, 0.0, _STEPS + 1)
    middle = 0.5 * (survival[:-1] + survival[1:])
    w = np.array([weight_by_survival(weight, middle, survival) for weight in weights])
    steps = np.einsum("ks,ls->skl", w, w)
    values = np.concatenate([np.zeros((1, len(weights), len(weights))), np.cumsum(steps, axis=0)])
    return ExpectedCovariance(patients * np.linspace(0.0, 1.0, _STEPS + 1), values)


def weight_by_survival(weight: Weight, before: FloatArray, survival: FloatArray) -> FloatArray:
    """A weight by survival just before each day; `survival` is that after days 0, 1, ..."""
    if weight.kind == FLEMING_HARRINGTON:
        return np.asarray(before**weight.one * (1.0 - before) ** weight.other)
    floor = weight.one
    if weight.kind == MODEST_BY_DELAY:
        floor = float(survival[min(math.floor(weight.one), len(survival) - 1)])
    return np.asarray(1.0 / np.maximum(np.maximum(before, floor), _SMALLEST))
