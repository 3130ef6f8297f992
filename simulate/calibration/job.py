"""What a calibration works on: a scenario, the file of its calibration, and published facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulate.analysis.row import all_statistics
from simulate.calibration.inference import WIDEST
from simulate.calibration.links import natural, prior_moments, written
from simulate.calibration.targets import Observed, observed_targets
from simulate.distributions import FloatArray
from simulate.errors import Problem, ScenarioError, UsageError
from simulate.facts import Fact, read_facts
from simulate.scenario.calibration_design import (
    CalibrationFile,
    Fit,
    Parameter,
    Stage,
    read_calibration,
)
from simulate.scenario.problems import similar
from simulate.scenario.scenario import Scenario


@dataclass(frozen=True)
class CalibrationJob:
    """A scenario to be calibrated, read and checked."""

    scenario: Scenario
    """With its own values: no parameters of an earlier calibration, no what-ifs, no subgroups."""
    file: CalibrationFile
    facts: tuple[Fact, ...]
    fits: tuple[Fit, ...]
    """Those asked for, the first of the file among them."""

    def structured(self, fit: Fit) -> Scenario:
        """The scenario with the structure of a fit."""
        return self.scenario.with_overrides(dict(fit.set)) if fit.set else self.scenario

    def observed(self, fit: Fit, stage: Stage) -> Observed:
        """What was published of a stage's targets, as a fit uses them."""
        return observed_targets(self.structured(fit), self.facts, stage, self.file)

    def own_stages(self, fit: Fit) -> tuple[Stage, ...]:
        """Stages that a fit estimates itself, in order."""
        names = [stage.name for stage in self.file.content.stages]
        own = names if fit.stage is None else [fit.stage]
        return tuple(self.file.content.stage_of(fit, name) for name in own)


def read_job(scenario: Scenario, fits: Sequence[str] = ()) -> CalibrationJob:
    """Read and check all that a calibration needs, before anything is simulated.

    Parameters
    ----------
    scenario : Scenario
        Names the file of its calibration and the file of facts.
    fits : sequence of str
        Names of the fits to make; by default all. The first fit of the file always is, as the
        others take from it what they do not estimate.

    Raises
    ------
    UsageError
        If the scenario names no calibration or no facts, has arms, or there is no such fit.
    ScenarioError
        With every problem of the files.
    """
    if scenario.arms:
        raise UsageError(
            f"{scenario.name} has arms; calibrate a trial of one arm, and let the arms take their "
            "parameters from it"
        )
    if scenario.calibration_path is None or scenario.facts_path is None:
        missing = "calibration" if scenario.calibration_path is None else "facts"
        raise UsageError(
            f"{scenario.path} names no file of {missing}; a scenario is calibrated by "
            "calibration: (priors and targets) against facts: (published numbers)"
        )
    file, facts = _read_both(scenario.calibration_path, scenario.facts_path)
    known = [fit.name for fit in file.content.fits]
    for name in fits:
        if name not in known:
            hint = similar(name, known)
            raise UsageError(
                f"there is no fit {name} in {file.path} (allowed: {', '.join(known)})"
                + (f". {hint}" if hint else "")
            )
    chosen = [fit for fit in file.content.fits if not fits or fit.name in fits]
    first = file.content.fits[0]
    plain = scenario.with_overrides({"parameters": None, "sweep": [], "endpoints.subgroups": []})
    job = CalibrationJob(
        plain, file, tuple(facts), tuple(chosen if first in chosen else [first, *chosen])
    )
    problems = [problem for fit in job.fits for problem in _problems(job, fit)]
    if problems:
        raise ScenarioError(problems)
    return job


def _read_both(calibration: Path, facts: Path) -> tuple[CalibrationFile, list[Fact]]:
    """Both files; the problems of both are told together."""
    problems: list[Problem] = []
    file: CalibrationFile | None = None
    found: list[Fact] = []
    try:
        file = read_calibration(calibration)
    except ScenarioError as error:
        problems += error.problems
    try:
        found = read_facts(facts)
    except ScenarioError as error:
        problems += error.problems
    if problems or file is None:
        raise ScenarioError(problems)
    return file, found


def _problems(job: CalibrationJob, fit: Fit) -> Iterator[Problem]:
    """What of a fit cannot be done."""
    index = job.file.content.fits.index(fit)
    try:
        scenario = job.structured(fit)
    except ScenarioError as error:
        for problem in error.problems:
            yield job.file.problem(("fits", index, "set"), f"{problem.key}: {problem.message}")
        return
    for stage in job.own_stages(fit):
        yield from _field_problems(job, fit, scenario, stage)
        try:
            observed_targets(scenario, job.facts, stage, job.file)
        except ScenarioError as error:
            yield from error.problems


def _field_problems(
    job: CalibrationJob, fit: Fit, scenario: Scenario, stage: Stage
) -> Iterator[Problem]:
    """Fields that are not there, or may not have the values that the priors hold likely."""
    mean, sd = prior_moments(stage.parameters)
    middle = _refusals(scenario, stage, mean)
    for parameter, problem in middle:
        path = job.file.parameter_path(parameter.name, fit)
        yield job.file.problem((*path, "field"), problem.message, problem.hint)
    if middle:
        return
    free = [p for p in stage.parameters if p.prior is not None]
    for index, parameter in enumerate(free):
        path = job.file.parameter_path(parameter.name, fit)
        for apart in (-WIDEST, WIDEST):
            point = mean + apart * sd * (np.arange(len(mean)) == index)
            for _, problem in _refusals(scenario, stage, point):
                message = f"{apart:+g} standard deviations reach what is refused: {problem.message}"
                hint = "Make the prior narrower, or choose another link"
                yield job.file.problem((*path, "prior"), message, hint)


def _refusals(
    scenario: Scenario, stage: Stage, point: FloatArray
) -> list[tuple[Parameter, Problem]]:
    """Problems of the scenario at a point, each with the parameter that it is about."""
    values = natural(stage.parameters, point[None, :])
    overrides = {p.field: written(values[p.name][0], p.unit) for p in stage.parameters}
    try:
        scenario.with_overrides(overrides)
    except ScenarioError as error:
        return [(_about(stage, problem), problem) for problem in error.problems]
    return []


def _about(stage: Stage, problem: Problem) -> Parameter:
    """The parameter whose field a problem names, in whole or in part."""
    for parameter in stage.parameters:
        if parameter.field == problem.key or parameter.field.startswith(f"{problem.key}."):
            return parameter
    return stage.parameters[0]


def unused_facts(job: CalibrationJob, used: Mapping[str, object]) -> list[str]:
    """Facts that the scenario has a statistic for and a calibration did not use."""
    statistics = all_statistics(job.scenario)
    return [f.statistic for f in job.facts if f.statistic in statistics and f.statistic not in used]
