"""Adverse events: each rule against a naive one, written with names, floats and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive_toxicity import naive_frailty, naive_weight
from scipy import stats

from simulate.build_plan import build_plan
from simulate.build_toxicity import WEIGHT_CYCLES
from simulate.patient import toxicity
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario
from simulate.scenario.toxicity import Term, Toxicity
from simulate.streams import unit_exponential, words

WORDS = [0, 1, 2**12 - 1, 2**20 - 1, 2**20, 2**31 - 1, 2**31, 3_000_000_017, 2**32 - 1]
CYCLES = (1, 2, 3, 9, 30, WEIGHT_CYCLES, WEIGHT_CYCLES + 1, 500)


@pytest.fixture(scope="module")
def block(scenario: Scenario) -> Toxicity:
    assert scenario.toxicity is not None
    return scenario.toxicity


def drawn(n: int, replicate: int) -> list[int]:
    """Words that belong to nothing else."""
    column: list[int] = words(20250, range(n), replicate, [(98, 1)])[:, 0].tolist()
    return column


# ---- how patients differ ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["none", "haematological", "other"])
@pytest.mark.parametrize("correlation", [0.3, -0.7, 1.0])
def test_frailty_is_log_normal_and_shared(
    scenario: Scenario, kind: str, correlation: float
) -> None:
    changed = scenario.with_overrides({"toxicity.frailties.correlation": correlation})
    assert changed.toxicity is not None
    plan = build_plan(changed).toxicity
    code = ("none", "haematological", "other").index(kind)

    for shared in WORDS:
        for own in WORDS:
            expected = naive_frailty(changed.toxicity, kind, shared, own)
            assert toxicity.frailty(plan, code, shared, own) == pytest.approx(expected, rel=1e-11)


# ---- how the rate changes -----------------------------------------------------------------------


@pytest.mark.parametrize("state", ["not given", "full", "reduced"])
def test_a_cycle_weighs_what_the_scenario_says(plan: Plan, block: Toxicity, state: str) -> None:
    codes = {
        "not given": toxicity.NOT_GIVEN,
        "full": toxicity.FULL_DOSE,
        "reduced": toxicity.REDUCED_DOSE,
    }
    weights = {weight.name: weight for weight in block.weights}
    for position, term in enumerate(block.terms):
        weight = weights[term.weight]
        if weight.drug is None and state != "full":
            continue  # a weight that depends on no drug is asked for as if given in full
        for cycle in CYCLES:
            # the table ends at WEIGHT_CYCLES; by then no early excess of the scenario is left
            expected = naive_weight(weight, min(cycle, WEIGHT_CYCLES), state)
            found = toxicity.cycle_weight(plan.toxicity, position, cycle, codes[state])
            assert found == pytest.approx(expected, rel=1e-13), (term.name, cycle)


def test_the_table_of_weights_ends_where_nothing_changes_any_more(block: Toxicity) -> None:
    for weight in block.weights:
        last, much_later = (naive_weight(weight, c, "full") for c in (WEIGHT_CYCLES, 10_000))
        assert last == pytest.approx(much_later, abs=1e-12)


def test_a_weight_knows_its_drug(plan: Plan, block: Toxicity) -> None:
    drugs = ["KN026", "docetaxel"]
    for position, weight in enumerate(block.weights):
        found = int(plan.toxicity.weight_drug[position])
        assert (None if found < 0 else drugs[found]) == weight.drug


# ---- whether, how bad, when, how long -----------------------------------------------------------


def naive_occurrence(term: Term, factor: float, word: int) -> int:
    """A word below the probability of an event is one; the smallest are the severe ones."""
    u = (word + 0.5) / 2**32
    if u <= -math.expm1(-term.rate_grade_3 * factor):
        return toxicity.SEVERE
    return toxicity.MILD if u <= -math.expm1(-term.rate * factor) else toxicity.NO_EVENT


@pytest.mark.parametrize("factor", [0.0, 0.04, 1.0, 17.0])
def test_an_event_occurs_with_its_rate(plan: Plan, block: Toxicity, factor: float) -> None:
    for position, term in enumerate(block.terms):
        for word in drawn(100, 1):
            found = toxicity.occurrence(plan.toxicity, position, factor, unit_exponential(word))
            assert found == naive_occurrence(term, factor, word), (term.name, word)


def test_higher_frailty_never_makes_an_event_less_severe(plan: Plan) -> None:
    for word in drawn(300, 2):
        e = unit_exponential(word)
        severity = [toxicity.occurrence(plan.toxicity, 1, factor, e) for factor in (0.1, 0.5, 2, 9)]
        assert severity == sorted(severity, key=[0, 1, 2].index)


def test_a_grade_is_below_three_or_from_three_on(plan: Plan, block: Toxicity) -> None:
    for position, term in enumerate(block.terms):
        for word in WORDS:
            u = (word + 0.5) / 2**32
            mild = term.grade or (2 if u < block.grade_2_share else 1)
            severe = 4 if u < block.grade_4_share else 3
            assert toxicity.event_grade(plan.toxicity, position, toxicity.MILD, word) == mild
            assert toxicity.event_grade(plan.toxicity, position, toxicity.SEVERE, word) == severe


def test_onset_is_uniform_on_the_days_of_the_term(plan: Plan, block: Toxicity) -> None:
    for position, term in enumerate(block.terms):
        first, last = term.onset or block.onset
        for word in WORDS:
            u = word / 2**32
            expected = 100 + first + math.floor(u * (last - first + 1))
            assert toxicity.onset_day(plan.toxicity, position, 100, word) == expected
        assert toxicity.onset_day(plan.toxicity, position, 0, 0) == first
        assert toxicity.onset_day(plan.toxicity, position, 0, 2**32 - 1) == last


def test_an_event_lasts_log_normal_days_rounded_up(plan: Plan, block: Toxicity) -> None:
    length = stats.lognorm(block.duration.sigma, scale=block.duration.median)
    for word in drawn(400, 3):
        u = (word + 0.5) / 2**32
        days = toxicity.end_day(plan.toxicity, 0, word)
        assert days == math.ceil(length.ppf(u)) >= 1
        assert toxicity.end_day(plan.toxicity, 33, word) == 33 + days


def test_an_event_is_serious_by_its_severity(plan: Plan, block: Toxicity) -> None:
    for position, term in enumerate(block.terms):
        severe = block.serious_grade_3 if term.serious is None else term.serious
        for word in (*WORDS, *drawn(50, 4)):
            u = (word + 0.5) / 2**32
            for severity, probability in (
                (toxicity.MILD, block.serious_mild),
                (toxicity.SEVERE, severe),
            ):
                found = toxicity.is_serious(plan.toxicity, position, severity, word)
                assert found == (u < probability), term.name


# ---- tables -------------------------------------------------------------------------------------


def test_terms_keep_what_the_scenario_says_of_them(plan: Plan, block: Toxicity) -> None:
    tables = plan.toxicity
    assert tables.term_ids.tolist() == [term.id for term in block.terms]
    assert tables.special_interest.tolist() == [int(t.special_interest) for t in block.terms]
    names = [term.name for term in block.terms]
    assert names[tables.fatal_term] == "sepsis"
    assert names[tables.early_stop_term] == "hypersensitivity"
    assert names[tables.withdrawal_term] == "pericardial_effusion"
    assert tables.withdrawal_share / 2**32 == pytest.approx(0.1961, abs=1e-9)


def test_a_scenario_without_adverse_events_has_no_terms(scenario: Scenario) -> None:
    plan = build_plan(
        scenario.with_overrides(
            {
                "toxicity": None,
                "treatment.drugs.KN026.rules": [],
                "follow_up.early_stop.adverse_event": None,
                "follow_up.withdrawal_adverse_event": None,
            }
        )
    )
    tables = plan.toxicity
    assert len(tables.term_ids) == len(tables.rate) == len(tables.weights) == 0
    assert (tables.fatal_term, tables.early_stop_term, tables.withdrawal_term) == (-1, -1, -1)
    assert np.all(np.asarray(tables.haematological) == 1.0)


@pytest.mark.parametrize("sigma", [0.1, 1.47, 4.0])
@pytest.mark.parametrize("correlation", [-1.0, -0.4, 0.0, 1.0])
def test_frailties_have_mean_one_whatever_their_spread(
    scenario: Scenario, sigma: float, correlation: float
) -> None:
    """Over the equally likely entries of the tables; and more for a patient of a higher word."""
    frailties = {"haematological": sigma, "other": sigma, "correlation": correlation}
    tables = build_plan(scenario.with_overrides({"toxicity.frailties": frailties})).toxicity

    for table in (tables.haematological, tables.other_shared, tables.other_own):
        assert len(table) == 4096
        assert np.mean(np.asarray(table)) == pytest.approx(1.0, abs=1e-12)
    assert np.all(np.diff(np.asarray(tables.haematological)) > 0)
    assert np.all(np.diff(np.asarray(tables.other_shared)) * correlation >= 0)
