"""What holds in every trial, whatever the scenario: order, windows, ends, and paired draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from observed import Observed

from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.engines.reference import ReferenceEngine
from simulate.patient import assessment as scans
from simulate.patient import treatment
from simulate.plan import Plan
from simulate.records import Columns, TrialRecords
from simulate.scenario.enrolment import PowerAccrual
from simulate.scenario.scenario import Scenario

Run = Callable[..., TrialRecords]
Observe = Callable[..., Observed]

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

# ---- scenarios by chance ------------------------------------------------------------------------


def mean(days: int) -> dict[str, Any]:
    return {"kind": "exponential", "mean": f"{days} days"}


some_days = st.sampled_from([3, 20, 90, 400, 2000])
calendars = st.sampled_from(
    [
        [{"every": "6 weeks", "until": "48 weeks"}, {"every": "12 weeks"}],
        [{"every": "12 weeks"}],
        [{"every": "3 weeks", "until": "9 weeks"}, {"every": "6 weeks"}],
    ]
)
poisson = st.fixed_dictionaries(
    {
        "kind": st.just("poisson_gamma"),
        "rate": st.sampled_from(["0.2 per month", "2 per month", "1 per day"]),
        "window": st.sampled_from(["30 days", "10 months", "2 years"]),
    }
)
power = st.fixed_dictionaries(
    {
        "kind": st.just("power"),
        "exponent": st.sampled_from([0.5, 1.0, 4.0]),
        "first": st.sampled_from([dt.date(2020, 1, 13), dt.date(2020, 2, 1)]),
        "last": st.sampled_from([dt.date(2020, 2, 1), dt.date(2021, 6, 1)]),
    }
)
probability = st.sampled_from([0, 0.1, 0.5, 1])

overrides = st.fixed_dictionaries(
    {
        "sample_size": st.integers(1, 60),
        "enrolment.accrual": poisson | power,
        "enrolment.sites": st.sampled_from(
            [{"count": 1}, {"count": 7, "activation": mean(60), "rate_shape": 1.2}, {"count": 40}]
        ),
        "assessment.calendar": calendars,
        "assessment.window": st.sampled_from(["0 days", "3 days", "7 days"]),
        "assessment.jitter_sd": st.just("0 days"),
        "assessment.missed": st.sampled_from([0, 0.1, 0.9]),
        "assessment.clinical_progression": st.none()
        | st.fixed_dictionaries(
            {
                "probability": probability,
                "delay": st.sampled_from([["0 days", "0 days"], ["1 day", "60 days"]]),
            }
        ),
        "disease.response.probability": probability,
        "disease.response.complete": probability,
        "disease.progression.responders": some_days.map(mean),
        "disease.progression.non_responders": some_days.map(mean),
        "disease.death_without_progression": some_days.map(mean),
        "disease.death_after_progression": some_days.map(mean),
        "treatment.delay": st.sampled_from([None, {"mean": "9 days", "shape": 0.5}]),
        "follow_up.withdrawal": st.none() | some_days.map(mean),
        "follow_up.lost_at_withdrawal": probability,
        "follow_up.last_contact_lag": st.none() | some_days.map(mean),
        "follow_up.death_window": st.sampled_from(["0 days", "30 days", "400 days"]),
        "analyses.final.cut.date": st.sampled_from(
            [dt.date(2021, 6, 30), dt.date(2022, 7, 1), dt.date(2023, 9, 15)]
        ),
    }
)


def with_jitter(changes: dict[str, Any]) -> dict[str, Any]:
    """Visits vary wherever there is a window, which a scenario demands."""
    jitter = "0 days" if changes["assessment.window"] == "0 days" else "3 days"
    return changes | {"assessment.jitter_sd": jitter, "sweep": []}


scenarios_changes = overrides.map(with_jitter)

# ---- what always holds --------------------------------------------------------------------------


def check_enrolment(trial: Scenario, subjects: Columns) -> None:
    days = subjects["first_dose_trial_day"].tolist()
    assert len(days) <= trial.sample_size
    assert np.array_equal(subjects["enrolment_trial_day"], subjects["first_dose_trial_day"])
    ranks = list(zip(days, subjects["site"].tolist(), strict=True))
    assert ranks == sorted(ranks), "numbers go by day, then by site"
    accrual = trial.enrolment.accrual
    if isinstance(accrual, PowerAccrual):
        assert len(days) == trial.sample_size
        assert days[0] == (accrual.first - trial.origin).days
        assert len(days) == 1 or days[-1] == (accrual.last - trial.origin).days


def check_latent(subjects: Columns) -> None:
    response, progression, death = (
        subjects[f"{name}_day"] for name in ("response", "progression", "death")
    )
    progresses = progression < NEVER
    assert np.all(death[progresses] > progression[progresses])
    both = progresses & (subjects["responder"] == 1)
    assert np.all(progression[both] > response[both]), "no progression before response"
    assert np.array_equal(response < NEVER, subjects["responder"] == 1)
    assert not np.any((subjects["complete"] == 1) & (subjects["responder"] == 0))
    assert np.all(subjects["baseline_scan_day"] <= 0)


def check_doses(plan: Plan, records: TrialRecords) -> None:
    doses, subjects = records.doses, records.subjects
    patient = doses["patient"]
    assert np.all(subjects["first_dose_trial_day"][patient] + doses["day"] <= plan.horizon)
    assert np.all(doses["day"] <= subjects["treatment_stop_day"][patient])
    assert np.all(doses["day"] < subjects["death_day"][patient])
    reason = subjects["treatment_stop_reason"][patient]
    same_day = doses["day"] == subjects["treatment_stop_day"][patient]
    assert not np.any(same_day & (reason == treatment.PROGRESSION)), "the scan comes first"
    leading = doses["drug"] == 1
    for number in range(records.n_patients):
        of = leading & (patient == number)
        day, cycle = doses["day"][of], doses["cycle"][of]
        late = doses["delay"][of] + doses["hold"][of] + doses["wait"][of]
        if subjects["first_dose_trial_day"][number] <= plan.horizon:
            assert day[0] == late[0] == 0
        assert cycle.tolist() == list(range(1, len(day) + 1))
        assert np.array_equal(np.diff(day), plan.treatment.cycle_length + late[1:])
        others = ~leading & (patient == number)  # are given with the leading drug, in some cycles
        assert np.array_equal(doses["day"][others], day[doses["cycle"][others] - 1])


def check_scans(plan: Plan, records: TrialRecords) -> None:
    found, subjects = records.assessments, records.subjects
    patient, day, finding = found["patient"], found["day"], found["response"]
    assert np.all(subjects["first_dose_trial_day"][patient] + day <= plan.horizon)
    assert np.all(day <= subjects["assessment_stop_day"][patient])
    assert np.all(day < subjects["death_day"][patient])
    assert np.all(np.abs(day - found["planned_day"]) <= plan.assessment.window)
    progressed = subjects["progression_day"][patient] <= day
    done = found["performed"] == 1
    assert np.array_equal(finding[done] == scans.PROGRESSIVE_DISEASE, progressed[done])
    assert np.all(finding[~done] == scans.NOT_EVALUABLE)
    for number in range(records.n_patients):
        of = patient == number
        regular = of & (found["visit"] != scans.UNSCHEDULED)
        n = int(regular.sum())
        assert found["visit"][regular].tolist() == list(range(1, n + 1)), "no visit left out"
        assert np.array_equal(
            found["planned_day"][regular], plan.assessment.nominal_days[1 : n + 1]
        )
        assert np.all(np.diff(day[of & done]) > 0)
        assert np.all(np.diff(day[of]) >= 0)
        pd = np.flatnonzero(finding[of] == scans.PROGRESSIVE_DISEASE)
        assert pd.tolist() in ([], [of.sum() - 1]), "the scan that shows progression is the last"
        if n < len(plan.assessment.nominal_days) - 1:  # why did the next visit not take place?
            next_visit = plan.assessment.nominal_days[n + 1] + plan.assessment.window
            last_day = plan.horizon - subjects["first_dose_trial_day"][number]
            assert next_visit >= min(subjects["assessment_stop_day"][number], last_day)


LEAVING = (treatment.WITHDRAWAL, treatment.EARLY_STOP, treatment.ADVERSE_EVENT)
"""Reasons with which a patient may leave the study as well."""


def check_ends(plan: Plan, records: TrialRecords) -> None:
    subjects, found = records.subjects, records.assessments
    stop, reason = subjects["treatment_stop_day"], subjects["treatment_stop_reason"]
    pd_day = np.full(records.n_patients, NEVER)
    shown = found["response"] == scans.PROGRESSIVE_DISEASE
    pd_day[found["patient"][shown]] = found["day"][shown]
    by_pd, by_death = reason == treatment.PROGRESSION, reason == treatment.DEATH
    left = np.isin(reason, LEAVING)
    assert np.array_equal(stop[by_pd], pd_day[by_pd])
    assert np.all(pd_day[~by_pd] == NEVER)
    assert np.array_equal(stop[by_death], subjects["death_day"][by_death])
    assert np.array_equal(stop == NEVER, reason == treatment.NOT_STOPPED)
    assert np.array_equal(stop, subjects["assessment_stop_day"])
    last_day = plan.horizon - subjects["first_dose_trial_day"]
    assert np.all((stop <= last_day) | (stop == NEVER))
    assert np.all((stop <= subjects["death_day"]) | (subjects["death_day"] > last_day))
    gone = subjects["study_withdrawal_day"] < NEVER
    assert np.all(left[gone])
    assert np.array_equal(subjects["study_withdrawal_day"][gone], stop[gone])


def check_order(records: TrialRecords) -> None:
    """Rows come by patient and then in time: the cut takes the first ones of each patient."""
    for name, day in (("assessments", "day"), ("doses", "day"), ("adverse_events", "onset_day")):
        rows = getattr(records, name)
        in_order = np.lexsort((rows[day], rows["patient"]))
        assert np.array_equal(in_order, np.arange(len(in_order))), name


def check_known(trial: Scenario, records: TrialRecords, observe: Observe) -> None:
    for day in (None, 200):
        own = observe(trial, [records], day=day).endpoints[0]
        assert np.all(own["os_time"] >= own["pfs_time"]), "nobody dies before PFS ends"
        assert np.all(own["pfs_time"] >= 1)
        assert np.all(own["os_event"][own["pfs_is_death"] == 1] == 1)
        responded = own["ttr_event"] == 1
        assert np.array_equal(own["dor_time"] > 0, responded)
        total = own["ttr_time"] + own["dor_time"] - 1
        assert np.array_equal(total[responded], own["pfs_time"][responded])
        assert np.array_equal(own["dor_event"][responded], own["pfs_event"][responded])


def check_trial(trial: Scenario, records: TrialRecords, observe: Observe) -> None:
    plan = build_plan(trial)
    check_enrolment(trial, records.subjects)
    check_latent(records.subjects)
    check_doses(plan, records)
    check_scans(plan, records)
    check_ends(plan, records)
    check_order(records)
    check_known(trial, records, observe)


def test_the_published_trial(
    scenario: Scenario, trials: tuple[TrialRecords, ...], observe: Observe
) -> None:
    for records in trials:
        check_trial(scenario, records, observe)


@QUICK
@given(changes=scenarios_changes, replicate=st.integers(0, 2**32 - 1))
def test_any_trial(
    scenario: Scenario, run: Run, observe: Observe, changes: dict[str, Any], replicate: int
) -> None:
    trial = scenario.with_overrides(changes)

    check_trial(trial, run(trial, replicate=replicate), observe)


@pytest.mark.verify
@settings(parent=QUICK, max_examples=1500)
@given(changes=scenarios_changes, replicate=st.integers(0, 2**32 - 1))
def test_any_of_many_trials(
    scenario: Scenario, run: Run, observe: Observe, changes: dict[str, Any], replicate: int
) -> None:
    trial = scenario.with_overrides(changes)

    check_trial(trial, run(trial, replicate=replicate), observe)


# ---- negative controls: the checks can bite -----------------------------------------------------


def broken(records: TrialRecords, table: str, name: str, row: int, value: int) -> TrialRecords:
    parts = ("subjects", "assessments", "doses", "adverse_events")
    tables = {part: dict(getattr(records, part)) for part in parts}
    column = tables[table][name].copy()
    column[row] = value
    tables[table][name] = column
    return TrialRecords(baseline=records.baseline, **tables)


@pytest.mark.parametrize(
    ("table", "name", "row", "value"),
    [
        ("subjects", "first_dose_trial_day", 3, 499),
        ("subjects", "death_day", 0, 5),
        ("subjects", "treatment_stop_day", 0, 3),
        ("subjects", "treatment_stop_reason", 0, 7),
        ("subjects", "complete", slice(None), 1),
        ("doses", "day", 1, 2),
        ("doses", "day", -1, 5000),
        ("doses", "cycle", 2, 9),
        ("assessments", "day", 2, 1),
        ("assessments", "visit", 1, 7),
        ("assessments", "response", 0, 4),
    ],
)
def test_the_checks_find_a_broken_trial(
    scenario: Scenario,
    trials: tuple[TrialRecords, ...],
    observe: Observe,
    table: str,
    name: str,
    row: int,
    value: int,
) -> None:
    with pytest.raises(AssertionError):
        check_trial(scenario, broken(trials[0], table, name, row, value), observe)


# ---- scenarios share their draws ----------------------------------------------------------------

LATENT = (
    "baseline_scan_day",
    "responder",
    "complete",
    "response_day",
    "progression_day",
    "death_day",
    "contact_lag",
)


def assert_same_patients(a: TrialRecords, b: TrialRecords) -> None:
    """The patients whom both trials have are latently the same."""
    n = min(a.n_patients, b.n_patients)
    assert n > 0
    for name in LATENT:
        assert np.array_equal(a.subjects[name][:n], b.subjects[name][:n]), name
    for name, levels in a.baseline.items():
        assert np.array_equal(levels[:n], b.baseline[name][:n]), name


@pytest.mark.parametrize(
    "changes",
    [
        {"assessment.calendar": [{"every": "12 weeks"}]},
        {"assessment.window": "3 days", "assessment.missed": 0.5},
        {"assessment.clinical_progression": None},
        {"treatment.delay": None},
        {"follow_up.withdrawal": None, "follow_up.early_stop": None},
        {"toxicity.terms.neutrophil_decrease.rate": 3.0},
        {"treatment.drugs.KN026.rules": [], "treatment.drugs.docetaxel.rules": []},
        {"enrolment.sites.count": 20},
        {"enrolment.accrual.exponent": 1.0},
        {
            "enrolment.accrual": {
                "kind": "poisson_gamma",
                "rate": "1 per month",
                "window": "3 years",
            }
        },
        {"sample_size": 80},
        {"sample_size": 5},
        {"analyses.final.cut.date": dt.date(2022, 1, 1)},
    ],
    ids=str,
)
def test_a_change_elsewhere_leaves_the_patients_as_they_are(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run, changes: dict[str, Any]
) -> None:
    other = run(scenario.with_overrides(changes), seed=scenario.seed)

    assert_same_patients(trials[0], other)


def test_another_calendar_is_seen_in_the_scans(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run
) -> None:
    other = run(
        scenario.with_overrides({"assessment.calendar": [{"every": "12 weeks"}]}),
        seed=scenario.seed,
    )

    assert len(other.assessments["day"]) < len(trials[0].assessments["day"])


def test_a_larger_trial_has_the_same_visits_and_delays(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run
) -> None:
    larger = run(scenario.with_overrides({"sample_size": 80}), seed=scenario.seed)

    assert larger.n_patients == 80
    for name in ("assessments", "doses", "adverse_events"):
        ours, theirs = getattr(trials[0], name), getattr(larger, name)
        for number in range(57):
            # entry is on another day, so that the horizon comes earlier or later in their life
            rows = [
                list(zip(*(c[t["patient"] == number].tolist() for c in t.values()), strict=True))
                for t in (ours, theirs)
            ]
            n = min(map(len, rows))
            assert rows[0][:n] == rows[1][:n]


def test_one_assumption_moves_only_what_depends_on_it(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run
) -> None:
    later = run(
        scenario.with_overrides({"disease.progression.responders.scale": "60 months"}),
        seed=scenario.seed,
    )

    ours, theirs = trials[0].subjects, later.subjects
    for name in ("responder", "response_day", "first_dose_trial_day", "site", "contact_lag"):
        assert np.array_equal(ours[name], theirs[name]), name
    moved = ours["responder"] == 1
    assert np.array_equal(ours["progression_day"][~moved], theirs["progression_day"][~moved])
    both = moved & (ours["progression_day"] < NEVER) & (theirs["progression_day"] < NEVER)
    assert np.all(theirs["progression_day"][both] > ours["progression_day"][both])


def test_patients_of_other_replicates_are_others(trials: tuple[TrialRecords, ...]) -> None:
    with pytest.raises(AssertionError):
        assert_same_patients(trials[0], trials[1])


def test_the_same_call_twice_is_the_same_trial(
    scenario: Scenario, plan: Plan, trials: tuple[TrialRecords, ...]
) -> None:
    again = ReferenceEngine(plan).simulate(seed=scenario.seed, replicate=2)

    for name in ("subjects", "baseline", "assessments", "doses", "adverse_events"):
        ours, theirs = getattr(trials[2], name), getattr(again, name)
        assert list(ours) == list(theirs)
        assert all(ours[column].tobytes() == theirs[column].tobytes() for column in ours)
