"""Objective response in plain survival models: rates, dependence on progression, bad input."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats
from survival_example import shown_at_its_place
from survival_files import ROOT, survival_scenario

from simulate.build_survival_plan import build_survival_plan
from simulate.distributions import NEVER
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.errors import ScenarioError, UsageError
from simulate.patient.response import day_of_response
from simulate.scenario.response_model import ResponseModel
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.streams import Purpose, word
from simulate.survival_ledger import ledger_columns
from simulate.survival_responses import ResponseRates
from simulate.theory.reach import check_targets

GRAPH = ROOT / "scenarios" / "orr_pfs_os_graph.yaml"
MONTH = 30.4375
K = 126
"""Days until it is known who has responded: 18 weeks."""

COPULA = (
    "survival={kind: copula, correlation: 0.6, progression: {kind: exponential, median: 9 months},"
    " death: {kind: exponential, median: 15 months}, dropout: {kind: exponential, rate: 0.2 per "
    "year}, response: {rate: 0.5, evaluable_after: 18 weeks, correlation: 0.7}}"
)


def scenario_of(*changes: str) -> SurvivalScenario:
    return survival_scenario(GRAPH, "sweep=[]", *changes)


def test_the_rate_of_a_cell_is_that_of_its_odds() -> None:
    model = ResponseModel.model_validate(
        {
            "rate": 0.4,
            "evaluable_after": "16 weeks",
            "effects": (
                {"arm": "new", "rate": 0.5},
                {"arm": "new", "odds_ratio": 2.0, "when": {"stage": "IV"}},
            ),
            "prognostic_factors": ({"variable": "sex", "level": "f", "odds_ratio": 3.0},),
        }
    )
    assert model.rate_of("old", {"stage": "IV", "sex": "m"}) == 0.4
    assert model.rate_of("new", {"stage": "II", "sex": "m"}) == 0.5
    assert model.rate_of("new", {"stage": "IV", "sex": "m"}) == pytest.approx(2 / 3)
    assert model.rate_of("old", {"stage": "II", "sex": "f"}) == pytest.approx(2 / 3)
    assert model.rate_of("new", {"stage": "IV", "sex": "f"}) == pytest.approx(6 / 7)


def test_nothing_comes_before_a_response_is_known() -> None:
    plan = build_survival_plan(scenario_of("survival.response.correlation=0")).response
    responder, other = 2**32 - 1, 0

    def known(drawn: int, progression: int, death: int, dropout: int) -> bool:
        day = day_of_response(plan, 0, 0, drawn, progression, death, dropout)
        assert day in (K, NEVER)
        return day == K

    assert known(responder, K + 1, NEVER, NEVER)
    assert known(responder, NEVER, K + 1, K)
    assert not known(responder, K, NEVER, NEVER)
    assert not known(responder, NEVER, K, NEVER)
    assert not known(responder, NEVER, NEVER, K - 1)
    assert not known(other, NEVER, NEVER, NEVER)


def test_more_of_those_who_are_left_respond_so_that_the_rate_is_that_of_all() -> None:
    rates = ResponseRates(scenario_of("survival.response.correlation=0"))
    hazard = math.log(2) / (14 * MONTH) + 0.004 / MONTH
    # a dropout on the day itself still tells
    left = math.exp(-hazard * K - 0.05 / 365.25 * (K - 1))
    levels = {"biomarker": "negative"}
    assert rates.highest("control", levels) == pytest.approx(left, rel=1e-12)
    assert rates.probability("control", levels) == pytest.approx(0.4 / left, rel=1e-12)


def test_the_probability_with_a_dependence_is_that_of_a_search_with_normal_probabilities() -> None:
    """Of the copula model three normal variables, by scipy's multivariate normal."""
    model = ResponseRates(scenario_of(COPULA, "baseline={}", "hypotheses=[]", *PLAIN_LOOKS))
    scores = [
        stats.norm.ppf(-math.expm1(-math.log(2) / (months * MONTH) * K)) for months in (9, 15)
    ]
    covariance = np.array([[1, 0.6, 0.7], [0.6, 1, 0.42], [0.7, 0.42, 1]])
    left = math.exp(-0.2 / 365.25 * (K - 1))

    def known(score: float) -> float:
        limits = -np.array([*scores, score])
        return left * float(stats.multivariate_normal.cdf(limits, cov=covariance, abseps=1e-7))

    theirs = optimize.brentq(lambda score: known(score) - 0.5, -3, 3)
    ours = model.probability("control", {})
    assert ours == pytest.approx(stats.norm.sf(theirs), abs=1e-5)
    assert ours < 0.5 / model.highest("control", {})  # those who are left respond more often


PLAIN_LOOKS = (
    "multiplicity={method: none}",
    "randomisation={block_sizes: [4]}",
    "analyses=[{id: 1, name: only, cut: {enrolled: {count: 1}}}]",
)


