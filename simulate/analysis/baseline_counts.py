"""Baseline characteristics of each replicate, counted as in a baseline table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate.analysis.stack import FloatArray, Stack
from simulate.analysis.statistics import Statistic
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


def baseline_values(trial: Trial, cuts: Stack) -> dict[str, FloatArray]:
    """Values of :func:`baseline_statistics` in every replicate."""
    values: dict[str, FloatArray] = {}
    for variable in trial.baseline.variables:
        levels = cuts.baseline[str(variable.id)]
        prefix = f"baseline.{variable.name}"
        if isinstance(variable, LevelsVariable):
            names = variable.level_names
            for i, level in enumerate(names):
                values[f"{prefix}.{level}"] = cuts.counts(levels == i).astype(float)
            for part in _parts(variable):
                having = [i for i, level in enumerate(names) if part in _split(level)]
                values[f"baseline.{part}"] = cuts.counts(np.isin(levels, having)).astype(float)
        else:
            numbers = levels + round(variable.low)
            for measure, probability in (("median", 0.5), ("min", 0.0), ("max", 1.0)):
                values[f"{prefix}.{measure}"] = cuts.quantiles(numbers, probability)
    return values


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
