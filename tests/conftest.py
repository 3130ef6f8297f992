"""What tests of all kinds share: the published trial, its plan, and a few of its replicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants
from observed import Observed, plan_of_day

from simulate.build_plan import build_plan
from simulate.engines.reference import ReferenceEngine
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

KN026 = Path(__file__).parents[1] / "scenarios" / "kn026_phase2.yaml"

Run = Callable[..., TrialRecords]
Observe = Callable[..., Observed]


def pytest_configure() -> None:
    """Draw the same random trials in every process.

    Hypothesis also draws numbers that it finds in the source of the modules that are loaded, and
    which ones are loaded depends on the tests before.
    """
    pytest.MonkeyPatch().setattr(HypothesisProvider, "_local_constants", Constants())


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """The published trial with the values of its own file, which no new calibration changes.

    Never changed: `with_overrides` gives another. What a calibration changes has its own tests.
    """
    return Scenario.from_file(KN026, ["parameters=null"])


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
    """Cut some replicates of a scenario, by default at its first analysis, and analyse them."""

    def look(
        trial: Scenario, records: Sequence[TrialRecords], *, day: int | None = None
    ) -> Observed:
        return Observed(trial, records, plan_of_day(trial, day))

    return look
