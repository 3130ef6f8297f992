"""Operating characteristics of randomised trials against theory: size, power, bounds, estimates.

Trials of the batch engine with the scenarios' seed. Tolerances are standard errors of the
simulation, and where theory is an approximation a stated rest.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats
from survival_files import ONE_LOOK, THREE_LOOKS, TWO_ARMS, survival_scenario

from simulate.choose_engine import BATCH
from simulate.design_theory import design_theory
from simulate.look_replicates import run_look_replicates
from simulate.randomised.job import under_null
from simulate.randomised.operating import operating_characteristics
from simulate.randomised.outcomes import FUTILE, GOES_ON, REJECTED, Looks, Outcomes
from simulate.randomised.truth import true_log_hazard_ratios
from simulate.scenario.reading import AnyScenario
from simulate.scenario.survival_scenario import SurvivalScenario

pytestmark = pytest.mark.verify

ALPHA = 0.025


def outcomes_of(scenario: AnyScenario, n: int) -> Outcomes:
    looks = run_look_replicates(scenario, replicates=n, engine=BATCH, workers=2)
    return Outcomes(Looks(looks), scenario.analyses, scenario.hypotheses)


def measure(
    scenario: SurvivalScenario, outcomes: Outcomes, name: str, analysis: str
) -> tuple[float, float]:
    """An operating characteristic of the hypothesis on PFS, and its Monte Carlo error."""
    table = operating_characteristics(scenario.name, outcomes, true_log_hazard_ratios(scenario))
    chosen = (table["measure"] == name) & (table["hypothesis"] == "pfs")
    (row,) = table[chosen & (table["analysis"] == analysis)].to_dict("records")
    return float(row["estimate"]), float(row["mcse"])


# ---- type I error ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def null_trials() -> tuple[SurvivalScenario, Outcomes]:
    """100,000 trials of three looks without any effect."""
    scenario = under_null(survival_scenario(THREE_LOOKS))
    assert isinstance(scenario, SurvivalScenario)
    return scenario, outcomes_of(scenario, 100_000)


def test_type_i_error_is_what_was_allowed(
    null_trials: tuple[SurvivalScenario, Outcomes],
) -> None:
    scenario, outcomes = null_trials

    found, mcse = measure(scenario, outcomes, "reject", "all")

    assert mcse == pytest.approx(math.sqrt(found * (1 - found) / 100_000))
    assert abs(found - ALPHA) < 3 * mcse


def test_error_is_spent_look_by_look_as_the_function_says(
    null_trials: tuple[SurvivalScenario, Outcomes],
) -> None:
    """Lan and DeMets' function of O'Brien and Fleming's type, at a half, three quarters and all."""
    scenario, outcomes = null_trials
    z = stats.norm.isf(ALPHA / 2)

    for analysis, fraction in zip(scenario.analyses, (254 / 508, 381 / 508, 1.0), strict=True):
        spent = 2 * stats.norm.sf(z / math.sqrt(fraction))
        found, mcse = measure(scenario, outcomes, "reject_by_then", analysis.name)
        assert abs(found - spent) < 3 * mcse + 1e-4  # a cut may have an event more than planned


def test_z_of_the_first_look_is_standard_normal_without_an_effect(
    null_trials: tuple[SurvivalScenario, Outcomes],
) -> None:
    _, outcomes = null_trials
    first = outcomes.looks.column("first_interim", "pfs.z")

    assert abs(first.mean()) < 3 / math.sqrt(outcomes.n)
    # the variance of the log-rank Z is right to about 1 / d
    assert abs(first.std() - 1) < 3 / math.sqrt(2 * outcomes.n) + 0.001


# ---- power ----------------------------------------------------------------------------------

N = 20_000


@pytest.fixture(scope="module")
def three_looks() -> tuple[SurvivalScenario, Outcomes]:
    scenario = survival_scenario(THREE_LOOKS)
    return scenario, outcomes_of(scenario, N)


@pytest.fixture(scope="module")
def two_arms() -> tuple[SurvivalScenario, Outcomes]:
    scenario = survival_scenario(TWO_ARMS)
    return scenario, outcomes_of(scenario, N)


