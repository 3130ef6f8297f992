"""The published numbers that a scenario is held against: read, and checked against one another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from simulate.errors import Problem, ScenarioError
from simulate.scenario.problems import problem_at
from simulate.scenario.source import read_file
from simulate.scenario.tree import Block, Items, plain
from simulate.scenario.tree import Path as TreePath

ROLES = ("calibrated", "held_out", "check", "derived", "input")
_LANDMARK = re.compile(r"(?P<endpoint>.+)_rate_(?P<months>[0-9.]+)")


@dataclass(frozen=True)
class Fact:
    """One published number."""

    statistic: str
    """Name of the statistic that the simulator computes."""
    label: str
    value: float
    """As printed, in its unit; infinity for 'not reached'."""
    unit: str
    denominator: int | None
    role: str
    locator: str
    """Where it is printed."""
    count: int | None = None
    """Patients, where it is a count or a share of them."""
    lower: float | None = None
    upper: float | None = None
    """Printed 95% limits."""


def read_facts(path: Path) -> list[Fact]:
    """Read the numeric facts of a file of facts.

    Raises
    ------
    ScenarioError
        If the file cannot be read, a fact lacks something, or facts cannot be true: limits that
        exclude their estimate, more patients than there are, survival rates that rise.
    """
    tree = read_file(str(path))
    content = plain(tree)
    rows = content.get("facts") if isinstance(content, dict) else None
    if not isinstance(rows, list | tuple) or not isinstance(tree.get("facts"), Items):
        raise ScenarioError([Problem(str(path), None, None, "facts", "a list of facts is needed")])
    facts, problems = [], []
    for number, row in enumerate(rows):
        try:
            fact = _fact(row)
        except (KeyError, TypeError, ValueError) as error:
            message = f"fact {number + 1} is not readable: {error}"
            problems.append(problem_at(tree, ("facts", number), message))
        else:
            if fact is not None:
                facts.append((number, fact))
    problems += _impossible(tree, facts)
    if problems:
        raise ScenarioError(problems)
    return [fact for _, fact in facts]


def _fact(row: Any) -> Fact | None:
    """A fact from its row in the file; None if it is not a number, as a date is not."""
    value = _number(row["value"])
    if value is None:
        return None
    if row["role"] not in ROLES:
        raise ValueError(f"the role must be one of {', '.join(ROLES)} (given: {row['role']})")
    return Fact(
        statistic=str(row["statistic"]),
        label=str(row["label"]),
        value=value,
        unit=str(row["unit"]),
        denominator=row.get("denominator"),
        role=str(row["role"]),
        locator=str(row["at"]),
        count=row.get("count"),
        lower=_number(row.get("lower")),
        upper=_number(row.get("upper")),
    )


def _number(value: Any) -> float | None:
    """A number as printed, infinity for NR; None if it is none."""
    if value == "NR":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _impossible(tree: Block, facts: list[tuple[int, Fact]]) -> Iterator[Problem]:
    """Facts that contradict themselves or one another."""
    for number, fact in facts:
        for key, message in _contradictions(fact):
            path: TreePath = ("facts", number, key)
            yield problem_at(tree, path, f"{fact.statistic}: {message}", "Correct the fact")
    yield from _rising(tree, facts)


def _contradictions(fact: Fact) -> Iterator[tuple[str, str]]:
    """Key and message of what is wrong with a fact by itself."""
    if fact.lower is not None and fact.lower > fact.value:
        yield "lower", f"the lower limit {fact.lower:g} is above the estimate {fact.value:g}"
    if fact.upper is not None and fact.upper < fact.value:
        yield "upper", f"the upper limit {fact.upper:g} is below the estimate {fact.value:g}"
    if fact.denominator is not None:
        if fact.count is not None and fact.count > fact.denominator:
            yield "count", f"{fact.count} of {fact.denominator} patients are more than there are"
        if fact.unit == "patients" and fact.value > fact.denominator:
            yield "value", f"{fact.value:g} of {fact.denominator} patients are more than there are"
    if fact.unit == "%" and not 0 <= fact.value <= 100:
        yield "value", f"a rate lies between 0 and 100% (given: {fact.value:g})"


def _rising(tree: Block, facts: list[tuple[int, Fact]]) -> Iterator[Problem]:
    """Survival rates that are higher at a later landmark."""
    curves: dict[str, list[tuple[float, int, Fact]]] = {}
    for number, fact in facts:
        match = _LANDMARK.fullmatch(fact.statistic)
        if match:
            row = (float(match["months"]), number, fact)
            curves.setdefault(match["endpoint"], []).append(row)
    for rows in curves.values():
        rows.sort(key=lambda row: row[0])
        for (_, _, before), (_, number, after) in pairwise(rows):
            if after.value > before.value:
                message = (
                    f"{after.statistic}: a survival rate of {after.value:g}% cannot follow "
                    f"{before.value:g}% at the landmark before"
                )
                yield problem_at(tree, ("facts", number, "value"), message, "Correct the fact")
