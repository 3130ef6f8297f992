"""What tests of all kinds share: the published trial, its plan, and a few of its replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simulate.analysis.stack import Stack, stack
from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import cut
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.reference import ReferenceEngine
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

KN026 = Path(__file__).parents[1] / "scenarios" / "kn026_phase2.yaml"

Run = Callable[..., TrialRecords]
Observe = Callable[..., Stack]


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The published trial, as its file has it. Never changed: `with_overrides` gives another."""
    return Scenario.from_file(KN026)


@pytest.fixture(scope="session")
def plan(scenario: Scenario) -> Plan:
    """The tables of the published trial."""
    return build_plan(scenario)


@pytest.fixture(scope="session")
def trials(scenario: Scenario, plan: Plan) -> tuple[TrialRecords, ...]:
    """Five replicates of the published trial, up to the horizon."""
    engine = ReferenceEngine(plan)
    return tuple(engine.simulate(seed=scenario.seed, replicate=i) for i in range(5))


@pytest.fixture(scope="session")
def run() -> Run:
    """Simulate one replicate of a scenario with the reference engine."""

    def simulate(
        trial: Scenario, *, seed: int = 1, replicate: int = 0, log: bool = False
    ) -> TrialRecords:
        return ReferenceEngine(build_plan(trial)).simulate(seed=seed, replicate=replicate, log=log)

    return simulate


@pytest.fixture(scope="session")
def observe() -> Observe:
    """Cut some replicates of a scenario, by default at its first analysis, and derive endpoints."""

    def cut_and_derive(
        trial: Scenario, records: Sequence[TrialRecords], *, day: int | None = None
    ) -> Stack:
        at = cut_day(trial, trial.analyses[0]) if day is None else day
        snapshots = [cut(one, at) for one in records]
        rules = endpoint_rules(trial)
        derived = [derive(rules, snapshot) for snapshot in snapshots]
        return stack(snapshots, derived)

    return cut_and_derive
