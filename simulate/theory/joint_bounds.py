"""Bounds of tests whose looks are not correlated as their events are: which tests, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulate.distributions import FloatArray
from simulate.errors import UsageError
from simulate.looks.build_tests import jointly_normal, weights_of
from simulate.looks.combined import CombinedBounds
from simulate.looks.weighted import MODEST_BY_DELAY
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_of, share_of
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.sequential.boundaries import Bounds
from simulate.theory.combination import covariance_without_formula, expected_covariance
from simulate.theory.course import Expected, ExpectedTrial
from simulate.theory.covariance import ExpectedCovariance, growing
from simulate.theory.curves import expected_information
from simulate.theory.patients import ExpectedPatients


def covariances(trial: SurvivalTrial | Trial) -> dict[str, ExpectedCovariance]:
    """Covariances of the hypotheses whose bounds need them, by their names.

    Those of tests with weights, and the information of comparisons of curves. Where survival has no
    formula the latter are left out: then their bounds are those of a log-rank test.

    Raises
    ------
    UsageError
        If a weight needs survival by formula, and there is none.
    """
    joint = [each for each in trial.hypotheses if jointly_normal(each.test)]
    if not joint:
        return {}
    expected = _expected(trial)
    if expected is not None:
        return {each.name: _covariance(expected, each) for each in joint}
    return {each.name: _without_formula(trial, each) for each in joint if weights_of(each.test)}


def joint_bounds(
    expected: Expected, hypothesis: Hypothesis, bounds: Bounds, events: Sequence[float]
) -> Bounds:
    """Bounds of such a test at its planned events; alpha as in given bounds."""
    spent = dict(zip(_paths(events), bounds.alpha_spent.tolist(), strict=True))
    joint = CombinedBounds(
        _covariance(expected, hypothesis),
        jointly_normal(hypothesis.test),
        len(events),
        lambda path: spent[path],
    )
    efficacy = np.array([joint.efficacy(path) for path in _paths(events)])
    futility = np.append(bounds.futility_z[:-1], efficacy[-1])
    # what a look without a bound does not spend is left to the next one
    alpha = np.maximum.accumulate(np.where(np.isfinite(efficacy), bounds.alpha_spent, 0.0))
    return replace(bounds, efficacy_z=efficacy, futility_z=futility, alpha_spent=alpha)


def information_at(
    expected: Expected, hypothesis: Hypothesis, events: Sequence[float]
) -> FloatArray:
    """Information of a hypothesis at its planned events, in any unit; it always grows.

    That of a combination is taken to grow with events, for it is no single statistic.
    """
    if jointly_normal(hypothesis.test) != 1:
        return np.array(events, np.float64)
    covariance = _covariance(expected, hypothesis)
    return growing([float(covariance(count).item()) for count in events])


def _covariance(expected: Expected, hypothesis: Hypothesis) -> ExpectedCovariance:
    if weights_of(hypothesis.test):
        return expected_covariance(expected, hypothesis)
    return expected_information(expected, hypothesis)


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
