"""What theory expects of a randomised trial, before any simulation.

Two tables stand beside the simulation: `table` has a row for each hypothesis, look and truth,
`overall` one for each hypothesis and truth. What may be true: the null hypothesis, the scenario as
it stands (`assumed`), and the hazard ratio of the design (`design`).

Exact, by integration over accrual, dropout and survival: expected numbers of patients and events by
day. Exact for Z that is normal with independent increments: bounds and error spent. Approximate:
the days of looks (when the expected number reaches the target), and the mean of Z. That is
Schoenfeld's under `design`, and under `assumed` follows from the expected numbers at risk, so that
hazards need not be proportional. Power, and all that the mean of Z gives, is that of log-rank
tests, of weighted ones and combinations (:mod:`simulate.theory.weighted`), of restricted means and
milestone rates (:mod:`simulate.theory.curves`), and of response rates by a normal approximation
(:mod:`simulate.theory.rates`), whose events are evaluable patients; of win ratios and of the
interval-censored test it is nan here, and found by simulation.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from simulate.errors import UsageError
from simulate.scenario.populations import population_in_words, population_of
from simulate.scenario.reading import AnyScenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.testing import Milestone, RestrictedMean, is_of_rates, name_of
from simulate.sequential.boundaries import nominal_p
from simulate.sequential.power import performance_at_means
from simulate.sequential.refusals import DesignError
from simulate.theory.course import Expected, ExpectedTrial
from simulate.theory.hypothesis import HypothesisTheory, UnderTruth
from simulate.theory.patients import ExpectedPatients
from simulate.theory.performance import hypothesis_theory
from simulate.theory.shared_alpha import SharedAlpha, shared_alpha
from simulate.units import DAYS_PER_MONTH

POWERS = (0.8, 0.9)
"""Powers for which needed events and detectable hazard ratios are given."""


@dataclass(frozen=True, eq=False)
class DesignTheory:
    """Theory of a scenario.

    Attributes
    ----------
    scenario
        The scenario.
    expected
        Its expected numbers by day.
    hypotheses
        Each of its hypotheses.
    """

    scenario: AnyScenario
    expected: Expected
    hypotheses: tuple[HypothesisTheory, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each hypothesis, look and truth; columns as of `design.csv`."""
        rows = [row for theory in self.hypotheses for row in _look_rows(self.scenario, theory)]
        return pd.DataFrame(rows)

    @cached_property
    def overall(self) -> pd.DataFrame:
        """A row for each hypothesis and truth: power, and what to expect when it is decided."""
        rows = [row for theory in self.hypotheses for row in _overall_rows(self, theory)]
        return pd.DataFrame(rows)

    @cached_property
    def shared(self) -> SharedAlpha | None:
        """Theory of the hypotheses together, if they share alpha."""
        return shared_alpha(self.scenario, self.expected, self.hypotheses)

    @property
    def enrolment_end(self) -> float:
        """Expected trial day on which the last place is taken; infinite if mostly never."""
        return self.expected.day_enrolled(self.scenario.sample_size)


def design_theory(scenario: AnyScenario) -> DesignTheory:
    """Theory of a scenario.

    Parameters
    ----------
    scenario
        A randomised trial with hypotheses. Of one with patients in cycles and scans, survival is
        latent: see :mod:`simulate.theory.patients`.

    Raises
    ------
    UsageError
        If nothing is tested, if survival has no formula, or if looks cannot be told apart.
    """
    if not scenario.hypotheses:
        raise UsageError(
            f"{scenario.path}: theory needs hypotheses, and there are none. Give a randomised "
            "trial with arms: and hypotheses: (each with id, name, endpoint, experimental and "
            "control), such as a copy of scenarios/generic_two_arm.yaml, or a trial of one arm "
            "with single_arm:, such as scenarios/single_arm_two_stage.yaml"
        )
    try:
        expected = expected_of(scenario)
        found = tuple(hypothesis_theory(expected, each) for each in scenario.hypotheses)
    except DesignError as error:
        raise UsageError(f"{scenario.path}: {error}") from None
    return DesignTheory(scenario, expected, found)


def expected_of(scenario: AnyScenario) -> Expected:
    """What a scenario of either kind may expect."""
    if isinstance(scenario, SurvivalScenario):
        return ExpectedTrial(scenario)
    return ExpectedPatients(scenario)


def _key(scenario: AnyScenario, theory: HypothesisTheory) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "hypothesis": theory.hypothesis.name,
        "endpoint": theory.hypothesis.endpoint,
        "test": name_of(theory.hypothesis.test),
        "experimental": theory.hypothesis.experimental,
        "control": theory.hypothesis.control,
        **(
            {"population": population_in_words(population_of(theory.hypothesis.population))}
            if scenario.populations
            else {}
        ),
        **(
            {"as_if_read_without_error": scenario.is_read_endpoint(theory.hypothesis.endpoint)}
            if any(scenario.is_read_endpoint(each.endpoint) for each in scenario.hypotheses)
            else {}
        ),
    }


