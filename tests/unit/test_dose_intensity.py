"""The what-if that lost dose intensity brings progression forward, and visits that move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.engines.reference import ReferenceEngine
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.truth import find_truth


def simulated(scenario: Scenario, replicate: int = 0, **changes: Any) -> TrialRecords:
    overrides = {key.replace("__", "."): value for key, value in changes.items()}
    plan = build_plan(scenario.with_overrides({"sweep": []} | overrides))
    return ReferenceEngine(plan).simulate(seed=3, replicate=replicate)


def effect(ratio: float) -> dict[str, Any]:
    return {"drug": "KN026", "hazard_ratio_per_10_percent": ratio}


def test_a_ratio_of_one_changes_nothing(scenario: Scenario) -> None:
    plain, same = simulated(scenario), simulated(scenario, disease__dose_intensity=effect(1.0))
    for column, values in plain.subjects.items():
        assert np.array_equal(values, same.subjects[column]), column


def test_progression_comes_sooner_for_those_who_lose_doses(scenario: Scenario) -> None:
    plain, worse = simulated(scenario), simulated(scenario, disease__dose_intensity=effect(1.5))
    before, after = plain.subjects["progression_day"], worse.subjects["progression_day"]
    both = (before < NEVER) & (after < NEVER)
    assert np.all(after[both] <= before[both])
    assert (after[both] < before[both]).sum() > 10
    alive = worse.subjects["death_day"] > after
    assert np.all(alive[after < NEVER]), "death after progression follows it"
    # before the first dose is late nothing can differ: response is untouched
    assert np.array_equal(plain.subjects["response_day"], worse.subjects["response_day"])


PARTIAL = {
    "toxicity__terms__infusion_reaction__rate": 3,
    "toxicity__weights__infusion__later": 1,
    "treatment__drugs__KN026__rules": [
        {
            "id": 3,
            "action": "interrupt_infusion",
            "terms": ["infusion_reaction"],
            "probability": 0.4,
            "resumed": 0.2,
        }
    ],
}
"""Much of the drug is lost by infusions that are given in part only."""


@pytest.mark.parametrize("losses", [{}, PARTIAL], ids=["published", "partial infusions"])
def test_the_accrued_hazard_is_the_integral_by_hand(
    scenario: Scenario, losses: dict[str, Any]
) -> None:
    """Non-responders: sum the hazard dose by dose, and find where it reaches the target."""
    changes = losses | {
        "disease__response__probability": 0,
        "disease__dose_intensity": effect(1.4),
    }
    plan = build_plan(
        scenario.with_overrides(
            {"sweep": []} | {k.replace("__", "."): v for k, v in changes.items()}
        )
    )
    records = ReferenceEngine(plan).simulate(seed=3, replicate=0)
    plain = simulated(scenario, **losses | {"disease__response__probability": 0})
    hazard = np.asarray(plan.disease.progression_other.cumulative_hazard)
    factors = np.asarray(plan.disease.intensity_factor)
    checked = 0
    for patient in range(records.n_patients):
        progression = int(records.subjects["progression_day"][patient])
        untouched = int(plain.subjects["progression_day"][patient])
        if progression >= NEVER or untouched >= NEVER:
            continue
        mine = (records.doses["patient"] == patient) & (records.doses["drug"] == 1)
        mine &= records.doses["day"] < progression
        days = records.doses["day"][mine]
        parts = records.doses["infused"][mine] / 1000
        given = np.append(0, np.cumsum(parts[:-1])) + 1  # today's is not interrupted yet
        lost = np.rint(100 * (1 - given / (days / 21 + 1)) + 1e-9).astype(int)
        ends = np.append(days[1:], progression)
        total = float(np.sum(factors[lost] * (hazard[ends] - hazard[days])))
        # the target lies within the last day's step of what was reached without the effect
        assert hazard[untouched - 1] - 2e-3 <= total <= hazard[untouched] + 0.02
        checked += 1
    assert checked > 20


def test_there_is_no_truth_without_a_trial(scenario: Scenario) -> None:
    changed = scenario.with_overrides({"sweep": [], "disease.dose_intensity": effect(1.2)})
    assert not find_truth(changed, seed=1).values


def test_visits_can_move_with_the_cycles(scenario: Scenario) -> None:
    fixed, moving = simulated(scenario), simulated(scenario, assessment__anchor="cycles")
    for records in (fixed, moving):
        for patient in range(records.n_patients):
            mine = records.assessments["patient"] == patient
            assert np.all(np.diff(records.assessments["day"][mine]) > 0)
    calendar = moving.assessments["visit"] > 0
    nominal = np.concatenate([np.arange(42, 337, 42), np.arange(420, 2000, 84)])
    visits = moving.assessments["visit"][calendar]
    shift = moving.assessments["planned_day"][calendar] - nominal[visits - 1]
    assert shift.min() == 0
    assert shift.max() > 40
    for column in ("response_day", "progression_day", "death_day"):
        assert np.array_equal(fixed.subjects[column], moving.subjects[column]), column
    truth = find_truth(
        scenario.with_overrides({"sweep": [], "assessment.anchor": "cycles"}), seed=1
    )
    assert {kind for _, kind in truth.values} == {"latent"}
