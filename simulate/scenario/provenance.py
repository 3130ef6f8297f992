"""Where every number of a scenario comes from.

Any block may hold ``source:`` with ``at:`` and ``note:``, which then hold for all numbers inside it
that have none of their own, and any single value or list may be written
``{value: …, source: …, at: …, note: …}``. Here these keys are taken out of the tree and their
content is fastened to the values, file by file, before files are combined: a value keeps the source
of the file that states it.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from simulate.errors import Problem
from simulate.scenario.fields import RESERVED, SOURCE_KEYS
from simulate.scenario.tree import (
    NOT_STATED,
    Block,
    Entry,
    Items,
    Leaf,
    Mark,
    Node,
    Path,
    SourceTag,
    dotted,
    leaves,
    written,
)
from simulate.units import is_quantity

SOURCE_KINDS = ("reported", "derived", "assumed", "elicited")

# In a point of a survival curve, {at: 12 months, value: 0.76}, these two keys are the content.
_POINT = "survival"
_POINT_KEYS = frozenset(("at", "value"))

# Not statements about the world: names and how much is computed.
_NOT_NUMBERS = frozenset(("id", "replicates", "seed", "when", "groups", "level", "name", "names"))


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One line of the register of sources.

    Attributes
    ----------
    path
        Dotted path of the field, in the form that ``--set`` takes.
    value
        The value as it is written in the file.
    source
        ``reported``, ``derived``, ``assumed``, ``elicited`` or ``not stated``.
    at
        Where in the source, or how, why, or whose; may be empty.
    note
        Anything else; may be empty.
    file, line
        Where it is written; the line is None for a value from the command line.
    """

    path: str
    value: str
    source: str
    at: str
    note: str
    file: str
    line: int | None


def fasten_sources(tree: Block) -> tuple[Block, list[Problem]]:
    """Take all source keys out of a file's tree and fasten their content to its values.

    Returns
    -------
    tuple
        The tree without source keys, and what is wrong with the source keys.
    """
    problems: list[Problem] = []
    node = _Fastener(problems).walk(tree, NOT_STATED, ())
    assert isinstance(node, Block)  # the top level holds `name`, so it is no wrapper
    return node, problems


def fasten_value(node: Node, source: SourceTag, path: Path) -> tuple[Node, list[Problem]]:
    """Do the same for the value of one field, with a source for what brings none of its own."""
    problems: list[Problem] = []
    return _Fastener(problems).walk(node, source, path), problems


class _Fastener:
    """Walks down one file's tree with the source that holds so far."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems

    def walk(self, node: Node, source: SourceTag, path: Path) -> Node:
        if isinstance(node, Leaf):
            return Leaf(node.value, node.written, node.mark, source)
        if isinstance(node, Items):
            nodes = (self.walk(item, source, (*path, i)) for i, item in enumerate(node.nodes))
            return Items(tuple(nodes), node.mark, source)
        content = _POINT_KEYS if path and path[-1] == _POINT else frozenset[str]()
        source = self._tag(node, source, path, content)
        if path and "value" in node.entries and "kind" not in node.entries and not content:
            return self._unwrap(node, source, path)
        entries = {
            key: Entry(entry.key_mark, self.walk(entry.node, source, (*path, key)))
            for key, entry in node.entries.items()
            if key not in SOURCE_KEYS or key in content
        }
        return Block(entries, node.mark)

    def _unwrap(self, block: Block, source: SourceTag, path: Path) -> Node:
        value = block.entries["value"].node
        for key, entry in block.entries.items():
            if key not in RESERVED:
                close = difflib.get_close_matches(key, sorted(RESERVED), n=1)
                hint = f"Did you mean {close[0]}?" if close else ""
                allowed = "value, source, at, note"
                message = f"unknown key beside a value (given: {key}; allowed: {allowed})"
                self._complain(entry.key_mark, (*path, key), message, hint)
        if isinstance(value, Block):
            message = "a block of keys cannot be written as value:"
            self._complain(value.mark, path, message, "Write source: inside the block itself")
        return self.walk(value, source, path)

    def _tag(
        self, block: Block, source: SourceTag, path: Path, content: frozenset[str]
    ) -> SourceTag:
        """Give the source that holds inside a block; `at` and `note` alone only refine it."""
        words = {k: self._word(block, k, path) for k in SOURCE_KEYS if k not in content}
        kind, at, note = (words.get(key, "") for key in SOURCE_KEYS)
        if kind:
            return SourceTag(kind, at, note)
        if at or note:
            return SourceTag(source.kind, at or source.at, note or source.note)
        return source

    def _word(self, block: Block, key: str, path: Path) -> str:
        entry = block.entries.get(key)
        if entry is None:
            return ""
        text = block.text(key)
        if text is None or not text.strip():
            message = f"a text is needed (given: {written(entry.node)})"
            hint = "" if text is not None else "Put it in quotes"
            self._complain(entry.node.mark, (*path, key), message, hint)
            return ""
        if key == "source" and text not in SOURCE_KINDS:
            close = difflib.get_close_matches(text, SOURCE_KINDS, n=1)
            hint = f"Did you mean {close[0]}?" if close else ""
            message = f"unknown kind of source (given: {text}; allowed: {', '.join(SOURCE_KINDS)})"
            self._complain(entry.node.mark, (*path, key), message, hint)
            return ""
        return text

    def _complain(self, mark: Mark, path: Path, message: str, hint: str) -> None:
        key = ".".join(str(step) for step in path)
        self._problems.append(Problem(mark.file, mark.line, mark.column, key, message, hint))


def register_rows(tree: Block) -> Iterator[RegisterRow]:
    """List the numbers and dates of a scenario with their sources, in the order of the file."""
    for path, node in leaves(tree):
        if any(step in _NOT_NUMBERS for step in path) or not _is_number(node):
            continue
        tag = node.source
        yield RegisterRow(
            path=dotted(tree, path),
            value=_whole_text(node),
            source=tag.kind or "not stated",
            at=tag.at,
            note=tag.note,
            file=node.mark.file,
            line=node.mark.line,
        )


def _whole_text(node: Leaf | Items) -> str:
    if isinstance(node, Leaf):
        return node.written
    return f"[{', '.join(item.written for item in node.nodes if isinstance(item, Leaf))}]"


def _is_number(node: Leaf | Items) -> bool:
    if isinstance(node, Items):
        return any(_is_number(item) for item in node.nodes if isinstance(item, Leaf))
    if isinstance(node.value, str):
        return is_quantity(node.value)
    return isinstance(node.value, int | float | dt.date) and not isinstance(node.value, bool)
