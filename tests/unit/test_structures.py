"""Each structure of the disease model from its line in the scenario to what a trial shows of it."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats
from structures import CURED, STRUCTURES

from simulate.build_plan import build_plan
from simulate.check_engines import check_engines
from simulate.describe import describe
from simulate.distributions import NEVER, TABLE_DAYS, day_of, first_reaching
from simulate.engines.reference import ReferenceEngine
from simulate.latent_truth import latent_truth
from simulate.patient.disease import event_day
from simulate.scenario.scenario import Scenario
from simulate.streams import unit_exponential, words
from simulate.units import DAYS_PER_MONTH as MONTH

structures = pytest.mark.parametrize("changes", list(STRUCTURES.values()), ids=list(STRUCTURES))


@structures
def test_both_engines_run_it_alike(scenario: Scenario, changes: dict[str, Any]) -> None:
    trial = scenario.with_overrides({"sweep": [], **changes})
    check = check_engines(trial, replicates=2)
    assert check.difference is None
    assert check.rows > 2 * 57 * 30


def test_both_engines_run_one_law_with_hazards_that_doses_change(scenario: Scenario) -> None:
    """A dose can move progression before a response, which then never begins, and back."""
    law = {"kind": "exponential", "median": "3 months"}
    effect = {"drug": "KN026", "hazard_ratio_per_10_percent": 3}
    trial = scenario.with_overrides(
        {"sweep": [], "disease.progression": {"everyone": law}, "disease.dose_intensity": effect}
    )
    assert check_engines(trial, replicates=3).difference is None
    records = ReferenceEngine(build_plan(trial)).simulate(seed=trial.seed, replicate=0)
    plain = ReferenceEngine(
        build_plan(trial.with_overrides({"disease.dose_intensity": None}))
    ).simulate(seed=trial.seed, replicate=0)
    gone = (plain.subjects["responder"] == 1) & (records.subjects["responder"] == 0)
    assert gone.sum() > 0
    responds = records.subjects["response_day"] < NEVER
    before = records.subjects["response_day"] < records.subjects["progression_day"]
    assert np.all(before[responds])


@structures
def test_its_truth_has_a_formula_and_words(scenario: Scenario, changes: dict[str, Any]) -> None:
    trial = scenario.with_overrides({"sweep": [], **changes})
    text = describe(trial)
    assert not re.search(r"\bnan\b|None[^.]", text)
    truth = latent_truth(build_plan(trial))
    for curve in (truth.pfs, truth.os, truth.dor):
        assert np.all(np.diff(curve) <= 1e-12)
    assert np.all(truth.os >= truth.pfs - 1e-12)
    for rate in (truth.rate("pfs", 12 * MONTH), truth.rate("os", 24 * MONTH)):
        assert f"{100 * rate:.1f}%" in text


def test_exponential_by_family_and_by_shape_are_one(scenario: Scenario) -> None:
    months = {"responders": 42.6, "non_responders": 9.2 / math.log(2)}
    by_family = {
        f"disease.progression.{who}": {"kind": "exponential", "mean": f"{mean} months"}
        for who, mean in months.items()
    } | {"disease.death_after_progression": {"kind": "exponential", "mean": "42.5 months"}}
    one = latent_truth(build_plan(scenario.with_overrides(by_family)))
    other = latent_truth(
        build_plan(scenario.with_overrides(STRUCTURES["all exponential by their shapes"]))
    )
    for endpoint in ("pfs", "os", "dor"):
        np.testing.assert_allclose(
            one.survival(endpoint), other.survival(endpoint), atol=1e-8, rtol=0
        )


def test_the_truth_with_all_exponential_is_the_closed_form(scenario: Scenario) -> None:
    """Nobody responds: PFS is exponential, and OS the hypoexponential sum of two waits."""
    changes = STRUCTURES["all exponential"] | {
        "disease.response.probability": 0,
        "disease.death_without_progression": {"kind": "exponential", "rate": "0 per day"},
        "disease.non_responder_death_hazard_ratio": 1,
    }
    truth = latent_truth(build_plan(scenario.with_overrides(changes)))
    days = np.arange(1, 3000)
    a, b = math.log(2) / (9.2 * MONTH), math.log(2) / (29 * MONTH)
    expected = (b * np.exp(-a * days) - a * np.exp(-b * days)) / (b - a)
    np.testing.assert_allclose(truth.pfs[days], np.exp(-a * days), atol=2**-32)
    # two times rounded up to whole days make a sum that is up to a day later
    late = np.maximum(days - 1, 0)
    later = (b * np.exp(-a * late) - a * np.exp(-b * late)) / (b - a)
    assert np.all(truth.os[days] >= expected - 1e-6)
    assert np.all(truth.os[days] <= later + 1e-6)


def test_the_truth_of_non_responders_with_a_lognormal_time(scenario: Scenario) -> None:
    changes = STRUCTURES["log-normal non-responders"] | {
        "disease.response.probability": 0,
        "disease.death_without_progression": {"kind": "exponential", "rate": "0 per day"},
    }
    truth = latent_truth(build_plan(scenario.with_overrides(changes)))
    days = np.arange(1, 5000)
    expected = stats.lognorm.sf(days, 1.1, scale=9.2 * MONTH)
    np.testing.assert_allclose(truth.pfs[days], expected, atol=2**-32)


# ---- the cured fraction, patient by patient -----------------------------------------------------


@pytest.mark.parametrize("ratio", [0.4, 1.0, 2.5])
def test_patients_with_hazards_of_their_own_are_cured_less_often(
    scenario: Scenario, ratio: float
) -> None:
    """S(t)^m tends to c^m: the cumulative hazard is bounded, and what it misses is never."""
    plan = build_plan(scenario.with_overrides({"disease.progression": {"everyone": CURED}}))
    drawn = words(20250, np.arange(20_000), 2**31 + 5, [(1, 1)])[:, 0].tolist()
    days = np.array([event_day(plan.disease.progression_other, ratio, word) for word in drawn])
    never = days >= NEVER
    plateau = (0.2 + 0.8 * math.exp(-((TABLE_DAYS / (30 * MONTH)) ** 1.1))) ** ratio
    assert stats.binomtest(int(never.sum()), len(days), plateau).pvalue > 1e-3
    for months in (6, 24, 60):
        uncured = math.exp(-((months / 30) ** 1.1))
        expected = (0.2 + 0.8 * uncured) ** ratio
        free = int((days > months * MONTH).sum())
        assert stats.binomtest(free, len(days), expected).pvalue > 1e-3, months


def test_a_target_above_the_bound_of_the_hazard_is_never_reached(scenario: Scenario) -> None:
    plan = build_plan(scenario.with_overrides({"disease.progression": {"everyone": CURED}}))
    table = plan.disease.progression_other
    bound = -math.log(0.2)
    assert table.cumulative_hazard[len(table.cumulative_hazard) - 1] < bound
    assert first_reaching(table.cumulative_hazard, 1.0, bound) == NEVER
    assert first_reaching(table.cumulative_hazard, 2.0, bound) < NEVER
    assert day_of(table.thresholds, 2**32 - 1) == NEVER
    assert unit_exponential(2**32 - 1) > bound


def test_with_everybody_cured_nothing_happens(scenario: Scenario) -> None:
    nobody = CURED | {"cured": 1}
    plan = build_plan(
        scenario.with_overrides(
            {
                "disease.progression": {"everyone": nobody},
                "disease.death_without_progression": nobody,
            }
        )
    )
    truth = latent_truth(plan)
    assert np.all(truth.pfs == 1.0)
    assert math.isinf(truth.median("os"))


def test_its_words_tell_the_share_and_the_law(scenario: Scenario) -> None:
    text = " ".join(
        describe(scenario.with_overrides({"disease.progression.responders": CURED})).split()
    )
    assert (
        "Progression, responders (from response): never in 20%; others: Weibull, shape 1.1" in text
    )
    text = " ".join(
        describe(scenario.with_overrides(STRUCTURES["single Weibull"] | {"sweep": []})).split()
    )
    assert "Progression, everyone (from first dose): Weibull, shape 1.131" in text
    assert "begin on or after the day of progression never begins" in text
    assert "Progression, responders" not in text
