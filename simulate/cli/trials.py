"""Commands that run trials: run, compare, check-engines, warmup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simulate.cli.by_theory import check_by_theory
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
@click.option(
    "--null-of",
    default="",
    metavar="NAMES",
    help="Without the effects on these hypotheses alone, such as orr,pfs: the family-wise error.",
)
def run(
    file: str,
    patients: int,
    null: bool,
    null_of: str,
    name: str | None,
    force: bool,
    **options: Any,
) -> None:
    """Simulate the scenario FILE many times and write tables and a report."""
    from pathlib import Path

    from simulate.progress import progress_bars
    from simulate.publish import publish
    from simulate.scenario import read_scenario

    out = Path(options.pop("out"))
    if null and null_of:
        raise UsageError(
            "--null takes all effects away and --null-of those on some hypotheses; give one of them"
        )
    scenario = read_scenario(file, options.pop("overrides"))
    if _has_looks(scenario):
        _no_patients_of(patients)
        names = [each.strip() for each in null_of.split(",") if each.strip()]
        options |= {"null": null, "null_of": names}
        _run_randomised(scenario, out, name=name, force=force, **options)
        return
    if null or null_of:
        raise UsageError(
            f"--null takes effects of arms away, and {scenario.name} has none. In a trial of one "
            "arm set what is true instead, such as --set disease.response.probability=0.2"
        )
    job = _job_of(_of_patients(scenario), patients_of=patients, **options)
    _tell_engine(job)
    with progress_bars() as step:
        folder = publish(job, out, name=checked_name(name), force=force, step=step)
    if job.scenario.single_arm is not None:
        from simulate.single_arm_text import decisions_in_words

        click.echo(decisions_in_words(folder))
    done = count(job.replicates, "replicate")
    click.echo(f"{done} of {job.scenario.name}: {folder / 'report.html'}")


def _no_patients_of(replicates: int) -> None:
    """Refuse to be asked for patient data of so many replicates, other than by default."""
    if replicates != 1:
        raise UsageError(
            "--patients is of trials without arms: of a randomised trial, patient data are written "
            "of one example trial of each way in which trials went"
        )


def _run_randomised(
    scenario: AnyScenario,
    out: Path,
    *,
    name: str | None,
    force: bool,
    workers: int | None,
    **options: Any,
) -> None:
    """Run a randomised trial, and tell what its hypotheses come to."""
    import os

    from simulate.progress import progress_bars
    from simulate.publish_randomised import publish
    from simulate.randomised.job import make_randomised_job
    from simulate.randomised.text import results_in_words

    job = make_randomised_job(
        scenario,
        workers=workers if workers is not None else os.cpu_count() or 1,
        command=command_line(),
        **options,
    )
    check_by_theory(job.scenario)
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
    from simulate.scenario import read_scenario

    out, overrides = Path(options.pop("out")), options.pop("overrides")
    pair = read_scenario(file, overrides), read_scenario(against, overrides)
    if all(map(_has_looks, pair)):
        _compare_randomised(*pair, out, name=name, force=force, **options)
        return
    first, second = (_job_of(_of_patients(each), **options) for each in pair)
    _tell_engine(first)
    _tell_engine(second)
    with progress_bars() as step:
        text = compare_scenarios(
            first, second, out, name=checked_name(name), force=force, step=step
        )
    click.echo(text)


def _compare_randomised(
    scenario: AnyScenario,
    against: AnyScenario,
    out: Path,
    *,
    name: str | None,
    force: bool,
    workers: int | None,
    **options: Any,
) -> None:
    """Compare two randomised trials."""
    import os

    from simulate.progress import progress_bars
    from simulate.randomised.compare import compare_randomised
    from simulate.randomised.job import make_randomised_job

    threads = workers if workers is not None else os.cpu_count() or 1
    first, second = (
        make_randomised_job(each, workers=threads, command=command_line(), **options)
        for each in (scenario, against)
    )
    with progress_bars() as step:
        text = compare_randomised(
            first, second, out, name=checked_name(name), force=force, step=step
        )
    click.echo(text)


def _has_looks(scenario: AnyScenario) -> bool:
    """Whether a scenario is of a randomised trial."""
    from simulate.scenario import Scenario

    return not isinstance(scenario, Scenario) or bool(scenario.arms)


def _of_patients(scenario: AnyScenario) -> Scenario:
    """A scenario without looks; otherwise a UsageError."""
    from simulate.scenario import Scenario

    if not isinstance(scenario, Scenario) or scenario.arms:
        raise UsageError(
            f"{scenario.name} is a randomised trial and the other is not, so there is nothing to "
            "compare; give two of one kind"
        )
    return scenario


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
    from simulate import check_engines as patients
    from simulate import check_looks as looks
    from simulate.job import check_size
    from simulate.progress import progress_bars
    from simulate.scenario import SurvivalScenario, read_scenario

    scenario = read_scenario(file, overrides)
    chosen = scenario.seed if seed is None else seed
    check_size(replicates, chosen, workers=1)
    with progress_bars() as step:
        progress = step(scenario.name, replicates)
        if isinstance(scenario, SurvivalScenario):
            found = looks.check_looks(
                scenario, seed=chosen, replicates=replicates, progress=progress
            )
            told = looks.text(found)
        else:
            found = patients.check_engines(
                scenario, seed=chosen, replicates=replicates, progress=progress
            )
            told = patients.text(found)
    click.echo(told)
    return 0 if found.are_equal else DIFFERENT


@click.command()
@click.argument("file", required=False)
def warmup(file: str | None) -> None:
    """Compile everything that is compiled, once, so that no later run has to wait for it.

    The machine code fits every scenario; with FILE it is certain to fit that one.
    """
    from simulate.scenario import read_scenario
    from simulate.warmup import compile_steps, smallest_trial

    # the steps of randomised trials are compiled for trials of their own, whatever is given
    scenario = read_scenario(file, ()) if file else None
    trial = smallest_trial() if scenario is None or _has_looks(scenario) else _of_patients(scenario)
    seconds = compile_steps(trial, tell=lambda name: click.echo(f"compiling: {name}", err=True))
    steps = ", ".join(f"{name} in {time:.1f} s" for name, time in seconds.items())
    click.echo(f"compiled: {steps}" if seconds else "everything is compiled already")
