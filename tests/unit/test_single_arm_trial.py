"""A single-arm design applied to a trial, against doing it day by day with whole data cuts."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from simulate.analysis.plan import analysis_plan
from simulate.analysis.single_arm import write_single_arm
from simulate.analysis.single_arm_plan import (
    FULL_SLOTS,
    LOOK_SLOTS,
    N_FULL,
    N_LOOK,
    N_OVERALL,
    OVERALL_SLOTS,
    single_arm_slots,
)
from simulate.analysis.workspace import workspace
from simulate.build_plan import build_plan
from simulate.cutoff import cut
from simulate.distributions import NEVER
from simulate.endpoints import derive_trial
from simulate.engines.reference import ReferenceEngine
from simulate.ledger import ledger_of
from simulate.plan import with_lists
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.story import story

SIMON = {"kind": "simon", "p0": 0.3, "p1": 0.5, "alpha": 0.05, "power": 0.8}
OFTEN = {"kind": "bop2", "looks": [8, 16, 24, 32], "p0": 0.3, "p1": 0.55, "alpha": 0.1}
BOTH_WAYS = {
    "kind": "go_consider_no_go",
    "looks": [15, 30],
    "lower_reference": 0.3,
    "target": 0.5,
    "go_confidence": 0.99,
}
EVALUABLE = {"ascertainment": "evaluable", "evaluable_after": "14 weeks"}
LATE = {"kind": "uniform", "low": "0 days", "high": "200 days"}
SCARCE = {"drug": "KN026", "initial": 3, "reorder_at": 1, "order": 1, "lead_time": "20 days"}

VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "only what is confirmed counts": (
        {"design": SIMON, "interim": {"after": "10 weeks"}, "final": {"after": "20 weeks"}},
        {},
    ),
    "all must be evaluable": (
        {"design": SIMON, "interim": EVALUABLE, "final": {**EVALUABLE, "after": "1 week"}},
        {"follow_up.last_contact_lag": LATE},
    ),
    "enrolment pauses": (
        {
            "design": OFTEN,
            "interim": {**EVALUABLE, "enrolment": "pauses", "cleaning_lag": "2 weeks"},
            "final": {"when": "enrolled", "after": "15 weeks", "cleaning_lag": "3 weeks"},
        },
        {},
    ),
    "looks overtake each other": (
        {
            "design": OFTEN,
            "interim": {"after": "26 weeks", "cleaning_lag": "120 days"},
            "final": {},
        },
        {},
    ),
    "go, consider and no go": (
        {"design": BOTH_WAYS, "interim": {"after": "20 weeks"}, "final": EVALUABLE},
        {
            "follow_up.withdrawal": {"kind": "exponential", "mean": "400 days"},
            "disease.response.probability": 0.65,
        },
    ),
    "not all looks are reached": (
        {"design": SIMON, "interim": {"after": "1100 days"}, "final": {"after": "1000 days"}},
        {},
    ),
    "watched day by day": (
        {"design": SIMON, "interim": EVALUABLE, "final": EVALUABLE},
        {"assessment.schedule": "continuous", "follow_up.last_contact_lag": LATE},
    ),
    "patients wait for drugs": (
        {"design": SIMON, "interim": {"when": "enrolled"}, "final": {"after": "10 weeks"}},
        {"resources": {"supply": [SCARCE]}},
    ),
    "one look": (
        {
            "design": {"kind": "single_stage", "p0": 0.3, "p1": 0.5, "alpha": 0.1, "patients": 25},
            "final": EVALUABLE,
        },
        {"sample_size": 25},
    ),
}


PLAIN: dict[str, Any] = {
    "facts": None,
    "sweep": [],
    "sample_size": 50,
    "disease.response.probability": 0.5,
    "toxicity": None,
    "treatment.drugs.KN026.rules": [],
    "treatment.drugs.docetaxel.rules": [],
    "follow_up.early_stop.adverse_event": None,
    "follow_up.withdrawal_adverse_event": None,
}

Trials = tuple[Scenario, list[TrialRecords]]


@pytest.fixture(scope="module")
def made(scenario: Scenario) -> dict[str, Trials]:
    """Each variant with three replicates."""
    found = {}
    for name, (block, changes) in VARIANTS.items():
        trial = scenario.with_overrides({**PLAIN, **changes, "single_arm": block})
        engine = ReferenceEngine(build_plan(trial))
        found[name] = trial, [engine.simulate(seed=5, replicate=r) for r in range(3)]
    return found


def by_rule(trial: Scenario, records: TrialRecords) -> dict[str, float]:
    """What the rule writes of a trial, in plain Python."""
    plan = analysis_plan(trial, trial.analyses[-1])
    work, rules = with_lists(workspace(plan, trial.sample_size)), with_lists(plan.single_arm)
    names = single_arm_slots(trial)
    out = [-7.0] * len(names)
    write_single_arm(rules, plan.endpoints, ledger_of(records), work.known, work.single_arm, out, 0)
    return dict(zip((name.removeprefix("single_arm_") for name in names), out, strict=True))


class Seen(NamedTuple):
    """A day's data: by patient, whether a response is confirmed, and whether that is settled."""

    responded: np.ndarray[Any, np.dtype[np.bool_]]
    settled: np.ndarray[Any, np.dtype[np.bool_]]


