"""What theory expects of restricted means and milestone rates at looks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats
from simulated_power import assert_power_is_simulated
from survival_files import THREE_LOOKS, survival_scenario

from simulate.describe.design import design_in_words
from simulate.design_theory import design_theory
from simulate.distributions import FloatArray
from simulate.look_replicates import run_look_replicates
from simulate.looks.combined import CombinedBounds
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.theory.course import AS_ASSUMED, NULL, ExpectedTrial, Truth
from simulate.theory.covariance import growing
from simulate.theory.curves import expected_curves, expected_information, performance_of_curves
from simulate.theory.joint_bounds import covariances
from simulate.units import DAYS_PER_MONTH

MONTH = DAYS_PER_MONTH
TESTS = {
    "mean": "{kind: rmst, until: 18 months}",
    "rate": "{kind: milestone, time: 12 months}",
    "log_log": "{kind: milestone, time: 12 months, scale: log_log}",
}
HARDLY_STOPS = "hypotheses.pfs.efficacy={kind: cumulative, spent: [1e-9, 2e-9, 0.025]}"


def three_looks(test: str, *overrides: str) -> SurvivalScenario:
    return survival_scenario(THREE_LOOKS, f"hypotheses.pfs.test={TESTS[test]}", *overrides)


# ---- variance, by integration ---------------------------------------------------------------


def in_closed_form(test: str, ratio: float, patients: float, day: float) -> tuple[float, float]:
    """Value and variance of an arm: exponential survival and dropout, patients at an even pace."""
    hazard, dropout = math.log(2.0) / (18.5 * MONTH) * ratio, 0.05 / (12 * MONTH)
    end = (18 if test == "mean" else 12) * MONTH
    full = 24.0 * MONTH

    def survival(t: float) -> float:
        return math.exp(-hazard * t)

    def at_risk(t: float) -> float:
        return patients * min(day - t, full) / full * survival(t) * math.exp(-dropout * t)

    def area(t: float) -> float:
        return (survival(t) - survival(end)) / hazard if test == "mean" else survival(end)

    variance = integrate.quad(lambda t: area(t) ** 2 * hazard / at_risk(t), 0.0, end)[0]
    if test == "log_log":
        return -math.log(hazard * end), variance / (survival(end) * hazard * end) ** 2
    return area(0.0), variance


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("months", [20.0, 26.0, 48.0])
def test_mean_and_information_of_exponential_arms(test: str, months: float) -> None:
    """Against integrals over continuous time; days and steps of accrual make 1% at most."""
    scenario = three_looks(test)
    day = months * MONTH
    found = expected_curves(
        ExpectedTrial(scenario), scenario.hypotheses[0], AS_ASSUMED, [round(day)]
    )
    one, other = (in_closed_form(test, ratio, 440.0, day) for ratio in (0.75, 1.0))
    assert found.information[0] == pytest.approx(1.0 / (one[1] + other[1]), rel=0.01)
    mean = (one[0] - other[0]) / math.sqrt(one[1] + other[1])
    assert found.means[0] == pytest.approx(mean, rel=0.01)
    if test == "mean":
        assert found.control == pytest.approx(other[0], rel=0.003)


def test_nothing_is_known_before_an_arm_is_followed_so_long() -> None:
    scenario = three_looks("mean")
    expected, hypothesis = ExpectedTrial(scenario), scenario.hypotheses[0]
    # the control arm's first patient is expected after 1.7 days
    days = [round(18 * MONTH) - 1, round(18 * MONTH) + 3]
    before, after = expected_curves(expected, hypothesis, AS_ASSUMED, days).information
    assert before == 0.0
    assert after > 0.0


def test_without_an_effect_means_are_0_and_bounds_take_this_information() -> None:
    scenario = three_looks("mean")
    expected, hypothesis = ExpectedTrial(scenario), scenario.hypotheses[0]
    truth = Truth(NULL, hypothesis)
    by_events = expected_information(expected, hypothesis)
    events = expected.events("PFS", truth).sum(axis=0)
    days = [700, 900, 1100]
    found = expected_curves(expected, hypothesis, truth, days)
    assert found.means == pytest.approx([0.0] * 3, abs=1e-12)
    of_events = [by_events(float(events[day])).item() for day in days]
    assert of_events == pytest.approx(found.information.tolist(), rel=1e-6)
    assert covariances(scenario)["pfs"](300.0) == by_events(300.0)


# ---- correlation of looks, by simulation ----------------------------------------------------


@pytest.mark.parametrize("test", TESTS)
def test_looks_are_correlated_as_their_information_says(test: str) -> None:
    """Within 4 standard errors; with events in its place, some would differ by 10 of them."""
    n = 10_000
    scenario = three_looks(test, HARDLY_STOPS, "survival.effects=[]")
    looks = run_look_replicates(scenario, replicates=n)
    z = np.column_stack([looks[each.name].column("pfs.z") for each in scenario.analyses])
    goes_on = np.isfinite(z).all(axis=1)
    assert goes_on.mean() > 0.999
    z = z[goes_on]
    counts = [254.0, 381.0, 508.0]
    information = [covariances(scenario)["pfs"](count).item() for count in counts]
    by_events = []
    for i, j in itertools.combinations(range(3), 2):
        expected = math.sqrt(information[i] / information[j])
        error = (1.0 - expected**2) / math.sqrt(n)
        found = float(np.corrcoef(z[:, i], z[:, j])[0, 1])
        assert found == pytest.approx(expected, abs=4.0 * error)
        by_events.append(abs(math.sqrt(counts[i] / counts[j]) - found) / error)
    assert max(by_events) > 10.0


# ---- bounds ---------------------------------------------------------------------------------


def spent(path: tuple[int, ...]) -> float:
    return {100: 0.01, 200: 0.018, 300: 0.025}[path[-1]]


def test_a_look_that_adds_no_information_takes_the_alpha_that_is_left() -> None:
    """Its statistic is that of the look before: the bound goes down to all that is spent."""
    bounds = CombinedBounds(lambda _: np.array([[1.0]]), 1, 2, spent)
    assert bounds.efficacy((100,)) == pytest.approx(stats.norm.isf(0.01), abs=1e-9)
    assert bounds.efficacy((100, 300)) == pytest.approx(stats.norm.isf(0.025), abs=2e-3)


def test_a_look_before_anything_is_known_has_no_bound_and_leaves_its_alpha() -> None:
    def information(events: float) -> FloatArray:
        return np.array([[max(events - 150.0, 0.0)]])

    bounds = CombinedBounds(information, 1, 2, spent)
    assert bounds.efficacy((100,)) == math.inf
    assert bounds.efficacy((100, 200)) == pytest.approx(stats.norm.isf(0.018), abs=1e-9)


def test_information_always_grows() -> None:
    assert growing([0.0, 2.0, 2.0]).tolist() == pytest.approx([2e-4, 2.0, 2.0002])


# ---- power ----------------------------------------------------------------------------------


@pytest.mark.parametrize("test", TESTS)
def test_power_is_that_of_simulated_trials(test: str) -> None:
    scenario = three_looks(test, "hypotheses.pfs.efficacy={kind: pocock}")
    assert_power_is_simulated(scenario, size_within=2e-5)


def test_looks_before_anything_is_known_never_stop() -> None:
    scenario = three_looks("mean", "hypotheses.pfs.test.until=30 months")
    theory = design_theory(scenario)
    (one,) = theory.hypotheses
    null = one.under("null")
    assert null is not None
    assert null.curves is not None
    assert null.curves.information[0] == 0.0
    assert np.isnan(null.performance.means[0])
    assert one.bounds.alpha_spent[0] == 0.0  # it is left to the next look
    assert one.bounds.alpha_spent[-1] == pytest.approx(0.025)
    told = " ".join(design_in_words(theory).split())
    assert "At first_interim and second_interim nothing is rejected" in told
    assert "nan" not in told
    assert null.performance.efficacy[0] == 0.0
    assert math.isinf(one.bounds.efficacy_z[0])
    assert null.performance.power == pytest.approx(0.025, abs=2e-5)
    assert null.performance.stopping.sum() == pytest.approx(1.0)


def test_a_test_that_is_not_defined_at_any_look_has_no_power() -> None:
    scenario = three_looks("mean")
    (one,) = design_theory(scenario).hypotheses
    assumed = one.under("assumed")
    assert assumed is not None
    assert assumed.curves is not None
    nothing = assumed.curves._replace(information=np.zeros(3), means=np.zeros(3))
    assert performance_of_curves(one.bounds, nothing, one.events).power == 0.0


# ---- what is told ---------------------------------------------------------------------------


def test_tables_tell_means_in_months_and_rates() -> None:
    table = design_theory(three_looks("mean")).table
    control = table.loc[table["truth"] == "assumed", "control_restricted_mean_months"]
    assert control.to_numpy() == pytest.approx([13.09] * 3, abs=0.02)
    assert table["efficacy_hazard_ratio"].isna().all()
    rates = design_theory(three_looks("rate")).table
    assert rates["experimental_milestone_rate"].max() == pytest.approx(
        0.5 ** (12 * 0.75 / 18.5), abs=2e-3
    )


def test_the_text_tells_what_is_compared() -> None:
    text = design_in_words(design_theory(three_looks("mean")))
    assert "difference of the restricted means in months at the" in text
    assert "means (months)" in text
    assert "of the information of the" in text
    assert "nan" not in text
    assert "Schoenfeld) " not in text
    assert "nan" not in design_in_words(design_theory(three_looks("log_log")))