@pytest.mark.parametrize("which", ["three_looks", "two_arms"])
def test_power_and_stops_are_those_of_theory(which: str, request: pytest.FixtureRequest) -> None:
    """Theory takes Z as normal, with a mean by expectation: right to about 0.2%."""
    scenario, outcomes = request.getfixturevalue(which)
    theory = design_theory(scenario)
    assumed = theory.table[theory.table["truth"] == "assumed"].set_index("analysis")
    overall = theory.overall[theory.overall["truth"] == "assumed"].iloc[0]

    power, mcse = measure(scenario, outcomes, "reject", "all")

    assert abs(power - overall["power"]) < 3 * mcse + 0.002
    for analysis in scenario.analyses:
        expected = assumed.loc[analysis.name]
        found, error = measure(scenario, outcomes, "reject_by_then", analysis.name)
        assert abs(found - expected["cumulative_efficacy"]) < 3 * error + 0.002
        share = float((outcomes.stopped_at == scenario.analyses.index(analysis)).mean())
        error = math.sqrt(share * (1 - share) / N)
        assert abs(share - expected["stops"]) < 3 * error + 0.002
    if scenario.hypotheses[0].futility is not None:
        first = scenario.analyses[0].name
        found, error = measure(scenario, outcomes, "stop_futility", first)
        assert abs(found - assumed.loc[first, "futility"]) < 3 * error + 0.001
    size = outcomes.at_stop("n_enrolled")
    error = float(size.std()) / math.sqrt(N)
    assert abs(size.mean() - overall["expected_sample_size"]) < 3 * error + 0.5


def test_a_cut_is_never_before_its_target(
    three_looks: tuple[SurvivalScenario, Outcomes], two_arms: tuple[SurvivalScenario, Outcomes]
) -> None:
    for scenario, outcomes in (three_looks, two_arms):
        for analysis in scenario.analyses:
            count = analysis.cut.events.count if analysis.cut.events else 0
            overshoot = outcomes.looks.column(analysis.name, "overshoot")
            made = np.isfinite(outcomes.looks.column(analysis.name, "cut_day"))
            events = outcomes.looks.column(analysis.name, "pfs.events")
            reached = outcomes.looks.column(analysis.name, "target_reached")
            assert (reached[made] == 1).all()
            assert (overshoot[made] >= 0).all()
            assert (overshoot[made] == events[made] - count).all()
            assert 0 < overshoot[made].mean() < 5, "several events on a day"


def test_a_trial_stops_when_its_z_has_crossed_a_bound(
    two_arms: tuple[SurvivalScenario, Outcomes],
) -> None:
    """Decisions made anew from Z and the bounds that were written."""
    scenario, outcomes = two_arms
    (hypothesis,) = scenario.hypotheses
    column = outcomes.looks.column
    z, upper, lower = (
        column("interim", f"pfs.{name}") for name in ("z", "efficacy_bound", "futility_bound")
    )
    expected = np.where(z >= upper, REJECTED, np.where(z <= lower, FUTILE, GOES_ON))
    assert (outcomes.decisions(hypothesis)[0] == expected).all()
    assert ((outcomes.stopped_at == 0) == (expected > 0)).all()
    assert set(expected.tolist()) == {GOES_ON, REJECTED, FUTILE}


def test_bounds_of_the_first_look_are_those_of_its_spending(
    two_arms: tuple[SurvivalScenario, Outcomes],
) -> None:
    """At 231 of 330 events: what is spent is the probability to cross.

    Alpha by the function of O'Brien and Fleming's type without an effect; beta (0.1) by that of
    Hwang, Shih and DeCani (gamma -8), at the drift with which both looks spend all of it.
    """
    _, outcomes = two_arms
    column, fraction = outcomes.looks.column, 231 / 330

    def bound(name: str) -> float:
        """The bound of the first look, one and the same in all trials with 231 events."""
        planned = column("interim", "pfs.tested_events") == 231
        (found,) = np.unique(column("interim", f"pfs.{name}_bound")[planned])
        return float(found)

    both = (column("interim", "pfs.tested_events") == 231) & (
        column("final", "pfs.tested_events") == 330
    )
    last = float(column("final", "pfs.efficacy_bound")[both][0])
    first = stats.norm.isf(2 * stats.norm.sf(stats.norm.isf(ALPHA / 2) / math.sqrt(fraction)))
    spent = 0.1 * math.expm1(8 * fraction) / math.expm1(8)
    rho = math.sqrt(fraction)

    def beta_left(drift: float) -> float:
        """Beta that the last look still has, less the probability to fail there."""
        low = stats.norm.ppf(spent)
        below = [
            stats.multivariate_normal.cdf([z, last - drift], cov=[[1, rho], [rho, 1]])
            for z in (low, first - drift * rho)
        ]
        return float(0.1 - spent - (below[1] - below[0]))

    drift = optimize.brentq(beta_left, 2, 5)
    assert bound("efficacy") == pytest.approx(first, abs=1e-6)
    assert bound("futility") == pytest.approx(drift * rho + stats.norm.ppf(spent), abs=1e-4)


