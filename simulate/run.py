"""The main job: replicates, what-ifs, truth, and every table that the report shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate import warmup
from simulate.build_arms import build_trial_plan
from simulate.choose_engine import BATCH, choose_engine
from simulate.example import ExampleTrial, example_trial
from simulate.job import Job, manifest
from simulate.observed_truth import PYTHON_PATIENTS
from simulate.replicates import AnalysedReplicates, run_replicates
from simulate.scenario.scenario import Scenario
from simulate.steps import Step, Stopwatch, silent

if TYPE_CHECKING:
    import pandas as pd

    from simulate.truth import Truth


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
    scan_bias: pd.DataFrame
    """What the scan schedule does to progression-free survival."""
    sweep: pd.DataFrame
    """Paired differences of every variant against the scenario."""
    variants: dict[str, dict[str, AnalysedReplicates]]
    """Replicates of each variant, by its name."""
    posterior: dict[str, AnalysedReplicates] | None
    """Replicates over posterior draws beside those at the point, for the scorecard."""
    examples: tuple[ExampleTrial, ...]
    manifest: dict[str, Any]
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds of each step."""


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
    scenario, clock = job.scenario, Stopwatch()
    with clock.time("replicates"):
        replicates = _replicates(job, scenario, job.replicates, parts, step)
    with clock.time("posterior"):
        posterior = _over_draws(job, parts, step)
    with clock.time("what-ifs"):
        variants = {v.name: _variant(job, v.name, parts, step) for v in scenario.sweep}
    with clock.time("truth"):
        truth = _truth(job, step)
    with clock.time("tables"):
        tables = _tables(scenario, replicates, posterior, variants, truth)
        examples = tuple(
            example_trial(scenario, seed=job.seed, replicate=r) for r in job.patients_of
        )
    return RunResult(
        job=job,
        replicates=replicates,
        truth=truth,
        variants=variants,
        posterior=posterior,
        examples=examples,
        manifest=manifest(job) | {"what_ifs": _what_ran(variants)},
        timings=clock.seconds,
        **tables,
    )


def _what_ran(variants: dict[str, dict[str, AnalysedReplicates]]) -> dict[str, dict[str, Any]]:
    """Replicates and engine of each variant."""
    first = {name: next(iter(found.values())) for name, found in variants.items()}
    return {name: {"replicates": a.n, "engine": a.engine.name} for name, a in first.items()}


def _tables(
    scenario: Scenario,
    replicates: dict[str, AnalysedReplicates],
    posterior: dict[str, AnalysedReplicates] | None,
    variants: dict[str, dict[str, AnalysedReplicates]],
    truth: Truth,
) -> dict[str, pd.DataFrame]:
    """Every table of the result, by its name in :class:`RunResult`."""
    # imported only now: the first replicate need not wait for pandas
    from simulate.facts import read_facts
    from simulate.operating import operating_characteristics
    from simulate.scan_bias import scan_bias
    from simulate.scorecard import scorecard
    from simulate.summaries import curve_table, subgroup_table, sweep_table

    facts = read_facts(scenario.facts_path) if scenario.facts_path else []
    return {
        "operating": operating_characteristics(scenario, replicates, truth),
        "scorecard": scorecard(scenario, replicates, facts, posterior),
        "curves": curve_table(replicates),
        "subgroups": subgroup_table(replicates),
        "scan_bias": scan_bias(scenario, replicates, truth),
        "sweep": sweep_table(scenario, replicates, variants),
    }


def run_job_replicates(
    job: Job, *, parts: Path | None = None, step: Step = silent
) -> dict[str, AnalysedReplicates]:
    """Run the replicates of a job, without what-ifs and truth."""
    return _replicates(job, job.scenario, job.replicates, parts, step)


def _over_draws(job: Job, parts: Path | None, step: Step) -> dict[str, AnalysedReplicates] | None:
    """Run the scenario over posterior draws, if it takes the point of a calibration."""
    if job.over_draws is None:
        return None
    n = job.replicates_over_draws
    return _replicates(job, job.over_draws, n, parts, step, name="over posterior draws")


def _replicates(
    job: Job, scenario: Scenario, n: int, parts: Path | None, step: Step, *, name: str = ""
) -> dict[str, AnalysedReplicates]:
    if parts is not None:
        parts = parts / f"{scenario.name}{'.draws' if name else ''}-{n}"
        parts.mkdir(parents=True, exist_ok=True)
    if choose_engine(job.engine, build_trial_plan(scenario), n).name == BATCH:
        _compile(warmup.BATCH, scenario, step)
    return run_replicates(
        scenario,
        replicates=n,
        seed=job.seed,
        workers=job.workers,
        engine=job.engine,
        parts=parts,
        progress=step(name or scenario.name, n),
    )


def _truth(job: Job, step: Step) -> Truth:
    """The truth of the scenario."""
    from simulate.truth import find_truth

    if job.truth_patients > PYTHON_PATIENTS:
        _compile(warmup.TRUTH, job.scenario, step)
    progress = step("truth", 1)
    truth = find_truth(
        job.scenario, seed=job.seed, n_patients=job.truth_patients, workers=job.workers
    )
    progress(1)
    return truth


def _compile(name: str, scenario: Scenario, step: Step) -> None:
    """Compile a step of the work, if that was not done before, and say so."""
    if not warmup.is_compiled(name):
        progress = step("compiling (once)", 1)
        warmup.compile_steps(scenario, [name])
        progress(1)


def _variant(job: Job, name: str, parts: Path | None, step: Step) -> dict[str, AnalysedReplicates]:
    """Run a variant, with no more replicates than the scenario itself has."""
    variant = job.scenario.variant(name)
    return _replicates(job, variant, min(variant.replicates, job.replicates), parts, step)
