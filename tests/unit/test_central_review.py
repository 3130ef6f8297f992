"""Readers beside the investigator, of patients in cycles and scans: against a naive reading."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from arms_example import randomised
from test_event_cut import LATE, SCARCE

from simulate.build_arms import build_trial_plan
from simulate.choose_engine import BATCH, REFERENCE
from simulate.cutoff import cut
from simulate.distributions import NEVER, FloatArray
from simulate.engines.reference import ReferenceEngine
from simulate.looks.concordance import COUNTS
from simulate.randomised.seen_trials import TrialMaker
from simulate.randomised_runner import RandomisedRunner
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, word

SEED = 23
PFS, FIRST_READ = 0, 2
"""Endpoints of the looks: the documented one, and the first of another reader."""

MISSED, EARLY = 0.3, 0.06
READERS: list[dict[str, Any]] = [
    {
        **{"id": 2, "name": "central", "missed": MISSED, "early": EARLY},
        "by_arm": {"control": {"missed": 0.6, "early": 0.2}},
    },
    {"id": 7, "name": "perfect", "missed": 0, "early": 0},
]
LOOKS: list[dict[str, Any]] = [
    {"id": 1, "name": "interim", "cut": {"events": {"endpoint": "PFS_central", "count": 12}}},
    {
        **{"id": 2, "name": "final"},
        "cut": {
            "all": [
                {"events": {"endpoint": "PFS_central", "count": 22, "adjudication_lag": "5 days"}},
                {"events": {"endpoint": "PFS", "count": 18}},
            ]
        },
    },
]
HYPOTHESES = [
    {
        **{"id": i, "name": name, "endpoint": endpoint, "alpha": 0.01, "information": 30},
        **{"experimental": "kn026", "control": "control"},
    }
    for i, (name, endpoint) in enumerate((("inv", "PFS"), ("cen", "PFS_central")), 1)
]
MANY_LEAVE: dict[str, Any] = {
    "follow_up.withdrawal": {"kind": "exponential", "mean": "200 days"},
    "follow_up.lost_at_withdrawal": 0.3,
    "follow_up.last_contact_lag": LATE,
    "follow_up.death_window": "40 days",
    "assessment.missed": 0.2,
    "disease.death_without_progression": {"kind": "exponential", "mean": "500 days"},
}


def read_trial(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    """Two looks on events by either reader."""
    return randomised(
        scenario.with_overrides(changes),
        **{"readers": READERS, "analyses": LOOKS, "hypotheses": HYPOTHESES, "sample_size": 60},
    )


@pytest.fixture(scope="module", params=["as published", "many leave"])
def trial(request: pytest.FixtureRequest, scenario: Scenario) -> Scenario:
    return read_trial(scenario, MANY_LEAVE if request.param == "many leave" else {})


def values_of(trial: Scenario, engine: str, n: int) -> dict[str, dict[str, FloatArray]]:
    runner = RandomisedRunner(trial, seed=SEED, engine=engine)
    return {
        name: dict(zip(runner.names, rows.T, strict=True))
        for name, rows in runner.run(range(n)).items()
    }


@pytest.fixture(scope="module")
def values(trial: Scenario) -> dict[str, dict[str, FloatArray]]:
    """The rows of the looks of two replicates, by look and column."""
    return values_of(trial, REFERENCE, 2)


def records_of(trial: Scenario, replicate: int) -> TrialRecords:
    return ReferenceEngine(build_trial_plan(trial)).simulate(seed=SEED, replicate=replicate)


# ---- a naive reading ----------------------------------------------------------------------------


@dataclass
class Scan:
    """A scan that was done."""

    day: int
    shows: bool
    """Whether there is progression in truth."""


def scans_of(records: TrialRecords, patient: int) -> list[Scan]:
    rows, progression = records.assessments, records.subjects["progression_day"][patient]
    mine = (rows["patient"] == patient) & (rows["performed"] > 0)
    return [Scan(int(day), bool(day >= progression)) for day in rows["day"][mine]]


def naive_call(scans: list[Scan], u_late: float, u_early: float, errs: tuple[float, float]) -> int:
    """Day on which a reader calls progression: scan by scan, each chance used up in turn."""
    missed, early = errs
    overlooked = without = 1.0
    for scan in scans:
        if scan.shows:
            overlooked *= missed
            if u_late < 1 - overlooked:
                return scan.day
        else:
            without *= 1 - early
            if u_early < 1 - without:
                return scan.day
    return NEVER


def naive_calls(trial: Scenario, records: TrialRecords, replicate: int) -> list[list[int]]:
    """By reader and patient."""
    arm_name = {arm.id: arm.name for arm in trial.arms}

    def u(patient: int, index: int) -> float:
        drawn = word(SEED, patient, replicate, Purpose.READING, index)
        return float(Fraction(2 * drawn + 1, 2**33))

    return [
        [
            naive_call(
                scans_of(records, patient),
                u(patient, 2 * reader.id - 2),
                u(patient, 2 * reader.id - 1),
                reader.of_arm(arm_name[int(records.subjects["arm"][patient])]),
            )
            for patient in range(records.n_patients)
        ]
        for reader in trial.readers
    ]


def naive_sample(
    trial: Scenario, records: TrialRecords, calls: list[int], day: int
) -> dict[int, tuple[int, int]]:
    """Patient day and event of everybody with a first dose by the end of a trial day."""
    windows = {
        a.id: t.follow_up.death_window for a, t in zip(trial.arms, trial.arm_trials, strict=True)
    }
    subjects = cut(records, day).subjects
    found = {}
    for i, patient in enumerate(subjects["patient"].tolist()):
        today = day - int(records.subjects["first_dose_trial_day"][patient])
        death, stop = int(subjects["death_day"][i]), int(subjects["assessment_stop_day"][i])
        if calls[patient] <= today:
            found[patient] = calls[patient], 1
        elif death < NEVER and death - stop <= windows[int(records.subjects["arm"][patient])]:
            found[patient] = death, 1
        else:
            done = [scan.day for scan in scans_of(records, patient) if scan.day <= today]
            found[patient] = (done[-1] if done else 0), 0
    return found


def test_looks_see_what_a_naive_reading_sees(trial: Scenario) -> None:
    assert_seen_as_naively(trial)


def test_the_same_where_patients_wait_for_the_first_dose(scenario: Scenario) -> None:
    """Drugs run short, as only the SimPy engine has it: days of scans count from a later day."""
    changes = {"resources": {"supply": [SCARCE]}, "disease.response.probability": 0.1}
    trial = read_trial(scenario, changes)
    subjects = records_of(trial, 1).subjects
    assert (subjects["first_dose_trial_day"] > subjects["enrolment_trial_day"]).sum() > 20

    assert_seen_as_naively(trial)
    assert_calls_are_counted(trial, values_of(trial, REFERENCE, 2))


def test_concordance_counts_calls(
    trial: Scenario, values: dict[str, dict[str, FloatArray]]
) -> None:
    assert_calls_are_counted(trial, values)


def assert_calls_are_counted(trial: Scenario, values: dict[str, dict[str, FloatArray]]) -> None:
    """What a look counts of the first reader is what the naive calls known by then are."""
    n_called = 0
    for row in range(2):
        records = records_of(trial, row)
        theirs = naive_calls(trial, records, row)[0]
        for found in values.values():
            day, counts = found["cut_day"][row], dict.fromkeys(product(COUNTS, (3, 8)), 0)
            for patient in range(0 if math.isnan(day) else records.n_patients):
                today = day - records.subjects["first_dose_trial_day"][patient]
                mine = [s.day for s in scans_of(records, patient) if s.shows and s.day <= today]
                kind = kind_of(mine[0] if mine else NEVER, theirs[patient], today)
                if kind:
                    counts[kind, int(records.subjects["arm"][patient])] += 1
            for (kind, arm), expected in counts.items():
                name = {3: "kn026", 8: "control"}[arm]
                told = found[f"concordance.investigator.central.{kind}.{name}"][row]
                assert math.isnan(day) or told == expected, (kind, name)
                n_called += expected
    assert n_called > 10


def kind_of(mine: int, theirs: int, today: float) -> str:
    """What two calls are together by a patient's day; nothing if there is none."""
    if mine <= today and theirs <= today:
        if mine == theirs:
            return "both_same"
        return "first_later" if mine > theirs else "first_earlier"
    if mine <= today:
        return "only_first"
    return "only_second" if theirs <= today else ""


