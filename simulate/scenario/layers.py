"""A scenario in layers: files that extend one another, a calibration among them, and overrides.

The values of a calibration lie above the file that names it (the last one that gives
``parameters.from``) and all that this file extends, and below what comes later: files that extend
it, ``--set``, sweeps and ``with_overrides``. The layers are kept apart, so that another choice of
``parameters`` only changes what lies in between, and what was changed on purpose stays changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from simulate.errors import Problem, ScenarioError
from simulate.scenario.calibration import Calibration, find_fit
from simulate.scenario.compose import fasten_override, merge, override, path_of
from simulate.scenario.parameters import Parameters
from simulate.scenario.source import named_at
from simulate.scenario.tree import (
    Block,
    Entry,
    Leaf,
    Node,
    Path,
    SourceTag,
    locate,
    plain,
)

_PARAMETERS = "parameters"
_PARAMETERS_FORM: TypeAdapter[Parameters] = TypeAdapter(Parameters)

Override = tuple[str, Node]
"""Path of a field and what it becomes, with its sources fastened."""


@dataclass(frozen=True)
class Layers:
    """What a scenario is made of, from the bottom to the top."""

    files: tuple[Block, ...]
    """Files, the one at the bottom of the chain first."""
    overrides: tuple[Override, ...] = ()
    """Fields changed, in order."""
    draw: tuple[int, tuple[float, ...]] | None = None
    """Number and values of the posterior draw that stands in the place of the point."""

    def with_overrides(self, more: tuple[Override, ...]) -> Layers:
        """The same layers with more changes on top."""
        return replace(self, overrides=(*self.overrides, *more))


@dataclass(frozen=True, eq=False)
class Composed:
    """The layers put together."""

    tree: Block
    calibration: Calibration | None
    """The calibration that was applied."""
    kept: dict[int, Path]
    """By its position, the field of each calibrated parameter that no later layer has changed."""
    problems: tuple[Problem, ...]


def compose(layers: Layers) -> Composed:
    """Put the layers of a scenario together."""
    problems: list[Problem] = []
    of_parameters = [each for each in layers.overrides if _is_of_parameters(each)]
    others = [each for each in layers.overrides if not _is_of_parameters(each)]
    chosen = _changed(merge(layers.files), of_parameters, problems).entries.get(_PARAMETERS)
    calibration = _calibration_of(chosen, problems)
    level = _level(layers.files)
    tree = merge(layers.files[:level])
    placed: list[Leaf] = []
    if calibration is not None:
        tree, placed = _calibrated(tree, calibration, layers.draw, problems)
    tree = _changed(merge((tree, *layers.files[level:])), others, problems)
    if chosen is not None:
        tree = Block({**tree.entries, _PARAMETERS: chosen}, tree.mark)
    kept = _kept(tree, calibration, placed) if calibration else {}
    return Composed(tree, calibration, kept, tuple(problems))


def _is_of_parameters(each: Override) -> bool:
    return each[0].split(".")[0].strip() == _PARAMETERS


def _changed(tree: Block, overrides: list[Override], problems: list[Problem]) -> Block:
    for path, value in overrides:
        try:
            tree = override(tree, path, value)
        except ScenarioError as error:
            problems.extend(error.problems)
    return tree


def _level(files: tuple[Block, ...]) -> int:
    """How many files lie below the calibration: up to the last one that names it, else all."""
    for index in range(len(files) - 1, -1, -1):
        block = files[index].get(_PARAMETERS)
        if isinstance(block, Block) and "from" in block.entries:
            return index + 1
    return len(files)


def _calibration_of(entry: Entry | None, problems: list[Problem]) -> Calibration | None:
    """Read the calibration that is chosen; None without one, or with problems."""
    node = None if entry is None else entry.node
    if entry is None or not isinstance(node, Block):
        return None
    try:
        chosen = _PARAMETERS_FORM.validate_python(plain(node), strict=True)
    except ValidationError:
        return None  # validation of the whole says what is wrong
    place, fit = node.get("from"), node.get("fit")
    assert isinstance(place, Leaf)  # it is valid
    marks = place.mark, entry.key_mark if fit is None else fit.mark
    try:
        folder = named_at(place.mark, chosen.from_)
        return find_fit(folder, chosen.from_, chosen.fit, places=marks)
    except ScenarioError as error:
        problems.extend(error.problems)
        return None


def _calibrated(
    tree: Block,
    calibration: Calibration,
    draw: tuple[int, tuple[float, ...]] | None,
    problems: list[Problem],
) -> tuple[Block, list[Leaf]]:
    """The tree with the structure and the values of a calibration, and the values placed."""
    locator = calibration.locator + ("" if draw is None else f", draw {draw[0]}")
    source = SourceTag("derived", locator)
    changes: list[Override] = []
    for path, node in calibration.structure:
        try:
            changes.append((path, fasten_override(path, node, source)))
        except ScenarioError as error:
            problems.extend(error.problems)
    placed = [
        (path, Leaf(leaf.value, leaf.written, leaf.mark, source))
        for path, leaf in calibration.nodes(draw)
    ]
    return _changed(tree, [*changes, *placed], problems), [leaf for _, leaf in placed]


def _kept(tree: Block, calibration: Calibration, placed: list[Leaf]) -> dict[int, Path]:
    """Fields that still hold what the calibration placed there: the very same leaf."""
    kept = {}
    for position, (parameter, leaf) in enumerate(
        zip(calibration.content.parameters, placed, strict=True)
    ):
        path = path_of(tree, parameter.field)
        if path is not None and locate(tree, path).node is leaf:
            kept[position] = path
    return kept
