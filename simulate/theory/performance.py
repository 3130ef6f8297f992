"""Bounds, power and expected numbers of one hypothesis, under each thing that may be true."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulate.distributions import FloatArray
from simulate.looks.build_tests import jointly_normal
from simulate.scenario.analyses import EventCount
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_of
from simulate.scenario.testing import compares_curves, is_log_rank, is_of_rates
from simulate.sequential.boundaries import Bounds
from simulate.sequential.log_rank import expected_z
from simulate.sequential.noncentrality import LogRankTheory, Stratum, log_rank_at
from simulate.sequential.power import (
    Performance,
    performance_at_means,
)
from simulate.theory.course import ASSUMED, DESIGN, NULL, Expected, Truth, at_day
from simulate.theory.curves import ExpectedCurves, expected_curves, performance_of_curves
from simulate.theory.hypothesis import HypothesisTheory, UnderTruth
from simulate.theory.joint_bounds import joint_bounds
from simulate.theory.look_days import LookDay, look_days
from simulate.theory.planned_bounds import planned_bounds
from simulate.theory.rates import ExpectedRates, expected_rates, performance_of_rates


def hypothesis_theory(expected: Expected, hypothesis: Hypothesis) -> HypothesisTheory:
    """Bounds of a hypothesis, and what it may expect under each truth."""
    trial = expected.trial
    arms = trial.arm(hypothesis.experimental), trial.arm(hypothesis.control)
    allocation = arms[0].allocation / arms[1].allocation
    events = planned_events(expected, hypothesis)
    information = float(trial.information(hypothesis) or events[-1])
    alpha = trial.levels(hypothesis)[0]
    bounds = planned_bounds(hypothesis, events, information, alpha=alpha)
    if jointly_normal(hypothesis.test):
        bounds = joint_bounds(expected, hypothesis, bounds, events)
    truths = [NULL, ASSUMED, *([DESIGN] if hypothesis.design_hazard_ratio is not None else [])]
    return HypothesisTheory(
        hypothesis=hypothesis,
        analyses=trial.analyses_of(hypothesis),
        events=events,
        information=information,
        allocation=allocation,
        alpha=alpha,
        bounds=bounds,
        truths=tuple(
            _under(expected, hypothesis, truth, bounds, events, allocation) for truth in truths
        ),
    )


def planned_events(expected: Expected, hypothesis: Hypothesis) -> tuple[float, ...]:
    """Events of the two arms at each look of a hypothesis; see `events_by_look`."""
    found = events_by_look(expected, hypothesis)
    return tuple(found[place] for place in _places(expected, hypothesis))


def events_by_look(expected: Expected, hypothesis: Hypothesis) -> list[float]:
    """Events of the two arms of a hypothesis at each look of the trial, whether or not it tests.

    Those that trigger the look, if nothing else does and there are no other arms; else those that
    the scenario expects on the day that it expects the look.
    """
    trial = expected.trial
    days = expected_looks(expected, Truth())
    by_arm = _of_two_arms(expected, hypothesis, Truth())
    found = []
    for analysis, look in zip(trial.analyses, days, strict=True):
        count = analysis.cut.events
        if count is not None and counts_for(count, hypothesis) and len(trial.arms) == 2:
            found.append(float(count.count))
        else:
            found.append(at_day(by_arm[0] + by_arm[1], look.day))
    return found


def counts_for(events: EventCount, hypothesis: Hypothesis) -> bool:
    """Whether the events of a trigger are those of a hypothesis's endpoint and population."""
    same = population_of(events.population) == population_of(hypothesis.population)
    return same and events.endpoint == hypothesis.endpoint


def expected_looks(expected: Expected, truth: Truth) -> tuple[LookDay, ...]:
    """When all looks of the trial are expected under a truth."""
    return look_days(
        expected.trial,
        expected.day_enrolled,
        lambda endpoint, population: np.asarray(
            expected.events(endpoint, truth, population).sum(axis=0)
        ),
    )


def _places(expected: Expected, hypothesis: Hypothesis) -> list[int]:
    """Places of a hypothesis's looks among those of the trial."""
    chosen = expected.trial.analyses_of(hypothesis)
    return [place for place, each in enumerate(expected.trial.analyses) if each in chosen]


def _of_two_arms(
    expected: Expected, hypothesis: Hypothesis, truth: Truth
) -> tuple[FloatArray, FloatArray]:
    """Expected events of the control and the experimental arm by trial day."""
    names = [arm.name for arm in expected.trial.arms]
    population = population_of(hypothesis.population)
    by_day = expected.events(hypothesis.endpoint, truth, population)
    control, experimental = (
        by_day[names.index(arm)] for arm in (hypothesis.control, hypothesis.experimental)
    )
    return control, experimental


