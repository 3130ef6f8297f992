"""The scan-observed truth is the same patients in Python, compiled, and on several threads."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from simulate import observed_truth as module
from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import cut
from simulate.distributions import TABLE_DAYS
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.reference import ReferenceEngine
from simulate.observed_truth import (
    COLUMNS,
    FIRST_REPLICATE,
    PYTHON_PATIENTS,
    ObservedTruth,
    observed_truth,
)
from simulate.scenario.scenario import Scenario
from simulate.truth import find_truth

N = 300
EVERYTHING = {
    "assessment.missed": 0.2,
    "assessment.clinical_progression": {"probability": 0.5, "delay": ["1 day", "30 days"]},
    "follow_up.withdrawal": {"kind": "exponential", "median": "20 months"},
    "disease.prognostic_factors": [
        {"variable": "visceral", "level": "yes", "progression": 1.7, "death_after_progression": 1.2}
    ],
}


def truth(scenario: Scenario, n: int, *, workers: int = 1) -> ObservedTruth:
    plan = build_plan(scenario, horizon=TABLE_DAYS)
    return observed_truth(plan, endpoint_rules(scenario), seed=5, n_patients=n, workers=workers)


@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["published", "everything"])
def test_compiled_patients_are_those_of_python(
    scenario: Scenario, changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = scenario.with_overrides(changes)
    plain = truth(trial, N)
    monkeypatch.setattr(module, "PYTHON_PATIENTS", 0)
    compiled = truth(trial, N)
    for name in COLUMNS:
        assert getattr(plain, name).tolist() == getattr(compiled, name).tolist(), name


UNDISTURBED = {
    "sample_size": 60,
    "sweep": [],
    "toxicity": None,
    "follow_up.withdrawal": {"kind": "exponential", "rate": "0 per month"},
    "follow_up.early_stop": None,
    "follow_up.withdrawal_adverse_event": None,
    "follow_up.last_contact_lag": {"kind": "discrete", "values": ["0 days"], "weights": [1]},
    "follow_up.death_window": "3000 days",
    "analyses": [{"id": 1, "name": "final", "cut": {"date": dt.date(2032, 1, 1)}}],
    **{path: change for path, change in EVERYTHING.items() if path.startswith("a")},
}


def test_the_patients_are_those_of_the_engine_when_nobody_is_censored(scenario: Scenario) -> None:
    """At the same addresses, through SimPy, the cut and the derived endpoints."""
    trial = scenario.with_overrides(UNDISTURBED)
    engine = ReferenceEngine(build_plan(trial))
    records = engine.simulate(seed=5, replicate=FIRST_REPLICATE)
    derived = derive(endpoint_rules(trial), cut(records, cut_day(trial, trial.analyses[0])))
    found = truth(trial, trial.sample_size)
    patients = derived["patient"]
    for event, time, expected in (
        ("pfs_event", "pfs_time", found.observed_pfs),
        ("os_event", "os_time", found.os),
        ("dor_event", "dor_time", found.observed_dor),
    ):
        known = derived[event] == 1
        assert known.sum() > 15  # of 60 patients
        assert derived[time][known].tolist() == expected[patients[known]].tolist(), time


def test_threads_change_nothing(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    n = PYTHON_PATIENTS + 501  # the last task and the last block are short ones
    one = truth(scenario, n)
    monkeypatch.setattr(module, "_TASK", 400)
    for workers in (2, 5):
        many = truth(scenario, n, workers=workers)
        assert all((getattr(one, c) == getattr(many, c)).all() for c in COLUMNS)


def test_fewer_patients_are_the_first_of_more(scenario: Scenario) -> None:
    few, many = truth(scenario, 50), truth(scenario, N)
    assert all((getattr(few, c) == getattr(many, c)[:50]).all() for c in COLUMNS)


def test_few_patients_show_in_the_error(scenario: Scenario) -> None:
    few = find_truth(scenario, seed=1, n_patients=200).values["orr", "observed"]
    more = find_truth(scenario, seed=1, n_patients=800).values["orr", "observed"]
    assert (few.n_analysed <= 200, more.n_analysed > 700) == (True, True)
    assert few.mcse == pytest.approx(2 * more.mcse, rel=0.15)
    assert abs(few.estimate - more.estimate) < 4 * np.hypot(few.mcse, more.mcse)
