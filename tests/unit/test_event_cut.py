"""The day of an event-driven cut, against cutting the data day by day and counting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from arms_example import randomised
from random_trials import try_random_scenarios
from test_one_trial import ledger_of_arrays

from simulate.build_arms import build_trial_plan
from simulate.compiled import kernel
from simulate.cutoff import cut
from simulate.distributions import NEVER, IntArray
from simulate.endpoints import derive_trial
from simulate.engines.reference import ReferenceEngine
from simulate.event_cut import death_known_day, pfs_known_day
from simulate.ledger import ledger_of
from simulate.look_samples import (
    SeenPatients,
    arm_rules,
    find_event_days,
    seen_patients,
    take_sample,
)
from simulate.packed import pack, unpacked
from simulate.plan import with_lists
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

PFS, OS = range(2)
"""Endpoints of the looks."""

SCARCE = {"drug": "KN026", "initial": 3, "reorder_at": 1, "order": 1, "lead_time": "20 days"}
LATE = {"kind": "uniform", "low": "0 days", "high": "200 days"}
VARIANTS: dict[str, dict[str, Any]] = {
    "as published": {},
    "long lags": {"follow_up.last_contact_lag": LATE},
    "many leave": {
        "follow_up.withdrawal": {"kind": "exponential", "mean": "150 days"},
        "follow_up.lost_at_withdrawal": 0.6,
        "follow_up.last_contact_lag": LATE,
    },
    "deaths long after the last scan do not count": {
        "follow_up.withdrawal": {"kind": "exponential", "mean": "100 days"},
        "follow_up.lost_at_withdrawal": 0.1,
        "follow_up.death_window": "20 days",
        "disease.death_without_progression": {"kind": "exponential", "mean": "200 days"},
    },
    "watched day by day": {"assessment.schedule": "continuous"},
    "patients wait for drugs": {"resources": {"supply": [SCARCE]}},
}


@pytest.fixture(scope="module", params=[*VARIANTS, "two arms"])
def trial(request: pytest.FixtureRequest, scenario: Scenario) -> tuple[Scenario, TrialRecords]:
    """A scenario and one of its replicates."""
    if request.param == "two arms":
        changed = randomised(scenario)
    else:
        plain = {"facts": None, "sweep": [], "sample_size": 40}
        changed = scenario.with_overrides(plain | VARIANTS[request.param])
    engine = ReferenceEngine(build_trial_plan(changed))
    return changed, engine.simulate(seed=7, replicate=3)


def counts_by_cutting(trial: Scenario, records: TrialRecords, days: IntArray) -> IntArray:
    """Events of PFS and OS that cuts at the end of some trial days know, shape (2, days)."""
    found = []
    for day in days.tolist():
        values = derive_trial(trial, cut(records, day))
        found.append((values["pfs_event"].sum(), values["os_event"].sum()))
    return np.array(found).T


def known_from_days(trial: Scenario, records: TrialRecords) -> IntArray:
    """Trial day from which each patient's events are known, shape (2, patients)."""
    seen = seen_in_python(trial, records)
    days = np.array(seen.event_day).reshape(2, -1)
    entry = records.subjects["enrolment_trial_day"]
    return np.where(days < NEVER, days + entry, NEVER)


def seen_in_python(trial: Scenario, records: TrialRecords) -> SeenPatients:
    ledger = ledger_of(records)
    seen = seen_patients(arm_rules(trial), ledger_of_arrays(ledger), records.n_patients)
    seen = with_lists(seen)._replace(ledger=ledger)
    find_event_days(seen)
    return seen


def last_day(trial: Scenario) -> int:
    plan = build_trial_plan(trial)
    return plan.horizon if hasattr(plan, "horizon") else plan.shared.horizon


def assert_counts_are_those_of_cuts(trial: Scenario, records: TrialRecords, days: IntArray) -> None:
    expected = counts_by_cutting(trial, records, days)

    known = known_from_days(trial, records)[:, :, np.newaxis] <= days
    np.testing.assert_array_equal(known.sum(axis=1), expected)
    assert (np.diff(expected) >= 0).all(), "what a cut knows never becomes less"
    assert expected[:, -1].min() >= 1, "a trial with events is wanted"


def test_as_many_events_are_known_on_a_day_as_a_cut_on_that_day_knows(
    trial: tuple[Scenario, TrialRecords],
) -> None:
    horizon = last_day(trial[0])
    known = known_from_days(*trial).ravel()
    turns = known[known < horizon]

    days = np.unique([*turns, *(turns - 1), *range(0, horizon, 40), horizon])

    assert_counts_are_those_of_cuts(*trial, days)


