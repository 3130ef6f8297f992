"""Infusion chairs and drug supply: who waits, how long, and against queueing theory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from observed import Observed

from simulate.build_plan import build_plan
from simulate.engines.reference import ReferenceEngine
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

Observe = Callable[..., Observed]

ONE_DOSE: dict[str, Any] = {
    "sweep": [],
    "facts": None,
    "toxicity": None,
    "baseline.variables": [],
    "endpoints.subgroups": [],
    "enrolment.sites": {"count": 1},
    "treatment": {
        "cycle_length": "21 days",
        "drugs": [
            {
                "id": 1,
                "name": "drug",
                "dose": "1 mg",
                "planned_cycles": {"kind": "fixed", "value": 1},
            }
        ],
    },
    "assessment.calendar": [{"every": "100 weeks"}],
    "follow_up.early_stop": None,
    "follow_up.withdrawal_adverse_event": None,
    "follow_up.withdrawal": None,
    "disease.death_without_progression": {"kind": "exponential", "rate": "0.5 per day"},
}
"""Patients who come once for one dose and are gone: customers of a queue."""


def queue(scenario: Scenario, *, rate: float, slots: int, n: int, days: int) -> TrialRecords:
    """Poisson arrivals a day at one site with some slots a day."""
    customers = scenario.with_overrides(
        ONE_DOSE
        | {
            "sample_size": n,
            "enrolment.accrual": {
                "kind": "poisson_gamma",
                "rate": f"{rate} per day",
                "window": f"{days} days",
            },
            "analyses.final.cut.date": dt.date(2030, 1, 1),
            "resources": {"chairs": {"slots": slots}},
        }
    )
    return ReferenceEngine(build_plan(customers)).simulate(seed=5, replicate=0)


def waits(records: TrialRecords) -> np.ndarray[Any, np.dtype[np.int64]]:
    return records.subjects["first_dose_trial_day"] - records.subjects["enrolment_trial_day"]


def mean_left_waiting(rate: float, slots: int, most: int = 400) -> float:
    """Mean number left over at the end of a day: W' = max(W + A - c, 0), A Poisson."""
    steps = np.arange(most)
    log_pmf = steps * np.log(rate) - rate - np.cumsum(np.log(np.maximum(steps, 1)))
    arrivals = np.exp(log_pmf)
    left = np.eye(1, most)[0]
    for _ in range(20_000):
        total = np.convolve(left, arrivals)[:most]
        following = np.concatenate([[total[: slots + 1].sum()], total[slots + 1 :]])
        following = np.pad(following, (0, most - len(following)))
        if np.abs(following - left).max() < 1e-14:
            break
        left = following
    return float(left @ steps)


@pytest.mark.parametrize(("rate", "slots"), [(1.5, 2), (0.8, 1)])
def test_the_mean_wait_is_that_of_the_discrete_queue(
    scenario: Scenario, rate: float, slots: int
) -> None:
    """Little's law: mean wait = mean number left at the end of a day / arrivals a day."""
    days = 2500
    records = queue(scenario, rate=rate, slots=slots, n=10_000, days=days)
    found = waits(records)
    expected = mean_left_waiting(rate, slots) / rate
    batches = [batch.mean() for batch in np.array_split(found, 25)]  # waits are dependent
    error = np.std(batches, ddof=1) / 5
    assert len(found) == pytest.approx(rate * days, rel=0.06)
    assert found.mean() == pytest.approx(expected, abs=4 * error)
    assert error < 0.2 * expected


def test_nobody_waits_when_there_are_slots_for_all(scenario: Scenario) -> None:
    assert waits(queue(scenario, rate=1.0, slots=50, n=200, days=300)).max() == 0


def test_no_day_has_more_doses_than_slots_and_the_first_to_come_is_the_first_served(
    scenario: Scenario,
) -> None:
    records = queue(scenario, rate=2.5, slots=2, n=300, days=200)
    first_dose = records.subjects["first_dose_trial_day"]
    assert np.bincount(first_dose).max() == 2
    assert np.all(np.diff(first_dose) >= 0), "patients are numbered as they come"


@pytest.fixture(scope="module")
def short_of_drug(scenario: Scenario) -> tuple[Scenario, TrialRecords]:
    supply = {"drug": "KN026", "initial": 5, "reorder_at": 4, "order": 5, "lead_time": "5 weeks"}
    short = scenario.with_overrides(
        {
            "sweep": [],
            "facts": None,
            "sample_size": 12,
            "enrolment.sites.count": 2,
            "resources": {"supply": [supply]},
        }
    )
    return short, ReferenceEngine(build_plan(short)).simulate(seed=1, replicate=0, log=True)


