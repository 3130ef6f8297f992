"""What people read of a trial with arms: description, story, patient tables."""

from __future__ import annotations

import numpy as np
import pytest
from arms_example import RANDOMISED, randomised

from simulate.describe import describe
from simulate.example import ExampleTrial, example_trial
from simulate.patient_tables import patient_tables
from simulate.scenario.scenario import Scenario
from simulate.story import story

ALONE = {
    "toxicity": None,
    "follow_up.early_stop.adverse_event": None,
    "follow_up.withdrawal_adverse_event": None,
    "treatment.drugs": [{"id": 2, "name": "docetaxel", "dose": "75 mg/m2"}],
}
"""Docetaxel alone, without adverse events: drugs and terms are those of one arm only."""


@pytest.fixture(scope="module")
def trial(scenario: Scenario) -> Scenario:
    """KN026 and docetaxel, or docetaxel alone."""
    arms = [RANDOMISED["arms"][0], {"id": 8, "name": "control", "set": ALONE}]
    return randomised(scenario, arms=arms)


@pytest.fixture(scope="module")
def example(trial: Scenario) -> ExampleTrial:
    """One replicate of it."""
    return example_trial(trial, seed=trial.seed)


def test_a_description_tells_the_arms_and_what_differs(trial: Scenario) -> None:
    text = " ".join(describe(trial).split())

    assert "2 arms, 40 patients at 19 sites." in text
    assert "2 arms: KN026 + docetaxel and control, allocated 2 : 1." in text
    assert "KN026 + docetaxel (id 3) sets nothing: the scenario as it stands." in text
    assert "control (id 8) sets toxicity, follow_up.early_stop.adverse_event," in text
    assert "Permuted blocks of 3 or 6, all sizes equally likely, in 2 strata by Visceral" in text
    assert "data cut at the end of the day on which 12 PFS events are known" in text
    assert "What is given: control" in text
    assert "The disease: control" not in text, "it is the same in both arms"


def test_a_story_tells_the_arm_and_follows_its_rules(
    trial: Scenario, example: ExampleTrial
) -> None:
    arms = example.records.subjects["arm"].tolist()
    for number, title, drugs in ((3, "KN026 + docetaxel", "KN026"), (8, "control", "docetaxel")):
        text = story(trial, seed=trial.seed, replicate=0, patient=arms.index(number))
        doses = [line for line in text.splitlines() if "Dose 1: " in line]

        assert f"Randomised to {title}\n" in text
        assert len(doses) == 1
        assert doses[0].partition("Dose 1: ")[2].startswith(drugs)
        for name, snapshot in example.snapshots.items():
            date = np.datetime64(trial.origin, "D") + snapshot.trial_day
            assert f"DATA CUT {date} ({name})" in text


def test_patient_tables_name_the_arm_and_join_by_patient(
    trial: Scenario, example: ExampleTrial
) -> None:
    tables = patient_tables(trial, example)
    subjects, records = tables["subjects"], example.records
    arm = subjects.set_index("patient")["arm_name"]

    assert subjects["patient"].tolist() == list(range(records.n_patients))
    assert subjects["arm"].tolist() == records.subjects["arm"].tolist()
    assert set(arm) == {"kn026", "control"}
    for name in ("doses", "adverse_events", "assessments"):
        assert tables[name]["patient"].tolist() == getattr(records, name)["patient"].tolist()
    assert len(tables["events"]) == len(records.log)
    doses, events = tables["doses"], tables["adverse_events"]
    given = doses.groupby(doses["patient"].map(arm))["drug"].agg(set).to_dict()
    assert given == {"kn026": {"KN026", "docetaxel"}, "control": {"docetaxel"}}
    assert set(events["patient"].map(arm)) == {"kn026"}
    assert events["name"].notna().all()
    days = {name: cut.trial_day for name, cut in example.snapshots.items()}
    assert list(days) == ["interim", "final"]
    assert days["interim"] < days["final"]
    for name, of_cut in tables["endpoints"].groupby("analysis"):
        expected = example.snapshots[str(name)].n_patients
        assert len(of_cut) == expected
        assert of_cut["pfs_event"].sum() >= {"interim": 12, "final": 20}[str(name)]
