"""The SimPy engine of survival trials against a naive trial, and its event log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from naive_survival import MONTH, NaiveTrial

from simulate import clock
from simulate.build_survival_plan import build_survival_plan
from simulate.distributions import NEVER
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import ledger_columns

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"
LAST_DAY = 1400
DELAYED = {
    "arm": "experimental",
    "on": "progression",
    "kind": "delayed",
    "hazard_ratio": 0.5,
    "delay": "2 months",
}
REGIONS = [
    {
        "id": 7,
        "name": "east",
        "cap": 50,
        "accrual": [
            {"from": "0 days", "rate": "0.1 per day", "to_rate": "4.9 per day"},
            {"from": "100.5 days", "rate": "4.9 per day"},
        ],
    },
    {"id": 2, "name": "west", "accrual": [{"from": "0 days", "rate": "0.25 per day"}]},
]


def means_of_regions() -> dict[int, list[float]]:
    """Mean arrivals by day: the rate in the middle of the day, or of its parts."""

    def east(day: int) -> float:
        slope = 4.8 / 100.5
        if day < 100:
            return 0.1 + slope * (day + 0.5)
        if day == 100:
            return 0.5 * (0.1 + slope * 100.25) + 0.5 * 4.9
        return 4.9

    days = range(LAST_DAY + 1)
    return {7: [east(day) for day in days], 2: [0.25 for _ in days]}


@pytest.mark.parametrize(
    ("randomisation", "allocation"),
    [
        ({"method": "blocks", "strata": ["visceral"], "block_sizes": [6, 3]}, [1, 2]),
        ({"method": "blocks", "strata": ["visceral"], "by_site": True, "block_sizes": [4]}, [1, 1]),
        ({"method": "blocks", "block_sizes": [2]}, [1, 1]),
        ({"method": "simple"}, [3, 1]),
        ({"method": "minimisation", "strata": ["visceral"]}, [1, 1]),
        ({"method": "minimisation", "strata": ["visceral"], "by_site": True}, [2, 3]),
    ],
    ids=["sizes", "by site", "no strata", "simple", "minimisation", "minimisation by site"],
)
def test_a_trial_is_that_of_a_naive_loop(
    randomisation: dict[str, Any], allocation: list[int]
) -> None:
    arms = [
        {"id": i + 1, "name": name, "allocation": allocation[i]}
        for i, name in enumerate(("control", "experimental"))
    ]
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(
        {
            "sample_size": 150,
            "enrolment": {"regions": REGIONS},
            "arms": arms,
            "randomisation": randomisation,
            "survival.effects": [DELAYED],
            "max_study_duration": f"{LAST_DAY} days",
            "analyses": [{"id": 1, "name": "only", "cut": {"enrolled": {"count": 150}}}],
            "hypotheses": [],
        }
    )
    naive = NaiveTrial(
        seed=5,
        replicate=3,
        sample_size=150,
        last_day=LAST_DAY,
        means=means_of_regions(),
        caps={7: 50},
        allocation=allocation,
        method=randomisation["method"],
        block_sizes=randomisation.get("block_sizes", []),
        is_stratified="strata" in randomisation,
        by_site=randomisation.get("by_site", False),
        visceral=0.6,
    ).run()

    engine = ReferenceSurvivalEngine(build_survival_plan(scenario))
    columns = ledger_columns(engine.simulate(seed=5, replicate=3))

    assert len(naive) == 150
    assert sum(patient["region"] == 1 for patient in naive) == 50, "the cap is to be reached"
    for name in naive[0]:
        expected = np.array([patient[name] for patient in naive])
        if name == "stratum" and "strata" not in randomisation:
            expected[:] = 0
        if name.endswith("_day") and name != "enrolment_trial_day":
            # tables of single transitions end with the trial
            expected[expected > LAST_DAY] = NEVER
            found = np.where(columns[name] > LAST_DAY, NEVER, columns[name])
            np.testing.assert_array_equal(found, expected, err_msg=name)
        else:
            np.testing.assert_array_equal(columns[name], expected, err_msg=name)


def test_the_month_of_the_naive_trial_is_that_of_scenarios() -> None:
    assert MONTH == 30.4375


def test_the_log_tells_what_the_trial_hears_of() -> None:
    plan = build_survival_plan(SurvivalScenario.from_file(TO_COPY))
    engine = ReferenceSurvivalEngine(plan)
    ledger, log = engine.simulate_with_log(seed=20250, replicate=1)
    columns = ledger_columns(ledger)

    times = [(day, phase) for day, phase, *_ in log]
    assert times == sorted(times)
    events = Counter(event for *_, event, _ in log)
    assert set(events) == {"enrolled", "progression", "death", "dropout"}
    for name, column in (("progression", "progression_day"), ("death", "death_day")):
        day = columns["enrolment_trial_day"] + columns[column]
        heard = (columns[column] <= columns["dropout_day"]) & (day <= plan.horizon)
        told = sorted((d, number) for d, _, number, _, event, _ in log if event == name)
        assert told == sorted(zip(day[heard].tolist(), np.flatnonzero(heard).tolist(), strict=True))
    left = (columns["dropout_day"] < columns["death_day"]) & (
        columns["enrolment_trial_day"] + columns["dropout_day"] <= plan.horizon
    )
    assert events["dropout"] == left.sum()
    assert {phase for _, phase, *_ in log} == {clock.ENROLMENT, clock.DISEASE, clock.LEAVING}


def test_whoever_is_lost_on_the_day_of_an_event_has_had_it() -> None:
    at_once = {"kind": "discrete", "values": ["30 days"], "weights": [1]}
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(
        {
            "sample_size": 5,
            "survival": {"kind": "single", "endpoint": "OS", "event": at_once, "dropout": at_once},
            "baseline": {},
            "randomisation": {},
            "hypotheses": [],
            "analyses": [{"id": 1, "name": "only", "cut": {"enrolled": {"count": 5}}}],
        }
    )
    engine = ReferenceSurvivalEngine(build_survival_plan(scenario))

    _, log = engine.simulate_with_log(seed=1, replicate=0)

    assert Counter(event for *_, event, _ in log) == {"enrolled": 5, "death": 5}


@pytest.mark.parametrize("kind", ["illness_death", "copula"])
def test_whoever_dies_on_the_day_of_progression_has_not_progressed(kind: str) -> None:
    at_once = {"kind": "discrete", "values": ["30 days"], "weights": [1]}
    keys = {
        "illness_death": ("progression", "death_without_progression", "death_after_progression"),
        "copula": ("progression", "death"),
    }
    model = {"kind": kind} | dict.fromkeys(keys[kind], at_once)
    if kind == "copula":
        model["correlation"] = 0.5
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(
        {
            "sample_size": 4,
            "survival": model,
            "hypotheses": [],
            "analyses": [{"id": 1, "name": "only", "cut": {"enrolled": {"count": 4}}}],
        }
    )
    engine = ReferenceSurvivalEngine(build_survival_plan(scenario))

    columns = ledger_columns(engine.simulate(seed=1, replicate=0))

    assert columns["death_day"].tolist() == [30] * 4
    assert columns["progression_day"].tolist() == [NEVER] * 4
