"""The engine is chosen by the scenario and the number of replicates, and by nothing else."""

from __future__ import annotations

import pytest

from simulate.build_plan import build_plan
from simulate.choose_engine import BATCH, FEW, REFERENCE, choose_engine
from simulate.errors import UsageError
from simulate.job import FEW_TRUTH_PATIENTS, make_job, manifest
from simulate.observed_truth import PYTHON_PATIENTS, TRUTH_PATIENTS
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario

CHAIRS = {"resources": {"chairs": {"slots": 2}}}


@pytest.fixture(scope="module")
def shared(scenario: Scenario) -> Scenario:
    """The published trial with infusion chairs."""
    return scenario.with_overrides(CHAIRS)


def test_many_replicates_run_compiled_and_few_in_python(plan: Plan) -> None:
    assert choose_engine("auto", plan, FEW + 1).name == BATCH
    few = choose_engine("auto", plan, FEW)
    assert few.name == REFERENCE
    assert "compiling does not pay" in few.reason


def test_shared_resources_run_in_simpy_however_many_replicates(shared: Scenario) -> None:
    chosen = choose_engine("auto", build_plan(shared), 1_000_000)
    assert chosen.name == REFERENCE
    assert "share infusion chairs or drug supply" in chosen.reason


@pytest.mark.parametrize("engine", [REFERENCE, BATCH])
@pytest.mark.parametrize("replicates", [1, 1_000_000])
def test_what_is_asked_for_runs(plan: Plan, engine: str, replicates: int) -> None:
    assert choose_engine(engine, plan, replicates).name == engine


def test_an_engine_that_cannot_run_the_trial_is_refused(shared: Scenario) -> None:
    with pytest.raises(UsageError, match=r"batch engine cannot run .*\(resources\)"):
        make_job(shared, engine=BATCH)


def test_an_engine_that_cannot_run_a_variant_is_refused(scenario: Scenario) -> None:
    swept = scenario.with_overrides({"sweep": [{"name": "chairs", "set": CHAIRS}]})
    make_job(swept)
    with pytest.raises(UsageError, match="batch engine cannot run"):
        make_job(swept, engine=BATCH)


def test_an_engine_that_is_not_there_is_refused_by_name(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match="no engine 'warp'; the engines are: auto, reference"):
        make_job(scenario, engine="warp")


def test_the_manifest_says_what_ran_and_why(scenario: Scenario, shared: Scenario) -> None:
    few = manifest(make_job(scenario, replicates=FEW))
    assert (few["engine"], "does not pay" in few["engine_reason"]) == (REFERENCE, True)
    assert manifest(make_job(scenario, replicates=FEW + 1))["engine"] == BATCH
    assert manifest(make_job(shared, replicates=FEW + 1))["engine"] == REFERENCE


def test_beside_few_replicates_the_truth_is_taken_from_few_patients(scenario: Scenario) -> None:
    assert make_job(scenario, replicates=FEW).truth_patients == FEW_TRUTH_PATIENTS
    assert make_job(scenario, replicates=FEW + 1).truth_patients == TRUTH_PATIENTS
    assert FEW_TRUTH_PATIENTS <= PYTHON_PATIENTS  # so that nothing is compiled
