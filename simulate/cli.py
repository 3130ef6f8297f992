"""The command line.

Every import beyond click stands inside the command that needs it, so that ``--help`` and
``validate`` answer at once. Exit codes: 0 done, 2 something for the user to mend, 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from simulate.errors import OutputError, SimulateError

if TYPE_CHECKING:
    from simulate.scenario import Scenario

INTERRUPTED = 130
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
    from simulate.scenario import Scenario

    scenario = Scenario.from_file(file, overrides)
    click.echo(f"{file} is valid: {scenario.title}")
    click.echo(_size(scenario))
    _warn_of_unstated(scenario)


def _size(scenario: Scenario) -> str:
    parts = [
        _count(scenario.sample_size, "patient"),
        _count(scenario.enrolment.sites.count, "site"),
        _count(len(scenario.analyses), "analysis", "analyses"),
        _count(scenario.replicates, "replicate"),
        _count(len(scenario.sweep), "variant"),
    ]
    return f"{', '.join(parts)}; digest {scenario.digest()[:12]}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _warn_of_unstated(scenario: Scenario) -> None:
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
def schema(output: str | None) -> None:
    """Give the JSON Schema of scenario files, by which editors check and complete them."""
    from simulate.scenario.json_schema import schema_text

    text = schema_text()
    if output is None:
        click.echo(text, nl=False)
        return
    from pathlib import Path

    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error.strerror}") from None


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
        click.echo("interrupted; nothing unfinished was kept", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0