def _under(
    expected: Expected,
    hypothesis: Hypothesis,
    kind: str,
    bounds: Bounds,
    events: tuple[float, ...],
    allocation: float,
) -> UnderTruth:
    truth = Truth() if kind == ASSUMED else Truth(kind, hypothesis)
    everywhere = expected_looks(expected, truth)
    looks = tuple(everywhere[place] for place in _places(expected, hypothesis))
    days = np.array([look.day for look in looks])
    lags = np.array([each.cleaning_lag for each in expected.trial.analyses_of(hypothesis)])
    control, experimental = (
        np.array([at_day(by_day, day) for day in days])
        for by_day in _of_two_arms(expected, hypothesis, truth)
    )
    rates, curves = None, None
    if compares_curves(hypothesis.test):
        curves = expected_curves(expected, hypothesis, truth, days.tolist())
    if is_of_rates(hypothesis.test):
        rates = expected_rates(expected, hypothesis, truth, allocation)
        ratios, means = np.full(len(looks), np.nan), np.zeros(len(looks))
    elif kind == ASSUMED:
        ratios, means = _by_log_rank(expected, hypothesis, looks, events)
    else:
        ratio = 1.0 if kind == NULL else hypothesis.design_hazard_ratio
        assert ratio is not None  # else this truth is not asked for
        ratios = np.full(len(looks), ratio)
        reached = [look.is_reached for look in looks]
        come = np.where(reached, events, np.minimum(events, control + experimental))
        means = expected_z(ratio, come, allocation=allocation) + 0.0  # no -0
    return UnderTruth(
        truth=kind,
        looks=looks,
        enrolled=_enrolled(expected, looks, days),
        decision_days=days + lags,
        enrolled_at_decision=_enrolled(expected, looks, days + lags),
        control_events=control,
        experimental_events=experimental,
        hazard_ratio=ratios,
        performance=_performance(hypothesis, bounds, means, events, rates, curves),
        rates=rates,
        curves=curves,
    )


def _performance(
    hypothesis: Hypothesis,
    bounds: Bounds,
    means: FloatArray,
    events: tuple[float, ...],
    rates: ExpectedRates | None,
    curves: ExpectedCurves | None,
) -> Performance:
    """Means of Z and probabilities of stopping, as far as theory knows them."""
    if rates is not None:
        return performance_of_rates(bounds, rates, events)
    if curves is not None:
        return performance_of_curves(bounds, curves, events)
    if is_log_rank(hypothesis.test):
        return performance_at_means(bounds, means, events)
    return _unknown_performance(events)


def _unknown_performance(events: tuple[float, ...]) -> Performance:
    """What theory says of weighted tests, combinations and others: nothing."""
    unknown = np.full(len(events), np.nan)
    return Performance(unknown, np.array(events), unknown, unknown)


def _enrolled(expected: Expected, looks: tuple[LookDay, ...], days: FloatArray) -> FloatArray:
    """Patients expected on days of the looks; not fewer than a look waits for."""
    expected_by_day = [at_day(expected.entered, day) for day in days]
    return np.maximum(expected_by_day, [look.least_enrolled for look in looks])


def _by_log_rank(
    expected: Expected,
    hypothesis: Hypothesis,
    looks: tuple[LookDay, ...],
    events: tuple[float, ...],
) -> tuple[FloatArray, FloatArray]:
    """Average hazard ratio and mean of Z at each look, as the log-rank test may expect them.

    Z is that of the planned events: the day of the look is a whole one, and may have some more.
    """
    strata = expected.compared(hypothesis)
    found = list(_log_rank_by_look(expected, strata, looks))
    ratios = np.array([theory.average_hazard_ratio for theory in found])
    known = np.array([theory.events for theory in found])
    scale = np.sqrt(np.divide(events, known, out=np.zeros_like(known), where=known > 0.0))
    scale = np.where([look.is_reached for look in looks], scale, 1.0)
    return ratios, np.array([theory.mean_z for theory in found]) * scale


def _log_rank_by_look(
    expected: Expected, strata: Sequence[Stratum], looks: tuple[LookDay, ...]
) -> Iterator[LogRankTheory]:
    for look in looks:
        day = max(1, math.ceil(look.day))
        yield log_rank_at(strata, expected.entered, day)
