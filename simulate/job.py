"""What to run, and the record from which it can be run again."""

from __future__ import annotations

import hashlib
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulate.build_arms import build_trial_plan
from simulate.build_plan import plan_digest
from simulate.choose_engine import AUTO, FEW, EngineChoice, choose_engine
from simulate.errors import UsageError
from simulate.given import checked_seed, checked_workers
from simulate.observed_truth import TRUTH_PATIENTS
from simulate.scenario.parameters import DRAWS, POINT
from simulate.scenario.reading import AnyScenario
from simulate.scenario.scenario import Scenario
from simulate.streams import RESERVED_REPLICATES

FEW_TRUTH_PATIENTS = 2_000
"""Patients of the truth beside few replicates: no more than Python simulates in a second or two."""

MOST_OVER_DRAWS = 10_000
"""Replicates over posterior draws beside a run at the point; they serve the scorecard only."""

PACKAGES = ("numpy", "scipy", "pandas", "simpy", "numba", "pyarrow", "lifelines")


@dataclass(frozen=True, kw_only=True)
class AnyJob:
    """What to run, of whatever kind of trial."""

    scenario: AnyScenario
    replicates: int
    seed: int
    workers: int = 1
    engine: str = AUTO
    command: str = ""
    over_draws: Scenario | None = None
    """The scenario with posterior draws in the place of the point of its calibration."""

    @property
    def replicates_over_draws(self) -> int:
        """Replicates of that one: as many as the scenario itself has, up to a limit."""
        return min(self.replicates, MOST_OVER_DRAWS)


@dataclass(frozen=True, kw_only=True)
class Job(AnyJob):
    """What to run of a trial with one arm."""

    scenario: Scenario
    patients_of: tuple[int, ...] = (0,)
    """Replicates whose patient data are written; the first is the report's example."""
    truth_patients: int = TRUTH_PATIENTS
    """Patients of the uncensored simulation that gives the scan-observed truth."""

    @property
    def engine_choice(self) -> EngineChoice:
        """The engine that runs the scenario's replicates, and why.

        Raises
        ------
        UsageError
            If there is no engine as asked for, or it cannot run the scenario.
        """
        return choose_engine(self.engine, build_trial_plan(self.scenario), self.replicates)


def make_job(
    scenario: Scenario,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    engine: str = "auto",
    patients_of: int = 1,
    command: str = "",
) -> Job:
    """A job from a scenario and what the user asks for.

    Raises
    ------
    UsageError
        If a number makes no sense, or the engine cannot run the scenario.
    """
    n = scenario.replicates if replicates is None else replicates
    chosen_seed = scenario.seed if seed is None else seed
    check_size(n, chosen_seed, workers)
    if not 1 <= patients_of <= n:
        raise UsageError(
            f"patient data can be written of 1 to {n} replicates (given: {patients_of})"
        )
    if scenario.arms:
        raise UsageError(f"{scenario.name} is a randomised trial, run by simulate.randomised.job")
    _check_engine(engine, scenario, n)
    over_draws = scenario.over_draws()
    for each in (scenario, over_draws, *(scenario.variant(v.name) for v in scenario.sweep)):
        if each is not None:
            each.check_draws(n)
    truth_patients = TRUTH_PATIENTS if n > FEW else FEW_TRUTH_PATIENTS
    examples = tuple(range(patients_of))
    return Job(
        scenario=scenario,
        replicates=n,
        seed=chosen_seed,
        workers=workers,
        engine=engine,
        patients_of=examples,
        command=command,
        truth_patients=truth_patients,
        over_draws=over_draws,
    )


def check_size(replicates: int, seed: int, workers: int) -> None:
    """Refuse numbers that make no sense.

    Raises
    ------
    UsageError
        Telling what is allowed.
    """
    if not 1 <= replicates < RESERVED_REPLICATES:
        raise UsageError(
            f"replicates must lie between 1 and {RESERVED_REPLICATES - 1} (given: {replicates})"
        )
    checked_seed(seed)
    checked_workers(workers)


def _check_engine(engine: str, scenario: Scenario, replicates: int) -> None:
    """Refuse an engine that cannot run the scenario or one of its variants."""
    choose_engine(engine, build_trial_plan(scenario), replicates)
    if engine != AUTO:
        for variant in scenario.sweep:
            choose_engine(engine, build_trial_plan(scenario.variant(variant.name)), replicates)


def manifest(job: Job) -> dict[str, Any]:
    """Enough to make the result again: scenario, seed, versions, and hashes to check by."""
    tables = {"tables_digest": plan_digest(build_trial_plan(job.scenario))}
    return record_of(job, job.engine_choice) | tables


def record_of(job: AnyJob, engine: EngineChoice) -> dict[str, Any]:
    """What the manifest of a job of any kind holds."""
    scenario = job.scenario
    calibrated = {}
    if isinstance(scenario, Scenario) and scenario.calibration is not None:
        over, n = job.over_draws, job.replicates_over_draws
        calibrated["parameters"] = _parameters(scenario, over, n)
    return {
        "name": scenario.name,
        "title": scenario.title,
        "digest": scenario.digest(),
        **calibrated,
        "seed": job.seed,
        "replicates": job.replicates,
        "engine": engine.name,
        "engine_reason": engine.reason,
        "version": version("simulate"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "command": job.command,
        "scenario": scenario.model_dump(mode="json", by_alias=True),
    }


def _parameters(
    scenario: Scenario, over: Scenario | None, replicates_over_draws: int
) -> dict[str, Any]:
    """Where parameters are from, and the draws that replicates take, or those run beside them."""
    calibration, own = scenario.calibration, scenario.draws
    assert calibration is not None
    draws = over.draws if over is not None else own
    record: dict[str, Any] = {
        "from": calibration.shown,
        "fit": calibration.content.fit,
        "title": calibration.content.title,
        "use": POINT if own is None else DRAWS,
        "changed": [parameter.name for parameter in scenario.changed_parameters],
    }
    if draws is not None:
        record |= {"draws": draws.n, "draws_digest": draws.digest}
    if over is not None:
        record["replicates_over_draws"] = replicates_over_draws
    return record


def parts_key(job: AnyJob) -> str:
    """What must be equal for finished chunks to be used again: the scenario, seed and program."""
    said = f"{job.scenario.digest()} {job.seed} {job.engine} {program_digest()}"
    digest = hashlib.sha256(said.encode())
    if job.over_draws is not None:
        digest.update(job.over_draws.digest().encode())
    for variant in job.scenario.sweep:
        digest.update(job.scenario.variant(variant.name).digest().encode())
    return digest.hexdigest()[:16]


def program_digest() -> str:
    """Fingerprint of this program and of the Python that runs it."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
