"""The main job of a randomised trial: replicates, what-ifs, theory, and every table of the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulate.randomised.example import example_trials
from simulate.randomised.job import RandomisedJob, manifest
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.truth import true_log_hazard_ratios
from simulate.run import Step, Stopwatch, silent
from simulate.scenario.survival_scenario import SurvivalScenario

if TYPE_CHECKING:
    from simulate.randomised.result import RandomisedResult


def execute(
    job: RandomisedJob, *, parts: Path | None = None, step: Step = silent
) -> RandomisedResult:
    """Run a job.

    Parameters
    ----------
    job : RandomisedJob
        What to run.
    parts : Path
        Folder for finished chunks, from which an interrupted run goes on.
    step : callable
        Progress.
    """
    from simulate.randomised.operating import operating_characteristics
    from simulate.randomised.result import RandomisedResult
    from simulate.randomised.what_ifs import sweep_table

    scenario, clock = job.scenario, Stopwatch()
    with clock.time("replicates"):
        outcomes = run_outcomes(job, scenario, job.replicates, parts, step)
    variants: dict[str, tuple[SurvivalScenario, Outcomes]] = {}
    with clock.time("what-ifs"):
        for each in scenario.sweep:
            variant = scenario.variant(each.name)
            n = min(variant.replicates, job.replicates)
            variants[each.name] = variant, run_outcomes(job, variant, n, parts, step)
    with clock.time("theory"):
        theory = _theory(scenario)
    with clock.time("tables"):
        operating = operating_characteristics(
            scenario.name, outcomes, true_log_hazard_ratios(scenario)
        )
        named = {key: (variant.name, found) for key, (variant, found) in variants.items()}
        sweep = sweep_table(scenario.name, outcomes, named)
        of_variants = _of_variants(variants)
        examples = example_trials(scenario, outcomes, seed=job.seed)
    return RandomisedResult(
        job=job,
        outcomes=outcomes,
        operating=operating,
        theory=theory,
        sweep=sweep,
        variants={key: found for key, (_, found) in variants.items()},
        variants_operating=of_variants,
        examples=examples,
        manifest=manifest(job, engine=outcomes.engine.name, reason=outcomes.engine.reason),
        timings=clock.seconds,
    )
