"""Arms: the scenario with some fields changed, one plan each, and who gets which."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arms_example import CONTROL, RANDOMISED, randomised

from simulate.build_arms import build_trial_plan, rebuilt_trial_plan
from simulate.build_plan import build_plan, plan_digest
from simulate.engines.batch.engine import BatchEngine
from simulate.engines.reference import ReferenceEngine
from simulate.errors import ScenarioError, UsageError
from simulate.job import make_job
from simulate.plan import TrialPlan
from simulate.plans import Plans
from simulate.records import Columns, TrialRecords
from simulate.scenario.drawn import trial_of_draw
from simulate.scenario.scenario import Scenario

KN026 = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"


@pytest.fixture(scope="module")
def trial(scenario: Scenario) -> Scenario:
    """Two arms, two to one, in strata."""
    return randomised(scenario)


def simulated(trial: Scenario, *, replicate: int = 0) -> TrialRecords:
    return ReferenceEngine(build_trial_plan(trial)).simulate(seed=1, replicate=replicate)


def as_settings(changes: dict[str, Any]) -> list[str]:
    """Changes as the command line has them."""
    return [f"{path}={json.dumps(value)}" for path, value in changes.items()]


def whole_plan(trial: Scenario) -> TrialPlan:
    plan = build_trial_plan(trial)
    assert isinstance(plan, TrialPlan)
    return plan


# ---- the scenario of an arm ---------------------------------------------------------------------


def test_an_arm_is_the_scenario_with_its_fields_changed(
    scenario: Scenario, trial: Scenario
) -> None:
    first, control = trial.arm_scenarios

    assert first.disease == scenario.disease
    assert first.treatment == scenario.treatment
    by_overrides = scenario.with_overrides(CONTROL | {"facts": None, "sweep": []})
    for block in ("disease", "treatment", "toxicity", "assessment", "follow_up", "baseline"):
        assert getattr(control, block) == getattr(by_overrides, block)
    assert (first.title, control.title) == ("KN026 + docetaxel", "control")
    assert first.arms == control.arms == ()


def test_a_trial_without_arms_is_its_own_arm(scenario: Scenario) -> None:
    assert scenario.arm_trials == scenario.arm_scenarios == (scenario,)
    assert plan_digest(build_trial_plan(scenario)) == plan_digest(build_plan(scenario))


def test_the_fingerprint_counts_what_arms_set_and_not_how_it_is_written(
    scenario: Scenario,
) -> None:
    def digest(**control: Any) -> str:
        arms = [RANDOMISED["arms"][0], RANDOMISED["arms"][1] | control]
        return randomised(scenario, arms=arms, randomisation={"block_sizes": [6]}).digest()

    weeks = CONTROL | {"treatment.cycle_length": "4 weeks"}
    other = CONTROL | {"treatment.cycle_length": "5 weeks"}
    assert digest(set=weeks) == digest(set=CONTROL) == digest(title="Another title")
    assert len({digest(), digest(set=other), digest(id=9), digest(allocation=4)}) == 4


def test_a_scenario_with_arms_can_be_sent_to_a_worker(trial: Scenario) -> None:
    again = pickle.loads(pickle.dumps(trial))

    assert plan_digest(build_trial_plan(again)) == plan_digest(build_trial_plan(trial))


def test_settings_on_the_command_line_reach_arms_and_what_they_set() -> None:
    arms = [{"id": 1, "name": "a"}, {"id": 2, "name": "b", "set": CONTROL}]
    changes = RANDOMISED | {"arms": arms}
    changes |= {"randomisation": {"block_sizes": [4]}}
    texts = as_settings(changes)

    read = Scenario.from_file(
        KN026,
        ["parameters=null", *texts, "arms.a.allocation=3", "disease.response.complete=0.25"],
    )

    assert [arm.allocation for arm in read.arms] == [3, 1]
    assert [arm.disease.response.complete for arm in read.arm_scenarios] == [0.25, 0.25]
    assert read.arm_scenarios[1].disease.response.probability == 0.3


# ---- posterior draws ----------------------------------------------------------------------------


def test_an_arm_takes_the_draws_of_the_fields_that_it_does_not_set() -> None:
    drawn = Scenario.from_file(KN026, [*as_settings(RANDOMISED), "parameters.use=draws"])
    first, control = drawn.arm_scenarios
    assert drawn.draws is not None
    assert first.draws is not None
    assert control.draws is not None

    lost = set(first.draws.names) - set(control.draws.names)

    assert "disease.response.probability" in lost
    assert set(first.draws.names) == set(drawn.draws.names) > set(control.draws.names)
    for number in (0, 17):
        whole = drawn.of_replicate(number)
        quick = trial_of_draw(drawn, drawn.draws, number)
        expected = plan_digest(build_trial_plan(whole))
        assert plan_digest(build_trial_plan(quick)) == expected
        assert plan_digest(Plans(drawn).of_draw(number)) == expected
        assert whole.arm_scenarios[1].disease.response.probability == 0.3
        assert whole.arm_scenarios[0].disease == whole.disease
    assert plan_digest(build_trial_plan(drawn.of_replicate(0))) != expected


def test_what_arms_share_is_built_once(scenario: Scenario, trial: Scenario) -> None:
    plan = whole_plan(trial)
    first, control = plan.arms

    assert first.enrolment is control.enrolment
    assert first.baseline is control.baseline
    assert first.disease is not control.disease
    same = rebuilt_trial_plan(plan, trial, randomised(scenario))
    assert isinstance(same, TrialPlan)
    assert all(a.disease is b.disease for a, b in zip(same.arms, plan.arms, strict=True))


# ---- patients -----------------------------------------------------------------------------------


OF_THE_DISEASE = ("responder", "complete", "response_day", "progression_day", "death_day")


def of_patients(records: TrialRecords, numbers: Sequence[int]) -> list[Columns]:
    """All tables, as far as they are about some patients."""
    subjects = {n: c[list(numbers)] for n, c in records.subjects.items() if n != "arm"}
    tables = [records.assessments, records.doses, records.adverse_events, records.drug_stops]
    mine = [np.isin(table["patient"], numbers) for table in tables]
    chosen = zip(tables, mine, strict=True)
    return [subjects, *({n: c[rows] for n, c in table.items()} for table, rows in chosen)]


def are_equal(one: list[Columns], other: list[Columns]) -> bool:
    return all(
        np.array_equal(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in a
    )


def test_arms_with_the_same_settings_have_the_same_patients(
    scenario: Scenario, trial: Scenario
) -> None:
    """Whichever arm a number is in: that of the trial of one arm."""
    same = [{"id": 3, "name": "kn026", "allocation": 2}, {"id": 8, "name": "control"}]
    placebo = simulated(randomised(scenario, arms=same))
    alone = simulated(trial.arm_scenarios[0])
    everybody = range(placebo.n_patients)

    assert set(placebo.subjects["arm"]) == {3, 8}
    without = {n: c for n, c in alone.subjects.items() if n not in ("arm", "stratum")}
    assert all(np.array_equal(placebo.subjects[name], without[name]) for name in without)
    assert are_equal(of_patients(placebo, everybody)[1:], of_patients(alone, everybody)[1:])


def test_patients_follow_the_rules_of_their_own_arm(trial: Scenario) -> None:
    records = simulated(trial)

    for arm, own in zip(trial.arms, trial.arm_scenarios, strict=True):
        alone = simulated(own)
        mine = np.flatnonzero(records.subjects["arm"] == arm.id).tolist()
        one, other = of_patients(records, mine), of_patients(alone, mine)
        one[0] = {n: c for n, c in one[0].items() if n != "stratum"}
        assert len(mine) > 10
        assert are_equal(one, other)


def test_another_arm_leaves_the_draws_of_the_numbers_alone(
    scenario: Scenario, trial: Scenario
) -> None:
    arms = [*RANDOMISED["arms"], {"id": 5, "name": "third"}]
    three = simulated(randomised(scenario, arms=arms, randomisation={"block_sizes": [4]}))
    two = simulated(trial)
    stays = np.flatnonzero(two.subjects["arm"] == three.subjects["arm"]).tolist()

    assert set(three.subjects["arm"]) == {3, 5, 8}
    assert 5 < len(stays) < two.n_patients
    one, other = of_patients(two, stays), of_patients(three, stays)
    for tables in (one, other):
        del tables[0]["stratum"]
    assert are_equal(one, other)
    for level in two.baseline:
        assert np.array_equal(two.baseline[level], three.baseline[level])


def test_drugs_of_arms_keep_their_numbers(scenario: Scenario) -> None:
    """An arm without the leading drug, another order: tables can still be joined."""
    drugs = [drug.model_dump(by_alias=True) for drug in scenario.treatment.drugs]
    assert [drug["name"] for drug in drugs] == ["KN026", "docetaxel"]
    alone = {
        "toxicity": None,
        "follow_up.early_stop.adverse_event": None,
        "follow_up.withdrawal_adverse_event": None,
        "treatment.drugs": [{"id": 2, "name": "docetaxel", "dose": "75 mg/m2"}],
    }
    trial = randomised(
        scenario, arms=[RANDOMISED["arms"][0], {"id": 8, "name": "control", "set": alone}]
    )
    one, other = (
        engine(build_trial_plan(trial)).simulate(seed=2, replicate=1)
        for engine in (ReferenceEngine, BatchEngine)
    )

    assert np.array_equal(one.doses["drug"], other.doses["drug"])
    arm = one.subjects["arm"][one.doses["patient"]]
    assert set(one.doses["drug"][arm == 8]) == {2}
    assert set(one.doses["drug"][arm == 3]) == {1, 2}
    assert 8 not in one.subjects["arm"][one.adverse_events["patient"]]


# ---- bad input ----------------------------------------------------------------------------------


ENDS = {"max_study_duration": "40 months"}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one arm": ({"arms": RANDOMISED["arms"][:1]}, "a randomised trial has two arms or more"),
    "no arms": ({"arms": []}, "max_study_duration: it says nothing without arms"),
    "events without arms": (
        {"arms": [], "randomisation": {}, "max_study_duration": None},
        "the data of a trial without arms are cut on a date",
    ),
    "no end": ({"max_study_duration": None}, "needs the time at which it ends"),
    "same id": (
        {"arms": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]},
        "this id is taken already (given: 1)",
    ),
    "allocation": (
        {"randomisation": {"block_sizes": [4]}},
        "the allocation does not divide the block (given: 4; allocation: 2 + 1)",
    ),
    "unknown stratum": (
        {"randomisation": {"block_sizes": [3], "strata": ["viscera"]}},
        "there is no such baseline variable (given: viscera;",
    ),
    "too many cells": (
        {
            "randomisation": {
                "block_sizes": [3],
                "strata": [*("visceral_sites", "stage", "ihc", "hormone_receptor", "bone")],
            }
        },
        "strata, factors and effects together make too many combinations",
    ),
    "more events than patients": (
        {"analyses": [{"id": 1, "name": "a", "cut": {"events": {"endpoint": "OS", "count": 99}}}]},
        "more events than patients can never occur",
    ),
    "unknown arm": (
        {
            "hypotheses": [
                {"id": 1, "name": "h", "endpoint": "PFS", "experimental": "kn27"}
                | {"control": "control"}
            ]
        },
        "there is no such arm (given: kn27; allowed: kn026, control)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_arms_that_do_not_fit_are_refused(name: str, scenario: Scenario) -> None:
    changes, message = BAD[name]
    with pytest.raises(ScenarioError) as error:
        randomised(scenario, **changes)

    assert message in str(error.value)


OF_ALL_ARMS = {
    "enrolment.sites.count": 3,
    "baseline.variables": [],
    "sample_size": 30,
    "origin": "2020-01-01",
    "analyses": [],
    "resources": None,
    "arms": [],
}


@pytest.mark.parametrize("field", OF_ALL_ARMS)
def test_an_arm_cannot_set_what_is_the_same_for_all(field: str, scenario: Scenario) -> None:
    arms = [RANDOMISED["arms"][0], {"id": 8, "name": "c", "set": {field: OF_ALL_ARMS[field]}}]
    with pytest.raises(ScenarioError, match=r"in the arm c: an arm cannot set this") as error:
        randomised(scenario, arms=arms)

    assert "allowed: disease, treatment, toxicity, assessment, follow_up" in str(error.value)


FILE = f"""
extends: {KN026}
name: two
title: Two
parameters: null
facts: null
sweep: []
arms:
  - {{id: 1, name: a}}
  - id: 2
    name: b
    set:
      disease.response.probability: 1.5
      sample_size: 3
      treatment.drug.KN026.dose: 30 mg
  - id: 3
    name: c
    set:
      disease.response.probabilty: 0.5
