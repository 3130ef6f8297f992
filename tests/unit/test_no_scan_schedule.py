"""Patients who are watched day by day: what is known is what a scan on each day would show."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from structures import STRUCTURES

from simulate.build_plan import build_plan, cut_day
from simulate.check_engines import check_engines
from simulate.cutoff import cut
from simulate.describe import describe
from simulate.distributions import NEVER, TABLE_DAYS
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.reference import ReferenceEngine
from simulate.latent_truth import latent_truth
from simulate.observed_truth import observed_truth
from simulate.patient.assessment import PROGRESSIVE_DISEASE, WATCHED
from simulate.records import Columns, TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.truth import LATENT, OBSERVED, find_truth
from simulate.units import DAYS_PER_MONTH as MONTH

CONTINUOUS = {"assessment.schedule": "continuous", "sweep": []}
DAILY = {
    "assessment.calendar": [{"every": "1 day"}],
    "assessment.anchor": "first_dose",
    "assessment.window": "0 days",
    "assessment.jitter_sd": "0 days",
    "assessment.missed": 0,
    "assessment.clinical_progression": None,
    "disease.response.visible_before": "0 days",
    "sweep": [],
}
"""The schedule that watching stands for."""

QUICK_DISEASE = {
    "disease.response.probability": 0.6,
    "disease.response.complete": 0.5,
    "disease.response.time": {"kind": "uniform", "low": "0 days", "high": "70 days"},
    "disease.progression": {"everyone": {"kind": "exponential", "median": "90 days"}},
    "disease.death_without_progression": {"kind": "exponential", "median": "300 days"},
    "follow_up.withdrawal": {"kind": "exponential", "median": "200 days"},
    "follow_up.last_contact_lag": {"kind": "uniform", "low": "0 days", "high": "90 days"},
    "analyses.final.cut.date": dt.date(2021, 3, 1),
}
ON_ONE_DAY = QUICK_DISEASE | {
    "disease.response.time": {
        "kind": "discrete",
        "values": ["0 days", "1 day", "2 days", "30 days"],
        "weights": [1, 1, 1, 1],
    },
    "disease.progression": {
        "everyone": {
            "kind": "discrete",
            "values": ["1 day", "2 days", "30 days", "31 days", "80 days"],
            "weights": [1, 1, 1, 1, 3],
        }
    },
    "disease.death_without_progression": {
        "kind": "discrete",
        "values": ["1 day", "30 days", "81 days"],
        "weights": [1, 1, 4],
    },
    "follow_up.early_stop": {"probability": 0.3, "days": ["0 days", "2 days"]},
}


def simulated(scenario: Scenario, changes: dict[str, Any], replicate: int = 0) -> TrialRecords:
    plan = build_plan(scenario.with_overrides(changes))
    return ReferenceEngine(plan).simulate(seed=20250, replicate=replicate)


def endpoints(scenario: Scenario, changes: dict[str, Any], records: TrialRecords) -> Columns:
    trial = scenario.with_overrides(changes)
    return derive(endpoint_rules(trial), cut(records, cut_day(trial, trial.analyses[0])))


@pytest.mark.parametrize(
    "changes",
    [{}, QUICK_DISEASE, ON_ONE_DAY, *({**s} for s in list(STRUCTURES.values())[:1])],
    ids=["published", "quick", "all on one day", "single Weibull"],
)
def test_what_is_known_is_what_daily_scans_would_show(
    scenario: Scenario, changes: dict[str, Any]
) -> None:
    for replicate in range(2):
        watched = simulated(scenario, changes | CONTINUOUS, replicate)
        daily = simulated(scenario, changes | DAILY, replicate)
        for name in ("subjects", "doses", "adverse_events"):
            mine, other = getattr(watched, name), getattr(daily, name)
            for column in mine:
                assert np.array_equal(mine[column], other[column]), (name, column)
        known = endpoints(scenario, changes | CONTINUOUS, watched)
        expected = endpoints(scenario, changes | DAILY, daily)
        for column in known:
            assert np.array_equal(known[column], expected[column]), column
        assert len(watched.assessments["day"]) <= 3 * watched.n_patients
        assert set(watched.assessments["performed"]) == {WATCHED}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        QUICK_DISEASE,
        ON_ONE_DAY,
        QUICK_DISEASE
        | {"disease.dose_intensity": {"drug": "KN026", "hazard_ratio_per_10_percent": 3}},
        {"assessment.anchor": "cycles"},
    ],
    ids=["published", "quick", "all on one day", "dose intensity", "anchored to cycles"],
)
def test_both_engines_run_it_alike(scenario: Scenario, changes: dict[str, Any]) -> None:
    check = check_engines(scenario.with_overrides(changes | CONTINUOUS), replicates=3)
    assert check.difference is None


def test_times_are_daily_and_censoring_is_on_the_last_day_watched(scenario: Scenario) -> None:
    records = simulated(scenario, CONTINUOUS)
    known = endpoints(scenario, CONTINUOUS, records)
    subjects = records.subjects
    pfs = known["pfs_time"] - 1
    event, death = known["pfs_event"] == 1, known["pfs_is_death"] == 1
    assert np.array_equal(pfs[event & ~death], subjects["progression_day"][event & ~death])
    last = np.minimum(
        subjects["assessment_stop_day"],
        cut_day(scenario, scenario.analyses[0]) - subjects["first_dose_trial_day"],
    )
    last = np.minimum(last, subjects["death_day"] - 1)
    assert np.array_equal(pfs[~event], last[~event])
    assert len(np.unique(pfs)) > 45  # by scans there are some 15 different times


def test_changing_the_schedule_changes_nothing_latent(scenario: Scenario) -> None:
    scanned, watched = simulated(scenario, {"sweep": []}), simulated(scenario, CONTINUOUS)
    for name in ("responder", "complete", "response_day", "progression_day", "death_day"):
        assert np.array_equal(scanned.subjects[name], watched.subjects[name]), name


def test_progression_ends_treatment_on_its_day(scenario: Scenario) -> None:
    records = simulated(scenario, CONTINUOUS)
    shown = records.assessments["response"] == PROGRESSIVE_DISEASE
    patient = records.assessments["patient"][shown]
    assert shown.sum() > 20
    day = records.assessments["day"][shown]
    assert np.array_equal(day, records.subjects["progression_day"][patient])
    assert np.array_equal(day, records.subjects["treatment_stop_day"][patient])


UNCENSORED = {
    "sample_size": 1500,
    "toxicity": None,
    "follow_up.withdrawal": None,
    "follow_up.early_stop": None,
    "follow_up.withdrawal_adverse_event": None,
    "follow_up.last_contact_lag": None,
    "analyses": [{"id": 1, "name": "final", "cut": {"date": dt.date(2034, 1, 1)}}],
}


@pytest.mark.parametrize("structure", [{}, STRUCTURES["single Weibull"]], ids=["twin", "single"])
def test_without_censoring_kaplan_meier_is_the_latent_survival(
    scenario: Scenario, structure: dict[str, Any]
) -> None:
    """Of 1,500 patients, through the engine, the cut and the endpoints, by lifelines."""
    changes = structure | CONTINUOUS | UNCENSORED
    truth = latent_truth(build_plan(scenario.with_overrides(changes)))
    known = endpoints(scenario, changes, simulated(scenario, changes))
    curve = KaplanMeierFitter().fit(known["pfs_time"], known["pfs_event"])
    assert (known["pfs_event"] == 1).mean() > 0.9
    for months in (1, 2, 3, 4.5, 6, 7, 12, 18, 24, 30, 42):
        expected = truth.rate("pfs", months * MONTH)
        error = np.sqrt(expected * (1 - expected) / 1500)
        assert curve.predict(months * MONTH) == pytest.approx(expected, abs=3.5 * error), months


def test_the_truth_by_scans_is_the_latent_one(scenario: Scenario) -> None:
    trial = scenario.with_overrides(QUICK_DISEASE | CONTINUOUS)
    plan = build_plan(trial, horizon=TABLE_DAYS)
    found = observed_truth(plan, endpoint_rules(trial), seed=5, n_patients=1000)
    assert np.array_equal(found.observed_pfs, found.latent_pfs)
    both = (found.observed_dor > 0) & (found.latent_dor > 0)
    assert both.sum() > 100
    # a response that began on day 0 is first found on day 1
    assert np.all(np.isin(found.latent_dor[both] - found.observed_dor[both], [0, 1]))


@pytest.mark.parametrize("changes", [QUICK_DISEASE, ON_ONE_DAY], ids=["quick", "all on one day"])
def test_the_truth_by_scans_is_that_of_daily_scans(
    scenario: Scenario, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for schedule in (CONTINUOUS, DAILY):
        trial = scenario.with_overrides(changes | schedule)
        plan = build_plan(trial, horizon=3000)
        found.append(observed_truth(plan, endpoint_rules(trial), seed=5, n_patients=200))
    for name in ("observed_pfs", "observed_dor", "assessed", "responder", "benefit"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name)), name
    monkeypatch.setattr("simulate.observed_truth.PYTHON_PATIENTS", 0)
    trial = scenario.with_overrides(changes | CONTINUOUS)
    plan = build_plan(trial, horizon=3000)
    compiled = observed_truth(plan, endpoint_rules(trial), seed=5, n_patients=200)
    for name in ("observed_pfs", "observed_dor", "assessed", "responder", "benefit"):
        assert np.array_equal(getattr(found[0], name), getattr(compiled, name)), name


def test_there_is_a_truth_by_scans_whatever_the_anchor(scenario: Scenario) -> None:
    trial = scenario.with_overrides(CONTINUOUS | {"assessment.anchor": "cycles"})
    truth = find_truth(trial, seed=1, n_patients=500)
    assert {kind for _, kind in truth.values} == {LATENT, OBSERVED}


def test_a_cut_does_not_know_what_comes_after_it(scenario: Scenario) -> None:
    trial = scenario.with_overrides(QUICK_DISEASE | CONTINUOUS)
    records = simulated(scenario, QUICK_DISEASE | CONTINUOUS)
    for day in (100, 250, 400):
        snapshot = cut(records, day)
        known = derive(endpoint_rules(trial), snapshot)
        cut_days = snapshot.subjects["cut_day"]
        assert np.all(known["pfs_time"] - 1 <= cut_days)
        later = {name: column.copy() for name, column in records.subjects.items()}
        since = day - later["first_dose_trial_day"]
        for name in ("progression_day", "death_day", "assessment_stop_day", "treatment_stop_day"):
            later[name][(later[name] > since) & (later[name] < NEVER)] += 5
        moved = TrialRecords(**{**vars(records), "subjects": later})
        again = derive(endpoint_rules(trial), cut(moved, day))
        for name, column in known.items():
            assert np.array_equal(column, again[name]), name


def test_it_is_described(scenario: Scenario) -> None:
    text = " ".join(describe(scenario.with_overrides(CONTINUOUS)).split())
    assert "patients are watched day by day" in text
    assert "on the last day on which the patient was watched without progression" in text
    assert "Calendar, from the first dose" not in text
    assert "before a response shows it already" not in text
