"""What theory expects of weighted log-rank tests and of their combinations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate
from simulated_power import assert_power_is_simulated
from survival_files import THREE_LOOKS, survival_scenario

from simulate.describe.design import design_in_words
from simulate.design_theory import design_theory
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.sequential.noncentrality import log_rank_at
from simulate.theory.combination import expected_covariance
from simulate.theory.course import AS_ASSUMED, NULL, ExpectedTrial, Truth
from simulate.theory.weighted import ExpectedWeights, expected_weights, performance_of_weights
from simulate.units import DAYS_PER_MONTH

MONTH = DAYS_PER_MONTH
LATE, EARLY = "{kind: fleming_harrington, gamma: 1}", "{kind: fleming_harrington, rho: 1}"
MODEST = "{kind: modestly_weighted, survival: 0.6}"
COMBO = "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}, {rho: 1}]}"
DELAYED = (
    "survival.effects=[{kind: delayed, arm: experimental, on: event, delay: 6 months, "
    "hazard_ratio: 0.7}]"
)
STRATIFIED = (
    "baseline={variables: [{id: 1, name: receptor, levels: {positive: 1, negative: 1}}]}",
    "randomisation.strata=[receptor]",
    "survival.prognostic_factors=[{variable: receptor, level: positive, "
    "hazard_ratios: {event: 0.5}}]",
    "hypotheses.pfs.test.stratified=true",
)


def three_looks(test: str, *overrides: str) -> SurvivalScenario:
    return survival_scenario(THREE_LOOKS, f"hypotheses.pfs.test={test}", *overrides)


# ---- means and covariances ------------------------------------------------------------------


@pytest.mark.parametrize("overrides", [(), STRATIFIED])
def test_without_weight_it_is_the_theory_of_the_log_rank_test(overrides: tuple[str, ...]) -> None:
    scenario = three_looks("{kind: fleming_harrington}", *overrides)
    expected, hypothesis = ExpectedTrial(scenario), scenario.hypotheses[0]
    found = expected_weights(expected, hypothesis, AS_ASSUMED, [900.0])
    plain = log_rank_at(expected.compared(hypothesis), expected.entered, 900)
    assert found.means[0, 0] == pytest.approx(plain.mean_z, rel=1e-12)
    assert found.covariance[0, 0, 0] == pytest.approx(plain.variance, rel=1e-12)


WEIGHTS: dict[str, Callable[[float], float]] = {
    LATE: lambda s: 1.0 - s,
    EARLY: lambda s: s,
    MODEST: lambda s: 1.0 / max(s, 0.6),
}


@pytest.mark.parametrize("test", WEIGHTS)
def test_means_of_exponential_arms_are_integrals(test: str) -> None:
    """Against integrals over continuous time; days and steps of accrual make 1% at most."""
    day, full, weight = 28.0 * MONTH, 24.0 * MONTH, WEIGHTS[test]
    hazards = [math.log(2.0) / (18.5 * MONTH) * ratio for ratio in (0.75, 1.0)]
    dropout = 0.05 / (12 * MONTH)

    def at_risk(t: float) -> list[float]:
        stay = 440.0 * min(day - t, full) / full * math.exp(-dropout * t)
        return [stay * math.exp(-hazard * t) for hazard in hazards]

    def pooled_hazard(t: float) -> float:
        one, other = at_risk(t)
        return (one * hazards[0] + other * hazards[1]) / (one + other)

    grid = np.linspace(0.0, day, 4001)
    steps = [pooled_hazard(t) for t in grid[:-1]]
    log_survival = np.append(0.0, np.cumsum(steps) * grid[1])

    def moment(t: float, power: int) -> float:
        one, other = at_risk(t)
        w = weight(math.exp(-float(np.interp(t, grid, log_survival))))
        part = one * other / (one + other)
        if power == 1:
            return w * part * (hazards[1] - hazards[0])
        return w**2 * part * pooled_hazard(t)

    mean, variance = (
        integrate.quad(moment, 0.0, day - 1e-6, args=(power,), limit=200)[0] for power in (1, 2)
    )
    scenario = three_looks(test)
    found = expected_weights(
        ExpectedTrial(scenario), scenario.hypotheses[0], AS_ASSUMED, [round(day)]
    )
    assert found.means[0, 0] == pytest.approx(mean / math.sqrt(variance), rel=0.01)
    assert found.covariance[0, 0, 0] == pytest.approx(variance, rel=0.01)


def test_without_an_effect_weights_vary_together_as_bounds_take_it() -> None:
    """Up to a factor, that of the allocation."""
    scenario = three_looks(COMBO)
    expected, hypothesis = ExpectedTrial(scenario), scenario.hypotheses[0]
    truth = Truth(NULL, hypothesis)
    found = expected_weights(expected, hypothesis, truth, [700.0, 1000.0])
    events = expected.events("PFS", truth).sum(axis=0)
    bounds = expected_covariance(expected, hypothesis)
    for look, day in enumerate((700, 1000)):
        ratio = found.covariance[look] / bounds(float(events[day]))
        assert ratio == pytest.approx(np.full((3, 3), 0.25), rel=2e-3)
    assert found.means == pytest.approx(np.zeros((2, 3)), abs=1e-9)


# ---- power ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "overrides"),
    [(LATE, ()), (EARLY, ()), (MODEST, ()), (COMBO, ()), (LATE, STRATIFIED), (COMBO, STRATIFIED)],
)
def test_power_is_that_of_simulated_trials(test: str, overrides: tuple[str, ...]) -> None:
    assert_power_is_simulated(three_looks(test, DELAYED, *overrides), size_within=3e-4)


def test_a_combination_of_one_statistic_twice_is_that_statistic() -> None:
    scenario = three_looks(LATE, DELAYED)
    (one,) = design_theory(scenario).hypotheses
    under = one.under("assumed")
    assert under is not None
    days = under.days.tolist()
    single = expected_weights(ExpectedTrial(scenario), scenario.hypotheses[0], AS_ASSUMED, days)
    twice = ExpectedWeights(
        np.repeat(single.means, 2, axis=1), np.repeat(np.repeat(single.covariance, 2, 1), 2, 2)
    )
    found = performance_of_weights(one.bounds, twice, one.events)
    assert found.efficacy == pytest.approx(under.performance.efficacy, abs=2e-3)
    assert np.isnan(found.means).all()


def test_the_text_tells_power_and_no_hazard_ratio_at_a_bound() -> None:
    text = " ".join(design_in_words(design_theory(three_looks(COMBO))).split())
    assert "Probability of success at each look" in text
    assert "by simulating it" in text
    assert "(Z is the deviate of the combination's p-value): efficacy" in text
    assert "mean Z after" not in text
    assert "mean Z after" in " ".join(design_in_words(design_theory(three_looks(LATE))).split())
    assert "Schoenfeld) " not in text
    assert "nan" not in text