def assert_seen_as_naively(trial: Scenario) -> None:
    seen, records, n_different = TrialMaker(trial, SEED).make(1), records_of(trial, 1), 0
    enrolled = records.subjects["enrolment_trial_day"]
    for reader, calls in enumerate(naive_calls(trial, records, 1)):
        name = trial.readers[reader].name
        told = seen.subjects[f"call_day.{name}"].fillna(NEVER).astype(int).tolist()
        assert told == calls
        for day in (200, 400, 600, 900, 1300):
            n = int((enrolled <= day).sum())
            days, events = seen.sample(FIRST_READ + reader, day, n)
            naive = naive_sample(trial, records, calls, day)
            for patient in range(n):
                expected = naive.get(patient, (0, 0))
                assert (days[patient], events[patient]) == expected, (name, day, patient)
            known = seen.event_days(FIRST_READ + reader)[:n] <= day - enrolled[:n]
            assert known.tolist() == [bool(event) for event in events]
            n_different += int((days != seen.sample(PFS, day, n)[0]).sum())
    assert n_different > 20, "readers who never differ are no test"


def test_whoever_reads_without_error_sees_what_is_documented(
    values: dict[str, dict[str, FloatArray]],
) -> None:
    n_events = 0.0
    for found in values.values():
        for name, column in found.items():
            if name.startswith("pfs."):
                own = found[f"pfs_perfect.{name.removeprefix('pfs.')}"]
                np.testing.assert_array_equal(column, own, name)
        n_events += np.nansum(found["pfs.events"])
        for name, column in found.items():
            if name.startswith("concordance.investigator.perfect") and "both_same" not in name:
                assert np.nansum(column) == 0, name
    assert n_events > 0


