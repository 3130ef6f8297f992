"""The main job of a randomised trial: replicates, what-ifs, theory, and every table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulate import warmup
from simulate.choose_engine import BATCH
from simulate.errors import UsageError
from simulate.look_replicates import engine_of_looks, look_design, readers_of, run_look_replicates
from simulate.randomised.job import RandomisedJob, manifest
from simulate.randomised.nulls import true_nulls
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.randomised.rates import true_rate_differences
from simulate.randomised.truth import average_log_hazard_ratios, true_log_hazard_ratios
from simulate.scenario.reading import AnyScenario
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.steps import Step, Stopwatch, silent

if TYPE_CHECKING:
    import pandas as pd

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
    from simulate.randomised.make_examples import example_trials
    from simulate.randomised.operating import operating_characteristics
    from simulate.randomised.result import RandomisedResult
    from simulate.randomised.what_ifs import sweep_table

    scenario, clock = job.scenario, Stopwatch()
    with clock.time("replicates"):
        outcomes = run_outcomes(job, scenario, job.replicates, parts, step)
    with clock.time("posterior"):
        posterior = _over_draws(job, parts, step)
    variants: dict[str, tuple[AnyScenario, Outcomes]] = {}
    with clock.time("what-ifs"):
        for each in scenario.sweep:
            variant = scenario.variant(each.name)
            n = min(variant.replicates, job.replicates)
            variants[each.name] = variant, run_outcomes(job, variant, n, parts, step)
    with clock.time("theory"):
        theory = theory_of(scenario)
    with clock.time("tables"):
        operating = operating_characteristics(
            scenario.name,
            outcomes,
            true_log_hazard_ratios(scenario),
            posterior,
            true_nulls(scenario),
            _averages(scenario, theory),
            true_rate_differences(scenario),
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
        posterior=posterior,
        examples=examples,
        manifest=manifest(job),
        timings=clock.seconds,
    )


def run_outcomes(
    job: RandomisedJob,
    scenario: AnyScenario,
    n: int,
    parts: Path | None,
    step: Step,
    *,
    name: str = "",
) -> Outcomes:
    """Run the replicates of a scenario, the job's own or another one, with the job's seed."""
    if parts is not None:
        parts = parts / f"{scenario.name}-{n}"
        parts.mkdir(parents=True, exist_ok=True)
    if engine_of_looks(scenario, job.engine, n).name == BATCH:
        _compile(scenario, step)
    looks = run_look_replicates(
        scenario,
        replicates=n,
        seed=job.seed,
        workers=job.workers,
        engine=job.engine,
        parts=parts,
        progress=step(name or scenario.name, n),
    )
    return Outcomes(
        Looks(looks),
        scenario.analyses,
        scenario.hypotheses,
        look_design(scenario).endpoints,
        readers_of(scenario),
        {name: scenario.event_of(name) for name in look_design(scenario).endpoints},
        None if scenario.graph is None else scenario.multiplicity.alpha,
    )


def _over_draws(job: RandomisedJob, parts: Path | None, step: Step) -> Outcomes | None:
    """Run the scenario over posterior draws, if it takes the point of a calibration."""
    if job.over_draws is None:
        return None
    n = job.replicates_over_draws
    inside = None if parts is None else parts / "draws"
    return run_outcomes(job, job.over_draws, n, inside, step, name="over posterior draws")


def _compile(scenario: AnyScenario, step: Step) -> None:
    """Compile the engine of such a trial, if that was not done before, and say so."""
    name = warmup.LOOKS if isinstance(scenario, SurvivalTrial) else warmup.LOOKS_AT_PATIENTS
    if not warmup.is_compiled(name):
        progress = step("compiling (once)", 1)
        warmup.compile_steps(warmup.smallest_trial(), [name])
        progress(1)


def theory_of(scenario: AnyScenario) -> pd.DataFrame:
    """What theory expects, by hypothesis, look and truth; empty where there is no theory.

    Theory knows nothing of readers, missed scans and rules of censoring: of a trial that has them
    nothing is set beside the simulation.
    """
    import pandas as pd

    from simulate.design_theory import design_theory

    if scenario.is_read:
        return pd.DataFrame()
    try:
        return design_theory(scenario).table
    except UsageError:  # nothing is tested, or looks cannot be told apart
        return pd.DataFrame()


def _averages(scenario: AnyScenario, theory: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Average hazard ratios by look, of plain survival models.

    Of patients in cycles and scans theory knows latent events only, and replicates that take
    posterior draws have none in common.
    """
    if isinstance(scenario, Scenario):
        return {}
    return average_log_hazard_ratios(theory)


def _of_variants(variants: dict[str, tuple[AnyScenario, Outcomes]]) -> pd.DataFrame:
    """Operating characteristics of all variants in one table."""
    import pandas as pd

    from simulate.operating import OPERATING_COLUMNS
    from simulate.randomised.operating import operating_characteristics

    tables = [
        operating_characteristics(
            scenario.name,
            found,
            true_log_hazard_ratios(scenario),
            true_nulls=true_nulls(scenario),
            true_difference=true_rate_differences(scenario),
        )
        for scenario, found in variants.values()
    ]
    if not tables:
        return pd.DataFrame(columns=list(OPERATING_COLUMNS))
    return pd.concat(tables, ignore_index=True)