@pytest.mark.parametrize("correlation", [0.0, 0.4, -0.8])
def test_responders_are_those_of_naive_words(correlation: float) -> None:
    """The word at its address, with that of progression, as normal scores by scipy."""
    scenario = scenario_of(f"survival.response.correlation={correlation}")
    plan = build_survival_plan(scenario)
    rates = ResponseRates(scenario)
    found = ledger_columns(ReferenceSurvivalEngine(plan).simulate(seed=4, replicate=2))
    levels = [{"biomarker": level} for level in ("positive", "negative")]
    probabilities = [
        [rates.probability(arm.name, each) for each in levels] for arm in scenario.arms
    ]
    n_known = n_left = 0
    for number in range(len(found["arm"])):
        u = [
            (word(4, number, 2, purpose, 0) + 0.5) / 2**32
            for purpose in (Purpose.SURVIVAL, Purpose.OBJECTIVE_RESPONSE)
        ]
        score = correlation * stats.norm.ppf(u[0])
        score += math.sqrt(1 - correlation**2) * stats.norm.ppf(u[1])
        probability = probabilities[found["arm"][number]][found["cell"][number]]
        away = stats.norm.sf(score) - probability
        if abs(away) < 1e-4:
            continue  # nearer than the tables of the copula are
        end = min(found["progression_day"][number], found["death_day"][number])
        is_left = end > K and found["dropout_day"][number] >= K
        expected = K if away < 0 and is_left else NEVER
        assert found["response_day"][number] == expected
        n_known += 1
        n_left += is_left
    assert n_known > 590
    assert n_left < n_known


def test_a_response_changes_no_other_draw() -> None:
    with_response, without = (
        ledger_columns(ReferenceSurvivalEngine(build_survival_plan(each)).simulate(
            seed=1, replicate=0
        ))
        for each in (
            scenario_of(),
            scenario_of(
                "survival.response=null", "hypotheses=[]", "estimates={}", *PLAIN_LOOKS[:1]
            ),
        )
    )  # fmt: skip
    for name in without:
        if name != "response_day":
            np.testing.assert_array_equal(with_response[name], without[name], err_msg=name)
    assert (without["response_day"] == NEVER).all()


def test_the_log_tells_responses() -> None:
    engine = ReferenceSurvivalEngine(build_survival_plan(scenario_of()))
    ledger, log = engine.simulate_with_log(seed=20250, replicate=1)
    columns = ledger_columns(ledger)
    told = {row[2]: row[0] for row in log if row[4] == "response"}
    days = columns["enrolment_trial_day"] + columns["response_day"].astype(np.int64)
    expected = {i: int(day) for i, day in enumerate(days) if columns["response_day"][i] < NEVER}
    assert told == expected
    assert len(told) > 150


def test_a_rate_above_those_who_are_left_is_told_with_its_line() -> None:
    scenario = scenario_of("survival.response.effects=[{arm: experimental, rate: 0.9}]")
    with pytest.raises(ScenarioError, match=r"a response rate of 90.0% cannot be \(arm exp"):
        check_targets(scenario)
    with pytest.raises(UsageError, match="only 84"):
        build_survival_plan(scenario)


# ---- bad input ------------------------------------------------------------------------------

DROPOUT = "  dropout: {kind: exponential, rate: 0.05 per year}\n"
OS = "    endpoint: OS\n    experimental: experimental\n    control: control\n    alpha: 0.005"
GIVEN = f"{OS}\n    information: 200"


def response(block: str) -> tuple[str, str]:
    return DROPOUT, f"{DROPOUT}  response: {block}\n"


