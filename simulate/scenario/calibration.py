"""One fit of a calibration as its folder holds it: the point, and what it was calibrated to.

A calibration is a folder with a folder a fit. In that are ``point.yaml`` (the structure that the
fit sets, the parameters with the fields they stand for, and the statistics that it used or held
out) and ``draws.parquet`` (the posterior, see :mod:`simulate.scenario.draws`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import Field, ValidationError

from simulate.errors import Problem, ScenarioError
from simulate.scenario.fields import FileSafeName, Label, Section
from simulate.scenario.problems import problem_at, problems_of, similar
from simulate.scenario.source import read_file
from simulate.scenario.tree import Block, Items, Leaf, Mark, Node, Path, locate, plain

POINT_FILE, DRAWS_FILE = "point.yaml", "draws.parquet"

_NOT_PARAMETERS = (
    "name",
    "title",
    "reference",
    "facts",
    "replicates",
    "seed",
    "sweep",
    "extends",
    "parameters",
    "origin",
    "sample_size",
    "resources",
    "arms",
    "randomisation",
    "max_study_duration",
    "hypotheses",
    "multiplicity",
    "estimates",
    "analyses",
    "endpoints",
    "design",
)
"""Top-level keys that say how a trial is run and analysed, not what happens to patients."""


class CalibratedParameter(Section):
    """One parameter and the field of the scenario that it stands for."""

    name: FileSafeName
    """Name in tables; the column of the draws."""
    label: Label
    """What it is, in a line."""
    field: Label
    """Path of the field, as ``--set`` takes it."""
    unit: Label | None
    """What follows the number in a scenario file, such as months; null for a number alone."""
    value: float
    """The point."""

    def as_written(self, value: float) -> str | float:
        """A value as a scenario file would have it."""
        return value if self.unit is None else f"{value!r} {self.unit}"


class PointFile(Section):
    """The content of ``point.yaml``."""

    fit: FileSafeName
    """Name of the fit: that of its folder."""
    title: Label
    """What it is, in a line."""
    scenario: FileSafeName
    """Scenario that was calibrated."""
    structure: Mapping[str, Any] = Field(default_factory=dict)
    """Fields that the fit sets before its parameters."""
    parameters: Annotated[tuple[CalibratedParameter, ...], Field(min_length=1)]
    """Parameters in the order of the draws."""
    held_out: tuple[str, ...] = ()
    """Statistics that the fit did not use, to be judged by them."""
    calibrated: tuple[str, ...] = ()
    """Statistics that the fit used."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """One fit of a calibration, read and checked."""

    folder: FilePath
    """Folder of the fit."""
    shown: str
    """Folder of the calibration as the scenario names it."""
    content: PointFile
    structure: tuple[tuple[str, Node], ...]
    """Fields that the fit sets, as they are written."""
    marks: tuple[Mark, ...]
    """Where each parameter's value is written."""

    @property
    def locator(self) -> str:
        """What the register of sources says of its values."""
        return f"calibrated to the paper: {self.shown}, fit {self.content.fit}"

    @property
    def roles(self) -> dict[str, str]:
        """``calibrated`` or ``held_out`` by statistic."""
        used = dict.fromkeys(self.content.calibrated, "calibrated")
        return used | dict.fromkeys(self.content.held_out, "held_out")

    def nodes(self, draw: tuple[int, tuple[float, ...]] | None = None) -> list[tuple[str, Leaf]]:
        """Field and value of each parameter: the point, or a draw (its number and values)."""
        parameters = self.content.parameters
        if draw is None:
            given, marks = tuple(p.value for p in parameters), self.marks
        else:
            given = draw[1]
            marks = (Mark(str(self.folder / DRAWS_FILE)),) * len(parameters)
        texts = [p.as_written(value) for p, value in zip(parameters, given, strict=True)]
        leaves = (Leaf(text, str(text), mark) for text, mark in zip(texts, marks, strict=True))
        return [(p.field, leaf) for p, leaf in zip(parameters, leaves, strict=True)]


