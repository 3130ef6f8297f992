"""What to run of a randomised trial, and the record from which it can be run again."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from simulate.errors import UsageError
from simulate.job import PACKAGES, check_size, program_digest
from simulate.scenario.survival_scenario import SurvivalScenario

NULL_SUFFIX = "_null"
"""What the name of a scenario ends with when all effects are taken away."""


@dataclass(frozen=True)
class RandomisedJob:
    """What to run."""

    scenario: SurvivalScenario
    replicates: int
    seed: int
    workers: int = 1
    engine: str = "auto"
    command: str = ""
    null: bool = False
    """Whether the scenario is one whose effects were taken away."""


def make_randomised_job(
    scenario: SurvivalScenario,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    engine: str = "auto",
    command: str = "",
    null: bool = False,
) -> RandomisedJob:
    """A job from a scenario and what the user asks for.

    Raises
    ------
    UsageError
        If a number makes no sense, there is no such engine, or there is no effect to take away.
    """
    if null:
        scenario = under_null(scenario)
    n = scenario.replicates if replicates is None else replicates
    chosen_seed = scenario.seed if seed is None else seed
    check_size(n, chosen_seed, workers)
    return RandomisedJob(scenario, n, chosen_seed, workers, engine, command, null)


def under_null(scenario: SurvivalScenario) -> SurvivalScenario:
    """The scenario without any effect of an arm, named ``<scenario>_null``.

    Raises
    ------
    UsageError
        If it has no effect to take away.
    """
    if not scenario.survival.effects:
        raise UsageError(f"{scenario.name} has no effects, so it is a null scenario already")
    changes: dict[str, object] = {
        "survival.effects": [],
        "name": f"{scenario.name}{NULL_SUFFIX}"[-64:],
        "title": f"{scenario.title[:180]} (no effect)",
        "sweep": [],
    }
    return scenario.with_overrides(changes)


def manifest(job: RandomisedJob, *, engine: str, reason: str) -> dict[str, Any]:
    """Enough to make the result again: scenario, seed, versions, and hashes to check by."""
    scenario = job.scenario
    return {
        "name": scenario.name,
        "title": scenario.title,
        "digest": scenario.digest(),
        "seed": job.seed,
        "replicates": job.replicates,
        "engine": engine,
        "engine_reason": reason,
        "null": job.null,
        "version": version("simulate"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "command": job.command,
        "scenario": scenario.model_dump(mode="json", by_alias=True),
    }


def parts_key(job: RandomisedJob) -> str:
    """What must be equal for finished chunks to be used again: the scenario, seed and program."""
    said = f"{job.scenario.digest()} {job.seed} {job.engine} {program_digest()}"
    digest = hashlib.sha256(said.encode())
    for variant in job.scenario.sweep:
        digest.update(job.scenario.variant(variant.name).digest().encode())
    return digest.hexdigest()[:16]
