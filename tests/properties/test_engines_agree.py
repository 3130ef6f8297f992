"""Two engines, one truth: the batch engine's trials are those of the SimPy engine, in every bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from random_trials import (
    changed,
    random_changes,
    random_randomised_scenarios,
    try_random_scenarios,
)
from scenario_files import OF_PATIENTS

from simulate.build_arms import build_trial_plan
from simulate.build_plan import build_plan
from simulate.check_engines import check_engines
from simulate.counted_events import LATENT, NOTHING
from simulate.distributions import NEVER
from simulate.engines.reference import ReferenceEngine
from simulate.errors import ScenarioError
from simulate.look_days import see_trial
from simulate.patient.treatment import STOP_NAMES
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.scenario.testing import name_of

FILES = OF_PATIENTS

ONLY_SIMPY = {"kn026_phase2_shared_resources"}
"""Scenarios in which patients share resources: the batch engine refuses them."""


def test_only_scenarios_with_shared_resources_are_exempt() -> None:
    shared = {
        file.stem
        for file in FILES
        if build_trial_plan(Scenario.from_file(file)).has_shared_resources
    }

    assert shared == ONLY_SIMPY


MANY = 200
"""Patients."""


def variants_of(scenario: Scenario) -> Iterator[Scenario]:
    """The what-ifs of a scenario."""
    for variant in scenario.sweep:
        yield scenario.variant(variant.name)


@pytest.mark.parametrize(
    "file", [f for f in FILES if f.stem not in ONLY_SIMPY], ids=lambda f: f.stem
)
def test_scenario_files(file: Path) -> None:
    scenario = Scenario.from_file(file)
    # trials of many patients take long in SimPy: their variants have a test of their own
    is_small = scenario.sample_size < MANY
    n = 3 if is_small else 1
    trials = (scenario, *variants_of(scenario)) if is_small else (scenario,)
    for each in trials:
        check = check_engines(each, replicates=n)

        assert check.difference is None
        assert check.replicates == n
        assert check.rows > n * 57 * 30, "that is fewer doses, scans and events than there must be"


def test_random_scenarios(scenario: Scenario) -> None:
    seen: Counter[str] = Counter()

    def check(trial: Scenario, replicate: int) -> None:
        assert check_engines(trial, replicates=1, first=replicate).difference is None
        engine = ReferenceEngine(build_plan(trial))
        seen.update(what_happens(engine.simulate(seed=trial.seed, replicate=replicate)))

    try_random_scenarios(check, scenario, runs=range(5))

    assert not EVENTS - set(seen), "scenarios in which this happens are wanted"


@pytest.mark.verify
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_variants_of_many_patients(file: Path) -> None:
    scenario = Scenario.from_file(file)
    if scenario.sample_size < MANY:
        pytest.skip("compared by the quick test")
    for each in variants_of(scenario):
        assert check_engines(each, replicates=1).difference is None


def test_random_randomised_scenarios(scenario: Scenario) -> None:
    seen: set[str] = set()

    def check(trial: Scenario, replicate: int) -> None:
        assert check_engines(trial, replicates=1, first=replicate).difference is None
        engine = ReferenceEngine(build_trial_plan(trial))
        records = engine.simulate(seed=trial.seed, replicate=replicate)
        seen.update(what_happens(records))
        seen.update(what_randomisation_does(trial, records))
        seen.update(what_readers_do(trial, records, replicate))
        seen.update(what_is_tested(trial))

    try_random_scenarios(check, scenario, runs=range(6), scenarios=random_randomised_scenarios)

    missing = RANDOMISED - seen
    assert not missing, "scenarios in which this happens are wanted"


RANDOMISED = {
    *("hold", "omitted dose", "related event", "missed scan", "left the study"),
    *("blocks", "simple", "minimisation", "by site", "strata"),
    *("three arms", "other drugs", "other terms", "other scans", "other cycles"),
    *("the investigator is early", "the investigator is late", "new therapy", "changed treatment"),
    *("rules censor", "progression as it is", "scans go on"),
    *("interval_censored", "stratified_interval_censored", "response", "log_rank"),
    "grouped times",
}


def what_is_tested(trial: Scenario) -> set[str]:
    """The tests of hypotheses, by name, and whether times are grouped."""
    is_grouped = any(endpoint.grid for endpoint in trial.seen_endpoints)
    return {name_of(hypothesis.test) for hypothesis in trial.hypotheses} | (
        {"grouped times"} if is_grouped else set()
    )


def what_randomisation_does(trial: Scenario, records: TrialRecords) -> set[str]:
    """How patients are given an arm, if there are several, and in what arms differ."""
    arms, chosen = trial.arm_trials, trial.randomisation
    if len(set(records.subjects["arm"].tolist())) < 2:
        return set()
    differ = {
        "other drugs": lambda arm: [drug.id for drug in arm.treatment.drugs],
        "other terms": lambda arm: [t.id for t in arm.toxicity.terms] if arm.toxicity else [],
        "other scans": lambda arm: arm.assessment.calendar,
        "other cycles": lambda arm: arm.treatment.cycle_length,
    }
    does = {name for name, of in differ.items() if any(of(arm) != of(arms[0]) for arm in arms)}
    does |= {"three arms"} if len(set(records.subjects["arm"].tolist())) == 3 else set()
    does |= {"by site"} if chosen.by_site else set()
    does |= {"strata"} if len(set(records.subjects["stratum"].tolist())) > 1 else set()
    return does | {chosen.method}


def what_readers_do(trial: Scenario, records: TrialRecords, replicate: int) -> set[str]:
    """What becomes of scans, events and patients by readers, rules and later therapy."""
    seen = see_trial(trial, records, seed=trial.seed, replicate=replicate)
    n, progression = records.n_patients, records.subjects["progression_day"]
    calls = np.array(seen.readings.call[:n])
    shows = (records.assessments["day"] >= progression[records.assessments["patient"]]) & (
        records.assessments["performed"] == 1
    )
    happens = {
        "the investigator is early": calls < np.minimum(progression, NEVER),
        "the investigator is late": shows & (records.assessments["response"] != 4),
        "scans go on": records.assessments["day"] > calls[records.assessments["patient"]],
        "new therapy": np.array(seen.later_therapy.therapy) < NEVER,
        "changed treatment": np.array(seen.later_therapy.switch) < NEVER,
        "rules censor": np.array(seen.counted.reason) > NOTHING,
        "progression as it is": np.array(seen.rules.endpoints.way) == LATENT,
    }
    return {name for name, where in happens.items() if np.any(where)}


EVENTS = {
    *("hold", "omitted dose", "delay", "reduced dose", "interrupted infusion", "partial infusion"),
    *("discontinuation", "severe event", "fatal event", "related event", "unscheduled scan"),
    *("missed scan", "complete response", "partial response", "screening failure"),
    *("left the study", "nobody enrolled", "watched day by day"),
    *(f"treatment: {reason}" for reason in STOP_NAMES),
}


def what_happens(records: TrialRecords) -> set[str]:
    """What a trial has, of all that engines must agree on."""
    doses, events, scans = records.doses, records.adverse_events, records.assessments
    subjects = records.subjects
    happens = {
        "hold": doses["hold"] > 0,
        "omitted dose": doses["given"] == 0,
        "delay": doses["delay"] > 0,
        "reduced dose": doses["level"] > 0,
        "interrupted infusion": doses["interrupted"] == 1,
        "partial infusion": (doses["given"] == 1) & (doses["infused"] < 1000),
        "discontinuation": events["action"] & 0b0100_0100_0100 > 0,
        "severe event": events["grade"] >= 3,
        "fatal event": events["grade"] == 5,
        "related event": events["related"] > 0,
        "unscheduled scan": scans["visit"] == 0,
        "missed scan": scans["performed"] == 0,
        "watched day by day": scans["performed"] == 2,
        "complete response": scans["response"] == 1,
        "partial response": scans["response"] == 2,
        "screening failure": len(records.screening_days) > records.n_patients,
        "left the study": subjects["study_withdrawal_day"] < 2**30,
        "nobody enrolled": records.n_patients == 0,
    } | {
        f"treatment: {reason}": subjects["treatment_stop_reason"] == i
        for i, reason in enumerate(STOP_NAMES)
    }
    return {name for name, where in happens.items() if np.any(where)}


# ---- plans --------------------------------------------------------------------------------------


def type_differences(one: numba.types.Type, other: numba.types.Type, path: str) -> list[str]:
    """Fields of two plans that Numba takes for different types."""
    if one == other:
        return []
    if not hasattr(one, "fields"):
        return [f"{path}: {one} and {other}"]
    parts = zip(one.fields, one.types, other.types, strict=True)
    return [text for name, x, y in parts for text in type_differences(x, y, f"{path}.{name}")]


def test_plans_have_one_type_and_few_scenarios_are_refused(scenario: Scenario, plan: Plan) -> None:
    """Whatever the scenario, compiled code fits; else a scenario would be compiled for anew."""
    wanted = numba.typeof(plan)
    counts: Counter[str] = Counter()

    @settings(max_examples=30, deadline=None, database=None, derandomize=True)
    @given(changes=random_changes())
    def check(changes: dict[str, object]) -> None:
        try:
            trial = changed(scenario, changes)
        except ScenarioError:
            counts["refused"] += 1
            return
        counts["accepted"] += 1
        assert type_differences(wanted, numba.typeof(build_plan(trial)), "plan") == []

    check()

    assert counts["refused"] < 0.1 * counts["accepted"]
