"""Expected covariance of weighted log-rank statistics under the null hypothesis, by events.

Both arms are taken to be like the control arm. On the trial day on which the expected events are d,

    V_kl(d) = sum over patient's days s of e(s) * w_k(S(s-1)) * w_l(S(s-1)) * S(s) / S(s-1),

e(s) being the events expected so far on their patient's day s, S the control arm's survival as it
is seen, and the last factor that of ties. Between trial days V is interpolated in d; beyond the end
of the trial it grows in proportion to d. Where survival has no formula, all patients are taken to
be followed equally: e is spread evenly over S from 1 down to 1 - d / patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from simulate.distributions import FloatArray
from simulate.errors import UsageError
from simulate.looks.build_tests import Weight, weights_of
from simulate.looks.combined import CombinedBounds
from simulate.looks.weighted import FLEMING_HARRINGTON, MODEST_BY_DELAY
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_of, share_of
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.sequential.boundaries import Bounds
from simulate.theory.course import Expected, ExpectedTrial
from simulate.theory.patients import ExpectedPatients

_STEPS = 2000
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class ExpectedCovariance:
    """Covariance of the sums of some weights by number of events.

    Attributes
    ----------
    events
        Numbers of events, from 0 on and growing.
    values
        Covariance at each of them, numbers by weights by weights.
    """

    events: FloatArray
    values: FloatArray

    def __call__(self, events: float) -> FloatArray:
        """Covariance at a number of events."""
        known = min(events, float(self.events[-1]))
        right = int(np.clip(np.searchsorted(self.events, known), 1, len(self.events) - 1))
        share = (known - self.events[right - 1]) / (self.events[right] - self.events[right - 1])
        value = (1.0 - share) * self.values[right - 1] + share * self.values[right]
        return np.asarray(value * (events / known if known > 0.0 else 1.0))


def expected_covariance(expected: Expected, hypothesis: Hypothesis) -> ExpectedCovariance:
    """Covariance of the weights of a hypothesis, as a scenario expects it without an effect."""
    weights = weights_of(hypothesis.test)
    population = population_of(hypothesis.population)
    survival = expected.survival(
        hypothesis.endpoint, hypothesis.control, seen=True, population=population
    )
    before, after = survival[:-1], survival[1:]
    stays = expected.in_study(hypothesis.control)[:-1]
    events_of_day = np.append(0.0, (before - after) * stays)
    entering = np.diff(expected.entered, prepend=0.0)
    share = expected.share(hypothesis.experimental) + expected.share(hypothesis.control)
    share *= expected.weight(population)
    last = expected.horizon + 1

    def by_day(of_day: FloatArray) -> FloatArray:
        found = fftconvolve(entering[:last], np.cumsum(of_day)[:last])[:last]
        return np.maximum.accumulate(np.maximum(share * found, 0.0))

    events = by_day(events_of_day)
    keep = np.append(True, np.diff(events) > _SMALLEST * max(float(events[-1]), 1.0))
    w = np.array([_values(weight, before, survival) for weight in weights])
    ties = np.divide(after, before, out=np.zeros_like(after), where=before > 0.0)
    per_event = np.einsum("ks,ls,s->kls", w, w, ties)
    values = np.empty((len(events), len(weights), len(weights)))
    for k in range(len(weights)):
        for j in range(k + 1):
            of_day = events_of_day * np.append(0.0, per_event[k, j])
            values[:, k, j] = values[:, j, k] = by_day(of_day)
    return ExpectedCovariance(events[keep], values[keep])


def covariance_without_formula(hypothesis: Hypothesis, patients: float) -> ExpectedCovariance:
    """The same where all that is known is the number of patients in the two arms."""
    weights = weights_of(hypothesis.test)
    survival = np.linspace(1.0, 0.0, _STEPS + 1)
    middle = 0.5 * (survival[:-1] + survival[1:])
    w = np.array([_values(weight, middle, survival) for weight in weights])
    steps = np.einsum("ks,ls->skl", w, w)
    values = np.concatenate([np.zeros((1, len(weights), len(weights))), np.cumsum(steps, axis=0)])
    return ExpectedCovariance(patients * np.linspace(0.0, 1.0, _STEPS + 1), values)


def _values(weight: Weight, before: FloatArray, survival: FloatArray) -> FloatArray:
    """A weight by survival just before a day."""
    if weight.kind == FLEMING_HARRINGTON:
        return np.asarray(before**weight.one * (1.0 - before) ** weight.other)
    floor = weight.one
    if weight.kind == MODEST_BY_DELAY:
        floor = float(survival[min(math.floor(weight.one), len(survival) - 1)])
    return np.asarray(1.0 / np.maximum(np.maximum(before, floor), _SMALLEST))


def covariances(trial: SurvivalTrial | Trial) -> dict[str, ExpectedCovariance]:
    """Covariances of the hypotheses whose tests have weights, by their names.

    Raises
    ------
    UsageError
        If a weight needs survival by formula, and there is none.
    """
    combined = [each for each in trial.hypotheses if weights_of(each.test)]
    if not combined:
        return {}
    expected = _expected(trial)
    if expected is not None:
        return {each.name: expected_covariance(expected, each) for each in combined}
    return {each.name: _without_formula(trial, each) for each in combined}


def combined_bounds(
    expected: Expected, hypothesis: Hypothesis, bounds: Bounds, events: Sequence[float]
) -> Bounds:
    """Bounds of a weighted or combined test at its planned events; alpha as in given bounds."""
    spent = dict(zip(_paths(events), bounds.alpha_spent.tolist(), strict=True))
    combined = CombinedBounds(
        expected_covariance(expected, hypothesis),
        len(weights_of(hypothesis.test)),
        len(events),
        lambda path: spent[path],
    )
    efficacy = np.array([combined.efficacy(path) for path in _paths(events)])
    futility = np.append(bounds.futility_z[:-1], efficacy[-1])
    return replace(bounds, efficacy_z=efficacy, futility_z=futility)


def _paths(events: Sequence[float]) -> list[tuple[int, ...]]:
    counts = tuple(max(round(count), 1) for count in events)
    return [counts[: look + 1] for look in range(len(counts))]


def _expected(trial: SurvivalTrial | Trial) -> Expected | None:
    if isinstance(trial, SurvivalTrial):
        return ExpectedTrial(trial)
    assert isinstance(trial, Scenario)  # what has patients in cycles is read from a file
    try:
        return ExpectedPatients(trial)
    except UsageError:
        return None


def _without_formula(trial: SurvivalTrial | Trial, hypothesis: Hypothesis) -> ExpectedCovariance:
    if any(weight.kind == MODEST_BY_DELAY for weight in weights_of(hypothesis.test)):
        raise UsageError(
            f"hypotheses.{hypothesis.name}.test: a weight with a delay needs survival by formula "
            "for its bounds at several looks, and there is none. Give survival: in the place of "
            "delay:"
        )
    arms = [trial.arm(name) for name in (hypothesis.experimental, hypothesis.control)]
    share = sum(arm.allocation for arm in arms) / sum(arm.allocation for arm in trial.arms)
    share *= share_of(trial.baseline, population_of(hypothesis.population))
    return covariance_without_formula(hypothesis, trial.sample_size * share)
