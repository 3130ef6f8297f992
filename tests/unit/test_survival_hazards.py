"""Hazards by arm and cell against numerical integration, and the tables made of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from simulate.patient.survival import DEATH, DROPOUT, EVENT
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_hazards import Hazards

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"
SHAPE, SCALE = 1.4, 300.0
LAST = 700
YES, NO = {"visceral": "yes"}, {"visceral": "no"}


def hazard(t: float) -> float:
    """Of the Weibull time to progression of these tests."""
    return SHAPE / SCALE * (t / SCALE) ** (SHAPE - 1.0)


def with_effects(*effects: dict[str, Any], **more: Any) -> Hazards:
    on = {"arm": "experimental", "on": "progression"}
    changes = {
        "survival.progression": {"kind": "weibull", "shape": SHAPE, "scale": f"{SCALE:g} days"},
        "survival.effects": [on | effect for effect in effects],
        **more,
    }
    return Hazards(SurvivalScenario.from_file(TO_COPY).with_overrides(changes), LAST)


EFFECTS = {
    "proportional": ([{"kind": "proportional", "hazard_ratio": 0.7}], lambda t: 0.7),
    "delayed": (
        [{"kind": "delayed", "hazard_ratio": 0.6, "delay": "3 months"}],
        lambda t: 1.0 if t < 91.3125 else 0.6,
    ),
    "diminishing": (
        [{"kind": "diminishing", "hazard_ratio": 0.5, "from": "100 days", "until": "400 days"}],
        lambda t: math.exp(math.log(0.5) * min(1.0, max(0.0, (400 - t) / 300))),
    ),
    "crossing": (
        [{"kind": "piecewise", "from": ["0 days", "120 days"], "hazard_ratios": [1.5, 0.4]}],
        lambda t: 1.5 if t < 120 else 0.4,
    ),
    "two together": (
        [
            {"kind": "delayed", "hazard_ratio": 0.6, "delay": "50 days"},
            {"kind": "proportional", "hazard_ratio": 0.9},
        ],
        lambda t: 0.9 if t < 50 else 0.54,
    ),
}


@pytest.mark.parametrize("kind", EFFECTS)
def test_an_effect_multiplies_the_hazard_as_it_says(kind: str) -> None:
    effects, ratio = EFFECTS[kind]
    found = with_effects(*effects).of(EVENT, "experimental", NO)

    assert found is not None
    for day in (1, 60, 91, 92, 150, 399, 650):
        expected = quad(
            lambda t: ratio(t) * hazard(t), 0, day, points=[50, 91.3125, 100, 120, 400], limit=200
        )[0]
        assert found[day] == pytest.approx(expected, rel=2e-7), day


def test_the_other_arm_and_other_transitions_are_left_alone() -> None:
    effects, _ = EFFECTS["delayed"]
    plain, hazards = with_effects(), with_effects(*effects)

    for transition, arm in ((EVENT, "control"), (DEATH, "experimental")):
        one, two = plain.of(transition, arm, YES), hazards.of(transition, arm, YES)
        np.testing.assert_array_equal(one, two)


def test_an_effect_on_some_patients_leaves_the_others_alone() -> None:
    effect = {"kind": "proportional", "hazard_ratio": 0.5, "when": {"visceral": ["yes"]}}
    hazards = with_effects(effect)
    control, arm = "control", "experimental"

    np.testing.assert_array_equal(hazards.of(EVENT, arm, NO), hazards.of(EVENT, control, NO))
    one, two = hazards.of(EVENT, arm, YES), hazards.of(EVENT, control, YES)
    assert one is not None
    assert two is not None
    np.testing.assert_allclose(one, 0.5 * two, rtol=1e-14)


def test_prognostic_factors_multiply_in_every_arm_and_with_an_own_law() -> None:
    own = {"kind": "distribution", "time": {"kind": "exponential", "rate": "0.01 per day"}}
    hazards = with_effects(own)
    days = np.arange(LAST + 1.0)

    found = hazards.of(EVENT, "experimental", YES)
    control = hazards.of(EVENT, "control", YES), hazards.of(EVENT, "control", NO)

    assert found is not None
    assert control[0] is not None
    assert control[1] is not None
    np.testing.assert_allclose(found, 1.3 * 0.01 * days, rtol=1e-14)
    np.testing.assert_allclose(control[0], 1.3 * control[1], rtol=1e-14)


def test_a_delayed_effect_on_a_time_that_ends_has_no_gap() -> None:
    """Of a uniform time everybody has had the event by its end, whatever the hazard ratio."""
    time = {"kind": "uniform", "low": "10 days", "high": "200 days"}
    effects, _ = EFFECTS["delayed"]
    found = with_effects(*effects, **{"survival.progression": time}).of(EVENT, "experimental", NO)

    assert found is not None
    assert not np.isnan(found).any()
    assert found[10] == 0.0
    assert found[91] == pytest.approx(-math.log(1 - 81 / 190))
    assert np.isfinite(found[199])
    assert np.isinf(found[200:]).all()


def test_dropout_is_by_arm_where_the_scenario_says_so() -> None:
    other = {"kind": "exponential", "rate": "0.5 per year"}
    hazards = with_effects(**{"survival.dropout_by_arm": {"experimental": other}})
    days = np.arange(LAST + 1.0)

    np.testing.assert_allclose(hazards.of(DROPOUT, "control", YES), 0.05 / 365.25 * days)
    np.testing.assert_allclose(hazards.of(DROPOUT, "experimental", YES), 0.5 / 365.25 * days)
    assert with_effects(**{"survival.dropout": None}).of(DROPOUT, "control", YES) is None
