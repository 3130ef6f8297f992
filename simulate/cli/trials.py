"""Commands that run trials: run, compare, check-engines, warmup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simulate.cli.options import (
    RUN_OPTIONS,
    checked_name,
    command_line,
    count,
    with_options,
    with_set,
)
from simulate.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from simulate.job import Job
    from simulate.scenario import AnyScenario, Scenario

DIFFERENT = 1


@click.command()
@click.argument("file")
@with_options(RUN_OPTIONS)
@click.option(
    "--patients",
    type=int,
    default=1,
    help="Write the patient data of so many replicates; default: 1.",
)
@click.option(
    "--null",
    is_flag=True,
    help="Of a randomised trial: without any effect of an arm, which gives the type I error.",
)
def run(
    file: str, patients: int, null: bool, name: str | None, force: bool, **options: Any
) -> None:
    """Simulate the scenario FILE many times and write tables and a report."""
    from pathlib import Path

    from simulate.progress import progress_bars
    from simulate.publish import publish
    from simulate.scenario import SurvivalScenario, read_scenario

    out = Path(options.pop("out"))
    scenario = read_scenario(file, options.pop("overrides"))
    if isinstance(scenario, SurvivalScenario) or scenario.arms:
        _run_randomised(scenario, out, null=null, name=name, force=force, **options)
        return
    if null:
        raise UsageError(f"--null takes effects of arms away, and {scenario.name} has none")
    job = _job_of(scenario, patients_of=patients, **options)
    _tell_engine(job)
    with progress_bars() as step:
        folder = publish(job, out, name=checked_name(name), force=force, step=step)
    done = count(job.replicates, "replicate")
    click.echo(f"{done} of {job.scenario.name}: {folder / 'report.html'}")


def _run_randomised(
    scenario: AnyScenario,
    out: Path,
    *,
    null: bool,
    name: str | None,
    force: bool,
    workers: int | None,
    **options: Any,
) -> None:
    """Run a randomised trial, and tell what its hypotheses come to."""
    import os

    from simulate.progress import progress_bars
    from simulate.randomised.job import make_randomised_job
    from simulate.randomised.publish import publish
    from simulate.randomised.text import results_in_words

    job = make_randomised_job(
        scenario,
        workers=workers if workers is not None else os.cpu_count() or 1,
        command=command_line(),
        null=null,
        **options,
    )
    with progress_bars() as step:
        folder, result = publish(job, out, name=checked_name(name), force=force, step=step)
    click.echo(results_in_words(result))
    done = count(job.replicates, "replicate")
    click.echo(f"{done} of {job.scenario.name}: {folder / 'report.html'}")


@click.command()
@click.argument("file")
@click.argument("against")
@with_options(RUN_OPTIONS)
def compare(file: str, against: str, name: str | None, force: bool, **options: Any) -> None:
    """Run the scenarios FILE and AGAINST on common random numbers and show the differences."""
    from pathlib import Path

    from simulate.compare import compare_scenarios
    from simulate.progress import progress_bars

    out = Path(options.pop("out"))
    first = _job(file, **options)
    second = _job(against, **options)
    _tell_engine(first)
    _tell_engine(second)
    with progress_bars() as step:
        text = compare_scenarios(
            first, second, out, name=checked_name(name), force=force, step=step
        )
    click.echo(text)


def _job(file: str, overrides: tuple[str, ...], **options: Any) -> Job:
    from simulate.scenario import Scenario

    return _job_of(Scenario.from_file(file, overrides), **options)


def _job_of(scenario: Scenario, workers: int | None, **options: Any) -> Job:
    import os

    from simulate.job import make_job

    return make_job(
        scenario,
        workers=workers if workers is not None else os.cpu_count() or 1,
        command=command_line(),
        **options,
    )


def _tell_engine(job: Job) -> None:
    """Say so if many replicates are not run by the quick engine, and why."""
    from simulate.choose_engine import AUTO, FEW, REFERENCE

    chosen = job.engine_choice
    if job.engine == AUTO and chosen.name == REFERENCE and job.replicates > FEW:
        click.echo(f"{job.scenario.name}: SimPy engine, because {chosen.reason}", err=True)


@click.command("check-engines")
@click.argument("file")
@with_set
@click.option("--replicates", "-n", type=int, default=20, show_default=True, help="How many.")
@click.option("--seed", type=int, help="Seed of all random numbers; default: the scenario's.")
def check_engines(file: str, overrides: tuple[str, ...], replicates: int, seed: int | None) -> int:
    """Check that both engines make the same trials of the scenario FILE, to the last bit.

    Exit code 0 if they do; 1 if they differ, with the first difference in words.
    """
    from simulate.check_engines import check_engines as check
    from simulate.check_engines import text
    from simulate.progress import progress_bars
    from simulate.scenario import Scenario

    scenario = Scenario.from_file(file, overrides)
    with progress_bars() as step:
        progress = step(scenario.name, replicates)
        found = check(scenario, seed=seed, replicates=replicates, progress=progress)
    click.echo(text(found))
    return 0 if found.are_equal else DIFFERENT


@click.command()
@click.argument("file", required=False)
def warmup(file: str | None) -> None:
    """Compile everything that is compiled, once, so that no later run has to wait for it.

    The machine code fits every scenario; with FILE it is certain to fit that one.
    """
    from simulate.scenario import Scenario
    from simulate.warmup import compile_steps, smallest_trial

    trial = Scenario.from_file(file) if file else smallest_trial()
    seconds = compile_steps(trial, tell=lambda name: click.echo(f"compiling: {name}", err=True))
    steps = ", ".join(f"{name} in {time:.1f} s" for name, time in seconds.items())
    click.echo(f"compiled: {steps}" if seconds else "everything is compiled already")