# ---- a fixed design -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fixed() -> tuple[SurvivalScenario, Outcomes]:
    """One look at 508 events; everybody is followed until his event."""
    scenario = survival_scenario(THREE_LOOKS, *ONE_LOOK)
    return scenario, outcomes_of(scenario, N)


def test_power_of_a_fixed_design_is_schoenfelds(fixed: tuple[SurvivalScenario, Outcomes]) -> None:
    """Phi(sqrt(d / 4) |log HR| - z): an approximation, right to 0.3% at 0.75."""
    scenario, outcomes = fixed
    schoenfeld = stats.norm.cdf(math.sqrt(508 / 4) * -math.log(0.75) - stats.norm.isf(ALPHA))

    power, mcse = measure(scenario, outcomes, "reject", "all")

    assert abs(power - schoenfeld) < 3 * mcse + 0.003


def test_hazard_ratio_of_a_fixed_design_is_unbiased_and_covered(
    fixed: tuple[SurvivalScenario, Outcomes],
) -> None:
    scenario, outcomes = fixed

    bias, mcse = measure(scenario, outcomes, "log_hazard_ratio.bias", "stop")
    assert abs(bias) < 3 * mcse + 0.001  # of order 1 / d
    coverage, mcse = measure(scenario, outcomes, "log_hazard_ratio.coverage", "stop")
    assert abs(coverage - 0.95) < 3 * mcse + 0.001
    # the error that is written is that of the estimates
    (hypothesis,) = outcomes.hypotheses
    spread = outcomes.at_decision(hypothesis, "log_hr").std()
    written = outcomes.at_decision(hypothesis, "log_hr_se").mean()
    assert written == pytest.approx(spread, rel=3 / math.sqrt(2 * N) + 0.01)


def test_stopping_early_flatters_the_hazard_ratio(
    three_looks: tuple[SurvivalScenario, Outcomes], fixed: tuple[SurvivalScenario, Outcomes]
) -> None:
    bias, mcse = measure(*three_looks, "log_hazard_ratio.bias", "stop")
    if_rejected, _ = measure(*three_looks, "log_hazard_ratio.bias_if_rejected", "stop")

    assert bias < -3 * mcse
    assert if_rejected < bias
    of_fixed, _ = measure(*fixed, "log_hazard_ratio.bias", "stop")
    assert bias < of_fixed


# ---- common random numbers ------------------------------------------------------------------


def test_pairs_tell_a_difference_more_precisely_than_trials_of_their_own() -> None:
    """The errors of paired differences are those of repeated experiments, on other seeds."""
    scenario = survival_scenario(THREE_LOOKS)
    other = scenario.with_overrides({"survival.effects.0.hazard_ratio": 0.77})
    n, differences, squares, alone = 500, [], [], []
    for seed in range(20):
        found = [
            run_look_replicates(each, replicates=n, seed=seed, engine=BATCH)
            for each in (scenario, other)
        ]
        powers = [
            Outcomes(Looks(each), scenario.analyses, scenario.hypotheses).rejects(
                scenario.hypotheses[0]
            )
            for each in found
        ]
        difference = powers[0].astype(float) - powers[1]
        differences.append(difference.mean())
        squares.append(difference.var(ddof=1) / n)
        alone.append(sum(power.var(ddof=1) / n for power in powers))
    # the variance of 20 experiments lies within these limits with a probability of 99.9%
    low, high = (q / 19 for q in stats.chi2.ppf([0.0005, 0.9995], 19))
    assert low < np.var(differences, ddof=1) / np.mean(squares) < high
    assert np.mean(squares) < 0.5 * np.mean(alone)
