"""Subpopulations: who belongs to them, what theory expects of them, and what is true in them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from survival_files import ROOT, survival_scenario

from simulate.build_survival_plan import all_cells
from simulate.errors import UsageError
from simulate.randomised.job import under_null, under_null_of
from simulate.randomised.nulls import is_true_null, true_nulls, without_effect
from simulate.randomised.truth import true_log_hazard_ratio
from simulate.scenario.populations import (
    EVERYBODY,
    belongs,
    population_in_words,
    population_of,
    share_of,
)
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_hazards import Hazards
from simulate.survival_truth import cell_weights
from simulate.theory.course import ExpectedTrial, Truth
from simulate.theory.performance import hypothesis_theory

GRAPH = ROOT / "scenarios" / "orr_pfs_os_graph.yaml"


def scenario_of(*changes: str) -> SurvivalScenario:
    return survival_scenario(GRAPH, "sweep=[]", *changes)


def test_equal_subpopulations_are_equal() -> None:
    one = population_of({"b": ["y", "x"], "a": ["z"]})
    assert one == population_of({"a": ("z",), "b": ("x", "y", "x")})
    assert population_of({}) == EVERYBODY
    assert population_in_words(one) == "a = z, b = x or y"
    assert belongs(one, {"a": "z", "b": "x"})
    assert not belongs(one, {"a": "z", "b": "w"})


def test_the_share_of_a_subpopulation_is_the_weight_of_its_cells() -> None:
    variables = (
        "baseline.variables=[{id: 1, name: biomarker, levels: {positive: 55, negative: 45}}, "
        "{id: 2, name: stage, cases: [{when: {biomarker: positive}, levels: {II: 1, III: 3}}, "
        "{levels: {II: 2, III: 1}}]}]"
    )
    scenario = scenario_of(variables, "randomisation.strata=[biomarker, stage]")
    cells, weights = all_cells(scenario), cell_weights(scenario)
    for levels in ({"stage": ["III"]}, {"stage": ["II"], "biomarker": ["positive"]}, {}):
        population = population_of(levels)
        inside = [belongs(population, cell) for cell in cells]
        share = share_of(scenario.baseline, population)
        assert share == pytest.approx(weights[inside].sum(), abs=1e-9)
    share = share_of(scenario.baseline, population_of({"stage": ["III"]}))
    assert share == pytest.approx(0.55 * 0.75 + 0.45 / 3)


def test_expected_events_of_parts_sum_to_those_of_all() -> None:
    expected = ExpectedTrial(scenario_of())
    for endpoint in ("PFS", "OS", "ORR"):
        parts = [
            expected.events(endpoint, population=population_of({"biomarker": [level]}))
            for level in ("positive", "negative")
        ]
        assert sum(parts) == pytest.approx(expected.events(endpoint), abs=1e-6)
        assert parts[0].sum() > parts[1].sum() > 0


def test_a_trial_of_the_subpopulation_alone_expects_the_same_of_it() -> None:
    """As many patients as it has, with its effect for all: the same days, events and power."""
    whole = scenario_of("sample_size=600")
    alone = scenario_of(
        "sample_size=330",
        "enrolment.accrual=[{from: 0 months, rate: 5.5 per month, to_rate: 16.5 per month}, "
        "{from: 6 months, rate: 16.5 per month}]",
        "baseline.variables.biomarker.levels={positive: 1, negative: 0}",
        "randomisation.strata=[]",
        "hypotheses.pfs.test=log_rank",
        "hypotheses.os.test=log_rank",
        "hypotheses.orr.test.method=miettinen_nurminen",
        "hypotheses.pfs.information=330",
        "hypotheses.os.information=300",
        "analyses.response.cut.enrolled.count=200",
        "analyses.survival.cut.events.count=180",
    )
    found = [
        hypothesis_theory(ExpectedTrial(each), each.hypotheses[1]).under("assumed")
        for each in (whole, alone)
    ]
    assert found[0] is not None
    assert found[1] is not None
    # patients of the whole trial come as a Poisson stream until it is full, so days are near
    assert found[0].days == pytest.approx(found[1].days, rel=0.005)
    assert found[0].performance.power == pytest.approx(found[1].performance.power, abs=0.002)
    assert found[0].hazard_ratio == pytest.approx(found[1].hazard_ratio, abs=1e-3)


def test_no_effect_in_a_subpopulation_leaves_the_others_theirs() -> None:
    scenario = scenario_of()
    hypothesis = scenario.hypotheses[1]
    expected = ExpectedTrial(scenario)
    null = Truth("null", hypothesis)
    positive, negative = (population_of({"biomarker": [v]}) for v in ("positive", "negative"))
    control, experimental = expected.events("PFS", null, positive)
    assert control == pytest.approx(experimental, abs=1e-9)
    others = expected.events("PFS", null, negative)
    assert others == pytest.approx(expected.events("PFS", population=negative), abs=1e-9)


# ---- what is true ---------------------------------------------------------------------------


def hazards(
    scenario: SurvivalScenario, level: str
) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    found = Hazards(scenario, 1000)
    return [
        values
        for arm in ("control", "experimental")
        for transition in range(3)
        if (values := found.of(transition, arm, {"biomarker": level})) is not None
    ]


NAMES = ("orr", "pfs_positive", "pfs", "os")


def test_the_scenario_has_an_effect_everywhere() -> None:
    assert true_nulls(scenario_of()) == ()


@pytest.mark.parametrize(
    "names", [some for n in range(1, 5) for some in combinations(NAMES, n)], ids="+".join
)
def test_every_set_of_hypotheses_can_be_made_true(names: tuple[str, ...]) -> None:
    scenario = scenario_of()
    changed = under_null_of(scenario, names)
    assert isinstance(changed, SurvivalScenario)
    true = set(true_nulls(changed))
    assert true >= set(names)
    # progression decides on overall survival, and all patients contain the subpopulation
    implied = {"pfs": {"pfs_positive"}, "os": {"pfs", "pfs_positive"}}
    assert true == set(names).union(*(implied.get(name, set()) for name in names))
    if "pfs" not in names and "os" not in names:
        for one, other in zip(
            hazards(scenario, "negative"), hazards(changed, "negative"), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_the_control_arm_keeps_its_effects_and_the_experimental_arm_gets_them() -> None:
    changes = (
        "survival.effects=[{kind: proportional, arm: experimental, on: progression, "
        "hazard_ratio: 0.5}, {kind: proportional, arm: control, on: progression, "
        "hazard_ratio: 0.9}]"
    )
    scenario = scenario_of(changes)
    made = scenario.with_overrides(without_effect(scenario, ["pfs_positive"]))
    found = Hazards(made, 100)
    ratios = {
        (arm, level): float(
            np.asarray(found.of(0, arm, {"biomarker": level}))[50] * 14 * 30.4375 / np.log(2) / 50
        )
        for arm in ("control", "experimental")
        for level in ("positive", "negative")
    }
    assert ratios == pytest.approx(
        {
            ("control", "positive"): 0.9,
            ("control", "negative"): 0.9,
            ("experimental", "positive"): 0.9,
            ("experimental", "negative"): 0.5,
        }
    )


def test_what_cannot_be_taken_away_is_refused() -> None:
    scenario = scenario_of()
    with pytest.raises(UsageError, match=r"no hypothesis pfs_negative \(allowed: orr, pfs_pos"):
        under_null_of(scenario, ["pfs_negative"])
    switching = scenario_of(
        "survival.switching=[{arm: control, probability: 0.4, delay: 1 month, hazard_ratio: 0.7}]"
    )
    with pytest.raises(UsageError, match=r"survival\.switching differs between its arms"):
        under_null_of(switching, ["os"])


def test_without_any_effect_all_are_true_and_response_too() -> None:
    changed = under_null(scenario_of())
    assert true_nulls(changed) == NAMES
    only_response = scenario_of("survival.effects=[]")
    assert true_nulls(only_response) == ("pfs_positive", "pfs", "os")
    assert not is_true_null(only_response, only_response.hypotheses[0])


def test_the_hazard_ratio_of_a_subpopulation_is_that_of_its_effect() -> None:
    single = scenario_of(
        "survival={kind: single, event: {kind: exponential, median: 9 months}, effects: "
        "[{kind: proportional, arm: experimental, on: event, hazard_ratio: 0.6, "
        "when: {biomarker: positive}}], response: {rate: 0.4, evaluable_after: 8 weeks}}",
        "hypotheses.os.endpoint=PFS",
        "analyses.survival.cut.events.endpoint=PFS",
        "analyses.survival.cut.events.count=500",
    )
    pfs_positive, pfs = single.hypotheses[1:3]
    assert true_log_hazard_ratio(single, pfs_positive) == pytest.approx(np.log(0.6))
    assert np.isnan(true_log_hazard_ratio(single, pfs))
