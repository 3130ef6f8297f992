"""A file of printed figures, read and checked."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass

from pydantic import ValidationError

from simulate.errors import Problem, ScenarioError
from simulate.reconstruct.publication import Publication, PublishedCurve
from simulate.reconstruct.rules import findings
from simulate.scenario.problems import problem_at, problems_of
from simulate.scenario.provenance import fasten_sources
from simulate.scenario.source import read_file
from simulate.scenario.tree import Block, Entry, Items, Leaf, Node, Path, locate, plain

_FIGURES = ("rate", "lower", "upper")


class FiguresError(ScenarioError):
    """Printed figures that no data can give, with all problems in the order of the file."""

    def __str__(self) -> str:
        """List the problems, one a line, and say that nothing was written."""
        return super().__str__().replace("; nothing was run", "; nothing was written")


@dataclass(frozen=True)
class FiguresFile:
    """A file of printed figures.

    Attributes
    ----------
    publication
        What it says.
    tree
        Where it says so.
    """

    publication: Publication
    tree: Block

    @property
    def digest(self) -> str:
        """Fingerprint of all figures: SHA-256."""
        text = json.dumps(plain(_as_printed(self.tree)), default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """Make a problem at the place of a field."""
        return problem_at(self.tree, path, message, hint)

    def locator(self, path: Path) -> str:
        """Where in the publication a figure is printed; empty if the file does not say."""
        node = locate(self.tree, path).node
        return "" if node is None or isinstance(node, Block) else node.source.at


def read_figures(path: str | os.PathLike[str]) -> FiguresFile:
    """Read and check a file of printed figures.

    Raises
    ------
    FiguresError
        With every problem of the file.
    """
    try:
        tree, problems = fasten_sources(read_file(os.fspath(path)))
    except ScenarioError as error:
        raise FiguresError(error.problems) from None
    data = plain(_as_printed(tree))
    publication: Publication | None = None
    try:
        publication = Publication.model_validate(data)
    except ValidationError as error:
        problems += problems_of(error, tree, Publication)
    problems += _broken_rules(tree, data)
    if publication is None or problems:
        raise FiguresError(problems)
    return FiguresFile(publication, tree)


def _as_printed(node: Node, key: str = "", parent: str = "") -> Node:
    """Same tree, but printed figures are texts as they are written: 18.0 is not 18."""
    if isinstance(node, Leaf):
        is_figure = key in _FIGURES or (key, parent) == ("time", "median")
        is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return Leaf(node.written, node.written, node.mark) if is_figure and is_number else node
    if isinstance(node, Items):
        return Items(tuple(_as_printed(item, "", key) for item in node.nodes), node.mark)
    entries = {
        name: Entry(entry.key_mark, _as_printed(entry.node, name, key))
        for name, entry in node.entries.items()
    }
    return Block(entries, node.mark)


def _broken_rules(tree: Block, data: object) -> list[Problem]:
    """Apply the rules to every curve that is valid by itself."""
    curves = data.get("curves") if isinstance(data, dict) else None
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for number, content in enumerate(curves if isinstance(curves, tuple) else ()):
        try:
            curve = PublishedCurve.model_validate(content)
        except ValidationError:
            continue
        path: Path = ("curves", number)
        for found in findings(curve):
            problems.append(problem_at(tree, (*path, *found.path), found.message, found.hint))
        if (curve.endpoint, curve.group) in seen:
            message = f"the curve {curve.name} is given twice"
            problems.append(problem_at(tree, path, message, "Name the group of each"))
        seen.add((curve.endpoint, curve.group))
    return problems
