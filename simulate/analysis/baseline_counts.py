"""Baseline characteristics of each replicate, counted as in a baseline table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from simulate.analysis.quantiles import median_of_counts
from simulate.analysis.statistics import Statistic
from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn, IntTable
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.trial import Trial


def baseline_statistics(trial: Trial) -> Iterator[Statistic]:
    """Statistics of the baseline table: patients at each level, and the spread of numbers.

    A level such as ``lung+liver`` also counts for each of its parts, ``baseline.lung`` and
    ``baseline.liver``.
    """
    for variable in trial.baseline.variables:
        if isinstance(variable, LevelsVariable):
            for level in variable.level_names:
                name = f"baseline.{variable.name}.{level}"
                yield _count(name, f"{variable.name}.{level}", f"{variable.title}: {level}")
            for part in _parts(variable):
                label = f"{variable.title} with {part}"
                yield _count(f"baseline.{part}", f"{variable.name}.with_{part}", label)
        else:
            for measure in ("median", "min", "max"):
                yield Statistic(
                    f"baseline.{variable.name}.{measure}",
                    "SS",
                    "baseline",
                    f"{variable.name}.{measure}",
                    f"{variable.title}, {measure}",
                    "",
                )


def baseline_slots(trial: Trial) -> list[str]:
    """What `write_baseline` writes, in its order: all counts of patients, then all spreads."""
    counts = [name for name, _ in _cells(trial)]
    spreads = [
        f"baseline.{variable.name}.{measure}"
        for variable in trial.baseline.variables
        if not isinstance(variable, LevelsVariable)
        for measure in ("median", "min", "max")
    ]
    return counts + spreads


class BaselineRules(NamedTuple):
    """The variables, by position. Every level of every variable has a cell in which it is counted.

    A count of the table is the sum over cells ``cells[start[k] : start[k + 1]]``.
    """

    first_cell: IntTable
    """First cell of each variable, and one more entry for the end."""
    start: IntTable
    cells: IntTable
    numbers: IntTable
    """Positions of the variables that are numbers."""
    lowest: IntTable
    """The number at level 0 of each of these."""


def baseline_rules(trial: Trial) -> BaselineRules:
    """The baseline variables of a scenario as tables."""
    variables = trial.baseline.variables
    cells = [cells for _, cells in _cells(trial)]
    numbers = [i for i, v in enumerate(variables) if not isinstance(v, LevelsVariable)]
    lowest = [round(v.low) for v in variables if not isinstance(v, LevelsVariable)]
    return BaselineRules(
        first_cell=np.array(_first_cells(trial), np.int64),
        start=np.cumsum([0, *map(len, cells)]).astype(np.int64),
        cells=np.array([cell for own in cells for cell in own], np.int64),
        numbers=np.array(numbers, np.int64),
        lowest=np.array(lowest, np.int64),
    )


@rule
def write_baseline(
    rules: BaselineRules,
    levels: IntTable,
    patient: IntTable,
    n: int,
    counted: IntColumn,
    out: FloatColumn,
    at: int,
) -> None:
    """Write the baseline table of the ``n`` patients, `baseline_slots`.

    ``counted`` has an entry for every cell, all 0 before and after.
    """
    n_variables = len(rules.first_cell) - 1
    for row in range(n):
        of_patient = patient[row] * n_variables
        for v in range(n_variables):
            counted[rules.first_cell[v] + levels[of_patient + v]] += 1
    for k in range(len(rules.start) - 1):
        found = 0
        for i in range(rules.start[k], rules.start[k + 1]):
            found += counted[rules.cells[i]]
        out[at + k] = float(found)
    at += len(rules.start) - 1
    for i in range(len(rules.numbers)):
        first = rules.first_cell[rules.numbers[i]]
        last = rules.first_cell[rules.numbers[i] + 1] - 1
        write_spread(counted, n, first, last, float(rules.lowest[i]), out, at + 3 * i)
    for cell in range(rules.first_cell[n_variables]):
        counted[cell] = 0


@rule
def write_spread(
    counted: IntTable, n: int, first: int, last: int, lowest: float, out: FloatColumn, at: int
) -> None:
    """Write the median, the smallest and the largest of a number by its cells."""
    out[at] = lowest + median_of_counts(counted, n, first)
    out[at + 1] = math.nan
    out[at + 2] = math.nan
    if n > 0:
        low, high = first, last
        while counted[low] == 0:
            low += 1
        while counted[high] == 0:
            high -= 1
        out[at + 1] = lowest + (low - first)
        out[at + 2] = lowest + (high - first)


def _first_cells(trial: Trial) -> list[int]:
    """First cell of each variable, and the end of the last."""
    sizes = [
        len(v.level_names) if isinstance(v, LevelsVariable) else round(v.high) - round(v.low) + 1
        for v in trial.baseline.variables
    ]
    return [0, *accumulate(sizes)]


def _cells(trial: Trial) -> Iterator[tuple[str, list[int]]]:
    """Every count of the baseline table: its name, and the cells it sums up."""
    for variable, first in zip(trial.baseline.variables, _first_cells(trial), strict=False):
        if not isinstance(variable, LevelsVariable):
            continue
        names = variable.level_names
        for i, level in enumerate(names):
            yield f"baseline.{variable.name}.{level}", [first + i]
        for part in _parts(variable):
            having = [first + i for i, level in enumerate(names) if part in _split(level)]
            yield f"baseline.{part}", having


def _count(name: str, measure: str, label: str) -> Statistic:
    return Statistic(name, "SS", "baseline", measure, label, "patients")


def _split(level: str) -> list[str]:
    """Parts of a level such as lung+liver; a level such as 3+ is one."""
    parts = level.split("+")
    return parts if len(parts) == 1 or all(parts) else [level]


def _parts(variable: LevelsVariable) -> list[str]:
    """Parts of all levels of a variable, if any level has several."""
    parts = [_split(level) for level in variable.level_names]
    if all(len(several) == 1 for several in parts):
        return []
    return list(dict.fromkeys(part for several in parts for part in several if part != "none"))
