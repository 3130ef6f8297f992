"""Decisions on hypotheses that share alpha, against the procedure in plain words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from look_trials import rows_of
from shared_alpha import LevelBoundaries, Procedure, random_design, sharing_case

from simulate.looks.book import BoundBook
from simulate.looks.build import look_plan, look_room
from simulate.looks.decisions import begin, decide, is_decided
from simulate.looks.design import LookDesign
from simulate.looks.plan import (
    DECISION,
    EFFICACY,
    GOES_ON,
    HYPOTHESIS_EVENTS,
    REJECTED,
    LookPlan,
    Z,
)
from simulate.looks.statistics import Tally
from simulate.plan import with_lists

N_QUICK = 400


def near(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or one == other or abs(one - other) < 1e-9


class Trial:
    """A design whose looks are decided by the rules, on given statistics."""

    def __init__(self, design: LookDesign, boundaries: LevelBoundaries) -> None:
        self.plan: LookPlan = with_lists(look_plan(design))
        self.tally: Tally = with_lists(look_room(look_plan(design), 10, 1).tally)
        self.book = BoundBook(boundaries, len(boundaries), as_lists=True)
        self.past: list[tuple[list[int], list[float]]] = []

    def look(self, events: list[int], z: list[float]) -> list[float]:
        """The row of the next look."""
        self.past.append((events, z))
        while (row := self._from_the_start()) is None:
            self.book.learn()
        return row

    def _from_the_start(self) -> list[float] | None:
        begin(self.plan, self.tally)
        tally: Any = self.tally
        for look, (events, z) in enumerate(self.past):
            row = [math.nan] * self.plan.places.n_columns
            tally.events[:], tally.z[:] = events, z
            if not decide(self.plan, self.book.tree, look, self.tally, row, 0):
                return None
        return row


def check(rng: np.random.Generator) -> set[str]:
    """Compare every look of a trial with the procedure; tell what happened."""
    design, seen = random_design(rng), set()
    boundaries = LevelBoundaries(design)
    trial, procedure = Trial(design, boundaries), Procedure(design, boundaries)
    n, events = len(design.hypotheses), np.zeros(len(design.hypotheses), int)
    for look in range(len(design.analyses)):
        events += rng.integers(0, 30, n)
        z, before = rng.normal(0.1, 0.6, n).tolist(), dict(procedure.open)
        procedure.look(look, events.tolist(), z)
        row = trial.look(events.tolist(), z)
        for h in range(n):
            column = trial.plan.places.hypothesis[h]
            decision = procedure.decision(h) if h in before else math.nan
            assert near(row[column + DECISION], decision)
            if h in before:
                seen |= check_test(trial, row, column, before[h], decision)
        assert is_decided(trial.plan, trial.tally) == (not procedure.open)
        if not procedure.open:
            return seen | ({"ends early"} if look + 1 < len(design.analyses) else set())
    raise AssertionError("the trial has no end")


def check_test(trial: Trial, row: list[float], column: int, each: Any, decision: float) -> set[str]:
    """Compare what a look says of one test; tell what sort of test it was."""
    level = row[column + trial.plan.places.level]
    if decision == 3 and not each.is_over:
        return {f"decision {decision:g}", "out of reach"}
    if not each.tested_now and not each.is_over:
        return {f"decision {decision:g}"}
    if not math.isnan(row[column + Z]):
        assert row[column + HYPOTHESIS_EVENTS] == each.path[-1]
        assert row[column + Z] == each.z
        assert near(level, each.level)
        assert (row[column + EFFICACY] == math.inf) == (each.level == 0)
    else:
        assert not each.tested_now
    if decision == REJECTED and not each.tested_now:
        return {f"decision {decision:g}", "tested again after its last look"}
    if decision == GOES_ON and each.is_over:
        return {f"decision {decision:g}", "waits after its last look"}
    return {f"decision {decision:g}", "without alpha" if level == 0 else "tested"}


def test_decisions_are_those_of_the_procedure() -> None:
    rng = np.random.default_rng(31)
    seen = set().union(*(check(rng) for _ in range(N_QUICK)))
    assert seen == {f"decision {each}" for each in range(4)} | {
        "tested",
        "without alpha",
        "waits after its last look",
        "tested again after its last look",
        "out of reach",
        "ends early",
    }


def test_compiled_looks_are_the_same_bits() -> None:
    rng = np.random.default_rng(32)
    for _ in range(60):
        case = sharing_case(rng)
        one, other = (rows_of(case, is_compiled=yes) for yes in (False, True))
        assert one.tobytes() == other.tobytes(), case
