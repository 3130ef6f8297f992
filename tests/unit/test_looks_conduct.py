"""Looks of random trials against their definition: cuts, samples, decisions, estimates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from look_trials import Case, named_rows, random_case, rows_of
from naive_looks import NaiveTrial, naive_arm, naive_z
from naive_tests import naive_estimates, naive_statistic

N_QUICK = 20


def cases(seed: int, how_many: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [random_case(rng) for _ in range(how_many)]


def is_same(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or abs(one - other) < 1e-9


def agree(row: dict[str, float], name: str, value: float) -> None:
    assert is_same(row[name], value), (name, row[name], value)


def check_case(case: Case) -> int:
    """Compare all rows with their definition; give the number of looks that were made."""
    rows, trial = named_rows(case), case.naive
    cuts = trial.find_cuts()
    paths: list[tuple[int, ...]] = [()] * len(case.design.hypotheses)
    decided: set[int] = set()
    for look, (day, reached) in enumerate(cuts):
        row = rows[look]
        check_look(trial, row, look, day, reached)
        now = check_hypotheses(case, trial, row, look, day, paths, decided)
        decided |= now
        n_hypotheses = len(case.design.hypotheses)
        ends = look + 1 == len(cuts) or (n_hypotheses > 0 and len(decided) == n_hypotheses)
        agree(row, "stopped", float(ends))
        check_estimates(case, trial, row, day, now, ends=ends)
        if ends:
            for later in rows[look + 1 :]:
                assert all(map(math.isnan, later.values()))
            return look + 1
    raise AssertionError("the trial has no end")


def check_look(
    trial: NaiveTrial, row: dict[str, float], look: int, day: int, reached: bool
) -> None:
    analysis = trial.design.analyses[look]
    agree(row, "cut_day", day)
    agree(row, "target_reached", float(reached))
    agree(row, "n_enrolled", sum(p.enrolled <= day for p in trial.patients))
    decision_day = day + analysis.cleaning_lag
    agree(row, "decision_day", decision_day)
    agree(row, "n_enrolled_at_decision", sum(p.enrolled <= decision_day for p in trial.patients))
    counted = [t.events for t in analysis.cut.triggers if t.events is not None]
    overshoot = trial.events(counted[0].endpoint, day) - counted[0].count if counted else math.nan
    agree(row, "overshoot", overshoot)
    for arm in trial.design.arms:
        mine = [p for p in trial.patients if p.arm == arm and p.enrolled <= day]
        agree(row, f"n_enrolled.{arm}", len(mine))
    for endpoint in trial.design.endpoints:
        sample = trial.sample(endpoint, day)
        agree(row, f"{endpoint.lower()}.events", sum(event for _, _, event in sample))
        for arm in trial.design.arms:
            events = sum(event for p, _, event in sample if p.arm == arm)
            agree(row, f"{endpoint.lower()}.events.{arm}", events)


def check_hypotheses(
    case: Case,
    trial: NaiveTrial,
    row: dict[str, float],
    look: int,
    day: int,
    paths: list[tuple[int, ...]],
    decided: set[int],
) -> set[int]:
    """Compare tests and decisions; give the hypotheses that this look decides."""
    now = set()
    for i, hypothesis in enumerate(case.design.hypotheses):
        name = hypothesis.name
        if i in decided:
            agree(row, f"{name}.decision", math.nan)
            agree(row, f"{name}.z", math.nan)
            continue
        arms = (hypothesis.experimental, hypothesis.control)
        sample = trial.sample(hypothesis.endpoint, day)
        events = sum(event for p, _, event in sample if p.arm in arms)
        agree(row, f"{name}.tested_events", events)
        agree(row, f"{name}.fraction", events / (hypothesis.information or 0))
        for test in case.design.estimates.tests:
            z = naive_statistic(trial, hypothesis, test.test, day)
            agree(row, f"{name}.{test.name}.z", z)
            for measure, value in naive_estimates(trial, hypothesis, test.test, day).items():
                agree(row, f"{name}.{test.name}.{measure}", value)
        for measure, value in naive_estimates(trial, hypothesis, hypothesis.test, day).items():
            agree(row, f"{name}.tested_{measure}", value)
        if look not in case.design.looks_of(hypothesis):
            agree(row, f"{name}.decision", 0.0)
            agree(row, f"{name}.z", math.nan)
            continue
        paths[i] = (*paths[i], events)
        bounds = case.boundaries.bounds(i, paths[i])
        if isinstance(hypothesis.test, str):
            z = naive_z(trial, hypothesis, day)
        else:
            z = naive_statistic(trial, hypothesis, hypothesis.test, day)
        agree(row, f"{name}.z", z)
        agree(row, f"{name}.efficacy_bound", bounds.efficacy)
        agree(row, f"{name}.futility_bound", bounds.futility)
        decision = 3.0 if bounds.decides else 2.0 if z <= bounds.futility else 0.0
        decision = 1.0 if z >= bounds.efficacy else decision
        agree(row, f"{name}.decision", decision)
        now |= {i} if decision > 0 else set()
    return now


def check_estimates(
    case: Case, trial: NaiveTrial, row: dict[str, float], day: int, now: set[int], *, ends: bool
) -> None:
    every_look = case.design.estimates.when == "every_look"
    hypotheses = case.design.hypotheses
    for endpoint in case.design.endpoints:
        arms_due = {
            arm
            for i in now
            if hypotheses[i].endpoint == endpoint
            for arm in (hypotheses[i].experimental, hypotheses[i].control)
        }
        for arm in case.design.arms:
            due = every_look or ends
            found = naive_arm(trial, endpoint, arm, day)
            for measure, value in found.items():
                name = f"{endpoint.lower()}.{measure}.{arm}"
                if due:
                    agree(row, name, value)
                elif arm not in arms_due:
                    agree(row, name, math.nan)
    for i, hypothesis in enumerate(hypotheses):
        means = [
            naive_arm(trial, hypothesis.endpoint, arm, day)["rmst"]
            for arm in (hypothesis.experimental, hypothesis.control)
        ]
        due = every_look or i in now
        agree(row, f"{hypothesis.name}.rmst_difference", means[0] - means[1] if due else math.nan)


def test_looks_are_what_their_definition_says() -> None:
    made = sum(check_case(case) for case in cases(21, N_QUICK))
    assert made > N_QUICK


@pytest.mark.verify
def test_many_looks_are_what_their_definition_says() -> None:
    made = sum(check_case(case) for case in cases(22, 600))
    assert made > 600


def test_compiled_looks_are_the_same_bits() -> None:
    for case in cases(23, 300):
        one, other = (rows_of(case, is_compiled=yes) for yes in (False, True))
        assert one.tobytes() == other.tobytes(), case


def test_cuts_are_the_first_days_on_which_their_conditions_are_met() -> None:
    for case in cases(25, 80):
        for row, (day, reached) in zip(named_rows(case), case.naive.find_cuts(), strict=True):
            if not math.isnan(row["cut_day"]):
                assert (row["cut_day"], row["target_reached"]) == (day, reached)


def test_a_cut_by_events_has_the_events_and_the_day_before_has_not() -> None:
    n = 0
    for case in cases(24, 200):
        trial, events = case.naive, case.design.analyses[0].cut.events
        row = named_rows(case)[0]
        if events is None or row["target_reached"] != 1:
            continue
        n += 1
        day = int(row["cut_day"])
        assert trial.events(events.endpoint, day) >= events.count
        assert day == 0 or trial.events(events.endpoint, day - 1) < events.count
    assert n > 10


def test_the_cases_are_of_every_kind() -> None:
    """What the checks above would silently leave out."""
    decisions, not_reached, early = set(), 0, 0
    for case in cases(21, 60):
        rows = named_rows(case)
        for row in rows:
            decisions |= {row[f"{h.name}.decision"] for h in case.design.hypotheses}
            not_reached += row["target_reached"] == 0
        early += any(row["stopped"] == 1 for row in rows[:-1])
    assert {0.0, 1.0, 2.0, 3.0} <= decisions
    assert not_reached > 3
    assert early > 3