def seen_on(trial: Scenario, records: TrialRecords, day: int) -> Seen:
    snapshot = cut(records, day)
    endpoints = derive_trial(trial, snapshot)
    responded, settled = (np.zeros(records.n_patients, bool) for _ in range(2))
    who, known = snapshot.subjects["patient"], snapshot.subjects
    responded[who] = np.isin(endpoints["best_response"], (1, 2))
    progressed = (endpoints["pfs_event"] == 1) & (endpoints["pfs_is_death"] == 0)
    stopped = (known["assessment_stop_day"] < NEVER) | (known["study_withdrawal_day"] < NEVER)
    settled[who] = responded[who] | progressed | stopped | (endpoints["os_event"] == 1)
    return Seen(responded, settled)


def day_by_day(trial: Scenario, records: TrialRecords) -> dict[str, float]:
    """Apply the design with whole data cuts: wait day by day, and move patients after a pause."""
    block, last = trial.single_arm, (trial.analyses[-1].cut.date - trial.origin).days
    assert block is not None
    rule, found, decided_on = block.design.rule, {}, 0
    full = seen_on(trial, records, last).responded
    for look, n in enumerate(rule.patients):
        how, subjects = block.looks[look], records.subjects
        start = subjects["first_dose_trial_day" if how.when == "treated" else "enrolment_trial_day"]
        due = max(int(start[:n].max()) + how.after, decided_on)
        missed = len(start) < n or due > last
        while how.evaluable_after is not None and not missed:
            long = due - subjects["first_dose_trial_day"][:n] >= how.evaluable_after
            if (seen_on(trial, records, due).settled[:n] | long).all():
                break
            due += 1
            missed = due > last
        day = last if missed else due
        seen = seen_on(trial, records, day)
        count = int(seen.responded[:n].sum())
        decided_on = day + how.cleaning_lag
        if getattr(how, "enrolment", "") == "pauses" and look + 1 < rule.n_looks:
            moved = np.where(
                np.arange(len(start)) < n,
                0,
                decided_on + 1 - subjects["enrolment_trial_day"][n - 1],
            )
            days = ("enrolment_trial_day", "first_dose_trial_day")
            later = {name: subjects[name] + moved for name in days}
            records = replace(records, subjects={**subjects, **later})
        own = {
            "day": day,
            "responders": count,
            "pending": int((~seen.settled[:n]).sum()),
            "later_responders": int(full[:n].sum()) - count,
            "no_go": count <= rule.no_go[look],
            "go": count >= rule.go[look],
        }
        found |= {f"look_{look + 1}_{name}": value for name, value in own.items()}
        if own["no_go"] or own["go"] or look + 1 == rule.n_looks:
            break
    enrolled = {
        name: int((records.subjects[f"{day}_trial_day"] <= decided_on).sum())
        for name, day in (("enrolled", "enrolment"), ("treated", "first_dose"))
    }
    decision = {"go": own["go"], "no_go": own["no_go"]}
    decision["consider"] = not (own["go"] or own["no_go"])
    counted = {name: own[name] for name in ("responders", "pending", "later_responders")}
    overall = {"look": look + 1, "day": decided_on, "patients": n, "target_not_reached": missed}
    return found | decision | counted | overall | enrolled | without_delay(rule, full)