@pytest.mark.verify
def test_the_same_on_every_day(trial: tuple[Scenario, TrialRecords]) -> None:
    assert_counts_are_those_of_cuts(*trial, np.arange(last_day(trial[0]) + 1))


def test_random_trials(scenario: Scenario) -> None:
    """The same, on a dozen days of trials of every kind."""
    n_events = np.zeros(2, np.int64)

    def check(trial: Scenario, replicate: int) -> None:
        records = ReferenceEngine(build_trial_plan(trial)).simulate(seed=1, replicate=replicate)
        known, horizon = known_from_days(trial, records), last_day(trial)
        event_days = known[known <= horizon]
        some = np.concatenate([event_days[:12], event_days[:12] - 1, [0, horizon]])
        for day in np.unique(some[some >= 0]).tolist():
            values = derive_trial(trial, cut(records, day))
            expected = [values["pfs_event"].sum(), values["os_event"].sum()]
            assert (known <= day).sum(axis=1).tolist() == expected
        n_events[:] += (known <= horizon).sum(axis=1)

    try_random_scenarios(check, scenario, runs=range(3))

    assert n_events.min() > 30


def test_a_death_is_known_when_the_patient_would_have_been_contacted() -> None:
    assert death_known_day(100, 0, NEVER) == 100
    assert death_known_day(100, 30, NEVER) == 130
    assert death_known_day(100, 30, 110) == 110
    assert death_known_day(100, 30, 99) == NEVER, "nobody knows of one who has left"
    assert death_known_day(NEVER, 30, NEVER) == NEVER
    assert death_known_day(0, 30, NEVER) == 0, "the first dose is a contact"


def test_a_death_counts_for_pfs_within_its_window() -> None:
    assert pfs_known_day(NEVER, 100, 130, 90, 10) == 130
    assert pfs_known_day(NEVER, 100, 130, 90, 9) == NEVER
    assert pfs_known_day(84, 100, 130, 84, 0) == 84
    assert pfs_known_day(NEVER, 100, 130, NEVER, 0) == 130


# ---- the sample at a cut ------------------------------------------------------------------------


@kernel
def find_compiled(block: IntArray) -> None:
    """Find the days of events in compiled code."""
    find_event_days(unpacked(block, SeenPatients))


@kernel
def take_compiled(
    block: IntArray, endpoint: int, cut_day: int, n: int, day: IntArray, event: IntArray
) -> None:
    """Take a sample in compiled code."""
    take_sample(unpacked(block, SeenPatients), endpoint, cut_day, n, day, event)


def days_to_cut(records: TrialRecords, horizon: int) -> Iterator[tuple[int, int]]:
    """Some days, and how many are enrolled by each."""
    enrolled = records.subjects["enrolment_trial_day"]
    for day in (int(enrolled[3]), 200, 500, horizon - 30):
        yield day, int(np.searchsorted(enrolled, day, side="right"))


def test_a_sample_has_the_endpoints_that_the_cut_derives(
    trial: tuple[Scenario, TrialRecords],
) -> None:
    scenario, records = trial
    seen = seen_in_python(scenario, records)
    for cut_day, n in days_to_cut(records, last_day(scenario)):
        snapshot = cut(records, cut_day)
        values = derive_trial(scenario, snapshot)
        for endpoint, name in ((PFS, "pfs"), (OS, "os")):
            day, event = [-1] * n, [-1] * n
            take_sample(seen, endpoint, cut_day, n, day, event)
            of_cut = np.ones(n, np.int64), np.zeros(n, np.int64)  # all wait for the first dose
            for column, kind in zip(of_cut, ("time", "event"), strict=True):
                column[snapshot.subjects["patient"]] = values[f"{name}_{kind}"]
            assert day == (of_cut[0] - 1).tolist(), "analysis values count the start as day 1"
            assert event == of_cut[1].tolist()


def test_compiled_code_sees_the_same(trial: tuple[Scenario, TrialRecords]) -> None:
    scenario, records = trial
    python = seen_in_python(scenario, records)
    ledger = ledger_of_arrays(ledger_of(records))
    compiled = seen_patients(arm_rules(scenario), ledger, records.n_patients)
    packed = pack(compiled)

    find_compiled(packed.block)

    assert list(python.event_day) == compiled.event_day.tolist()
    assert list(python.arm) == compiled.arm.tolist()
    for cut_day, n in days_to_cut(records, last_day(scenario)):
        for endpoint in (PFS, OS):
            ours, theirs = ([-1] * n, [-1] * n), (np.zeros(n, np.int64), np.zeros(n, np.int64))
            take_sample(python, endpoint, cut_day, n, *ours)
            take_compiled(packed.block, endpoint, cut_day, n, *theirs)
            assert [column.tolist() for column in theirs] == list(ours)