max_study_duration: 40 months
analyses:
  - {{id: 1, name: final, cut: {{events: {{endpoint: PFS, count: 20}}}}}}
randomisation: {{block_sizes: [3]}}
"""


def test_what_is_wrong_with_an_arm_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(FILE)
    with pytest.raises(ScenarioError) as first:
        Scenario.from_file(path)
    path.write_text(FILE.replace("      sample_size: 3\n", ""))
    with pytest.raises(ScenarioError) as second:
        Scenario.from_file(path)

    lines = [f"{p.line} {p.key} {p.message} {p.hint}" for p in first.value.problems]
    assert lines[0].startswith("14 sample_size in the arm b: an arm cannot set this")
    assert lines[1].startswith("19 disease.response.probabilty in the arm c: unknown key")
    assert lines[1].endswith("Did you mean probability?")
    lines = [f"{p.line} {p.key} {p.message}" for p in second.value.problems]
    assert "14 treatment.drug in the arm b: there is no 'drug' here" in " ".join(lines)
    assert "13 disease.response.probability in the arm b: a probability must lie" in " ".join(lines)


def test_numbers_stand_for_the_same_in_all_arms(scenario: Scenario) -> None:
    drugs = [{"id": 1, "name": "trastuzumab", "dose": "6 mg/kg"}]
    sets = {"treatment.drugs": drugs, "toxicity": None, "follow_up.early_stop": None}
    sets |= {"follow_up.withdrawal_adverse_event": None}
    with pytest.raises(ScenarioError, match="trastuzumab has the id of KN026 in another arm"):
        randomised(scenario, arms=[RANDOMISED["arms"][0], {"id": 8, "name": "c", "set": sets}])


def test_arms_that_share_a_supply_have_the_same_drugs(scenario: Scenario) -> None:
    drugs = [{"id": 2, "name": "docetaxel", "dose": "75 mg/m2"}]
    sets = {"treatment.drugs": drugs, "toxicity": None, "follow_up.early_stop": None}
    sets |= {"follow_up.withdrawal_adverse_event": None}
    resources = {"chairs": {"slots": 1}}
    with pytest.raises(ScenarioError, match="need the same drugs in the same order"):
        randomised(
            scenario,
            arms=[RANDOMISED["arms"][0], {"id": 8, "name": "c", "set": sets}],
            resources=resources,
        )


def test_arms_may_share_resources(scenario: Scenario) -> None:
    records = simulated(randomised(scenario, resources={"chairs": {"slots": 1}}))

    assert set(records.subjects["arm"]) == {3, 8}
    assert records.doses["wait"].max() > 0


def test_the_job_of_single_arm_trials_refuses_arms(trial: Scenario) -> None:
    with pytest.raises(UsageError, match=r"run by simulate\.randomised\.job"):
        make_job(trial)