def without_delay(rule: Any, full: Any) -> dict[str, float]:
    for look, (n, low, high) in enumerate(
        zip(rule.patients, rule.no_go, rule.go, strict=True), start=1
    ):
        count = full[:n].sum()
        if count <= low or count >= high or look == rule.n_looks:
            break
    return {
        "full_no_go": count <= low,
        "full_go": count >= high,
        "full_consider": low < count < high,
        "full_look": look,
        "full_n": rule.most_patients,
        "full_responders": full[: rule.most_patients].sum(),
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_design_is_applied_as_day_by_day(variant: str, made: dict[str, Trials]) -> None:
    trial, replicates = made[variant]
    for records in replicates:
        rule = by_rule(trial, records)

        naive = day_by_day(trial, records)
        made = {name: value for name, value in rule.items() if not np.isnan(value)}
        assert made == {name: float(value) for name, value in naive.items()}


def test_the_variants_meet_what_they_are_for(made: dict[str, Trials]) -> None:
    """Each decision is made, looks wait, are missed, and enrolment goes on or does not."""
    found = {
        name: [by_rule(trial, records) for records in replicates]
        for name, (trial, replicates) in made.items()
    }
    every = [row for rows in found.values() for row in rows]

    for decision in ("go", "no_go", "consider", "full_go", "full_no_go", "full_consider"):
        assert any(row[decision] == 1 for row in every), decision
    assert any(row["later_responders"] > 0 for row in every)
    assert all(row["target_not_reached"] == 1 for row in found["not all looks are reached"])
    assert all(row["enrolled"] > row["patients"] for row in found["looks overtake each other"])
    stopped = [row for row in found["enrolment pauses"] if row["look"] < 4]
    assert all(row["enrolled"] == row["patients"] for row in stopped)


def test_a_trial_with_too_few_patients_is_decided_at_its_last_data_cut(scenario: Scenario) -> None:
    few = scenario.with_overrides(
        {
            **PLAIN,
            "single_arm": {"design": SIMON, "interim": EVALUABLE, "final": {}},
            "enrolment.accrual": {
                "kind": "poisson_gamma",
                "rate": "0.05 per month",
                "window": "20 months",
            },
        }
    )
    records = ReferenceEngine(build_plan(few)).simulate(seed=5, replicate=0)
    assert 0 < records.n_patients < 46

    row = by_rule(few, records)

    assert row["target_not_reached"] == 1
    assert row["go"] + row["no_go"] == 1
    assert row["patients"] == min(46 if row["look"] == 2 else 15, records.n_patients)


def test_slots_are_counted_by_their_names(scenario: Scenario) -> None:
    assert (len(OVERALL_SLOTS), len(FULL_SLOTS), len(LOOK_SLOTS)) == (N_OVERALL, N_FULL, N_LOOK)
    assert single_arm_slots(scenario) == ()


@pytest.mark.parametrize(
    "variant", ["enrolment pauses", "go, consider and no go", "looks overtake each other"]
)
def test_a_patients_story_tells_the_looks(variant: str, made: dict[str, Trials]) -> None:
    trial, replicates = made[variant]
    assert trial.single_arm is not None
    patients = trial.single_arm.design.rule.patients
    seen: Counter[str] = Counter()
    for replicate, records in enumerate(replicates):
        naive, patient = day_by_day(trial, records), patients[0] + replicate
        text = story(trial, seed=5, replicate=replicate, patient=patient)
        words = " ".join(text.split())
        told = re.findall(r"LOOK (\d) of \d of the single-arm design \((\S+)\): (\d+) of", words)
        assert [(int(look), int(n)) for look, _, n in told] == [
            (look, naive[f"look_{look}_responders"]) for look in range(1, int(naive["look"]) + 1)
        ]
        days = [(dt.date.fromisoformat(date) - trial.origin).days for _, date, _ in told]
        assert days == [naive[f"look_{look}_day"] for look in range(1, len(told) + 1)]
        going_on = r"(\d{4}-\d\d-\d\d) \d+ \d+ Look (\d) decides that the trial goes on: (.*?\d) or"
        on = [
            (dt.date.fromisoformat(date) - trial.origin).days
            for date, *_ in re.findall(going_on, words)
        ]
        lags = [each.cleaning_lag for each in trial.single_arm.looks]
        assert on == [day + lag for day, lag in zip(days[:-1], lags, strict=False)]
        bounds = trial.single_arm.design.rule
        for _, look, what in re.findall(going_on, words):
            low, high = bounds.no_go[int(look) - 1], bounds.go[int(look) - 1]
            needs = f"no go needs {low}" if low >= 0 else f"go needs {high}"
            assert what == needs
        (decision,) = re.findall("The trial ends: (no go|go|consider)", words)
        assert naive[decision.replace(" ", "_")] == 1
        enrolled = records.subjects["enrolment_trial_day"][patient]
        assert ("would not be enrolled" in words) == (enrolled > naive["day"])
        assert words.count("this patient is not among them") >= 1
        seen.update([decision, "paused" if "enrolment pauses" in words else "goes on"])
    assert ("paused" in seen) == (variant == "enrolment pauses")


def test_a_story_without_a_design_has_no_looks(scenario: Scenario) -> None:
    assert "LOOK" not in story(scenario, seed=5, replicate=0, patient=1)
