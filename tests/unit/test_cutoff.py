"""The data cut knows everything up to the end of its day, and nothing of what comes after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.cutoff import Snapshot, cut
from simulate.distributions import NEVER
from simulate.endpoints import derive, endpoint_rules
from simulate.patient import treatment
from simulate.records import (
    ADVERSE_EVENT_COLUMNS,
    ASSESSMENT_COLUMNS,
    DOSE_COLUMNS,
    SUBJECT_COLUMNS,
    TrialRecords,
    table,
)
from simulate.scenario.scenario import Scenario

SUBJECT = {
    "site": 1,
    "arm": 1,
    "stratum": 0,
    "enrolment_trial_day": 100,
    "first_dose_trial_day": 100,
    "baseline_scan_day": -5,
    "responder": 1,
    "complete": 0,
    "response_day": 42,
    "progression_day": NEVER,
    "death_day": NEVER,
    "treatment_stop_day": NEVER,
    "treatment_stop_reason": treatment.NOT_STOPPED,
    "assessment_stop_day": NEVER,
    "study_withdrawal_day": NEVER,
    "contact_lag": 0,
}


STOPS_OTHER_THAN_DEATH = (
    treatment.PROGRESSION,
    treatment.WITHDRAWAL,
    treatment.EARLY_STOP,
    treatment.ADVERSE_EVENT,
    treatment.COMPLETED,
)


def records(
    *subjects: dict[str, int],
    scans: tuple[tuple[int, ...], ...] = (),
    doses: tuple[tuple[int, ...], ...] = (),
    events: tuple[tuple[int, ...], ...] = (),
) -> TrialRecords:
    """A trial by hand.

    Scans are (patient, day, performed, response), doses (patient, day), adverse events (patient,
    grade, onset, end).
    """
    rows = [tuple((SUBJECT | subject).values()) for subject in subjects]
    return TrialRecords(
        subjects=table(SUBJECT_COLUMNS, rows),
        baseline={"1": np.arange(len(rows))},
        assessments=table(ASSESSMENT_COLUMNS, [(p, 1, d, d, done, r) for p, d, done, r in scans]),
        doses=table(DOSE_COLUMNS, [(p, 1, 1, d, 0, 0, 0, 0, 1, 0, 0, 1000) for p, d in doses]),
        adverse_events=table(
            ADVERSE_EVENT_COLUMNS,
            [(p, 1, 1, g, first, last, 0, 0, 0) for p, g, first, last in events],
        ),
    )


def known(snapshot: Snapshot, name: str) -> list[int]:
    return snapshot.subjects[name].tolist()


def stopped(day: int, reason: int, **more: int) -> dict[str, int]:
    stop = {"treatment_stop_day": day, "assessment_stop_day": day, "treatment_stop_reason": reason}
    return stop | more


# ---- by hand ------------------------------------------------------------------------------------


def test_what_happens_on_the_day_of_the_cut_is_known() -> None:
    one = records(
        stopped(42, treatment.PROGRESSION, death_day=80),
        scans=((0, 42, 1, 4),),
        doses=((0, 0), (0, 21), (0, 42)),
    )

    before, on = cut(one, 141), cut(one, 142)

    assert (len(before.assessments["day"]), len(on.assessments["day"])) == (0, 1)
    assert (len(before.doses["day"]), len(on.doses["day"])) == (2, 3)
    assert (known(before, "treatment_stop_day"), known(on, "treatment_stop_day")) == ([NEVER], [42])
    assert (known(before, "treatment_stop_reason"), known(on, "treatment_stop_reason")) == (
        [treatment.NOT_STOPPED],
        [treatment.PROGRESSION],
    )
    assert (known(cut(one, 179), "death_day"), known(cut(one, 180), "death_day")) == ([NEVER], [80])


def test_a_patient_enrolled_on_the_day_of_the_cut_is_in() -> None:
    one = records({}, doses=((0, 0), (0, 21)))

    assert cut(one, 99).n_patients == 0
    snapshot = cut(one, 100)
    assert snapshot.n_patients == len(snapshot.baseline["1"]) == 1
    assert known(snapshot, "cut_day") == known(snapshot, "last_contact_day") == [0]
    assert snapshot.doses["day"].tolist() == [0]


def test_patients_enrolled_later_are_not_there_yet() -> None:
    two = records({}, {"enrolment_trial_day": 300, "first_dose_trial_day": 300}, doses=((1, 0),))

    snapshot = cut(two, 200)

    assert known(snapshot, "patient") == [0]
    assert snapshot.baseline["1"].tolist() == [0]
    assert len(snapshot.doses["day"]) == 0


def test_a_cut_before_everybody_and_a_trial_without_patients() -> None:
    for snapshot in (cut(records({}), -1), cut(records(), 500)):
        assert snapshot.n_patients == 0
        assert all(len(column) == 0 for column in snapshot.subjects.values())


def test_a_death_after_the_last_contact_is_unknown_to_all() -> None:
    dead = stopped(95, treatment.DEATH, death_day=95, contact_lag=10)
    one = records(dead, scans=((0, 84, 1, 2),), doses=((0, 0), (0, 84)))

    unknown, aware = cut(one, 204), cut(one, 205)  # day 104: contact on 94; day 105: on 95

    for name, then, later in (
        ("last_contact_day", 94, 95),
        ("death_day", NEVER, 95),
        ("treatment_stop_day", NEVER, 95),
        ("assessment_stop_day", NEVER, 95),
        ("treatment_stop_reason", treatment.NOT_STOPPED, treatment.DEATH),
    ):
        assert known(unknown, name) == [then], name
        assert known(aware, name) == [later], name


def test_contact_ends_with_death() -> None:
    one = records(stopped(50, treatment.DEATH, death_day=50))

    assert known(cut(one, 500), "last_contact_day") == [50]


@pytest.mark.parametrize("last", ["scan", "dose", "stop"])
def test_a_record_is_a_contact(last: str) -> None:
    lag = {"contact_lag": 36}
    if last == "scan":
        one = records(lag, scans=((0, 190, 1, 3),))
    elif last == "dose":
        one = records(lag, doses=((0, 190),))
    else:
        one = records(lag | stopped(190, treatment.WITHDRAWAL))

    assert known(cut(one, 300), "last_contact_day") == [190]
    assert known(cut(one, 289), "last_contact_day") == [153], "not before it happens"


def test_a_missed_scan_is_no_contact() -> None:
    one = records({"contact_lag": 36}, scans=((0, 150, 1, 3), (0, 190, 0, 0)))

    assert known(cut(one, 300), "last_contact_day") == [164]


def test_nothing_is_known_after_a_patient_left_the_study() -> None:
    left = stopped(60, treatment.WITHDRAWAL, study_withdrawal_day=60, death_day=90)
    snapshot = cut(records(left), 1341)

    assert known(snapshot, "last_contact_day") == known(snapshot, "study_withdrawal_day") == [60]
    assert known(snapshot, "death_day") == [NEVER]
    assert known(snapshot, "treatment_stop_reason") == [treatment.WITHDRAWAL]
    assert known(cut(records(left), 159), "study_withdrawal_day") == [NEVER]


def events(snapshot: Snapshot) -> list[tuple[int, int]]:
    """Onset and end of the adverse events that are known."""
    known_events = snapshot.adverse_events
    pairs = zip(known_events["onset_day"].tolist(), known_events["end_day"].tolist(), strict=True)
    return list(pairs)


def test_an_adverse_event_is_known_on_its_day_and_resolved_on_its_last() -> None:
    one = records({}, doses=((0, 0),), events=((0, 3, 30, 44),))

    assert events(cut(one, 129)) == []
    assert events(cut(one, 130)) == events(cut(one, 143)) == [(30, NEVER)]
    assert events(cut(one, 144)) == [(30, 44)]


def test_an_adverse_event_after_the_last_contact_is_not_known() -> None:
    one = records({"contact_lag": 10}, doses=((0, 0),), events=((0, 3, 30, 44),))

    assert events(cut(one, 139)) == []
    assert events(cut(one, 140)) == events(cut(one, 153)) == [(30, NEVER)]
    assert events(cut(one, 154)) == [(30, 44)]


def test_a_fatal_event_is_known_when_the_death_is() -> None:
    dead = stopped(95, treatment.DEATH, death_day=95, contact_lag=10)
    one = records(dead, doses=((0, 84),), events=((0, 2, 20, 30), (0, 5, 95, 95)))

    unknown, aware = cut(one, 204), cut(one, 205)

    assert (known(unknown, "death_day"), events(unknown)) == ([NEVER], [(20, 30)])
    assert (known(aware, "death_day"), events(aware)) == ([95], [(20, 30), (95, 95)])


def test_events_of_patients_who_come_later_are_not_there() -> None:
    later = {"enrolment_trial_day": 300, "first_dose_trial_day": 300}
    two = records(later, {}, events=((0, 3, 0, 5), (1, 1, 8, 9)))

    snapshot = cut(two, 299)

    assert snapshot.adverse_events["patient"].tolist() == [1]
    assert events(snapshot) == [(8, 9)]


# ---- never the future ---------------------------------------------------------------------------


def assert_same(a: Snapshot, b: Snapshot) -> None:
    for part in ("subjects", "baseline", "assessments", "doses", "adverse_events"):
        left, right = getattr(a, part), getattr(b, part)
        assert left.keys() == right.keys()
        for name, column in left.items():
            assert np.array_equal(column, right[name]), (part, name)


def another_future(one: TrialRecords, day: int, rng: np.random.Generator) -> TrialRecords:
    """The same trial up to a day; all that happens after it is replaced by chance."""
    subjects = {name: column.copy() for name, column in one.subjects.items()}
    cut_day = day - subjects["first_dose_trial_day"]
    n = one.n_patients

    def later(name: str) -> np.ndarray:
        """Redraw the days of a column that lie after the cut; all of those not enrolled yet."""
        future = subjects[name] > cut_day
        drawn = np.maximum(cut_day, 0) + rng.integers(1, 900, n)
        drawn = np.where(rng.random(n) < 0.3, NEVER, drawn)
        subjects[name] = np.where(future, drawn, subjects[name])
        return future

    later("death_day")
    stops_later = later("treatment_stop_day")
    reasons = rng.choice(STOPS_OTHER_THAN_DEATH, n)
    reasons[subjects["treatment_stop_day"] == NEVER] = treatment.NOT_STOPPED
    subjects["treatment_stop_reason"] = np.where(
        stops_later, reasons, subjects["treatment_stop_reason"]
    )
    subjects["assessment_stop_day"] = np.where(
        stops_later, subjects["treatment_stop_day"], subjects["assessment_stop_day"]
    )
    later("study_withdrawal_day")
    later("response_day")
    later("progression_day")
    moved = subjects["first_dose_trial_day"] > day
    for name in ("first_dose_trial_day", "enrolment_trial_day"):
        subjects[name] = np.where(moved, day + 1 + np.sort(rng.integers(0, 99, n)), subjects[name])

    def rows(own: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Keep the past of a table; of what comes later keep some, at other days."""
        past = own["day"] <= cut_day[own["patient"]]
        keep = past | (rng.random(len(past)) < 0.5)
        new = {name: column[keep].copy() for name, column in own.items()}
        future = ~past[keep]
        first = np.maximum(cut_day[new["patient"]], -1)[future] + 1
        new["day"][future] = first + np.arange(future.sum())
        if "response" in new:
            new["response"][future] = rng.integers(0, 5, future.sum())
            new["performed"][future] = 1
        return new

    adverse = {name: column.copy() for name, column in one.adverse_events.items()}
    last = cut_day[adverse["patient"]]
    for name in ("end_day", "onset_day"):
        future = adverse[name] > last
        drawn = np.maximum(last, -1) + rng.integers(1, 400, len(last))
        adverse[name][future] = drawn[future]
    for name in ("grade", "serious"):
        drawn = rng.integers(0, 2, len(last))
        adverse[name] = np.where(adverse["onset_day"] > last, drawn, adverse[name])
    return replace(
        one,
        subjects=subjects,
        assessments=rows(one.assessments),
        doses=rows(one.doses),
        adverse_events=adverse,
    )