def _rates(scenario: AnyScenario, under: UnderTruth) -> dict[str, Any]:
    """Response rates, where any are compared."""
    if not any(map(is_of_rates, (each.test for each in scenario.hypotheses))):
        return {}
    rates = under.rates
    return {
        "experimental_rate": math.nan if rates is None else rates.experimental,
        "control_rate": math.nan if rates is None else rates.control,
    }


def _curves(scenario: AnyScenario, theory: HypothesisTheory, under: UnderTruth) -> dict[str, Any]:
    """What comparisons of curves estimate, where there are any: months, or rates."""
    tests = [each.test for each in scenario.hypotheses]
    found = {}
    for kind, unit, what in (
        (RestrictedMean, DAYS_PER_MONTH, "restricted_mean_months"),
        (Milestone, 1.0, "milestone_rate"),
    ):
        if any(isinstance(test, kind) for test in tests):
            has = under.curves is not None and isinstance(theory.hypothesis.test, kind)
            for arm in ("experimental", "control"):
                value = getattr(under.curves, arm) / unit if has else math.nan
                found[f"{arm}_{what}"] = value
    return found


def _look_rows(scenario: AnyScenario, theory: HypothesisTheory) -> Iterator[dict[str, Any]]:
    bounds = theory.bounds
    for under in theory.truths:
        stops = under.performance
        for look, analysis in enumerate(theory.analyses):
            yield {
                **_key(scenario, theory),
                "look": look + 1,
                "analysis": analysis.name,
                "truth": under.truth,
                "hazard_ratio": under.hazard_ratio[look],
                "planned_events": theory.events[look],
                "information_fraction": theory.events[look] / theory.information,
                "efficacy_z": bounds.efficacy_z[look],
                "efficacy_p": bounds.efficacy_p[look],
                "efficacy_hazard_ratio": theory.efficacy_hazard_ratio[look],
                "futility_z": theory.futility_z[look],
                "futility_p": nominal_p(theory.futility_z)[look],
                "futility_hazard_ratio": theory.futility_hazard_ratio[look],
                "alpha_spent": bounds.alpha_spent[look],
                "beta_spent": bounds.beta_spent[look],
                "mean_z": stops.means[look],
                "efficacy": stops.efficacy[look],
                "futility": stops.futility[look],
                "cumulative_efficacy": stops.efficacy[: look + 1].sum(),
                "cumulative_futility": stops.futility[: look + 1].sum(),
                "stops": stops.stopping[look],
                **_when(scenario, under, look),
                **_rates(scenario, under),
                **_curves(scenario, theory, under),
            }


def _when(scenario: AnyScenario, under: UnderTruth, look: int) -> dict[str, Any]:
    """The expected day of a look, and what is expected by then and by its decision."""
    day = under.looks[look].day
    return {
        "expected_day": day,
        "expected_months": day / DAYS_PER_MONTH,
        "expected_date": scenario.origin + dt.timedelta(days=math.ceil(day)),
        "decision_day": under.decision_days[look],
        "target_reached": under.looks[look].is_reached,
        "enrolled": under.enrolled[look],
        "enrolled_at_decision": under.enrolled_at_decision[look],
        "events": under.control_events[look] + under.experimental_events[look],
        "control_events": under.control_events[look],
        "experimental_events": under.experimental_events[look],
    }


def power_without_futility(theory: HypothesisTheory, under: UnderTruth) -> float:
    """Power if no trial is stopped for futility: under the null hypothesis, at most alpha."""
    stops = under.performance
    if not theory.has_power:
        return math.nan
    if not theory.has_hazard_ratio:
        return stops.power  # futility is that of log-rank tests
    return performance_at_means(theory.bounds, stops.means, stops.events, heed_futility=False).power


def _overall_rows(theory: DesignTheory, one: HypothesisTheory) -> Iterator[dict[str, Any]]:
    for under in one.truths:
        stops = under.performance
        events = under.control_events + under.experimental_events
        decision_day = stops.expected(under.decision_days)
        yield {
            **_key(theory.scenario, one),
            "truth": under.truth,
            "power": stops.power,
            "power_without_futility": power_without_futility(one, under),
            "stops_for_futility": float(stops.futility[:-1].sum()),
            "targets_reached": all(look.is_reached for look in under.looks),
            "expected_events": stops.expected(events),
            "expected_sample_size": stops.expected(under.enrolled_at_decision),
            "expected_day": decision_day,
            "expected_months": decision_day / DAYS_PER_MONTH,
            "enrolment_end_day": theory.enrolment_end,
            "information": one.information,
            "significant_hazard_ratio": float(one.efficacy_hazard_ratio[-1]),
            **{f"detectable_hazard_ratio_{p:.0%}": one.detectable(p) for p in POWERS},
            **{f"events_for_{p:.0%}": one.events_for(p) for p in POWERS},
            **{f"fixed_events_for_{p:.0%}": one.fixed_events_for(p) for p in POWERS},
            **_rates(theory.scenario, under),
            **_curves(theory.scenario, one, under),
        }
