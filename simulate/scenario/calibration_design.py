"""How a scenario's parameters are estimated from published facts: the file beside the scenario.

The file names the free parameters with their links and priors, the published statistics that inform
them, and the fits: the whole information, parts of it held out, other structures of the disease.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from simulate.errors import Problem, ScenarioError
from simulate.scenario.fields import FileSafeName, Label, Section, reject
from simulate.scenario.problems import problem_at, problems_of, similar
from simulate.scenario.provenance import fasten_sources
from simulate.scenario.source import read_file
from simulate.scenario.tree import Block, Leaf, Path, SourceTag, locate, plain

Number = Annotated[float, Field(allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = tuple[Label, ...]
Unit = Literal["days", "weeks", "months", "per day", "per week", "per month"]


class Prior(Section):
    """What is held likely before the data are seen: normal on the scale of the link."""

    median: Number
    """Median, in the parameter's unit."""
    sd: PositiveNumber
    """Standard deviation on the scale of the link: 0.5 on the log scale is a factor of 1.6."""


class Parameter(Section):
    """One number of the scenario that is estimated, or that follows from one that is."""

    name: FileSafeName
    """Name in tables."""
    label: Label
    """What it is, in words."""
    field: Label
    """Where it stands in the scenario, as ``--set`` takes it."""
    unit: Unit | None = None
    """Unit of its numbers; none for probabilities, shapes and ratios."""
    link: Literal["identity", "log", "logit"] = "identity"
    """Scale on which the prior is normal: log for what is positive, logit for probabilities."""
    prior: Prior | None = None
    """Its prior; a parameter without one follows from another by ``equals``."""
    times: FileSafeName | None = None
    """Name of a parameter by which it is multiplied before it enters the scenario."""
    equals: FileSafeName | None = None
    """Name of the parameter whose value it takes."""

    @model_validator(mode="after")
    def _free_or_equal(self) -> Parameter:
        if (self.prior is None) == (self.equals is None):
            reject("either prior or equals is needed, and not both")
        if self.prior is None:
            return self
        if self.link == "log" and self.prior.median <= 0:
            reject(f"a log link needs a median above 0 (given: {self.prior.median:g})", key="prior")
        if self.link == "logit" and not 0 < self.prior.median < 1:
            reject(
                f"a logit link needs a median between 0 and 1 (given: {self.prior.median:g})",
                key="prior",
            )
        return self


class Targets(Section):
    """Published statistics, by the scale on which their distribution is near normal."""

    arcsine: Names = ()
    """Proportions, survival rates and counts of patients: arcsine of the square root."""
    root: Names = ()
    """Small counts: square root of the count plus 3/8."""
    log: Names = ()
    """Times and counts of cycles: logarithm."""
    interval: Names = ()
    """Survival rates whose printed limits are used: logarithm of the standard error of
    log(-log S) that they imply."""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Scale and statistic of each target, in order."""
        for scale in type(self).model_fields:
            for statistic in getattr(self, scale):
                yield scale, statistic


class Stage(Section):
    """Parameters that are estimated together; earlier stages are at their point values."""

    name: FileSafeName
    """Name of the stage."""
    title: Label
    """What it estimates, in a line."""
    parameters: Annotated[tuple[Parameter, ...], Field(min_length=1)]
    """What is estimated."""
    targets: Targets
    """What it is estimated from."""


class Fit(Section):
    """One estimation: all stages as they are, or one of them changed."""

    name: FileSafeName
    """Name of the fit and of its folder."""
    title: Label
    """What it is, in a line."""
    stage: FileSafeName | None = None
    """Stage that it changes; the others are taken from the first fit. None in the first fit."""
    leave_out: Targets = Field(default_factory=Targets)
    """Targets that it does not use."""
    held_out: Names = ()
    """Further facts that it is judged by, because they follow from targets that it leaves out."""
    set: Mapping[str, Any] = Field(default_factory=dict)
    """Fields of the scenario that make its structure, such as another distribution."""
    without: tuple[FileSafeName, ...] = ()
    """Parameters that this structure does not have."""
    parameters: tuple[Parameter, ...] = ()
    """Parameters that only this structure has."""


class CalibrationDesign(Section):
    """How a scenario's parameters are estimated."""

    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    """In the order in which they are estimated."""
    fits: Annotated[tuple[Fit, ...], Field(min_length=1)]
    """The first uses every stage as it is; each other one changes one stage."""

    def stage_of(self, fit: Fit, name: str) -> Stage:
        """A stage as a fit has it."""
        stage = next(stage for stage in self.stages if stage.name == name)
        if fit.stage != name:
            return stage
        left_out = set(fit.leave_out.pairs())
        targets = {
            scale: tuple(s for s in getattr(stage.targets, scale) if (scale, s) not in left_out)
            for scale in Targets.model_fields
        }
        kept = tuple(p for p in stage.parameters if p.name not in fit.without)
        return Stage(
            name=stage.name,
            title=stage.title,
            parameters=(*kept, *fit.parameters),
            targets=Targets(**targets),
        )


