"""The command line.

Every import beyond click stands inside the command that needs it, so that ``--help`` and
``validate`` answer at once. Exit codes: 0 done, 1 engines that differ or a posterior that may not
be trusted, 2 something for the user to mend, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from simulate.cli import estimate, scenario, trials
from simulate.errors import SimulateError

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="simulate")
def cli() -> None:
    """Simulate oncology trials, from the first patient to the operating characteristics."""


for _command in (
    *(scenario.validate, scenario.describe, scenario.design, scenario.story, scenario.schema),
    *(trials.run, trials.compare, trials.check_engines, trials.warmup),
    *(estimate.calibrate, estimate.reconstruct),
):
    cli.add_command(_command)


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
