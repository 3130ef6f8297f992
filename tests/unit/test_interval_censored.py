"""The interval-censored test in trials: between which scans progression lies, and what is told."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from naive_review import Patient, Reading
from scenario_example import problems_of, write
from scenario_files import SCENARIOS
from survival_files import survival_scenario
from test_review import ENDPOINTS, NAIVE, SEED, VARIANTS, patient_of, reading_of, scenario_of

from simulate.choose_engine import BATCH, REFERENCE
from simulate.describe.monitoring import estimates_in_words, hypothesis_in_words
from simulate.distributions import NEVER
from simulate.errors import ScenarioError
from simulate.look_replicates import run_look_replicates
from simulate.looks.columns import column_names
from simulate.looks.design import survival_design
from simulate.looks.seen import find_free_days
from simulate.randomised.effects import effects
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.randomised.seen_trials import SeenTrial, TrialMaker

INTERVAL = SCENARIOS / "interval_censored.yaml"


# ---- between which scans ----------------------------------------------------------------------


def free_days(made: SeenTrial, by_scans: list[int]) -> tuple[Any, Any]:
    """By endpoint and patient: day of the event, and the last day known to be free of it."""
    assert isinstance(made.take, partial), "the rule has what a look sees as its first argument"
    seen = made.take.args[0]
    found = np.full(len(by_scans) * len(made.enrolled), -99, np.int32)
    find_free_days(seen, np.array(by_scans), found)
    shape = (len(by_scans), len(made.enrolled))
    return np.asarray(seen.event_day).reshape(shape), found.reshape(shape)


def last_free(reading: Reading, patient: Patient, event: int) -> int:
    """The day before a death, or the last scan that was done before progression was called."""
    if event == patient.death:
        return event - 1
    missed, end = reading.missed(patient), reading.end(patient)
    done = [
        day
        for k, day in enumerate(patient.scans)
        if k not in missed and (end is None or day <= end) and day < event
    ]
    return max(done)


@pytest.mark.parametrize("variant", VARIANTS)
def test_progression_lies_after_the_last_scan_that_was_done_before(variant: str) -> None:
    scenario = scenario_of(**VARIANTS[variant])
    made = TrialMaker(scenario, SEED).make(2)
    event_day, free_day = free_days(made, [int(each["of"] == "PFS") for each in ENDPOINTS])
    assert (free_day[-1] == -99).all(), "overall survival is not seen at scans"
    n_progressions = n_deaths = 0
    readings = {
        arm.name: reading_of(scenario, arm.name, VARIANTS[variant]) for arm in scenario.arms
    }
    for i, row in enumerate(made.subjects.to_dict("records")):
        patient = patient_of(scenario, i, row)
        for endpoint in range(len(NAIVE)):
            event = int(event_day[endpoint, i])
            if event < NEVER:
                wanted = last_free(readings[row["arm"]], patient, event)
                assert free_day[endpoint, i] == wanted, (endpoint, i)
                n_deaths += event == patient.death
                n_progressions += event != patient.death
    assert n_progressions > 20
    assert n_deaths > 10


def test_without_readers_it_lies_between_two_planned_scans() -> None:
    scenario = survival_scenario(INTERVAL, "survival.calendar_by_arm={}")
    assert not scenario.is_read
    made = TrialMaker(scenario, SEED).make(0)
    event_day, free_day = (days[0] for days in free_days(made, [1, 0]))
    death = made.subjects["death_day"].fillna(NEVER).to_numpy()
    progression = made.subjects["progression_day"].fillna(NEVER).to_numpy()
    called, died = event_day < np.minimum(NEVER, death), (event_day < NEVER) & (event_day == death)
    assert called.sum() > 100
    assert died.sum() > 5
    np.testing.assert_array_equal(event_day[called] - free_day[called], 42)
    assert (free_day < progression)[called].all()
    assert (progression <= event_day)[called].all()
    np.testing.assert_array_equal(free_day[died], event_day[died] - 1)


# ---- what is told -----------------------------------------------------------------------------


def test_both_engines_find_the_same() -> None:
    """Also where it is the test of the hypothesis, with scans missed, and several strata."""
    scenario = survival_scenario(
        INTERVAL,
        "hypotheses.pfs.test={kind: interval_censored, stratified: true}",
        "survival.visits={missed: 0.1}",
    )
    one, two = (
        run_look_replicates(scenario, replicates=4, engine=engine, workers=1)["final"]
        for engine in (REFERENCE, BATCH)
    )
    for name in column_names(survival_design(scenario)):
        np.testing.assert_array_equal(one.column(name), two.column(name), name)
    # the same test, once of the hypothesis and once beside it
    np.testing.assert_array_equal(one.column("pfs.z"), one.column("pfs.stratified.z"))
    np.testing.assert_array_equal(
        one.column("pfs.tested_one_step_log_hr"), one.column("pfs.stratified.one_step_log_hr")
    )
    assert np.isfinite(one.column("pfs.interval.z")).all()
    assert (one.column("pfs.interval.z") != one.column("pfs.stratified.z")).all()
    assert not any(name.startswith("latent.interval") for name in one.names), "days, no intervals"
    error = one.column("pfs.interval.one_step_log_hr_se")
    np.testing.assert_allclose(
        -one.column("pfs.interval.one_step_log_hr") / error,
        one.column("pfs.interval.z"),
        rtol=1e-12,
    )


def test_unequal_calendars_bias_the_usual_test_and_not_this_one() -> None:
    """Mean Z of 30 trials without an effect, in standard errors."""
    without = survival_scenario(INTERVAL, "survival.effects=[]")
    looks = run_look_replicates(without, replicates=30, engine=REFERENCE, workers=1)["final"]
    usual, interval = (looks.column(name).mean() for name in ("pfs.z", "pfs.interval.z"))
    assert usual > 6 / math.sqrt(30)
    assert abs(interval) < 3 / math.sqrt(30)


def test_it_is_said_in_words() -> None:
    scenario = survival_scenario(
        INTERVAL, "hypotheses.pfs.test={kind: interval_censored, stratified: true}"
    )
    told = " ".join(" ".join(hypothesis_in_words(scenario, scenario.hypotheses[0])).split())
    assert "interval-censored score test (Finkelstein) stratified by Visceral metastasis" in told
    told = " ".join(" ".join(estimates_in_words(scenario)).split())
    assert "interval: interval-censored score test (Finkelstein)" in told


def test_its_hazard_ratio_is_told() -> None:
    scenario = survival_scenario(INTERVAL)
    looks = run_look_replicates(scenario, replicates=5, engine=REFERENCE, workers=1)
    outcomes = Outcomes(Looks(looks), scenario.analyses, scenario.hypotheses)
    found = {m.name: m.estimate.estimate for m in effects(outcomes, scenario.hypotheses[0])}
    logs = looks["final"].column("pfs.interval.one_step_log_hr")
    assert found["interval.one_step_log_hr.mean"] == pytest.approx(logs.mean())
    assert found["interval.one_step_hr.q50"] == pytest.approx(np.exp(np.median(logs)))


def test_it_is_refused_of_a_hypothesis_whose_days_are_known() -> None:
    named = "estimates.tests.interval.hypotheses=[pfs, latent]"
    with pytest.raises(ScenarioError) as error:
        survival_scenario(INTERVAL, named)
    (problem,) = error.value.problems
    assert problem.key == "estimates.tests.interval.test.kind"
    assert "between two scans in PFS_LATENT: the" in problem.message


# ---- refused ----------------------------------------------------------------------------------

PFS = "  - {id: 1, name: PFS, of: PFS}\n"
SCANS = """\
  observation: scans
  calendar: [{every: 6 weeks}]
  calendar_by_arm: {experimental: [{every: 24 weeks}]}
"""
BAD = {
    "latent": ((PFS, "  - {id: 1, name: PFS, of: PFS, reader: latent}\n"), "an endpoint of: PFS"),
    "a grid": (
        (PFS, "  - {id: 1, name: PFS, of: PFS, grid: [{every: 24 weeks}]}\n"),
        "without a grid",
    ),
    "exact": ((SCANS, "  observation: exact\n"), "Write survival.observation: scans"),
    "deaths": ((PFS, "  - {id: 1, name: PFS, of: OS}\n"), "in PFS, PFS_LATENT: the"),
}


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused_where_no_progression_lies_between_scans(case: str, tmp_path: Path) -> None:
    (old, new), words = BAD[case]
    text = INTERVAL.read_text(encoding="utf-8")
    assert text.count(old) == 1
    text = text[: text.index("sweep:")].replace(old, new)
    path = write(tmp_path, text)
    lines = [i for i, line in enumerate(text.split("\n"), 1) if "kind: interval_censored" in line]
    problems = problems_of(path)
    assert [problem.line for problem in problems] == lines
    for problem, name in zip(problems, ("interval", "stratified"), strict=True):
        assert problem.key == f"estimates.tests.{name}.test.kind"
        assert words in str(problem)