BAD: dict[str, tuple[str, str, str, str]] = {
    "no rate": (
        *(DROPOUT, f"{DROPOUT}  »response: {{evaluable_after: 16 weeks}}\n"),
        "survival.response.rate",
        "needed",
    ),
    "a time beyond the end": (
        *response("{rate: 0.4, »evaluable_after: 80 months}"),
        "survival.response.evaluable_after",
        "nobody is followed so long",
    ),
    "an arm that is not there": (
        *response("{rate: 0.4, evaluable_after: 8 weeks, effects: [{»arm: new, rate: 0.5}]}"),
        "survival.response.effects.0.arm",
        "there is no such arm|allowed: control, experimental",
    ),
    "neither rate nor odds ratio": (
        *response("{rate: 0.4, evaluable_after: 8 weeks, effects: [»{arm: experimental}]}"),
        "survival.response.effects.0",
        "exactly one of these keys is needed: rate, odds_ratio",
    ),
    "a level that is not there": (
        *response(
            "{rate: 0.4, evaluable_after: 8 weeks, effects: "
            "[{arm: experimental, rate: 0.5, when: {»stage: V}}]}"
        ),
        "survival.response.effects.0.when.stage",
        "stage has no such level|allowed: III, IV",
    ),
    "two rates for some": (
        *response(
            "{rate: 0.4, evaluable_after: 8 weeks, effects: "
            "[{arm: experimental, rate: 0.5, when: {stage: IV}}, »{arm: experimental, rate: 0.6}]}"
        ),
        "survival.response.effects.1",
        "patients of the arm experimental have a rate already",
    ),
    "a factor of no variable": (
        *response(
            "{rate: 0.4, evaluable_after: 8 weeks, prognostic_factors: "
            "[{»variable: sex, level: f, odds_ratio: 2}]}"
        ),
        "survival.response.prognostic_factors.0.variable",
        "there is no such baseline variable",
    ),
    "a correlation of 1": (
        *response("{rate: 0.4, evaluable_after: 8 weeks, correlation: »1}"),
        "survival.response.correlation",
        "less than 1",
    ),
    "an endpoint without responses": (
        OS,
        GIVEN.replace("endpoint: OS", "»endpoint: ORR"),
        "hypotheses.os.endpoint",
        "the model gives no such endpoint|allowed: PFS, OS",
    ),
    "a population of no variable": (
        OS,
        GIVEN.replace("    alpha", "    population: {»biomarker: positive}\n    alpha"),
        "hypotheses.os.population.biomarker",
        "there is no such baseline variable|allowed: age, stage, visceral",
    ),
    "a population of no level": (
        OS,
        GIVEN.replace("    alpha", "    population: {»stage: V}\n    alpha"),
        "hypotheses.os.population.stage",
        "stage has no such level|allowed: III, IV",
    ),
    "a population by a number": (
        OS,
        GIVEN.replace("    alpha", "    population: {»age: 50}\n    alpha"),
        "hypotheses.os.population.age",
        "is a number and has no levels",
    ),
    "events of no level": (
        OS,
        GIVEN,
        "analyses.survival.cut.all.0.events.population.stage",
        "stage has no such level",
    ),
}


ELSEWHERE = {
    "events of no level": ("count: 200}}", "count: 200, population: {»stage: V}}}"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    shown_at_its_place(BAD[case], ELSEWHERE.get(case), tmp_path)


def problems(overrides: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as refused:
        scenario_of().with_overrides(overrides)
    return str(refused.value)


def test_an_empty_subpopulation_is_refused() -> None:
    cases = [
        {"when": {"biomarker": "positive"}, "levels": {"a": 1}},
        {"levels": {"b": 1}},
    ]
    biomarker = {"id": 1, "name": "biomarker", "levels": {"positive": 1, "negative": 1}}
    other = {"id": 2, "name": "other", "cases": cases}
    found = problems(
        {
            "baseline.variables": [biomarker, other],
            "hypotheses.pfs_positive.population": {"biomarker": "positive", "other": "b"},
        }
    )
    assert "the subpopulation biomarker = positive, other = b is empty" in found


def test_times_and_rates_are_not_tested_as_each_other() -> None:
    assert "ORR is a rate, and log_rank compares times" in problems(
        {"hypotheses.orr.test": "log_rank"}
    )
    found = problems({"hypotheses.os.test": {"kind": "response"}})
    assert "OS is a time, and the test compares rates" in found
    found = problems({"hypotheses.orr.design_hazard_ratio": 0.7})
    assert "ORR is a rate and has no hazard ratio" in found


def test_responses_trigger_no_look() -> None:
    found = problems({"analyses.response.cut": {"events": {"endpoint": "ORR", "count": 90}}})
    assert "ORR has no events that could be waited for" in found
    assert "enrolled: {count: ..., after: ...}" in found


def test_the_patients_of_a_part_must_be_given_for_several_looks() -> None:
    changes = {
        "hypotheses.orr.population": {"biomarker": "positive"},
        "hypotheses.orr.analyses": ["response", "interim"],
    }
    assert "the patients at whom all error is spent are not known" in problems(changes)
    scenario_of().with_overrides({**changes, "hypotheses.orr.information": 220})


def test_a_rate_among_named_endpoints_stands_once_and_beside_a_time() -> None:
    named = [{"id": 1, "name": "ORR", "of": "ORR"}, {"id": 2, "name": "X", "of": "ORR"}]
    times = [{"id": 3, "name": "PFS", "of": "PFS"}, {"id": 4, "name": "OS", "of": "OS"}]
    assert "of: ORR already" in problems({"endpoints": [*named, *times]})
    assert "an endpoint of a time, too" in problems({"endpoints": named[:1]})
    reader = {**named[0], "rules": "fda"}
    assert "it is a rate, and not a time" in problems({"endpoints": [reader, *times]})
    scenario = scenario_of().with_overrides({"endpoints": [named[0], *times]})
    assert scenario.endpoint_names == ("PFS", "OS", "ORR")  # a rate comes last
