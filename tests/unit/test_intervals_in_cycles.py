"""The interval-censored test of patients in cycles: when they were last known to be free, and Z."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from naive_rules import rows_of
from scenario_example import problems_of, write
from small_randomised import PHASE_III, small_phase_iii
from test_central_review import SEED, naive_calls, records_of, values_of
from test_event_cut import SCARCE
from test_rules_in_cycles import HYPOTHESES, LOOKS, MOVED, NAMED, arm_names, read_trial

from simulate.choose_engine import BATCH, REFERENCE
from simulate.describe import describe
from simulate.distributions import NEVER
from simulate.look_samples import find_free_days, groups_of
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.randomised.seen_trials import SeenTrial, TrialMaker
from simulate.records import TrialRecords
from simulate.report.randomised.report import render_randomised_report
from simulate.scenario.scenario import Scenario

BY_SCANS = [
    each["name"] for each in NAMED if each["of"] == "PFS" and each.get("reader") != "latent"
]
"""Endpoints whose progression lies between two scans."""

WAITS: dict[str, Any] = {"resources": {"supply": [SCARCE]}, "endpoints.time_zero": "randomisation"}
VARIANTS: dict[str, dict[str, Any]] = {
    "scans from the first dose": {},
    "scans with the cycles": MOVED,
    "scans go on after the call": {"assessment.end_at_call": False},
    "patients wait for drugs": WAITS,
}


@pytest.fixture(scope="module", params=VARIANTS)
def trial(request: pytest.FixtureRequest, scenario: Scenario) -> Scenario:
    """Readers who err, missed and unscheduled scans, stops, and deaths of every kind."""
    return read_trial(scenario, VARIANTS[request.param])


# ---- between which scans ----------------------------------------------------------------------


def last_free(table: dict[str, Any], patient: int, call: int, death: int) -> int:
    """Patient day up to which somebody is free of an event, walking from day to day."""
    scans, free = {row.day for row in rows_of(table, patient) if row.done}, 0
    for day in range(1, min(call, death)):
        if day in scans or death == day + 1 < call:
            free = day
    return free


def found_free_days(trial: Scenario, made: SeenTrial) -> dict[str, list[int]]:
    """By endpoint and patient."""
    assert isinstance(made.take, partial), "the rule has what a look sees as its first argument"
    seen, n = made.take.args[0], len(made.enrolled)
    found = np.full(len(NAMED) * n, -99, np.int32)
    find_free_days(seen, np.array([int(each["name"] in BY_SCANS) for each in NAMED]), found)
    by_endpoint = dict(zip(trial.endpoint_names, found.reshape(-1, n).tolist(), strict=True))
    assert {
        day for name in set(trial.endpoint_names) - {*BY_SCANS} for day in by_endpoint[name]
    } == {-99}
    return by_endpoint


def calls_by_reader(trial: Scenario, records: TrialRecords, replicate: int) -> dict[str, list[int]]:
    return dict(zip(("inv", "cen"), naive_calls(trial, records, replicate), strict=True))


def reader_of(endpoint: str) -> str:
    return {"DOC": "inv", "PFS": "cen"}.get(endpoint, endpoint[-3:])


def waits(trial: Scenario, records: TrialRecords) -> Any:
    """Days of each patient from the start of the endpoints' clock to the first dose."""
    columns = records.subjects
    wait = columns["first_dose_trial_day"] - columns["enrolment_trial_day"]
    return wait if trial.endpoints.time_zero == "randomisation" else 0 * wait


def test_an_event_lies_after_the_last_scan_that_was_done_before(trial: Scenario) -> None:
    records, made = records_of(trial, 1), TrialMaker(trial, SEED).make(1)
    found, calls, wait = found_free_days(trial, made), calls_by_reader(trial, records, 1), None
    wait, deaths = waits(trial, records), records.subjects["death_day"]
    last_day, n = max(made.enrolled) + 3000, records.n_patients
    kinds = Counter[str]()
    for place, name in enumerate(trial.endpoint_names):
        if name not in BY_SCANS:
            continue
        days, events = made.sample(place, last_day, n)
        for patient in np.flatnonzero(events).tolist():
            call, death = calls[reader_of(name)][patient], int(deaths[patient])
            assert days[patient] == min(call, death) + wait[patient]
            free = last_free(records.assessments, patient, call, death)
            assert found[name][patient] == free + wait[patient], (name, patient)
            kinds["death" if death < call else "call"] += 1
            kinds["before any scan"] += free == 0
            kinds["waits"] += wait[patient] > 0
            rows = rows_of(records.assessments, patient)
            kinds["unscheduled"] += any(row.day == call and row.visit == 0 for row in rows)
            kinds["missed"] += any(free < row.day < call and not row.done for row in rows)
    wanted = ["death", "call", "before any scan", "unscheduled", "missed"]
    assert min(kinds[kind] for kind in wanted) > 10, kinds
    assert (kinds["waits"] > 10) == (trial.endpoints.time_zero == "randomisation")


