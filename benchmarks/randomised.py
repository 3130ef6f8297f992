"""Time a replicate of randomised trials with plain survival models, in one thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Piece
from benchmarks.stages import in_chunks
from simulate.build_survival_plan import build_survival_plan
from simulate.choose_engine import BATCH, REFERENCE
from simulate.chunk import CHUNK_SIZES
from simulate.engines.batch.survival import BatchSurvivalEngine
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_runner import SurvivalRunner
from simulate.workers import run_here

HERE = Path(__file__).parent
THREE_LOOKS, SCANS, JOINT, READERS, MAX_COMBO = (
    HERE / f"{name}.yaml"
    for name in (
        *("three_looks", "three_looks_scans", "joint_endpoints"),
        *("three_looks_readers", "three_looks_maxcombo"),
    )
)

EXACT = "880 patients, three looks, exact times"
SCANNED = "880 patients, three looks, scans and strata"
COMBINED = "880 patients, three looks, MaxCombo of three weights"
BOTH = "600 patients, PFS and OS, a test on each"
READ = "880 patients, three looks, two readers, rules, strata"
SIMPY = "880 patients, three looks, by SimPy"

PATIENTS = (880, 8_800, 60_000)
PATIENTS_IN_ALL = 880_000
"""Patients simulated of each size of trial."""

CELLS, REPLICATES_A_CELL = 100, 10_000
"""The sweep: a grid of so many variants, so many replicates each."""


class RandomisedSizes(NamedTuple):
    """How many replicates are timed; all are different ones."""

    batch: int = 4_000
    simpy: int = 4


def workloads(sizes: RandomisedSizes) -> dict[str, Piece]:
    """The workloads, each over its scenario's first replicates; sizes are replicates.

    Engine, data cuts, tests with bounds at the actual events, and the estimates of each scenario.
    """
    found = {
        name: _looks(SurvivalScenario.from_file(path), BATCH, sizes.batch)
        for name, path in (
            (EXACT, THREE_LOOKS),
            (SCANNED, SCANS),
            (COMBINED, MAX_COMBO),
            (BOTH, JOINT),
            (READ, READERS),
        )
    }
    found[SIMPY] = _looks(SurvivalScenario.from_file(THREE_LOOKS), REFERENCE, sizes.simpy)
    return found


def _looks(scenario: SurvivalScenario, engine: str, replicates: int) -> Piece:
    runner = SurvivalRunner(scenario, seed=scenario.seed, engine=engine)
    runner.run(range(1))
    chunks = in_chunks(replicates, CHUNK_SIZES[engine])
    return Piece(lambda: sum(len(chunk) for chunk, _ in run_here(runner, chunks)), replicates)


def engines(sizes: RandomisedSizes) -> dict[str, Piece]:
    """The engines alone on the three looks, without any look; sizes are replicates."""
    scenario = SurvivalScenario.from_file(THREE_LOOKS)
    plan, seed = build_survival_plan(scenario), scenario.seed
    batch, simpy = BatchSurvivalEngine(plan), ReferenceSurvivalEngine(plan)
    many, few = range(sizes.batch), range(sizes.simpy)
    return {
        "batch engine alone": Piece(
            lambda: [batch.simulate(seed=seed, replicate=r) for r in many], len(many)
        ),
        "SimPy engine alone": Piece(
            lambda: [simpy.simulate(seed=seed, replicate=r) for r in few], len(few)
        ),
    }


def over_patients(
    sizes: Sequence[int] = PATIENTS, *, in_all: int = PATIENTS_IN_ALL
) -> dict[str, Piece]:
    """Trials of so many patients, looks and pace in proportion; sizes are patients."""
    return {f"{n:,} patients": _trials_of(n, max(in_all // n, 1)) for n in sizes}


def _trials_of(patients: int, replicates: int) -> Piece:
    scenario = SurvivalScenario.from_file(THREE_LOOKS)
    share = patients / scenario.sample_size
    changes: dict[str, object] = {
        "sample_size": patients,
        "enrolment.accrual": [{"from": "0 months", "rate": f"{36.66667 * share} per month"}],
    }
    for analysis in scenario.analyses:
        assert analysis.cut.events is not None  # it is driven by events
        count = round(analysis.cut.events.count * share)
        changes[f"analyses.{analysis.name}.cut.events.count"] = count
    piece = _looks(scenario.with_overrides(changes), BATCH, replicates)
    return Piece(piece.work, patients * replicates)


def sweep(cells: int = CELLS, replicates: int = REPLICATES_A_CELL, *, workers: int = 2) -> Piece:
    """A grid of hazard ratios on the three looks, to its tables; the size is the whole sweep."""
    scenario = SurvivalScenario.from_file(THREE_LOOKS)
    ratios = [round(0.5 + 0.5 * cell / cells, 4) for cell in range(cells)]
    grid = {"fields": {"survival.effects.0.hazard_ratio": ratios}}
    job = make_randomised_job(
        scenario.with_overrides({"grid": grid}), replicates=replicates, workers=workers
    )
    return Piece(lambda: execute(job))
