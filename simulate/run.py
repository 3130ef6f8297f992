"""The main job: replicates, what-ifs, truth, and every table that the report shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from simulate.example import ExampleTrial, example_trial
from simulate.job import Job, manifest
from simulate.operating import operating_characteristics
from simulate.replicates import AnalysedReplicates, run_replicates
from simulate.scenario.scenario import Scenario
from simulate.scorecard import read_facts, scorecard
from simulate.summaries import curve_table, subgroup_table, sweep_table
from simulate.truth import Truth, find_truth

Step = Callable[[str, int], Callable[[int], None]]
"""Told the name and size of a step of the work, gives the function that takes its progress."""


@dataclass(frozen=True)
class RunResult:
    """Everything that a run found; the report shows nothing else."""

    job: Job
    replicates: dict[str, AnalysedReplicates]
    truth: Truth
    operating: pd.DataFrame
    scorecard: pd.DataFrame
    curves: pd.DataFrame
    subgroups: pd.DataFrame
    sweep: pd.DataFrame
    """Paired differences of every variant against the scenario."""
    variants: dict[str, dict[str, AnalysedReplicates]]
    """Replicates of each variant, by its name."""
    examples: tuple[ExampleTrial, ...]
    manifest: dict[str, Any]
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds of each step."""


def silent(_name: str, _size: int) -> Callable[[int], None]:
    """No progress shown."""
    return lambda _done: None


def execute(job: Job, *, parts: Path | None = None, step: Step = silent) -> RunResult:
    """Run a job.

    Parameters
    ----------
    job : Job
        What to run.
    parts : Path
        Folder for finished chunks, from which an interrupted run goes on.
    step : callable
        Progress.
    """
    scenario, clock = job.scenario, _Stopwatch()
    with clock.time("replicates"):
        replicates = _replicates(job, scenario, job.replicates, parts, step)
    with clock.time("what-ifs"):
        variants = {v.name: _variant(job, v.name, parts, step) for v in scenario.sweep}
    with clock.time("truth"):
        progress = step("truth", 1)
        truth = find_truth(scenario, seed=job.seed, n_patients=job.truth_patients)
        progress(1)
    with clock.time("tables"):
        facts = read_facts(scenario.facts_path) if scenario.facts_path else []
        examples = tuple(
            example_trial(scenario, seed=job.seed, replicate=r, engine=job.engine)
            for r in job.patients_of
        )
        return RunResult(
            job=job,
            replicates=replicates,
            truth=truth,
            operating=operating_characteristics(scenario, replicates, truth),
            scorecard=scorecard(scenario, replicates, facts),
            curves=curve_table(replicates),
            subgroups=subgroup_table(replicates),
            sweep=sweep_table(scenario, replicates, variants),
            variants=variants,
            examples=examples,
            manifest=manifest(job),
            timings=clock.seconds,
        )


class _Stopwatch:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def run_job_replicates(
    job: Job, *, parts: Path | None = None, step: Step = silent
) -> dict[str, AnalysedReplicates]:
    """Run the replicates of a job, without what-ifs and truth."""
    return _replicates(job, job.scenario, job.replicates, parts, step)


def _replicates(
    job: Job, scenario: Scenario, n: int, parts: Path | None, step: Step
) -> dict[str, AnalysedReplicates]:
    if parts is not None:
        parts = parts / scenario.name
        parts.mkdir(parents=True, exist_ok=True)
    return run_replicates(
        scenario,
        replicates=n,
        seed=job.seed,
        workers=job.workers,
        engine=job.engine,
        parts=parts,
        progress=step(scenario.name, n),
    )


def _variant(job: Job, name: str, parts: Path | None, step: Step) -> dict[str, AnalysedReplicates]:
    """Run a variant, with no more replicates than the scenario itself has."""
    variant = job.scenario.variant(name)
    return _replicates(job, variant, min(variant.replicates, job.replicates), parts, step)