@dataclass(frozen=True)
class CalibrationFile:
    """A calibration as it was read, with the places of everything in its file."""

    path: str
    content: CalibrationDesign
    tree: Block

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """A problem at a place of the file."""
        return problem_at(self.tree, path, message, hint)

    def parameter_path(self, name: str, fit: Fit) -> Path:
        """Where a parameter is declared, the fit's own ones first."""
        index = self.content.fits.index(fit)
        for i, parameter in enumerate(fit.parameters):
            if parameter.name == name:
                return ("fits", index, "parameters", i)
        for s, stage in enumerate(self.content.stages):
            for i, parameter in enumerate(stage.parameters):
                if parameter.name == name:
                    return ("stages", s, "parameters", i)
        raise KeyError(name)

    def target_path(self, stage: str, scale: str, statistic: str) -> Path:
        """Where a target is named."""
        names = [each.name for each in self.content.stages]
        index = names.index(stage)
        position = getattr(self.content.stages[index].targets, scale).index(statistic)
        return ("stages", index, "targets", scale, position)

    def source_of(self, name: str, fit: Fit) -> SourceTag:
        """Where a parameter's prior comes from."""
        path = (*self.parameter_path(name, fit), "prior", "median")
        node = locate(self.tree, path).node
        return node.source if isinstance(node, Leaf) else SourceTag()


def read_calibration(path: str | os.PathLike[str]) -> CalibrationFile:
    """Read and check a file of how parameters are estimated.

    Raises
    ------
    ScenarioError
        With every problem of the file.
    """
    name = os.fspath(path)
    tree, problems = fasten_sources(read_file(name))
    try:
        content = CalibrationDesign.model_validate(plain(tree))
    except ValidationError as error:
        raise ScenarioError([*problems, *problems_of(error, tree, CalibrationDesign)]) from None
    found = CalibrationFile(name, content, tree)
    problems += _problems(found)
    if problems:
        raise ScenarioError(problems)
    return found


def _problems(file: CalibrationFile) -> Iterator[Problem]:
    """Names that are given twice or lead nowhere."""
    content = file.content
    yield from _repeated(file, ("stages",), [stage.name for stage in content.stages])
    yield from _repeated(file, ("fits",), [fit.name for fit in content.fits])
    declared = [p.name for stage in content.stages for p in stage.parameters]
    for s, stage in enumerate(content.stages):
        own = [p.name for p in stage.parameters]
        yield from _repeated(file, ("stages", s, "parameters"), own)
        yield from _referred(file, ("stages", s, "parameters"), stage.parameters, declared)
        yield from _repeated_targets(file, s, stage.targets)
    for f, fit in enumerate(content.fits):
        yield from _fit_problems(file, f, fit)


def _repeated(file: CalibrationFile, path: Path, names: list[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield file.problem((*path, index, "name"), f"this name is given twice (given: {name})")


def _repeated_targets(file: CalibrationFile, stage: int, targets: Targets) -> Iterator[Problem]:
    seen: set[str] = set()
    for scale in ("arcsine", "root", "log"):
        for position, statistic in enumerate(getattr(targets, scale)):
            if statistic in seen:
                path = ("stages", stage, "targets", scale, position)
                yield file.problem(path, f"this target is given twice (given: {statistic})")
            seen.add(statistic)


def _referred(
    file: CalibrationFile, path: Path, parameters: tuple[Parameter, ...], known: list[str]
) -> Iterator[Problem]:
    for index, parameter in enumerate(parameters):
        for key in ("times", "equals"):
            other = getattr(parameter, key)
            if other is not None and (other not in known or other == parameter.name):
                message = f"there is no other parameter of this name (given: {other})"
                yield file.problem((*path, index, key), message, similar(other, known))


def _fit_problems(file: CalibrationFile, index: int, fit: Fit) -> Iterator[Problem]:
    changes = bool(fit.set or fit.without or fit.parameters or any(fit.leave_out.pairs()))
    stages = {stage.name: stage for stage in file.content.stages}
    path: Path = ("fits", index)
    if index == 0:
        if changes or fit.stage is not None:
            yield file.problem((*path, "name"), "the first fit uses every stage as it is")
        return
    if fit.stage not in stages:
        message = f"the stage that the fit changes is needed (allowed: {', '.join(stages)})"
        yield file.problem((*path, "stage"), message)
        return
    stage = stages[fit.stage]
    names = [p.name for p in stage.parameters]
    for position, name in enumerate(fit.without):
        if name not in names:
            message = f"the stage has no such parameter (given: {name})"
            yield file.problem((*path, "without", position), message, similar(name, names))
    kept = [name for name in names if name not in fit.without]
    for position, parameter in enumerate(fit.parameters):
        if parameter.name in kept:
            message = f"the stage has a parameter of this name (given: {parameter.name})"
            yield file.problem((*path, "parameters", position, "name"), message)
    known = [*kept, *(p.name for p in fit.parameters)]
    yield from _referred(file, (*path, "parameters"), fit.parameters, known)
    for scale, statistic in fit.leave_out.pairs():
        given = getattr(stage.targets, scale)
        if statistic not in given:
            position = getattr(fit.leave_out, scale).index(statistic)
            message = f"the stage has no such target (given: {statistic})"
            yield file.problem(
                (*path, "leave_out", scale, position), message, similar(statistic, given)
            )
