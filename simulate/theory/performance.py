"""Bounds, power and expected numbers of one hypothesis, under each thing that may be true."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulate.distributions import FloatArray
from simulate.looks.build_tests import weights_of
from simulate.scenario.analyses import Analysis, EventCount
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_of
from simulate.scenario.testing import has_power, is_log_rank, is_of_rates
from simulate.sequential.boundaries import Bounds
from simulate.sequential.log_rank import expected_z, hazard_ratio_at, schoenfeld_events
from simulate.sequential.noncentrality import LogRankTheory, Stratum, log_rank_at
from simulate.sequential.power import (
    Performance,
    detectable_hazard_ratio,
    performance_at_means,
    required_events,
)
from simulate.sequential.refusals import DesignError
from simulate.theory.combination import combined_bounds
from simulate.theory.course import ASSUMED, DESIGN, NULL, Expected, Truth, at_day
from simulate.theory.look_days import LookDay, look_days
from simulate.theory.planned_bounds import planned_bounds
from simulate.theory.rates import ExpectedRates, expected_rates, performance_of_rates


@dataclass(frozen=True, eq=False)
class UnderTruth:
    """What a hypothesis may expect under one truth. Arrays have a value for each of its looks.

    Attributes
    ----------
    truth
        What is taken to be true.
    looks
        When each look is expected, were the trial not stopped before.
    enrolled, enrolled_at_decision
        Patients expected to be enrolled by then, and by the decision, after the look's cleaning
        lag: until then enrolment goes on.
    decision_days
        Trial day of each decision.
    control_events, experimental_events
        Events expected to be known by then in each of the two arms.
    hazard_ratio
        Experimental over control; the average one where the scenario is assumed; nan of a rate.
    performance
        Mean of Z and probabilities of stopping, with the planned events; at a look whose target is
        not expected to be reached, Z has the mean that the events expected there give.
    rates
        Response rates, if these are compared: then events are evaluable patients.
    """

    truth: str
    looks: tuple[LookDay, ...]
    enrolled: FloatArray
    decision_days: FloatArray
    enrolled_at_decision: FloatArray
    control_events: FloatArray
    experimental_events: FloatArray
    hazard_ratio: FloatArray
    performance: Performance
    rates: ExpectedRates | None = None

    @property
    def spread(self) -> float:
        """Standard deviation of Z at a look."""
        return 1.0 if self.rates is None else self.rates.spread

    @property
    def days(self) -> FloatArray:
        """Trial day of each data cut."""
        return np.array([look.day for look in self.looks])


@dataclass(frozen=True, eq=False)
class HypothesisTheory:
    """One hypothesis: its bounds, and what it may expect.

    Attributes
    ----------
    hypothesis, analyses
        The hypothesis and the analyses at which it is tested.
    events
        Planned for each look: those that trigger it, or those expected where something else does.
    information
        Events at which all error is spent.
    allocation
        Experimental patients for each in the control arm.
    alpha
        One-sided level. Where hypotheses share alpha: the lowest that this one is tested at.
    bounds
        At the planned events.
    truths
        Under the null hypothesis, as the scenario assumes, and at the hazard ratio of the design
        if there is one.
    """

    hypothesis: Hypothesis
    analyses: tuple[Analysis, ...]
    events: tuple[float, ...]
    information: float
    allocation: float
    alpha: float
    bounds: Bounds
    truths: tuple[UnderTruth, ...]

    def under(self, truth: str) -> UnderTruth | None:
        """What is expected under a truth; None if the scenario does not have it."""
        return next((each for each in self.truths if each.truth == truth), None)

    @property
    def has_power(self) -> bool:
        """Whether theory gives the power: of log-rank tests and of rates; else it is nan."""
        return has_power(self.hypothesis.test)

    @property
    def has_hazard_ratio(self) -> bool:
        """Whether bounds, events and power are told by hazard ratios: those of log-rank tests."""
        return is_log_rank(self.hypothesis.test)

    @property
    def is_of_rates(self) -> bool:
        """Whether response rates are compared: then events are evaluable patients."""
        return is_of_rates(self.hypothesis.test)

    @property
    def hazard_ratio(self) -> float:
        """That of the design, else the average one of the scenario at the last look."""
        if self.hypothesis.design_hazard_ratio is not None:
            return self.hypothesis.design_hazard_ratio
        assumed = self.under(ASSUMED)
        assert assumed is not None  # it always stands
        return float(assumed.hazard_ratio[-1])

    @cached_property
    def efficacy_hazard_ratio(self) -> FloatArray:
        """Largest hazard ratio that is significant, by look."""
        if not self.has_hazard_ratio:
            return np.full(len(self.events), np.nan)
        return self.bounds.efficacy_hazard_ratio(self.events[-1], allocation=self.allocation)

    @cached_property
    def efficacy_difference(self) -> FloatArray:
        """Smallest difference of response rates that is significant, by look; nan of times."""
        assumed = self.under(ASSUMED)
        if assumed is None or assumed.rates is None:
            return np.full(len(self.events), np.nan)
        error = np.sqrt(assumed.rates.under_null / np.array(self.events))
        return np.asarray(self.bounds.efficacy_z * error)

    @property
    def futility_z(self) -> FloatArray:
        """Z at or below gives up, by look; minus infinity at all looks without futility."""
        if self.hypothesis.futility is None:
            return np.full(len(self.events), -np.inf)
        return self.bounds.futility_z

    @cached_property
    def futility_hazard_ratio(self) -> FloatArray:
        """Smallest hazard ratio that stops for futility, by look."""
        if self.is_of_rates:
            return np.full(len(self.events), np.nan)
        return hazard_ratio_at(self.futility_z, self.events, allocation=self.allocation)

    def events_for(self, power: float) -> float:
        """Events that the design needs at its last look; nan if no number gives this power."""
        if not self.has_hazard_ratio:
            return math.nan
        try:
            return required_events(
                self.bounds, self.hazard_ratio, power=power, allocation=self.allocation
            )
        except DesignError:
            return math.nan

    def fixed_events_for(self, power: float) -> float:
        """Events that one look alone needs (Schoenfeld 1981); nan without an effect.

        Of a response rate: evaluable patients, for the rates of the scenario.
        """
        assumed = self.under(ASSUMED)
        if assumed is not None and assumed.rates is not None:
            return assumed.rates.patients_for(power, self.alpha)
        if not self.has_hazard_ratio:
            return math.nan
        try:
            return schoenfeld_events(
                self.hazard_ratio,
                power=power,
                alpha=self.alpha,
                allocation=self.allocation,
            )
        except DesignError:
            return math.nan

    def detectable(self, power: float) -> float:
        """Hazard ratio that is found with this power; nan if none is."""
        if not self.has_hazard_ratio:
            return math.nan
        try:
            return detectable_hazard_ratio(
                self.bounds, self.events[-1], power=power, allocation=self.allocation
            )
        except DesignError:
            return math.nan

    @property
    def beta_hazard_ratio(self) -> float:
        """Hazard ratio for which the planned events give the power that beta spending asks for."""
        unit = -float(expected_z(math.e, self.events[-1], allocation=self.allocation))
        return math.exp(-self.bounds.drift / unit)


def hypothesis_theory(expected: Expected, hypothesis: Hypothesis) -> HypothesisTheory:
    """Bounds of a hypothesis, and what it may expect under each truth."""
    trial = expected.trial
    arms = trial.arm(hypothesis.experimental), trial.arm(hypothesis.control)
    allocation = arms[0].allocation / arms[1].allocation
    events = planned_events(expected, hypothesis)
    information = float(trial.information(hypothesis) or events[-1])
    alpha = trial.levels(hypothesis)[0]
    bounds = planned_bounds(hypothesis, events, information, alpha=alpha)
    if weights_of(hypothesis.test):
        bounds = combined_bounds(expected, hypothesis, bounds, events)
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
    """Events of the two arms at each look of a hypothesis.

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
    chosen = _places(expected, hypothesis)
    return tuple(found[place] for place in chosen)


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
    rates = None
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
        performance=_performance(hypothesis, bounds, means, events, rates),
        rates=rates,
    )


def _performance(
    hypothesis: Hypothesis,
    bounds: Bounds,
    means: FloatArray,
    events: tuple[float, ...],
    rates: ExpectedRates | None,
) -> Performance:
    """Means of Z and probabilities of stopping, as far as theory knows them."""
    if rates is not None:
        return performance_of_rates(bounds, rates, events)
    if is_log_rank(hypothesis.test):
        return performance_at_means(bounds, means, events)
    return _unknown_performance(events)


def _unknown_performance(events: tuple[float, ...]) -> Performance:
    """What theory says of tests of times other than the log-rank test: nothing."""
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
