"""The command line.

Every import beyond click stands inside the command that needs it, so that ``--help`` and
``validate`` answer at once. Exit codes: 0 done, 1 engines that differ, 2 something for the user to
mend, 130 interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulate.errors import OutputError, SimulateError, UsageError

if TYPE_CHECKING:
    from simulate.job import Job
    from simulate.scenario import AnyScenario

DIFFERENT, INTERRUPTED = 1, 130

Command = TypeVar("Command", bound=Callable[..., Any])
_MOST_WARNINGS = 10

_set = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one field, such as sample_size=80; may be given several times.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="simulate")
def cli() -> None:
    """Simulate oncology trials, from the first patient to the operating characteristics."""


@cli.command()
@click.argument("file")
@_set
def validate(file: str, overrides: tuple[str, ...]) -> None:
    """Check the scenario FILE and say what is wrong with it, all at once."""
    from simulate.scenario import read_scenario

    scenario = read_scenario(file, overrides)
    click.echo(f"{file} is valid: {scenario.title}")
    click.echo(_size(scenario))
    _warn_of_unstated(scenario)


def _size(scenario: AnyScenario) -> str:
    from simulate.scenario import SurvivalScenario

    if isinstance(scenario, SurvivalScenario):
        of_kind = [
            _count(len(scenario.arms), "arm"),
            _count(len(scenario.analyses), "look"),
            _count(len(scenario.hypotheses), "hypothesis", "hypotheses"),
        ]
    else:
        of_kind = [
            _count(scenario.enrolment.sites.count, "site"),
            _count(len(scenario.analyses), "analysis", "analyses"),
        ]
    parts = [
        _count(scenario.sample_size, "patient"),
        *of_kind,
        _count(scenario.replicates, "replicate"),
        _count(len(scenario.sweep), "variant"),
    ]
    return f"{', '.join(parts)}; digest {scenario.digest()[:12]}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _warn_of_unstated(scenario: AnyScenario) -> None:
    unstated = [row for row in scenario.register() if row.source == "not stated"]
    for row in unstated[:_MOST_WARNINGS]:
        place = row.file if row.line is None else f"{row.file}:{row.line}"
        text = f"{place}: {row.path}: warning: no source is stated (given: {row.value})"
        click.echo(text, err=True)
    if len(unstated) > _MOST_WARNINGS:
        rest = len(unstated) - _MOST_WARNINGS
        click.echo(f"and {_count(rest, 'more number')} without a source", err=True)


@cli.command()
@click.option("--output", metavar="FILE", help="Write to FILE; by default to standard output.")
@click.option(
    "--of",
    "kind",
    type=click.Choice(["scenario", "calibration", "figures"]),
    default="scenario",
    show_default=True,
    help="Scenario files, files of priors and targets, or files of printed figures.",
)
def schema(output: str | None, kind: str) -> None:
    """Give the JSON Schema of scenario files, by which editors check and complete them."""
    from simulate.scenario.json_schema import as_text, scenario_schema

    if kind == "scenario":
        text = as_text(scenario_schema())
    elif kind == "calibration":
        from simulate.scenario.calibration_design import calibration_schema

        text = as_text(calibration_schema())
    else:
        from simulate.reconstruct.publication import publication_schema

        text = as_text(publication_schema())
    if output is None:
        click.echo(text, nl=False)
        return
    from pathlib import Path

    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error.strerror}") from None


_run_options = [
    _set,
    click.option("--replicates", "-n", type=int, help="Number of trials; default: the scenario's."),
    click.option("--seed", type=int, help="Seed of all random numbers; default: the scenario's."),
    click.option(
        "--workers",
        type=int,
        help="Threads of the batch engine, processes of SimPy; default: one for each processor.",
    ),
    click.option(
        "--engine",
        default="auto",
        help="auto, reference (SimPy) or batch (compiled); all give the same patients. "
        "Default: auto, which takes SimPy for a handful of replicates and for shared resources.",
    ),
    click.option("--out", default="results", help="Folder of the results; default: results."),
    click.option("--name", help="Name of this result; default: the scenario's name."),
    click.option("--force", is_flag=True, help="Overwrite the result of another scenario."),
]


def _with_options(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@cli.command()
@click.argument("file")
@_with_options(_run_options)
@click.option(
    "--patients",
    type=int,
    default=1,
    help="Write the patient data of so many replicates; default: 1.",
)
def run(file: str, patients: int, name: str | None, force: bool, **options: Any) -> None:
    """Simulate the scenario FILE many times and write tables and a report."""
    from pathlib import Path

    from simulate.progress import progress_bars
    from simulate.publish import publish

    out = Path(options.pop("out"))
    job = _job(file, patients_of=patients, **options)
    _tell_engine(job)
    with progress_bars() as step:
        folder = publish(job, out, name=_checked_name(name), force=force, step=step)
    done = _count(job.replicates, "replicate")
    click.echo(f"{done} of {job.scenario.name}: {folder / 'report.html'}")


def _job(file: str, overrides: tuple[str, ...], workers: int | None, **options: Any) -> Job:
    import os
    import shlex
    import sys

    from simulate.job import make_job
    from simulate.scenario import Scenario

    scenario = Scenario.from_file(file, overrides)
    return make_job(
        scenario,
        workers=workers if workers is not None else os.cpu_count() or 1,
        command=shlex.join(["simulate", *sys.argv[1:]]),
        **options,
    )


def _tell_engine(job: Job) -> None:
    """Say so if many replicates are not run by the quick engine, and why."""
    from simulate.choose_engine import AUTO, FEW, REFERENCE

    chosen = job.engine_choice
    if job.engine == AUTO and chosen.name == REFERENCE and job.replicates > FEW:
        click.echo(f"{job.scenario.name}: SimPy engine, because {chosen.reason}", err=True)


def _checked_name(name: str | None) -> str | None:
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(f"a name holds letters, digits, '.', '_' and '-' (given: {name!r})")
    return name


@cli.command()
@click.argument("file")
@_set
def describe(file: str, overrides: tuple[str, ...]) -> None:
    """Say in words what the scenario FILE will do, before anything runs."""
    from simulate.describe import describe as describe_scenario
    from simulate.scenario import Scenario

    click.echo(describe_scenario(Scenario.from_file(file, overrides)))


@cli.command()
@click.argument("file")
@_set
@click.option("--replicate", type=int, default=0, show_default=True, help="Which simulated trial.")
@click.option("--patient", type=int, default=1, show_default=True, help="Which of its patients.")
@click.option("--seed", type=int, help="Seed of all random numbers; default: the scenario's.")
def story(
    file: str, overrides: tuple[str, ...], replicate: int, patient: int, seed: int | None
) -> None:
    """Tell the history of one patient of the scenario FILE, line by line."""
    from simulate.scenario import Scenario
    from simulate.story import story as tell

    scenario = Scenario.from_file(file, overrides)
    chosen = scenario.seed if seed is None else seed
    click.echo(tell(scenario, seed=chosen, replicate=replicate, patient=patient))


@cli.command()
@click.argument("file")
@click.argument("against")
@_with_options(_run_options)
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
            first, second, out, name=_checked_name(name), force=force, step=step
        )
    click.echo(text)


@cli.command()
@click.argument("file")
@_set
@click.option("--fit", "fits", multiple=True, help="Make this fit; default: all. Can be repeated.")
@click.option("--seed", type=int, help="Seed of all random numbers; default: the scenario's.")
@click.option("--workers", type=int, help="Threads; default: one for each processor.")
@click.option("--out", help="Folder of the fits; default: calibrated/NAME beside FILE.")
@click.option(
    "--coverage",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead, calibrate to N simulated trials whose truth is known, and count how often the "
    "intervals hold it.",
)
@click.option(
    "--near-posterior",
    is_flag=True,
    help="With --coverage: draw the truth from the posterior that is there, not from the prior.",
)
@click.option(
    "--check-held-out",
    is_flag=True,
    help="Instead, let the fits that are there predict the facts that they did not use, and tell "
    "the survival that they hold true. Every new fit does so by itself.",
)
def calibrate(
    file: str,
    overrides: tuple[str, ...],
    fits: tuple[str, ...],
    seed: int | None,
    workers: int | None,
    out: str | None,
    coverage: int | None,
    near_posterior: bool,
    check_held_out: bool,
) -> None:
    """Estimate the parameters of the scenario FILE from its published facts.

    Exit code 1 if a posterior may not be trusted; an earlier calibration is then left as it is.
    """
    import os
    import shlex
    import sys
    from pathlib import Path

    from simulate.calibration import coverage as checks
    from simulate.calibration import publish
    from simulate.calibration.inference import Effort
    from simulate.progress import progress_bars
    from simulate.scenario import Scenario

    if near_posterior and coverage is None:
        raise UsageError("--near-posterior goes with --coverage N")
    if check_held_out and coverage is not None:
        raise UsageError("--coverage and --check-held-out are two things; give one of them")
    scenario = Scenario.from_file(file, overrides)
    settings = publish.Settings(
        seed=scenario.seed if seed is None else seed,
        workers=workers or os.cpu_count() or 1,
        effort=Effort() if coverage is None else checks.EFFORT,
        command=shlex.join(["simulate", *sys.argv[1:]]),
    )
    folder = Path(out) if out else publish.default_folder(scenario)
    with progress_bars(unit="trials") as step:
        if check_held_out:
            for path in publish.publish_checks(scenario, folder, settings, fits=fits, step=step):
                click.echo(f"written: {path}")
        elif coverage is not None:
            path = publish.publish_coverage(
                scenario,
                folder,
                settings,
                datasets=coverage,
                near_posterior=near_posterior,
                step=step,
            )
            click.echo(f"written: {path}")
        else:
            publish.publish_calibration(
                scenario, folder, settings, fits=fits, step=step, tell=click.echo
            )


@cli.command()
@click.argument("file")
@click.option("--out", default="results/reconstruct", show_default=True, help="Folder.")
@click.option("--name", help="Name of this reconstruction; default: that of the file.")
@click.option("--force", is_flag=True, help="Overwrite a reconstruction of other figures.")
def reconstruct(file: str, out: str, name: str | None, force: bool) -> None:
    """Turn the printed Kaplan-Meier figures of FILE into pseudo individual data.

    FILE is a YAML file with survival rates and their limits, or points of a curve with numbers
    at risk; scenarios/reconstruct/ has one of each. Every printed figure is shown beside the
    figure of the data that were made.
    """
    import shlex
    import sys
    from pathlib import Path

    from simulate.reconstruct.reconstruction import reconstruct_file
    from simulate.reconstruct.text import text
    from simulate.write_reconstruction import write_reconstruction

    chosen = _checked_name(name)
    made = reconstruct_file(file)
    folder = Path(out) / (chosen or made.file.publication.name)
    command = shlex.join(["simulate", *sys.argv[1:]])
    write_reconstruction(made, folder, command=command, force=force)
    click.echo(text(made))
    click.echo(f"data: {folder / 'pseudo_ipd.csv'}; picture: {folder / 'curves.svg'}")


@cli.command("check-engines")
@click.argument("file")
@_set
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


@cli.command()
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        The words after ``simulate``; by default those of the process.

    Returns
    -------
    int
        The exit code.
    """
    words = None if arguments is None else list(arguments)
    try:
        result = cli.main(args=words, prog_name="simulate", standalone_mode=False)
    except SimulateError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "interrupted; no result was written, and the same command goes on from here", err=True
        )
        return INTERRUPTED
    return result if isinstance(result, int) else 0
