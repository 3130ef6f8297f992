"""What to run of a randomised trial, and the record from which it can be run again."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from simulate.choose_engine import AUTO
from simulate.errors import UsageError
from simulate.job import (
    MOST_OVER_DRAWS,
    PACKAGES,
    check_size,
    parameters_record,
    program_digest,
)
from simulate.look_replicates import engine_of_looks
from simulate.scenario.reading import AnyScenario
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario

NULL_SUFFIX = "_null"
"""What the name of a scenario ends with when all effects are taken away."""


@dataclass(frozen=True)
class RandomisedJob:
    """What to run."""

    scenario: AnyScenario
    replicates: int
    seed: int
    workers: int = 1
    engine: str = "auto"
    command: str = ""
    null: bool = False
    """Whether the scenario is one whose effects were taken away."""
    over_draws: Scenario | None = None
    """The scenario with posterior draws in the place of the point of its calibration."""

    @property
    def replicates_over_draws(self) -> int:
        """Replicates of that one: as many as the scenario itself has, up to a limit."""
        return min(self.replicates, MOST_OVER_DRAWS)


def make_randomised_job(
    scenario: AnyScenario,
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
    engine_of_looks(scenario, engine, n)
    over_draws = scenario.over_draws() if isinstance(scenario, Scenario) and not null else None
    variants = [scenario.variant(each.name) for each in scenario.sweep]
    for each in (scenario, over_draws, *variants):
        if isinstance(each, Scenario):
            each.check_draws()
    if engine != AUTO:  # which would take the one that can
        for variant in variants:
            engine_of_looks(variant, engine, n)
    return RandomisedJob(scenario, n, chosen_seed, workers, engine, command, null, over_draws)


def under_null(scenario: AnyScenario) -> AnyScenario:
    """The scenario without any effect of an arm, named ``<scenario>_null``.

    Of a trial with plain survival models all effects are taken away; of one with patients in cycles
    and scans every experimental arm is treated as its control.

    Raises
    ------
    UsageError
        If it has no effect to take away.
    """
    changes = (
        _without_effects(scenario)
        if isinstance(scenario, SurvivalScenario)
        else _all_as_control(scenario)
    )
    if not changes:
        raise UsageError(f"{scenario.name} has no effects, so it is a null scenario already")
    named: dict[str, object] = {
        "name": f"{scenario.name[: 64 - len(NULL_SUFFIX)]}{NULL_SUFFIX}",
        "title": f"{scenario.title[:180]} (no effect)",
        "sweep": [],
    }
    if scenario.grid is not None:
        named["grid"] = None
    return scenario.with_overrides({**changes, **named})


def _without_effects(scenario: SurvivalScenario) -> dict[str, object]:
    return {"survival.effects": []} if scenario.survival.effects else {}


def _all_as_control(scenario: Scenario) -> dict[str, object]:
    """What every arm must set to be treated as the control of the first hypothesis."""
    if not scenario.hypotheses:
        return {}
    settings = {arm.name: dict(arm.set) for arm in scenario.arms}
    control = settings[scenario.hypotheses[0].control]
    return {f"arms.{name}.set": control for name, own in settings.items() if own != control}


def manifest(job: RandomisedJob, *, engine: str, reason: str) -> dict[str, Any]:
    """Enough to make the result again: scenario, seed, versions, and hashes to check by."""
    scenario = job.scenario
    calibrated = {}
    if isinstance(scenario, Scenario) and scenario.calibration is not None:
        over, n = job.over_draws, job.replicates_over_draws
        calibrated["parameters"] = parameters_record(scenario, over, n)
    return {
        "name": scenario.name,
        "title": scenario.title,
        "digest": scenario.digest(),
        **calibrated,
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
    if job.over_draws is not None:
        digest.update(job.over_draws.digest().encode())
    for variant in job.scenario.sweep:
        digest.update(job.scenario.variant(variant.name).digest().encode())
    return digest.hexdigest()[:16]
