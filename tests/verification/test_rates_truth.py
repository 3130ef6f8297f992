"""Response rates and subpopulations of simulated trials: rates, errors and power against theory."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from survival_files import ROOT, survival_scenario

from simulate.build_survival_plan import build_survival_plan
from simulate.choose_engine import BATCH
from simulate.design_theory import design_theory
from simulate.distributions import NEVER
from simulate.engines.batch.survival import BatchSurvivalEngine
from simulate.look_replicates import run_look_replicates
from simulate.randomised.job import under_null_of
from simulate.randomised.nulls import true_nulls
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.randomised.rates import true_rate_differences
from simulate.scenario.reading import AnyScenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import ledger_columns

pytestmark = pytest.mark.verify

GRAPH = ROOT / "scenarios" / "orr_pfs_os_graph.yaml"
NAMES = ("orr", "pfs_positive", "pfs", "os")
ALPHA = 0.025
N = 20_000

COPULA = (
    "survival={kind: copula, correlation: 0.6, progression: {kind: exponential, median: 9 months},"
    " death: {kind: exponential, median: 15 months}, dropout: {kind: exponential, rate: 0.2 per "
    "year}, response: {rate: 0.4, evaluable_after: 18 weeks, correlation: 0.7, effects: "
    "[{arm: experimental, odds_ratio: 1.8, when: {biomarker: negative}}]}}"
)


def scenario_of(*changes: str) -> SurvivalScenario:
    return survival_scenario(GRAPH, "sweep=[]", "estimates={when: stop}", *changes)


def run(scenario: AnyScenario, n: int = N) -> Outcomes:
    looks = run_look_replicates(scenario, replicates=n, engine=BATCH, workers=2)
    return Outcomes(Looks(looks), scenario.analyses, scenario.hypotheses)


@pytest.mark.parametrize("changes", [(), ("survival.response.correlation=-0.7",), (COPULA,)])
def test_rates_of_patients_are_those_of_the_scenario(changes: tuple[str, ...]) -> None:
    """Within 4 standard errors, by arm and level; responders progress later or sooner."""
    scenario = scenario_of(*changes, "sample_size=40000", "enrolment.accrual.1.rate=3000 per month")
    model = scenario.survival.response
    assert model is not None
    engine = BatchSurvivalEngine(build_survival_plan(scenario))
    found = ledger_columns(engine.simulate(seed=5, replicate=0))
    responds = found["response_day"] < NEVER
    for place, arm in enumerate(scenario.arms):
        for cell, level in enumerate(("positive", "negative")):
            mine = (found["arm"] == place) & (found["cell"] == cell)
            rate = model.rate_of(arm.name, {"biomarker": level})
            error = np.sqrt(rate * (1 - rate) / mine.sum())
            assert responds[mine].mean() == pytest.approx(rate, abs=4 * error)
            ends = np.minimum(found["progression_day"], found["death_day"])[mine]
            late, left = ends > 400, (ends > 126) & (found["dropout_day"][mine] > 126)
            by_response = [late[(responds[mine] == yes) & left].mean() for yes in (True, False)]
            assert np.sign(by_response[0] - by_response[1]) == np.sign(model.correlation)


@pytest.mark.parametrize(
    "names", [some for n in range(1, 5) for some in combinations(NAMES, n)], ids="+".join
)
def test_family_wise_error_of_every_configuration(names: tuple[str, ...]) -> None:
    """No effect on some hypotheses, large ones on the others: at most alpha, and not far below."""
    large = (
        "survival.effects.0.hazard_ratio=0.3",
        "survival.effects.1.hazard_ratio=0.3",
        "survival.effects.2.hazard_ratio=0.4",
        "survival.response.effects.0.rate=0.75",
        "survival.response.effects.1.rate=0.75",
    )
    changed = under_null_of(scenario_of(*large), names)
    true = true_nulls(changed)
    assert set(names) <= set(true)
    outcomes = run(changed)
    rejected = np.stack([outcomes.rejects(h) for h in changed.hypotheses if h.name in true])
    error = rejected.any(axis=0).mean()
    mcse = np.sqrt(ALPHA * (1 - ALPHA) / N)
    assert error <= ALPHA + 3 * mcse
    assert error > (0.6 * ALPHA if true != ("orr",) else 0.1 * ALPHA)


@pytest.mark.parametrize("method", ["miettinen_nurminen", "cmh"])
@pytest.mark.parametrize("population", ["{}", "{biomarker: positive}"])
def test_type_one_error_of_response_rates_is_alpha(method: str, population: str) -> None:
    """At two looks of a trial with an effect on progression, and none on response."""
    scenario = scenario_of(
        "multiplicity={method: none}",
        "survival.response.effects=[]",
        "analyses=[{id: 1, name: interim, cut: {enrolled: {count: 300, after: 18 weeks}}}, "
        "{id: 2, name: final, cut: {enrolled: {count: 600, after: 18 weeks}}}]",
        "hypotheses=[{id: 1, name: orr, endpoint: ORR, experimental: experimental, "
        f"control: control, test: {{kind: response, method: {method}}}, information: "
        f"{600 if population == '{}' else 330}, population: {population}, "
        "efficacy: {kind: pocock}}]",
    )
    assert true_nulls(scenario) == ("orr",)
    outcomes = run(scenario, 40_000)
    error = outcomes.rejects(scenario.hypotheses[0]).mean()
    mcse = np.sqrt(ALPHA * (1 - ALPHA) / 40_000)
    assert error == pytest.approx(ALPHA, abs=3 * mcse + 0.0015)  # counts are whole numbers


def test_power_and_events_are_those_of_theory() -> None:
    scenario = scenario_of("multiplicity={method: none}")
    outcomes, theory = run(scenario), design_theory(scenario)
    for hypothesis, one in zip(scenario.hypotheses, theory.hypotheses, strict=True):
        assumed = one.under("assumed")
        assert assumed is not None
        power = outcomes.rejects(hypothesis).mean()
        assert power == pytest.approx(assumed.performance.power, abs=0.015)
        look = one.analyses[0].name
        counted = outcomes.looks.column(look, f"{hypothesis.name}.tested_events")
        assert np.nanmean(counted) == pytest.approx(one.events[0], rel=0.005)


def test_limits_of_the_difference_cover_it() -> None:
    scenario = scenario_of("multiplicity={method: none}")
    outcomes = run(scenario)
    truth = true_rate_differences(scenario)["orr"]
    assert truth == pytest.approx(0.55 * 0.18 + 0.45 * 0.06)
    lower, upper, difference = (
        outcomes.at_decision(scenario.hypotheses[0], f"rate_difference{end}")
        for end in ("_lower", "_upper", "")
    )
    covers = ((lower <= truth) & (truth <= upper)).mean()
    assert covers == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / N) + 0.002)
    assert difference.mean() == pytest.approx(truth, abs=4 * difference.std() / np.sqrt(N))
