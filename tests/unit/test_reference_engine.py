"""The SimPy engine: one naive patient at a time, the order of a day, and who is enrolled."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import simpy
from certain_trial import CERTAIN, on_day
from naive_patient import NaivePatient, rows_of

from simulate import clock
from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.engines import reference
from simulate.engines import trial as running
from simulate.engines.reference import ReferenceEngine
from simulate.errors import ScenarioError
from simulate.patient import assessment as scans
from simulate.patient import treatment
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

Run = Callable[..., TrialRecords]


def every_cycle(probability: float) -> dict[str, Any]:
    """A time on a dose day, so that events fall together."""
    return {"kind": "geometric", "probability": probability, "every": "21 days", "at_most": 60}


class OnePatient:
    """What happened to patient 0 of a trial in which everything is certain."""

    def __init__(self, scenario: Scenario, run: Run, changes: dict[str, Any]) -> None:
        records = run(scenario.with_overrides(CERTAIN | changes))
        self.subject = {name: int(column[0]) for name, column in records.subjects.items()}
        doses, found = records.doses, records.assessments
        leading = (doses["patient"] == 0) & (doses["drug"] == 1)
        self.doses = doses["day"][leading].tolist()
        rows = np.flatnonzero(found["patient"] == 0)
        self.scans = [
            (
                int(found["visit"][i]),
                int(found["day"][i]),
                scans.RESPONSE_NAMES[found["response"][i]] if found["performed"][i] else "missed",
            )
            for i in rows
        ]
        self.stop = self.subject["treatment_stop_day"]
        self.reason = treatment.STOP_NAMES[self.subject["treatment_stop_reason"]]


@pytest.fixture
def one(scenario: Scenario, run: Run) -> Callable[[dict[str, Any]], OnePatient]:
    return lambda changes: OnePatient(scenario, run, changes)


One = Callable[[dict[str, Any]], OnePatient]

# ---- the order of things on one day -------------------------------------------------------------


def test_nothing_happens_in_a_certain_trial(one: One) -> None:
    patient = one({})

    assert patient.reason == "ongoing"
    assert patient.doses == list(range(0, 1372, 21))
    assert patient.scans[:9] == [(k, 42 * k, "SD") for k in range(1, 9)] + [(9, 420, "SD")]


def test_a_scan_comes_before_the_dose_of_its_day(one: One) -> None:
    patient = one({"disease.progression.non_responders": on_day(42)})

    assert patient.scans == [(1, 42, "PD")]
    assert patient.doses == [0, 21]
    assert (patient.stop, patient.reason) == (42, "progression")


def test_a_dose_and_a_scan_come_before_a_withdrawal_on_their_day(one: One) -> None:
    patient = one({"follow_up.withdrawal": on_day(42), "follow_up.lost_at_withdrawal": 1})

    assert patient.scans == [(1, 42, "SD")]
    assert patient.doses == [0, 21, 42]
    assert (patient.stop, patient.reason) == (42, "withdrawal")
    assert patient.subject["assessment_stop_day"] == 42
    assert patient.subject["study_withdrawal_day"] == 42


def test_death_comes_before_the_scan_and_the_dose_of_its_day(one: One) -> None:
    patient = one({"disease.death_without_progression": on_day(42)})

    assert patient.scans == []
    assert patient.doses == [0, 21]
    assert (patient.stop, patient.reason) == (42, "death")
    assert patient.subject["assessment_stop_day"] == 42


def test_progression_is_seen_before_a_withdrawal_on_its_day(one: One) -> None:
    patient = one(
        {
            "disease.progression.non_responders": on_day(40),
            "follow_up.withdrawal": on_day(42),
            "follow_up.lost_at_withdrawal": 1,
        }
    )

    assert patient.scans == [(1, 42, "PD")]
    assert (patient.stop, patient.reason) == (42, "progression")
    assert patient.subject["study_withdrawal_day"] == NEVER


def test_who_dies_on_the_day_of_withdrawal_has_died(one: One) -> None:
    patient = one(
        {"disease.death_without_progression": on_day(30), "follow_up.withdrawal": on_day(30)}
    )

    assert (patient.stop, patient.reason) == (30, "death")


def test_a_response_is_seen_on_the_day_it_begins(one: One) -> None:
    responds = {"disease.response.probability": 1, "disease.response.complete": 0}
    patient = one(responds | {"disease.response.time": on_day(84)})

    assert patient.scans[:3] == [(1, 42, "SD"), (2, 84, "PR"), (3, 126, "PR")]


def test_a_scan_up_to_a_week_early_shows_the_response(one: One) -> None:
    responds = {"disease.response.probability": 1, "disease.response.complete": 1}
    visible = {"disease.response.visible_before": "7 days"}

    early = one(responds | visible | {"disease.response.time": on_day(49)})
    late = one(responds | visible | {"disease.response.time": on_day(50)})

    assert early.scans[0] == (1, 42, "CR")
    assert late.scans[:2] == [(1, 42, "SD"), (2, 84, "CR")]


def test_a_clinical_finding_is_confirmed_by_an_unscheduled_scan(one: One) -> None:
    noticed = {"assessment.clinical_progression": {"probability": 1, "delay": ["5 days", "5 days"]}}
    patient = one(noticed | {"disease.progression.non_responders": on_day(50)})

    assert patient.scans == [(1, 42, "SD"), (scans.UNSCHEDULED, 55, "PD")]
    assert patient.doses == [0, 21, 42]


def test_the_visit_comes_before_an_unscheduled_scan_of_its_day(one: One) -> None:
    noticed = {"assessment.clinical_progression": {"probability": 1, "delay": ["2 days", "2 days"]}}
    patient = one(noticed | {"disease.progression.non_responders": on_day(40)})

    assert patient.scans == [(1, 42, "PD")]


def test_an_unscheduled_scan_follows_a_visit_missed_on_its_day(one: One) -> None:
    patient = one(
        {
            "assessment.missed": 0.999999999,
            "assessment.clinical_progression": {"probability": 1, "delay": ["2 days", "2 days"]},
            "disease.progression.non_responders": on_day(40),
        }
    )

    assert patient.scans == [(1, 42, "missed"), (scans.UNSCHEDULED, 42, "PD")]
    assert patient.reason == "progression"


def test_nobody_notices_the_progression_of_who_has_withdrawn(one: One) -> None:
    patient = one(
        {
            "assessment.clinical_progression": {"probability": 1, "delay": ["5 days", "5 days"]},
            "disease.progression.non_responders": on_day(50),
            "disease.death_after_progression": on_day(100),
            "follow_up.withdrawal": on_day(54),
        }
    )

    assert patient.scans == [(1, 42, "SD")]
    assert (patient.stop, patient.reason) == (54, "withdrawal")
    assert patient.subject["death_day"] == 150, "the truth goes on"


def test_a_stop_in_the_first_cycle_leaves_one_dose_and_no_scan(one: One) -> None:
    patient = one({"follow_up.early_stop": {"probability": 1, "days": ["20 days", "20 days"]}})

    assert patient.doses == [0]
    assert patient.scans == []
    assert (patient.stop, patient.reason) == (20, "early stop")


def test_each_drug_has_its_own_number_of_cycles(scenario: Scenario, run: Run) -> None:
    cycles = {"treatment.drugs.docetaxel.planned_cycles": {"kind": "fixed", "value": 4}}
    withdrawal = {"follow_up.withdrawal": on_day(200)}

    doses = run(scenario.with_overrides(CERTAIN | cycles | withdrawal)).doses

    for drug, expected in ((1, list(range(0, 200, 21))), (2, [0, 21, 42, 63])):
        chosen = (doses["drug"] == drug) & (doses["patient"] == 1)
        assert doses["day"][chosen].tolist() == expected
        assert doses["cycle"][chosen].tolist() == list(range(1, len(expected) + 1))


NO_EVENTS: dict[str, Any] = {
    "toxicity": None,
    "treatment.drugs.KN026.rules": [],
    "follow_up.early_stop.adverse_event": None,
    "follow_up.withdrawal_adverse_event": None,
}

# ---- one naive patient at a time ----------------------------------------------------------------


@pytest.mark.parametrize("replicate", [0, 3])
def test_every_patient_equals_a_naive_one(scenario: Scenario, run: Run, replicate: int) -> None:
    trial = scenario.with_overrides(NO_EVENTS)
    plan, records = build_plan(trial), run(trial, seed=scenario.seed, replicate=replicate)
    for number in range(records.n_patients):
        naive = NaivePatient(plan, records, number, scenario.seed, replicate)
        assert rows_of(records.assessments, number) == naive.scans
        assert rows_of(records.doses, number) == naive.doses
        stop, reason = naive.stop()
        leaves = naive.is_lost and reason in (treatment.WITHDRAWAL, treatment.EARLY_STOP)
        assert naive.subject["treatment_stop_day"] == stop
        assert naive.subject["treatment_stop_reason"] == reason
        assert naive.subject["assessment_stop_day"] == stop
        assert naive.subject["study_withdrawal_day"] == (stop if leaves else NEVER)


# ---- enrolment ----------------------------------------------------------------------------------

POISSON = {
    "enrolment.accrual": {"kind": "poisson_gamma", "rate": "0.32 per month", "window": "24 months"}
}


def test_numbers_go_by_day_then_by_site(scenario: Scenario, run: Run) -> None:
    same_day = {"enrolment.accrual.last": dt.date(2020, 1, 13), "enrolment.sites": {"count": 4}}

    subjects = run(scenario.with_overrides(same_day)).subjects

    assert set(subjects["first_dose_trial_day"].tolist()) == {0}
    assert subjects["site"].tolist() == sorted(subjects["site"].tolist())
    assert set(subjects["site"].tolist()) == {1, 2, 3, 4}


def test_enrolment_is_competitive_until_the_places_are_taken(scenario: Scenario, run: Run) -> None:
    small, large = (
        run(scenario.with_overrides(POISSON | {"sample_size": n})).subjects for n in (20, 57)
    )

    assert len(small["site"]) == 20
    for name in ("site", "first_dose_trial_day"):
        assert small[name].tolist() == large[name][:20].tolist()


def test_screening_failures_take_no_place(scenario: Scenario, run: Run) -> None:
    failing = POISSON | {"enrolment.screening_failure": 0.3, "sample_size": 30}

    records = run(scenario.with_overrides(failing), log=True)

    failures = [row for row in records.log if row[4] == "screening failure"]
    assert records.n_patients == 30
    assert len(records.screening_days) == 30 + len(failures)
    assert len(failures) > 3
    enrolled = [row for row in records.log if row[4] == "enrolled"]
    assert [row[2] for row in enrolled] == list(range(30))
    assert max(row[0] for row in failures) <= enrolled[-1][0], "nobody is screened once it is full"


def test_enrolment_ends_with_its_window_full_or_not(scenario: Scenario, run: Run) -> None:
    accrual = POISSON["enrolment.accrual"] | {"window": "120 days"}

    records = run(scenario.with_overrides({"enrolment.accrual": accrual}))

    assert 0 < records.n_patients < 57
    assert records.subjects["enrolment_trial_day"].max() <= 120


def test_power_accrual_gives_enrolled_patients_and_so_knows_no_screening_failures(
    scenario: Scenario,
) -> None:
    with pytest.raises(ScenarioError, match="none of whom fails screening"):
        scenario.with_overrides({"enrolment.screening_failure": 0.2})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "enrolment.accrual": {
                "kind": "poisson_gamma",
                "rate": "0.1 per month",
                "window": "24 months",
            }
        },
    ],
    ids=["power", "poisson_gamma"],
)
def test_nobody_is_enrolled_after_the_horizon(
    scenario: Scenario, run: Run, changes: dict[str, Any]
) -> None:
    early = scenario.with_overrides(
        changes | {"analyses.final.cut.date": dt.date(2020, 9, 1), "sweep": []}
    )

    records = run(early)

    assert records.subjects["enrolment_trial_day"].max() <= build_plan(early).horizon


# ---- SimPy does not decide ----------------------------------------------------------------------


class ShuffledEnvironment(simpy.Environment):
    """SimPy with its order of insertion, by which it breaks ties, replaced by chance."""

    seed = 0

    def __init__(self) -> None:
        super().__init__()
        draw = random.Random(self.seed)
        self._eid = iter(draw.random, None)


def equal(a: TrialRecords, b: TrialRecords) -> bool:
    tables = ("subjects", "baseline", "assessments", "doses", "adverse_events")
    same = all(
        getattr(a, t).keys() == getattr(b, t).keys()
        and all(np.array_equal(getattr(a, t)[name], getattr(b, t)[name]) for name in getattr(a, t))
        for t in tables
    )
    return same and a.log == b.log and a.screening_days == b.screening_days


@pytest.mark.parametrize("accrual", [{}, POISSON], ids=["power", "poisson_gamma"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_processes_are_scheduled_does_not_matter(
    scenario: Scenario, run: Run, monkeypatch: pytest.MonkeyPatch, accrual: Any, seed: int
) -> None:
    crowded = {  # few days, many patients: ties on every one of them
        "enrolment.sites": {"count": 3},
        "assessment.jitter_sd": "0 days",
        "treatment.delay": None,
        "assessment.clinical_progression": {"probability": 1, "delay": ["0 days", "0 days"]},
        "follow_up.withdrawal": every_cycle(0.02),
        "disease.progression.responders": every_cycle(0.2),
        "disease.death_after_progression": every_cycle(0.2),
    }
    if not accrual:
        crowded["enrolment.accrual.last"] = dt.date(2020, 1, 20)
    trial = scenario.with_overrides(crowded | accrual)
    expected = run(trial, log=True)

    monkeypatch.setattr(ShuffledEnvironment, "seed", seed)
    monkeypatch.setattr(running.simpy, "Environment", ShuffledEnvironment)

    assert equal(run(trial, log=True), expected)


def test_the_order_of_a_patients_processes_does_not_matter(
    scenario: Scenario, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run(scenario, log=True)
    processes = ("run_disease", "assess", "treat")
    originals = [getattr(reference, name) for name in processes]
    # what is started first as "run_disease" is now the treatment, and so on
    for name, other in zip(processes, reversed(originals), strict=True):
        monkeypatch.setattr(reference, name, other)

    assert equal(run(scenario, log=True), expected)


# ---- the log, and calling again -----------------------------------------------------------------


def test_the_log_is_in_order_and_agrees_with_the_records(scenario: Scenario, run: Run) -> None:
    records = run(scenario, log=True)

    moments = [(day, phase) for day, phase, *_ in records.log]
    assert moments == sorted(moments)
    events = [(row[2], row[4]) for row in records.log]
    doses, found, subjects = records.doses, records.assessments, records.subjects
    for number in range(records.n_patients):
        first = subjects["first_dose_trial_day"][number]
        of = doses["patient"] == number
        assert events.count((number, "dose")) == doses["given"][of].sum()
        assert events.count((number, "dose omitted")) == (doses["given"][of] == 0).sum()
        had = records.adverse_events["patient"] == number
        assert events.count((number, "adverse event")) == had.sum()
        done = (found["patient"] == number) & (found["performed"] == 1)
        assert events.count((number, "scan")) == done.sum()
        assert events.count((number, "death")) == int(subjects["death_day"][number] + first <= 1371)
        phases = [row[1] for row in records.log if row[2] == number and row[4] == "death"]
        assert phases in ([], [clock.DISEASE])


def test_there_is_no_log_unless_asked_for(trials: tuple[TrialRecords, ...]) -> None:
    assert trials[0].log == ()


def test_the_log_changes_nothing(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run
) -> None:
    logged = run(scenario, seed=scenario.seed, replicate=1, log=True)

    for table in ("subjects", "baseline", "assessments", "doses", "adverse_events"):
        for name, column in getattr(logged, table).items():
            assert np.array_equal(column, getattr(trials[1], table)[name])


def test_one_engine_makes_any_replicate_in_any_order(
    scenario: Scenario, plan: Plan, trials: tuple[TrialRecords, ...]
) -> None:
    engine = ReferenceEngine(plan)

    backwards = [engine.simulate(seed=scenario.seed, replicate=i) for i in (4, 2, 4)]

    assert equal(backwards[0], trials[4])
    assert equal(backwards[1], trials[2])
    assert equal(backwards[2], trials[4])


def test_another_replicate_and_another_seed_are_other_trials(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run
) -> None:
    others = [
        *trials,
        run(scenario, seed=scenario.seed + 1),
        run(scenario, seed=scenario.seed + 2**32),
    ]

    for name in ("first_dose_trial_day", "progression_day", "death_day", "contact_lag"):
        columns = [records.subjects[name] for records in others]
        assert all(not np.array_equal(a, b) for a, b in pairwise(columns))


@pytest.mark.parametrize("replicate", [2**31, 2**32 - 1])
def test_reserved_replicates_work_as_all_others(
    scenario: Scenario, run: Run, replicate: int
) -> None:
    assert run(scenario, seed=2**64 - 1, replicate=replicate).n_patients == 57
