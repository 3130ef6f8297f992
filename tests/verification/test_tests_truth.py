"""Type I error of weighted and combined tests at several looks, and of further tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scenario_files import SCENARIOS
from survival_files import THREE_LOOKS, survival_scenario

from simulate.choose_engine import BATCH
from simulate.look_replicates import run_look_replicates
from simulate.looks.design import survival_design
from simulate.randomised.job import under_null
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.spending import spending_of

pytestmark = pytest.mark.verify

N, ALPHA = 100_000, 0.025

COMBINED = (
    "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}, {rho: 1}]}",
    "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}, {rho: 1, gamma: 1}, {delay: 6 months}]}",
    "{kind: fleming_harrington, gamma: 1}",
    "{kind: modestly_weighted, survival: 0.5}",
)

CURVES = (
    "{kind: rmst, until: 18 months}",
    "{kind: milestone, time: 12 months, scale: log_log}",
)
"""Tests whose variance is that of Greenwood, which is normal with many patients only."""


def without_effect(*overrides: str) -> SurvivalScenario:
    scenario = under_null(survival_scenario(THREE_LOOKS, *overrides))
    assert isinstance(scenario, SurvivalScenario)
    return scenario


@pytest.mark.parametrize("efficacy", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize("test", [*COMBINED, *CURVES])
def test_the_alpha_that_is_spent_is_the_type_i_error(test: str, efficacy: str) -> None:
    """By the end of each look, within 3 Monte Carlo standard errors; 0.001 more of curves."""
    scenario = without_effect(
        f"hypotheses.pfs.test={test}", f"hypotheses.pfs.efficacy={{kind: {efficacy}}}"
    )
    more = 1e-3 if test in CURVES else 0.0
    looks = run_look_replicates(scenario, replicates=N, engine=BATCH, workers=2)
    outcomes = Outcomes(Looks(looks), scenario.analyses, scenario.hypotheses)
    (hypothesis,) = scenario.hypotheses
    rejected = np.logical_or.accumulate(outcomes.decided(hypothesis, 1), axis=0).mean(axis=1)
    planned = np.array(survival_design(scenario).planned_events(hypothesis), float)
    fractions = planned / planned[-1]
    spending = spending_of(hypothesis.efficacy, ALPHA, tuple(fractions.tolist()))
    for found, wanted in zip(rejected, spending.spent(fractions), strict=True):
        error = 3 * math.sqrt(wanted * (1 - wanted) / N)
        assert found == pytest.approx(wanted, abs=error + more)


FURTHER = {
    "late": "{kind: fleming_harrington, gamma: 1}",
    "modest": "{kind: modestly_weighted, delay: 6 months}",
    "combo": "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}, {rho: 1}]}",
    "mean": "{kind: rmst, until: 18 months}",
    "milestone": "{kind: milestone, time: 18 months, scale: log_log}",
    "wins": "{kind: win_ratio, order: [PFS]}",
}


def test_further_tests_at_the_last_look_have_their_size() -> None:
    """Within 3 Monte Carlo standard errors, and 0.001: with many patients only are they normal."""
    listed = ", ".join(f"{{name: {name}, test: {test}}}" for name, test in FURTHER.items())
    n = 20_000
    scenario = without_effect(
        "hypotheses.pfs.efficacy=null", f"estimates.tests=[{listed}]", "estimates.rmst=null"
    )
    looks = run_look_replicates(scenario, replicates=n, engine=BATCH, workers=2)
    last = looks[scenario.analyses[-1].name]
    for name in FURTHER:
        size = float((last.column(f"pfs.{name}.z") >= 1.959964).mean())
        assert size == pytest.approx(ALPHA, abs=3 * math.sqrt(ALPHA / n) + 1e-3), name


UNEQUAL = SCENARIOS / "interval_censored.yaml"
"""The experimental arm is scanned every 24 weeks, control every 6."""


@pytest.mark.parametrize("model", ["progression alone", "deaths", "missed scans"])
def test_where_calendars_differ_only_the_interval_censored_test_keeps_its_size(model: str) -> None:
    """Within 3 Monte Carlo standard errors, and 0.002 where unseen progression precedes deaths."""
    n, missed = 20_000, "survival.visits={missed: 0.1}"
    alone = ("survival.death_without_progression={kind: exponential, rate: 0 per month}",
             "survival.death_after_progression={kind: exponential, rate: 0 per month}")  # fmt: skip
    changes = {"progression alone": alone, "deaths": (), "missed scans": (*alone, missed)}[model]
    scenario = under_null(survival_scenario(UNEQUAL, *changes))
    looks = run_look_replicates(scenario, replicates=n, engine=BATCH, workers=2)["final"]

    def size(name: str, sign: int = 1) -> float:
        return float((sign * looks.column(name) >= 1.959964).mean())

    assert size("pfs.z") > 0.2, "the arm that is scanned less often looks better"
    more = 0.002 if model == "deaths" else 0.0
    for name in ("pfs.interval.z", "pfs.stratified.z"):
        for sign in (1, -1):
            error = 3 * math.sqrt(ALPHA * (1 - ALPHA) / n)
            assert size(name, sign) == pytest.approx(ALPHA, abs=error + more), (name, sign)