@settings(max_examples=60, deadline=None)
@given(
    replicate=st.integers(0, 4),
    day=st.one_of(st.integers(-5, 1341), st.sampled_from([-1, 0, 499, 500])),
    chance=st.integers(0, 2**32),
)
def test_the_cut_never_knows_the_future(
    scenario: Scenario, trials: tuple[TrialRecords, ...], replicate: int, day: int, chance: int
) -> None:
    one = trials[replicate]
    other = another_future(one, day, np.random.default_rng(chance))

    ours, theirs = cut(one, day), cut(other, day)

    assert_same(ours, theirs)
    rules = endpoint_rules(scenario)
    left, right = derive(rules, ours), derive(rules, theirs)
    assert all(np.array_equal(left[name], right[name]) for name in left)


def test_another_future_is_noticed_by_a_later_cut(trials: tuple[TrialRecords, ...]) -> None:
    other = another_future(trials[0], 600, np.random.default_rng(1))

    with pytest.raises(AssertionError):
        assert_same(cut(trials[0], 1000), cut(other, 1000))


@settings(max_examples=40, deadline=None)
@given(replicate=st.integers(0, 4), day=st.integers(-5, 1341), more=st.integers(0, 400))
def test_a_later_cut_knows_all_that_an_earlier_one_knew(
    trials: tuple[TrialRecords, ...], replicate: int, day: int, more: int
) -> None:
    early, late = cut(trials[replicate], day), cut(trials[replicate], day + more)

    n = early.n_patients
    assert known(late, "patient")[:n] == known(early, "patient")
    assert np.all(late.subjects["last_contact_day"][:n] >= early.subjects["last_contact_day"])
    for name in ("death_day", "treatment_stop_day", "assessment_stop_day", "study_withdrawal_day"):
        told = early.subjects[name] < NEVER
        assert np.array_equal(late.subjects[name][:n][told], early.subjects[name][told]), name
    for part in ("assessments", "doses"):
        rows = [set(zip(*getattr(one, part).values(), strict=True)) for one in (early, late)]
        assert rows[0] <= rows[1]
    told, then = (
        {(p, c, t): (g, on) for p, c, t, g, on, *_ in zip(*s.adverse_events.values(), strict=True)}
        for s in (early, late)
    )
    assert told.items() <= then.items()


