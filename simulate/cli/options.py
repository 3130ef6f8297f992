"""What commands share: options, the words of the command line, and counts in words."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from simulate.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

with_set = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one field, such as sample_size=80; may be given several times.",
)

RUN_OPTIONS = [
    with_set,
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
    click.option("--force", is_flag=True, help="Overwrite another result."),
]
"""Options of every command that runs many trials."""


def with_options(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    """Give a command several options, in their order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def command_line() -> str:
    """The command as it was typed, for the record."""
    return shlex.join(["simulate", *sys.argv[1:]])


def checked_name(name: str | None) -> str | None:
    """A name that is safe for a folder; otherwise a UsageError."""
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(f"a name holds letters, digits, '.', '_' and '-' (given: {name!r})")
    return name


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many or one + 's'}"