# ---- the test ---------------------------------------------------------------------------------

TESTS = [
    {"name": "interval", "test": {"kind": "interval_censored"}},
    {"name": "by_strata", "test": {"kind": "interval_censored", "stratified": True}},
]
TESTED: dict[str, Any] = {
    "analyses": LOOKS,
    "hypotheses": [
        {**HYPOTHESES[0], "test": {"kind": "interval_censored", "stratified": True}},
        {**HYPOTHESES[1], "test": {"kind": "interval_censored"}},
        {
            **HYPOTHESES[0],
            **{"id": 3, "name": "some", "endpoint": "DOC", "population": {"visceral": "yes"}},
        },
        {**HYPOTHESES[0], "id": 4, "name": "os", "endpoint": "OS"},
    ],
    "estimates": {"tests": TESTS},
}


def naive_z(first: Any, last: Any, experimental: Any) -> float:
    """Finkelstein's score with the variance of permutations, on lifelines' estimate."""
    upper = np.where(last == NEVER, np.inf, last)
    fit = KaplanMeierFitter().fit_interval_censoring(first, upper, tol=1e-9)
    table = fit.survival_function_["NPMLE_estimate_upper"]

    def at(days: Any) -> Any:
        own = [float(table.loc[day + 0.5 :].iloc[0]) if day < table.index[-1] else 0.0
               for day in days]  # fmt: skip
        return np.array(own)

    before, after = at(first - 1), np.where(last == NEVER, 0.0, at(np.minimum(last, 10**5)))
    x_log_x = [np.where(s > 1e-12, s * np.log(np.maximum(s, 1e-12)), 0) for s in (before, after)]
    score = (x_log_x[0] - x_log_x[1]) / (before - after)
    n, m = len(score), int(experimental.sum())
    apart = score - score.mean()
    variance = (apart**2).sum() * m * (n - m) / (n * (n - 1))
    return float(-apart[experimental].sum() / math.sqrt(variance))


def test_its_statistic_is_that_of_intervals_read_off_the_tables(trial: Scenario) -> None:
    looked = trial.with_overrides(TESTED)
    made, records = TrialMaker(looked, SEED).make(1), records_of(looked, 1)
    told = values_of(looked, REFERENCE, 2)["interim"]
    cut, calls, wait = int(told["cut_day"][1]), calls_by_reader(looked, records, 1), None
    wait, deaths = waits(looked, records), records.subjects["death_day"]
    n, arms = int((made.enrolled <= cut).sum()), np.array(arm_names(looked, records))
    visceral = made.group[:n] == groups_of(looked).index({"visceral": "yes"})
    assert 10 < visceral.sum() < n - 10
    cases = {
        "ema_cen.interval": ("ema_cen", visceral < 2),
        "some.interval": ("DOC", visceral),
    }
    for column, (endpoint, who) in cases.items():
        day, event = made.sample(looked.endpoint_names.index(endpoint), cut, n)
        first, last = day.astype(int) + 1, np.full(n, NEVER)
        for i in np.flatnonzero(event).tolist():
            free = last_free(records.assessments, i, calls[reader_of(endpoint)][i], int(deaths[i]))
            first[i], last[i] = free + wait[i] + 1, day[i]
        z = naive_z(first[who], last[who], (arms[:n] == "kn026")[who])
        assert told[f"{column}.z"][1] == pytest.approx(z, abs=2e-4), column
        assert abs(z) > 0.05


def test_both_engines_tell_the_same(scenario: Scenario) -> None:
    """At two looks, in strata, in a subpopulation, by reader and rule set."""
    looked = read_trial(scenario, **TESTED)
    ours, theirs = (values_of(looked, engine, 4) for engine in (REFERENCE, BATCH))
    for look, found in ours.items():
        for name, column in found.items():
            np.testing.assert_array_equal(column, theirs[look][name], f"{look}: {name}")
    first = ours["interim"]
    np.testing.assert_array_equal(first["fda_cen.z"], first["fda_cen.by_strata.z"])
    np.testing.assert_array_equal(first["ema_cen.z"], first["ema_cen.interval.z"])
    assert np.isfinite(first["some.interval.z"]).all()
    assert (first["fda_cen.interval.z"] != first["fda_cen.by_strata.z"]).all()
    assert "os.interval.z" not in first, "days of death are no intervals"


