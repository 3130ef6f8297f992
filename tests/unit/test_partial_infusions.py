"""Infusions that are given in part only: what people read of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simulate.example import example_trial
from simulate.patient_tables import patient_tables
from simulate.scenario.scenario import Scenario
from simulate.story import story

FREQUENT: dict[str, Any] = {
    "sample_size": 12,
    "toxicity.terms.infusion_reaction.rate": 2,
    "treatment.drugs.KN026.rules": [
        {
            "id": 3,
            "action": "interrupt_infusion",
            "terms": ["infusion_reaction"],
            "resumed": 0.5,
        }
    ],
    "follow_up.early_stop.days": ["0 days", "0 days"],
    "follow_up.early_stop.probability": 0.3,
    "sweep": [],
}
SEED = 4


@pytest.fixture(scope="module")
def trial(scenario: Scenario) -> Scenario:
    return scenario.with_overrides(FREQUENT)


@pytest.fixture(scope="module")
def doses(trial: Scenario) -> pd.DataFrame:
    return patient_tables(trial, example_trial(trial, seed=SEED, replicate=0))["doses"]


def test_the_amount_given_is_the_part_infused(doses: pd.DataFrame) -> None:
    interrupted = doses[doses["interrupted"] == 1]
    partial = interrupted[interrupted["infused_percent"] < 100]

    assert 0 < len(partial) < len(interrupted), "some are resumed, some are not"
    np.testing.assert_allclose(
        interrupted["given_mg"],
        interrupted["planned_mg"] * interrupted["infused_percent"] / 100,
        atol=0.11,
    )
    assert set(interrupted["drug"]) == {"KN026"}


def test_other_doses_are_infused_in_whole_or_not_at_all(doses: pd.DataFrame) -> None:
    others = doses[doses["interrupted"] == 0]
    assert (others["infused_percent"] == 100 * others["given"]).all()


def test_the_story_tells_how_much_was_infused(trial: Scenario, doses: pd.DataFrame) -> None:
    told: list[str] = []
    for patient in range(trial.sample_size):
        text = " ".join(story(trial, seed=SEED, replicate=0, patient=patient).split())
        told += re.findall(
            r"Infusion of KN026 interrupted, (?:and completed later|\S+% infused)", text
        )
    parts = sorted(float(n) for n in re.findall(r"(\S+)% infused", " ".join(told)))

    interrupted = doses[doses["interrupted"] == 1]
    own = interrupted["infused_percent"]
    assert set(parts) == set(own[own < 100])
    assert len(told) >= len(interrupted)
    assert any(line.endswith("and completed later") for line in told)


def test_an_early_stop_on_the_day_of_the_dose_is_told_with_its_infusion(
    trial: Scenario, doses: pd.DataFrame
) -> None:
    last = doses[doses["drug"] == "KN026"].groupby("patient").last()
    (patient, *_) = last.index[(last["cycle"] == 1) & (last["interrupted"] == 1)]
    text = " ".join(story(trial, seed=SEED, replicate=0, patient=patient).split())

    percent = f"{last.loc[patient, 'infused_percent']:g}"
    assert "Allergic reaction, grade 3, related to KN026 (serious)" in text
    assert f"- Infusion of KN026 interrupted, {percent}% infused" in text
    assert "Treatment and tumour assessments stop: adverse event" in text


def test_the_last_planned_infusion_can_be_interrupted_too(scenario: Scenario) -> None:
    changes = FREQUENT | {
        "treatment.drugs.KN026.planned_cycles": {"kind": "fixed", "value": 1},
        "toxicity.terms.infusion_reaction.rate": 5,
        "follow_up.early_stop.probability": 0,
    }
    only = scenario.with_overrides(changes)
    doses = patient_tables(only, example_trial(only, seed=SEED, replicate=0))["doses"]
    last = doses[doses["drug"] == "KN026"]

    assert (last["cycle"] == 1).all()
    assert (last["interrupted"] == 1).sum() > 6
