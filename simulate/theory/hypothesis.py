"""One hypothesis as theory has it: its bounds, and what it may expect under each truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulate.distributions import FloatArray
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import (
    compares_curves,
    has_power,
    is_log_rank,
    is_of_rates,
    is_on_log_log,
)
from simulate.sequential.boundaries import Bounds
from simulate.sequential.log_rank import expected_z, hazard_ratio_at, schoenfeld_events
from simulate.sequential.power import (
    Performance,
    detectable_hazard_ratio,
    required_events,
)
from simulate.sequential.refusals import DesignError
from simulate.theory.course import ASSUMED, NULL
from simulate.theory.curves import ExpectedCurves
from simulate.theory.look_days import LookDay
from simulate.theory.rates import ExpectedRates


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
    curves
        Restricted means or milestone rates, if these are compared.
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
    curves: ExpectedCurves | None = None

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
        """Whether theory gives the power; of win ratios and intervals it is nan."""
        return has_power(self.hypothesis.test)

    @property
    def has_hazard_ratio(self) -> bool:
        """Whether bounds, events and power are told by hazard ratios: those of log-rank tests."""
        return is_log_rank(self.hypothesis.test)

    @property
    def compares_curves(self) -> bool:
        """Whether restricted means or milestone rates are compared."""
        return compares_curves(self.hypothesis.test)

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
        """Smallest difference that is significant, by look; nan of tests that have none.

        Of response rates, of milestone rates, or of restricted means in days.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(self.bounds.efficacy_z * self._null_error())

    def _null_error(self) -> FloatArray:
        """Standard error of the difference without an effect, by look."""
        assumed, null = self.under(ASSUMED), self.under(NULL)
        if assumed is not None and assumed.rates is not None:
            return np.sqrt(assumed.rates.under_null / np.array(self.events))
        if null is None or null.curves is None or is_on_log_log(self.hypothesis.test):
            return np.full(len(self.events), np.nan)
        known = np.where(null.curves.information > 0.0, null.curves.information, np.nan)
        return np.asarray(1.0 / np.sqrt(known))

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
