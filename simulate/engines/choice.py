"""Which engine runs a plan."""

from __future__ import annotations

from typing import Protocol

from simulate.engines.reference import ReferenceEngine
from simulate.errors import UsageError
from simulate.plan import AnyPlan
from simulate.records import TrialRecords

ENGINES = ("auto", "reference", "batch")
"""What a user can ask for; ``auto`` takes the quickest engine that can run the scenario."""


class Engine(Protocol):
    """Makes trials: the same patients for the same plan, seed and replicate, whichever engine."""

    name: str

    def simulate(self, *, seed: int, replicate: int, log: bool = False) -> TrialRecords:
        """Run one trial: the whole truth up to the plan's horizon."""


def get_engine(name: str, plan: AnyPlan) -> Engine:
    """The engine of a name for a plan; for single trials, ``auto`` is the SimPy engine.

    Raises
    ------
    UsageError
        If there is no engine of this name, or it cannot run the plan.
    """
    if name not in ENGINES:
        raise UsageError(f"there is no engine {name!r}; the engines are: {', '.join(ENGINES)}")
    if name == "batch":
        # only when asked for: it takes a moment to load
        from simulate.engines.batch.engine import BatchEngine

        return BatchEngine(plan)
    return ReferenceEngine(plan)
