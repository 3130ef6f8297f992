"""Which engine runs a scenario, and why: decided by the scenario and the number of replicates."""

from __future__ import annotations

from typing import NamedTuple

from simulate.engines.choice import ENGINES
from simulate.errors import UsageError
from simulate.plan import AnyPlan

AUTO, REFERENCE, BATCH = "auto", "reference", "batch"

FEW = 50
"""Replicates up to which waiting for the compiler takes longer than simulating in Python."""


class EngineChoice(NamedTuple):
    """An engine and the reason for it."""

    name: str
    reason: str
    """As it ends the sentence 'this engine ran because ...'."""


def choose_engine(asked: str, plan: AnyPlan, replicates: int) -> EngineChoice:
    """The engine that runs so many replicates of a plan.

    All engines give the same patients to the last bit, so the choice changes no result. It looks
    at nothing but the plan and the number of replicates, so that it is the same on every machine.

    Parameters
    ----------
    asked : str
        ``auto``, or the engine that the user asks for.
    plan : Plan or TrialPlan
        The scenario in numbers.
    replicates : int
        How many are to be run.

    Raises
    ------
    UsageError
        If there is no such engine, or it cannot run the scenario.
    """
    if asked == BATCH and plan.has_shared_resources:
        raise UsageError(
            "the batch engine cannot run this scenario, in which patients of a site share infusion "
            "chairs or drug supply (resources); leave the engine to auto, or ask for reference"
        )
    if asked == AUTO and plan.has_shared_resources:
        shared = "patients of a site share infusion chairs or drug supply"
        return EngineChoice(REFERENCE, f"{shared}, which only the SimPy engine simulates")
    return choose_by_number(asked, replicates)


def choose_by_number(asked: str, replicates: int) -> EngineChoice:
    """The engine that runs so many replicates of a scenario that any engine can run.

    Raises
    ------
    UsageError
        If there is no such engine.
    """
    if asked not in ENGINES:
        raise UsageError(f"there is no engine {asked!r}; the engines are: {', '.join(ENGINES)}")
    if asked != AUTO:
        return EngineChoice(asked, "it was asked for")
    if replicates <= FEW:
        return EngineChoice(REFERENCE, f"compiling does not pay for {FEW} replicates or fewer")
    return EngineChoice(BATCH, "it is the quickest for many replicates")