def test_unequal_calendars_bias_the_usual_test_and_not_this_one(scenario: Scenario) -> None:
    """Mean Z of 25 trials of arms that differ in their scans alone, in standard errors."""
    flat: dict[str, Any] = {
        "assessment.calendar": [{"every": "3 weeks"}],
        "assessment.clinical_progression": None,
        "disease.progression.responders": {"kind": "exponential", "median": "6 months"},
        "disease.progression.non_responders": {"kind": "exponential", "median": "6 months"},
        "disease.death_without_progression": {"kind": "exponential", "mean": "20000 days"},
    }
    rare = {"assessment.calendar": [{"every": "24 weeks"}]}
    looked = read_trial(
        scenario,
        flat,
        arms=[{"id": 1, "name": "kn026", "set": rare}, {"id": 2, "name": "control"}],
        randomisation={"block_sizes": [4], "strata": ["visceral"]},
        readers=[],
        new_therapy=None,
        switching=[],
        rule_sets=[],
        analyses=[{"id": 1, "name": "final", "cut": {"events": {"endpoint": "PFS", "count": 80}}}],
        hypotheses=[{**HYPOTHESES[0], "endpoint": "PFS"}],
        **{"endpoints.named": [], "estimates": {"tests": TESTS}},
    )
    n = 25
    found = values_of(looked, BATCH, n)["final"]
    usual, interval = (found[f"fda_cen.{name}"].mean() for name in ("z", "interval.z"))
    assert usual > 5 / math.sqrt(n)
    assert abs(interval) < 3 / math.sqrt(n)


# ---- what is told -----------------------------------------------------------------------------


def test_a_description_tells_it_of_hypotheses_and_beside_them(scenario: Scenario) -> None:
    told = " ".join(describe(read_trial(scenario, **TESTED)).split())
    assert "interval-censored score test (Finkelstein) stratified by Visceral metastasis" in told
    beside = "which decide nothing: interval: interval-censored score test (Finkelstein); by_strata"
    assert beside in told


def test_it_is_told_beside_the_usual_test_also_by_what_if() -> None:
    tests = "estimates.tests=[{name: interval, test: {kind: interval_censored}}]"
    rare = "{assessment.calendar: [{every: 12 weeks}]}"
    scenario = small_phase_iii(tests, f"sweep=[{{name: rare, title: Rare scans, set: {rare}}}]")
    result = execute(make_randomised_job(scenario, replicates=2, engine=REFERENCE))
    told = set(zip(result.operating["hypothesis"], result.operating["measure"], strict=True))
    assert ("pfs", "interval.one_step_hr.q50") in told
    varied = result.variants_operating
    by_what_if = set(zip(varied["hypothesis"], varied["measure"], strict=True))
    assert {each for each in told if "interval." in each[1]} <= by_what_if
    assert "interval-censored score test" in render_randomised_report(result)


# ---- refused ----------------------------------------------------------------------------------

BESIDE = "estimates:\n  tests:\n    - {name: interval, test: {kind: interval_censored}}\n"
OF_OS = """\
hypotheses:
  - id: 1
    name: os
    endpoint: OS
    experimental: kn026
    control: control
    information: 100
    test: {kind: interval_censored}
"""
NAMED_LATENT = """\
endpoints:
  named:
    - {id: 1, name: PFS, of: PFS, reader: latent}
    - {id: 2, name: PFS_INV, of: OS}
"""
WATCHED = "assessment: {schedule: continuous}\n"
ONE_WATCHED = """\
arms:
  - {id: 1, name: control, set: {assessment.schedule: continuous}}
  - {id: 2, name: kn026}
"""
DEFAULT = "endpoints: {named: []}\nreaders: []\n"
BY_PFS = OF_OS.replace("endpoint: OS", "endpoint: PFS")
FINAL = "analyses: [{id: 1, name: final, cut: {events: {endpoint: PFS, count: 100}}}]\n"

BAD = {
    "overall survival": (OF_OS, "hypotheses.os.test.kind", "between two scans in OS|endpoint: PFS"),
    "what is latent": (
        NAMED_LATENT + BESIDE,
        "estimates.tests.interval.test.kind",
        "in PFS, PFS_INV|with endpoints.named one of: PFS, without a grid and not read by latent",
    ),
    "grouped times": (
        NAMED_LATENT.replace("reader: latent", "grid: [{every: 12 weeks}]") + BESIDE,
        "estimates.tests.interval.test.kind",
        "in PFS, PFS_INV|without a grid",
    ),
    "a rate": (OF_OS.replace("OS", "ORR"), "hypotheses.os.test", "ORR is a rate"),
    "no scans, of a hypothesis": (
        BY_PFS + DEFAULT + FINAL + WATCHED,
        "hypotheses.os.test.kind",
        "watched day by day (given: schedule continuous in control, kn026)|schedule: calendar",
    ),
    "no scans in one arm, of a test beside": (
        OF_OS.replace("    test: {kind: interval_censored}\n", "").replace("OS", "PFS")
        + DEFAULT + FINAL + ONE_WATCHED + BESIDE,
        "estimates.tests.interval.test.kind",
        "watched day by day (given: schedule continuous in control)|or write log_rank",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_at_its_line(case: str, tmp_path: Path) -> None:
    text, key, words = BAD[case]
    content = f"extends: {PHASE_III}\nname: refused\n{text}"
    (problem,) = [p for p in problems_of(write(tmp_path, content)) if p.key == key]
    said = f"{problem.message} {problem.hint}"
    assert all(each in said for each in words.split("|")), said
    line = content.splitlines()[(problem.line or 0) - 1]
    assert "kind: interval_censored" in line
