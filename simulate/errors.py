"""The few ways in which the program refuses to go on, each telling the user what to do.

Every one of them ends a command with exit code 2, its text on standard error, no traceback, and
nothing written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a scenario, and where.

    Attributes
    ----------
    file
        The scenario file as the user named it, or the text of an override (``--set a=1``).
    line, column
        Position in the file, both counted from 1; None where there is no position.
    key
        Dotted path of the field, in the form that ``--set`` takes; empty for the whole file.
    message
        What is wrong, with what was given and what is allowed in brackets.
    hint
        What to do about it; may be empty.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Give the problem as ``file:line:col: key.path: what is wrong. hint``."""
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        parts = [place, self.key, self.message] if self.key else [place, self.message]
        text = ": ".join(parts)
        return f"{text}. {self.hint}" if self.hint else text

    @property
    def position(self) -> tuple[str, int, int]:
        """Key by which problems are put in the order of the file."""
        return (self.file, self.line or 0, self.column or 0)


class SimulateError(Exception):
    """Base of everything that is the user's to mend; a command that meets one exits with 2."""

    exit_code = 2


class UsageError(SimulateError):
    """A command, option or argument that cannot be followed."""


class OutputError(SimulateError):
    """A result that cannot be written, or may not be overwritten."""


class ScenarioError(SimulateError):
    """A scenario that cannot be run, with all its problems in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(unique, key=lambda p: p.position))
        super().__init__(str(self))

    def __str__(self) -> str:
        """List the problems, one a line, and say that nothing was run."""
        count = len(self.problems)
        lines = [str(problem) for problem in self.problems]
        lines.append(f"{count} problem{'' if count == 1 else 's'}; nothing was run")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Survive the way back from a worker process, which rebuilds an error from its parts."""
        return (type(self), (self.problems,))
