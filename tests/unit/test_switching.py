"""Patients who change treatment after progression: their times, their numbers, and the truth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulate.build_survival_plan import build_survival_plan
from simulate.distributions import NEVER
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.patient.survival import course_of
from simulate.plan import with_lists
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.streams import Purpose, word
from simulate.survival_ledger import ledger_columns
from simulate.survival_truth import survival_truth

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"
RATE, RATIO, DELAY, PROBABILITY = 0.004, 0.3, 50, 0.4


def scenario_of(**changes: object) -> SurvivalScenario:
    """The control arm changes treatment; constant hazards, and nobody dies before progression."""
    model = {
        "kind": "illness_death",
        "progression": {"kind": "exponential", "rate": "0.01 per day"},
        "death_without_progression": {"kind": "exponential", "rate": "0 per day"},
        "death_after_progression": {"kind": "exponential", "rate": f"{RATE} per day"},
        "switching": [
            {"arm": "control", "probability": PROBABILITY, "delay": f"{DELAY} days",
             "hazard_ratio": RATIO}
        ],
    }  # fmt: skip
    return SurvivalScenario.from_file(TO_COPY).with_overrides({"survival": model, **changes})


def after(e: float, *, switches: bool) -> int:
    """Days from progression to death, by the inverse of the cumulative hazard."""
    days = e / RATE
    if switches and days > DELAY:
        days = DELAY + (days - DELAY) / RATIO
    return math.ceil(days)


def test_the_time_to_death_is_that_of_the_changed_hazard() -> None:
    plan = with_lists(build_survival_plan(scenario_of()).survival)
    for k in range(300):
        event, waits = word(1, k, 0, 1, 0), word(1, k, 0, 1, 2)
        e = -math.log1p(-(waits + 0.5) / 2**32)
        for arm, switch in ((0, 0), (0, 2**32 - 1), (1, 0)):
            progression, death = course_of(plan, arm, 0, event, 2**32 - 1, waits, switch)
            expected = after(e, switches=arm == 0 and switch == 0)
            if max(progression, expected) < 2000:
                assert death == progression + expected


def test_those_change_whose_word_says_so_if_they_live_so_long() -> None:
    scenario = scenario_of()
    engine = ReferenceSurvivalEngine(build_survival_plan(scenario))
    columns = ledger_columns(engine.simulate(seed=4, replicate=9))
    n_switched = 0
    for i in range(len(columns["arm"])):
        drawn = word(4, i, 9, Purpose.SWITCH, 0) / 2**32
        day = int(columns["progression_day"][i]) + DELAY
        changes = drawn < PROBABILITY and columns["arm"][i] == 0 and day < columns["death_day"][i]
        changes = bool(changes and columns["progression_day"][i] < NEVER)
        assert columns["switch_day"][i] == (day if changes else NEVER)
        n_switched += changes
    assert n_switched > 40


def test_true_survival_is_that_of_many_patients() -> None:
    truth = survival_truth(scenario_of())[0].os
    assert truth is not None
    rng = np.random.default_rng(3)
    n = 200_000
    progression = np.ceil(rng.exponential(100.0, n))
    times = rng.exponential(1 / RATE, n)
    changed = np.where(times > DELAY, DELAY + (times - DELAY) / RATIO, times)
    death = progression + np.ceil(np.where(rng.random(n) < PROBABILITY, changed, times))
    for day in (100, 300, 600, 1000):
        share = float((death > day).mean())
        assert abs(share - truth[day]) < 4 * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize("probability", [0, 1])
def test_nobody_or_everybody_changes(probability: int) -> None:
    everybody = {"arm": "control", "probability": 1, "hazard_ratio": RATIO}
    setting = [everybody] if probability else []
    columns = ledger_columns(
        ReferenceSurvivalEngine(
            build_survival_plan(scenario_of(**{"survival.switching": setting}))
        ).simulate(seed=1, replicate=0)
    )
    changed = columns["switch_day"] < NEVER
    progressed = (columns["progression_day"] < NEVER) & (columns["arm"] == 0)
    assert changed.sum() == (progressed.sum() if probability else 0)
