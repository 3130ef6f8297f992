"""Commands that learn from published numbers: calibrate, reconstruct."""

from __future__ import annotations

import click

from simulate.cli.options import checked_name, command_line, with_set
from simulate.errors import UsageError


@click.command()
@click.argument("file")
@with_set
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
    if fits and coverage is not None:
        raise UsageError("--coverage checks the first fit of the calibration; leave --fit out")
    scenario = Scenario.from_file(file, overrides)
    settings = publish.Settings(
        seed=scenario.seed if seed is None else seed,
        workers=workers if workers is not None else os.cpu_count() or 1,
        effort=Effort() if coverage is None else checks.EFFORT,
        command=command_line(),
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


@click.command()
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
    from pathlib import Path

    from simulate.reconstruct.reconstruction import reconstruct_file
    from simulate.reconstruct.text import text
    from simulate.write_reconstruction import write_reconstruction

    chosen = checked_name(name)
    made = reconstruct_file(file)
    folder = Path(out) / (chosen or made.file.publication.name)
    command = command_line()
    write_reconstruction(made, folder, command=command, force=force)
    click.echo(text(made))
    click.echo(f"data: {folder / 'pseudo_ipd.csv'}; picture: {folder / 'curves.svg'}")