def find_fit(folder: FilePath, shown: str, fit: str, *, places: tuple[Mark, Mark]) -> Calibration:
    """Read one fit of a calibration.

    Parameters
    ----------
    folder
        Folder of the calibration.
    shown
        The same as the scenario names it.
    fit
        Name of the fit.
    places
        Where the scenario names the folder, and the fit.

    Raises
    ------
    ScenarioError
        If the folder, the fit or its file is missing, or the file is not as it should be.
    """
    folder_mark, fit_mark = places
    if not _is_folder(folder):
        message = f"there is no such folder (given: {shown}; looked for {folder})"
        hint = (
            "Run simulate calibrate first, or write parameters: null to use the file's own values"
        )
        raise _refused(folder_mark, "parameters.from", message, hint)
    path = folder / fit / POINT_FILE
    if not path.is_file():
        fits = sorted(p.parent.name for p in folder.glob(f"*/{POINT_FILE}"))
        message = (
            f"there is no such fit in {shown} (given: {fit}; fits: {', '.join(fits) or 'none'})"
        )
        raise _refused(fit_mark, "parameters.fit", message, similar(fit, fits))
    return _read(path, shown, path.stat().st_mtime_ns)


def _is_folder(path: FilePath) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _refused(mark: Mark, key: str, message: str, hint: str = "") -> ScenarioError:
    return ScenarioError([Problem(mark.file, mark.line, mark.column, key, message, hint)])


@lru_cache(maxsize=16)
def _read(path: FilePath, shown: str, _changed: int) -> Calibration:
    """A fit from its file, read once as long as that does not change."""
    tree = read_file(str(path))
    try:
        content = PointFile.model_validate(plain(tree))
    except ValidationError as error:
        raise ScenarioError(problems_of(error, tree, PointFile)) from None
    if problems := _problems(tree, content, path.parent.name):
        raise ScenarioError(problems)
    structure = tree.get("structure")
    fields = structure.entries if isinstance(structure, Block) else {}
    items = tree.get("parameters")
    assert isinstance(items, Items)  # the file is valid
    marks = tuple(_mark_of(tree, ("parameters", i, "value")) for i in range(len(items.nodes)))
    return Calibration(
        folder=path.parent,
        shown=shown,
        content=content,
        structure=tuple((field, entry.node) for field, entry in fields.items()),
        marks=marks,
    )


def _mark_of(tree: Block, path: Path) -> Mark:
    node = locate(tree, path).node
    assert node is not None  # the file is valid
    return node.mark


def _problems(tree: Block, content: PointFile, folder: str) -> list[Problem]:
    """What is wrong beyond single values."""
    problems = []
    if content.fit != folder:
        message = f"this must be the name of its folder (given: {content.fit}; folder: {folder})"
        problems.append(problem_at(tree, ("fit",), message))
    for field in content.structure:
        if reason := _forbidden(field):
            problems.append(problem_at(tree, ("structure", field), reason))
    names: set[str] = set()
    fields: set[str] = set()
    for i, p in enumerate(content.parameters):
        if reason := _forbidden(p.field):
            problems.append(problem_at(tree, ("parameters", i, "field"), reason))
        for key, value, taken in (("name", p.name, names), ("field", p.field, fields)):
            if value in taken:
                message = f"this {key} is taken already (given: {value})"
                problems.append(problem_at(tree, ("parameters", i, key), message))
            taken.add(value)
    for name in sorted(set(content.held_out).intersection(content.calibrated)):
        message = f"a statistic cannot be held out and calibrated to (given: {name})"
        problems.append(problem_at(tree, ("held_out",), message))
    return problems


def _forbidden(field: str) -> str:
    top = field.split(".")[0].strip()
    return f"a calibration cannot set {top}" if top in _NOT_PARAMETERS else ""
