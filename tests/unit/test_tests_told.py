"""What is told of tests: in words, by theory, and side by side."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from survival_files import THREE_LOOKS, survival_scenario

from simulate.describe.design import design_in_words
from simulate.describe.monitoring import estimates_in_words, hypothesis_in_words
from simulate.design_theory import design_theory
from simulate.looks.columns import column_names
from simulate.looks.design import survival_design
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.side_by_side import side_by_side
from simulate.scenario.survival_scenario import SurvivalScenario

COMBO = "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}, {survival: 0.5}]}"

WORDS = {
    "log_rank": "log-rank test",
    "{kind: fleming_harrington, gamma: 1}": "Fleming-Harrington test with rho 0 and gamma 1",
    "{kind: modestly_weighted, delay: 6 months}": "log-rank test with a delay of 6 months",
    "{kind: modestly_weighted, survival: 0.4}": "down to a survival of 0.4",
    COMBO: "MaxCombo test of the weights FH(0, 0), FH(0, 1) and modest down to 0.5",
    "{kind: rmst, until: 36 months}": "restricted mean survival up to 36 months",
    "{kind: milestone, time: 24 months}": "event-free rates at 24 months",
    "{kind: win_ratio, order: [PFS]}": "win ratio of PFS",
}


def scenario_with(test: str, *more: str) -> SurvivalScenario:
    return survival_scenario(THREE_LOOKS, f"hypotheses.pfs.test={test}", *more)


@pytest.mark.parametrize("test", WORDS)
def test_a_test_is_said_in_words(test: str) -> None:
    scenario = scenario_with(test, f"estimates.tests=[{{name: other, test: {test}}}]")
    told = " ".join(" ".join(hypothesis_in_words(scenario, scenario.hypotheses[0])).split())
    assert WORDS[test] in told
    estimates = " ".join(" ".join(estimates_in_words(scenario)).split())
    assert "other: " in estimates
    assert WORDS[test] in estimates


def test_further_tests_have_columns_and_nothing_else_changes() -> None:
    plain = column_names(survival_design(survival_scenario(THREE_LOOKS)))
    further = scenario_with("log_rank", f"estimates.tests=[{{name: combo, test: {COMBO}}}]")
    named = column_names(survival_design(further))
    assert [name for name in named if name not in plain] == [
        "pfs.combo.z",
        "pfs.combo.largest_weight",
    ]
    assert survival_scenario(THREE_LOOKS, "estimates.tests=[]").digest() == (
        survival_scenario(THREE_LOOKS).digest()
    )


# ---- theory ---------------------------------------------------------------------------------


def test_theory_gives_no_power_of_a_win_ratio() -> None:
    theory = design_theory(scenario_with("{kind: win_ratio, order: [PFS]}"))
    unknown = ["mean_z", "efficacy", "stops", "efficacy_hazard_ratio", "cumulative_efficacy"]
    assert theory.table[unknown].isna().all().all()
    unknown = ["power", "power_without_futility", "expected_events", "expected_sample_size"]
    unknown += ["significant_hazard_ratio", "events_for_80%", "detectable_hazard_ratio_90%"]
    assert theory.overall[unknown].isna().all().all()
    assert theory.table["expected_day"].notna().all()
    text = design_in_words(theory)
    assert "simulate run finds them" in " ".join(text.split())
    assert "nan" not in text


def test_the_bounds_of_a_combination_are_its_own() -> None:
    plain = design_theory(scenario_with("log_rank")).hypotheses[0].bounds
    combined = design_theory(scenario_with(COMBO)).hypotheses[0].bounds
    assert combined.efficacy_z[0] == pytest.approx(plain.efficacy_z[0], abs=1e-6)
    assert combined.alpha_spent.tolist() == plain.alpha_spent.tolist()
    # looks of several statistics have less in common, so that less is counted twice
    assert combined.efficacy_z[-1] > plain.efficacy_z[-1] - 0.1
    assert combined.efficacy_z[-1] != plain.efficacy_z[-1]


# ---- side by side ---------------------------------------------------------------------------


def test_tests_are_counted_side_by_side() -> None:
    scenario = scenario_with("log_rank", f"estimates.tests=[{{name: combo, test: {COMBO}}}]")
    analysis, (hypothesis,) = scenario.analyses[0], scenario.hypotheses
    columns = {
        "cut_day": [700.0, 710.0, 720.0, 730.0, math.nan],
        "pfs.efficacy_bound": [2.9, 2.9, 2.8, 2.9, math.nan],
        "pfs.z": [3.0, 2.0, 2.85, 0.0, math.nan],
        "pfs.combo.z": [1.0, 2.5, math.nan, 3.1, math.nan],
    }
    looks = SimpleNamespace(
        n=5, names=tuple(columns), column=lambda _, name: np.array(columns[name])
    )
    outcomes = Outcomes(looks, (analysis,), (hypothesis,))
    own, combo = side_by_side(outcomes, hypothesis)
    assert (own.column, combo.column) == ("z", "combo.z")
    assert (own.significant.estimate, own.significant.n_analysed) == (0.75, 4)
    assert own.beyond_bound.estimate == 0.5
    # one that is not known is not significant
    assert (combo.significant.estimate, combo.beyond_bound.estimate) == (0.5, 0.25)
    # but its trial is counted as failed, and said
    assert (combo.significant.n_analysed, combo.significant.n_failed) == (3, 2)
    # in pairs: of the four trials one is significant by the log-rank test alone, one by the other
    assert combo.difference.estimate == -0.25 + 0.0
    assert combo.difference.n_analysed == 4
    assert (own.undefined.estimate, combo.undefined.estimate) == (0.0, 0.25)