def test_no_more_doses_are_given_than_were_delivered(
    short_of_drug: tuple[Scenario, TrialRecords],
) -> None:
    _, records = short_of_drug
    doses, subjects = records.doses, records.subjects
    given = (doses["drug"] == 1) & (doses["given"] == 1)
    patient = doses["patient"][given]
    day = doses["day"][given] + subjects["first_dose_trial_day"][patient]
    for site in np.unique(subjects["site"]):
        days = np.sort(day[subjects["site"][patient] == site])
        # five to begin with, then at most five for every five weeks since the first order
        delivered = 5 + 5 * ((days - days[0]) // 35)
        assert np.all(np.arange(1, len(days) + 1) <= delivered)
    assert (doses["wait"] > 0).any()


def test_a_wait_moves_the_later_doses(short_of_drug: tuple[Scenario, TrialRecords]) -> None:
    _, records = short_of_drug
    doses = records.doses
    lead = (doses["drug"] == 1) & (doses["given"] == 1)
    for patient in range(records.n_patients):
        mine = lead & (doses["patient"] == patient)
        late = sum(doses[name][mine] for name in ("delay", "hold", "wait"))
        assert np.array_equal(np.diff(doses["day"][mine]), 21 + late[1:])


def test_without_limits_everything_is_as_without_resources(scenario: Scenario) -> None:
    few = scenario.with_overrides({"sweep": [], "sample_size": 10})
    free = few.with_overrides({"resources": {"chairs": {"slots": 1000}}})
    a, b = (ReferenceEngine(build_plan(s)).simulate(seed=2, replicate=1) for s in (few, free))
    for name in ("subjects", "doses", "assessments", "adverse_events"):
        for column, values in getattr(a, name).items():
            assert np.array_equal(values, getattr(b, name)[column]), (name, column)


def test_who_is_due_first_is_served_first_in_every_cycle(scenario: Scenario) -> None:
    busy = scenario.with_overrides(
        {
            "sweep": [],
            "facts": None,
            "toxicity": None,
            "treatment.drugs": [{"id": 1, "name": "drug", "dose": "1 mg"}],
            "follow_up.early_stop": None,
            "follow_up.withdrawal_adverse_event": None,
            "enrolment.sites.count": 1,
            "sample_size": 24,
            "resources": {"chairs": {"slots": 1}},
        }
    )
    records = ReferenceEngine(build_plan(busy)).simulate(seed=1, replicate=0)
    patient = records.doses["patient"]
    served = records.doses["day"] + records.subjects["first_dose_trial_day"][patient]
    due = served - records.doses["wait"]
    first = records.doses["cycle"] == 1
    due[first] = records.subjects["enrolment_trial_day"][patient[first]]
    assert len(np.unique(served)) == len(served), "one slot a day"
    overtaken = 0
    for day, since, number in zip(served, due, patient, strict=True):
        others = (served > day) & (due <= day)
        earlier = (due < since) | ((due == since) & (patient < number))
        assert not np.any(others & earlier)
        overtaken += int(np.any(others & (patient < number)))
    assert overtaken > 50, "those with lower numbers do wait for others"


def test_rows_belong_to_their_patients_when_a_lower_number_still_waits(
    scenario: Scenario, observe: Observe
) -> None:
    scarce = {"drug": "KN026", "initial": 3, "reorder_at": 1, "order": 1, "lead_time": "20 days"}
    waiting = scenario.with_overrides({"resources": {"supply": [scarce]}, "sweep": []})
    engine = ReferenceEngine(build_plan(waiting))
    records = [engine.simulate(seed=1, replicate=i) for i in range(3)]

    seen = observe(waiting, records, day=400)

    gaps = 0
    for one, snapshot, derived in zip(records, seen.snapshots, seen.endpoints, strict=True):
        numbers = snapshot.subjects["patient"]
        gaps += not np.array_equal(numbers, np.arange(len(numbers)))
        assert np.array_equal(derived["patient"], numbers)
        assert np.array_equal(snapshot.subjects["site"], one.subjects["site"][numbers])
        assert np.all(snapshot.baseline["1"] == one.baseline["1"][numbers])
        for rows in (snapshot.doses, snapshot.adverse_events, snapshot.assessments):
            assert set(rows["patient"].tolist()) <= set(numbers.tolist())
        leading = snapshot.doses["patient"][snapshot.doses["drug"] == 1]
        assert np.array_equal(derived["cycles"], [np.sum(leading == p) for p in numbers])
    assert gaps, "some number is not known yet, though a higher one is"