def test_a_look_waits_for_the_events_of_its_reader(
    trial: Scenario, values: dict[str, dict[str, FloatArray]]
) -> None:
    n_looks = 0
    for row in range(2):
        records = records_of(trial, row)
        calls = naive_calls(trial, records, row)[0]
        found = values["interim"]
        day = found["cut_day"][row]
        if not math.isnan(day):
            on, before = (
                sum(event for _, event in naive_sample(trial, records, calls, d).values())
                for d in (int(day), int(day) - 1)
            )
            assert before < 12 <= on == found["pfs_central.events"][row]
            n_looks += 1
    assert n_looks > 0


def test_compiled_code_tells_the_same(
    trial: Scenario, values: dict[str, dict[str, FloatArray]]
) -> None:
    theirs = values_of(trial, BATCH, 2)
    for look, found in values.items():
        for name, column in found.items():
            np.testing.assert_array_equal(column, theirs[look][name], f"{look}: {name}")


def test_agreement_has_the_probabilities_of_the_scans_that_were_done(scenario: Scenario) -> None:
    """Given the scans, the calls of a reader who knows no arm have a formula."""
    reader = {"id": 1, "name": "central", "missed": MISSED, "early": EARLY}
    end = [{"id": 1, "name": "end", "cut": {"date": dt.date(2023, 3, 1)}}]
    trial = randomised(scenario, readers=[reader], analyses=end, sample_size=80)
    n, counted, mean, variance = 3, np.zeros(5), np.zeros(5), np.zeros(5)
    found = values_of(trial, REFERENCE, n)["end"]
    for row in range(n):
        counted += [
            sum(found[f"concordance.investigator.central.{count}.{arm.name}"][row]
                for arm in trial.arms)
            for count in COUNTS
        ]  # fmt: skip
        records, day = records_of(trial, row), int(found["cut_day"][row])
        for patient in range(records.n_patients):
            today = day - int(records.subjects["first_dose_trial_day"][patient])
            scans = [scan for scan in scans_of(records, patient) if scan.day <= today]
            assert not any(scan.shows for scan in scans[:-1]), "scans end at the first call"
            progressed = bool(scans) and scans[-1].shows
            not_early = (1 - EARLY) ** (len(scans) - progressed)
            if progressed:
                p = np.array([not_early * (1 - MISSED), 1 - not_early, 0, not_early * MISSED, 0])
            else:
                p = np.array([0, 0, 0, 0, 1 - not_early])
            mean += p
            variance += p * (1 - p)
    assert COUNTS == ("both_same", "first_later", "first_earlier", "only_first", "only_second")
    assert (np.abs(counted - mean) <= 4 * np.sqrt(variance)).all(), (counted, mean)
    assert mean[[0, 1, 3, 4]].min() > 5


def test_a_scenario_without_readers_has_the_fingerprint_that_it_had(scenario: Scenario) -> None:
    plain, read = randomised(scenario), randomised(scenario, readers=READERS)
    assert "readers" not in plain.model_dump()
    assert plain.digest() != read.digest()
    assert randomised(scenario, readers=[]).digest() == plain.digest()
    assert "readers" not in read.arm_scenarios[0].model_dump(), "they are those of the trial"
