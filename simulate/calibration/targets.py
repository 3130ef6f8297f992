"""The published values of a stage's targets, on the scales on which they are compared."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulate.analysis.row import all_statistics
from simulate.calibration.scales import Target, on_scale
from simulate.distributions import FloatArray
from simulate.errors import Problem, ScenarioError
from simulate.facts import Fact
from simulate.scenario.calibration_design import CalibrationFile, Stage
from simulate.scenario.trial import Trial


@dataclass(frozen=True)
class Observed:
    """What was published of a stage's targets."""

    targets: tuple[Target, ...]
    values: FloatArray
    """On the targets' scales."""
    facts: tuple[Fact, ...]


def observed_targets(
    trial: Trial, facts: Sequence[Fact], stage: Stage, file: CalibrationFile
) -> Observed:
    """The published values of a stage's targets.

    Raises
    ------
    ScenarioError
        If a target is no statistic of the scenario, is not among the facts, or has no value that
        can be used on its scale.
    """
    statistics = all_statistics(trial)
    published = {fact.statistic: fact for fact in facts}
    problems: list[Problem] = []
    found: list[tuple[Target, Fact, float]] = []
    for scale, name in stage.targets.pairs():
        path = file.target_path(stage.name, scale, name)
        if name not in statistics or name not in published:
            known = [each for each in published if each in statistics]
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else "Name a fact that is a statistic"
            message = f"no published fact and statistic has this name (given: {name})"
            problems.append(file.problem(path, message, hint))
            continue
        fact, target = published[name], Target(scale, name, statistics[name].unit == "%")
        value = _observed(target, fact, statistics[name].scale, trial.sample_size)
        if math.isfinite(value):
            found.append((target, fact, value))
        else:
            problems.append(file.problem(path, _useless(target, fact)))
    problems += _none_left(found, stage, file)
    if problems:
        raise ScenarioError(problems)
    targets, used, values = zip(*found, strict=True)
    return Observed(targets, np.array(values), used)


def _observed(target: Target, fact: Fact, scale: float, n_patients: int) -> float:
    values = {
        fact.statistic: fact.value,
        f"{fact.statistic}_lower": fact.lower,
        f"{fact.statistic}_upper": fact.upper,
    }
    columns: Mapping[str, FloatArray] = {
        name: np.array([math.nan if value is None else value / scale])
        for name, value in values.items()
    }
    return float(on_scale(target, columns.__getitem__, n_patients)[0])


def _useless(target: Target, fact: Fact) -> str:
    if target.scale == "interval":
        return (
            f"the fact {fact.statistic} has no limits between 0 and 100% "
            f"(given: {fact.lower} to {fact.upper})"
        )
    return (
        f"the fact {fact.statistic} cannot be used on the scale {target.scale} "
        f"(given: {fact.value:g})"
    )


def _none_left(found: Sequence[object], stage: Stage, file: CalibrationFile) -> Iterator[Problem]:
    if not found:
        names = [each.name for each in file.content.stages]
        path = ("stages", names.index(stage.name), "targets")
        yield file.problem(path, "at least one target is needed")
