"""What to run, and the record from which it can be run again."""

from __future__ import annotations

import hashlib
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulate.build_plan import build_plan, plan_digest
from simulate.errors import UsageError
from simulate.observed_truth import TRUTH_PATIENTS
from simulate.scenario.scenario import Scenario
from simulate.streams import RESERVED_REPLICATES

PACKAGES = ("numpy", "scipy", "pandas", "simpy", "numba", "pyarrow", "lifelines")


@dataclass(frozen=True)
class Job:
    """What to run."""

    scenario: Scenario
    replicates: int
    seed: int
    workers: int = 1
    engine: str = "auto"
    patients_of: tuple[int, ...] = (0,)
    """Replicates whose patient data are written; the first is the report's example."""
    command: str = ""
    truth_patients: int = TRUTH_PATIENTS
    """Patients of the uncensored simulation that gives the scan-observed truth."""


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
        If a number makes no sense.
    """
    n = scenario.replicates if replicates is None else replicates
    if not 1 <= n < RESERVED_REPLICATES:
        raise UsageError(
            f"replicates must lie between 1 and {RESERVED_REPLICATES - 1} (given: {n})"
        )
    chosen_seed = scenario.seed if seed is None else seed
    if not 0 <= chosen_seed < 2**63:
        raise UsageError(f"the seed must lie between 0 and 2^63 - 1 (given: {chosen_seed})")
    if workers < 1:
        raise UsageError(f"at least one worker is needed (given: {workers})")
    if not 1 <= patients_of <= n:
        raise UsageError(
            f"patient data can be written of 1 to {n} replicates (given: {patients_of})"
        )
    return Job(scenario, n, chosen_seed, workers, engine, tuple(range(patients_of)), command)


def manifest(job: Job) -> dict[str, Any]:
    """Enough to make the result again: scenario, seed, versions, and hashes to check by."""
    scenario = job.scenario
    return {
        "name": scenario.name,
        "title": scenario.title,
        "digest": scenario.digest(),
        "tables_digest": plan_digest(build_plan(scenario)),
        "seed": job.seed,
        "replicates": job.replicates,
        "engine": "reference",
        "version": version("simulate"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "command": job.command,
        "scenario": scenario.model_dump(mode="json", by_alias=True),
    }


def parts_key(job: Job) -> str:
    """What must be equal for finished chunks to be used again: the scenario, seed and program."""
    digest = hashlib.sha256(f"{job.scenario.digest()} {job.seed} {job.engine}".encode())
    digest.update(sys.version.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    for variant in job.scenario.sweep:
        digest.update(job.scenario.variant(variant.name).digest().encode())
    return digest.hexdigest()[:16]