@settings(max_examples=40, deadline=None)
@given(replicate=st.integers(0, 4), day=st.integers(0, 1371))
def test_what_a_snapshot_promises(
    trials: tuple[TrialRecords, ...], replicate: int, day: int
) -> None:
    snapshot = cut(trials[replicate], day)
    own: dict[str, Any] = snapshot.subjects

    contact = own["last_contact_day"]
    assert np.all((contact >= 0) & (contact <= own["cut_day"]))
    dead = own["death_day"] < NEVER
    assert np.array_equal(contact[dead], own["death_day"][dead])
    for rows in (snapshot.doses, snapshot.assessments):
        done = rows["performed"] == 1 if "performed" in rows else np.ones(len(rows["day"]), bool)
        assert np.all(rows["day"][done] <= contact[rows["patient"][done]])
    had = snapshot.adverse_events
    assert np.all(had["onset_day"] <= contact[had["patient"]])
    assert np.all((had["end_day"] <= contact[had["patient"]]) | (had["end_day"] == NEVER))
    fatal = had["patient"][had["grade"] == 5]
    assert np.all(own["death_day"][fatal] < NEVER)
    for name in ("treatment_stop_day", "assessment_stop_day", "study_withdrawal_day"):
        assert np.all((own[name] <= own["cut_day"]) | (own[name] == NEVER))
    ongoing = own["treatment_stop_reason"] == treatment.NOT_STOPPED
    assert np.array_equal(ongoing, own["treatment_stop_day"] == NEVER)
