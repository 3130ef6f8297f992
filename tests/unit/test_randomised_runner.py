"""Looks at a trial with patients in cycles and scans, against the definition of a data cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arms_example import LOOKS, RANDOMISED, randomised
from lifelines.statistics import logrank_test

from simulate.build_arms import build_trial_plan
from simulate.check_engines import check_engines
from simulate.choose_engine import BATCH, REFERENCE
from simulate.cutoff import cut
from simulate.distributions import FloatArray
from simulate.endpoints import derive_trial
from simulate.engines.reference import ReferenceEngine
from simulate.look_days import days_of_looks
from simulate.look_replicates import run_look_replicates
from simulate.randomised_runner import RandomisedRunner
from simulate.records import Columns, TrialRecords
from simulate.scenario.scenario import Scenario

SEED = 11
N = 6

HYPOTHESIS = {
    **{"id": 1, "name": "pfs_test", "endpoint": "PFS", "alpha": 0.025},
    **{"experimental": "kn026", "control": "control", "efficacy": {"kind": "pocock"}},
}


@pytest.fixture(scope="module")
def trial(scenario: Scenario) -> Scenario:
    """Two looks on events of a trial of two arms."""
    return randomised(scenario, hypotheses=[HYPOTHESIS], sample_size=60)


@pytest.fixture(scope="module")
def records(trial: Scenario) -> list[TrialRecords]:
    """Its replicates."""
    engine = ReferenceEngine(build_trial_plan(trial))
    return [engine.simulate(seed=SEED, replicate=replicate) for replicate in range(N)]


@pytest.fixture(scope="module")
def values(trial: Scenario) -> dict[str, dict[str, FloatArray]]:
    """The rows of their looks, by look and column."""
    runner = RandomisedRunner(trial, seed=SEED, engine=REFERENCE)
    return {
        name: dict(zip(runner.names, rows.T, strict=True))
        for name, rows in runner.run(range(N)).items()
    }


def known(trial: Scenario, records: TrialRecords, day: int) -> Columns:
    snapshot = cut(records, day)
    return derive_trial(trial, snapshot) | {"arm": snapshot.arm}


def test_a_look_is_on_the_day_on_which_the_target_is_reached(
    trial: Scenario, records: list[TrialRecords], values: dict[str, dict[str, FloatArray]]
) -> None:
    n_looks = 0
    for look in LOOKS:
        target, found = look["cut"]["events"]["count"], values[look["name"]]
        for row, one in enumerate(records):
            if np.isnan(found["cut_day"][row]):
                continue
            day = int(found["cut_day"][row])
            events = int(known(trial, one, day)["pfs_event"].sum())
            before = int(known(trial, one, day - 1)["pfs_event"].sum())
            n_looks += 1
            assert before < target <= events
            assert found["overshoot"][row] == events - target
            assert found["pfs.events"][row] == events
            assert found["target_reached"][row] == 1
            days = days_of_looks(trial, one, seed=SEED, replicate=row)
            assert days[look["name"]] == day
    assert n_looks > N


def test_a_look_tells_what_the_cut_knows(
    trial: Scenario, records: list[TrialRecords], values: dict[str, dict[str, FloatArray]]
) -> None:
    for name, found in values.items():
        for row, one in enumerate(records):
            if np.isnan(found["cut_day"][row]):
                continue
            day, entry = int(found["cut_day"][row]), one.subjects["enrolment_trial_day"]
            cut_data = known(trial, one, day)
            assert found["n_enrolled"][row] == (entry <= day).sum()
            for arm in trial.arms:
                mine = cut_data["arm"] == arm.id
                enrolled = (entry <= day) & (one.subjects["arm"] == arm.id)
                assert found[f"n_enrolled.{arm.name}"][row] == enrolled.sum()
                for endpoint in ("pfs", "os"):
                    events = cut_data[f"{endpoint}_event"][mine].sum()
                    assert found[f"{endpoint}.events.{arm.name}"][row] == events, name
            first = cut_data["arm"] == 3
            time, event = cut_data["pfs_time"], cut_data["pfs_event"]
            test = logrank_test(time[first], time[~first], event[first], event[~first])
            z = found["pfs_test.z"][row]
            if not np.isnan(z):
                assert z**2 == pytest.approx(test.test_statistic, rel=1e-9)


def test_a_target_that_is_not_reached_is_cut_at_the_end(scenario: Scenario) -> None:
    late = [{"id": 1, "name": "final", "cut": {"events": {"endpoint": "OS", "count": 40}}}]
    runner = RandomisedRunner(randomised(scenario, analyses=late), seed=1, engine=REFERENCE)

    found = dict(zip(runner.names, runner.run(range(2))["final"].T, strict=True))

    assert found["cut_day"].tolist() == [1339, 1339]
    assert found["target_reached"].tolist() == [0, 0]
    assert (found["overshoot"] < 0).all()


CHANGES: dict[str, dict[str, Any]] = {
    "two arms": {},
    "stratified, by site, dates and enrolment": {
        "randomisation": {"block_sizes": [3], "strata": ["visceral"], "by_site": True},
        "hypotheses": [HYPOTHESIS | {"test": "stratified_log_rank", "information": 20}],
        "analyses": [
            {"id": 1, "name": "full", "cut": {"enrolled": {"count": 30, "after": "60 days"}}},
            {
                "id": 2,
                "name": "late",
                "cut": {
                    "all": [
                        {"events": {"endpoint": "OS", "count": 2}},
                        {"follow_up": "200 days"},
                    ]
                },
                "cleaning_lag": "20 days",
            },
        ],
        "estimates": {"landmarks": ["6 months"], "rmst": "12 months"},
    },
    "three arms, minimised": {
        "arms": [*RANDOMISED["arms"], {"id": 5, "name": "third"}],
        "randomisation": {"method": "minimisation", "strata": ["visceral", "bone"]},
        "hypotheses": [
            HYPOTHESIS | {"information": 30},
            HYPOTHESIS | {"id": 2, "name": "b", "experimental": "third", "information": 30},
        ],
    },
}


@pytest.mark.parametrize("name", CHANGES)
def test_both_engines_make_the_same_looks(name: str, scenario: Scenario) -> None:
    """The trials and their looks, in plain Python and compiled."""
    trial = randomised(scenario, **{"hypotheses": [HYPOTHESIS], **CHANGES[name]})

    assert check_engines(trial, replicates=4).difference is None


def test_replicates_are_the_same_on_any_workers_and_over_draws() -> None:
    from test_arms import KN026, as_settings

    drawn = Scenario.from_file(
        KN026, [*as_settings(RANDOMISED | {"hypotheses": [HYPOTHESIS]}), "parameters.use=draws"]
    )
    few = run_look_replicates(drawn, replicates=5, engine=REFERENCE)["interim"]
    more = run_look_replicates(drawn, replicates=40, engine=BATCH, workers=2)["interim"]

    assert drawn.draws is not None
    assert few.n_draws == more.n_draws == drawn.draws.n
    assert few.frame(0, 5).equals(more.frame(0, 5))
    assert few.frame(0, 5)["draw"].tolist() == [0, 1, 2, 3, 4]
    assert len(set(more.column("cut_day"))) > 15
