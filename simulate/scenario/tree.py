"""A scenario file as a tree in which every value still knows its file, line, column and source.

Three immutable kinds of node: a `Leaf` (one number, text, date, yes/no or nothing), `Items` (a
list) and a `Block` (keys and values). Trees are merged and overridden whole; `plain` turns one into
ordinary data for validation, and `locate` leads back from a validated field to the place where it
is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

Scalar = str | int | float | bool | dt.date | None
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something is written; line and column count from 1, None where there is no file."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class SourceTag:
    """Where a number comes from.

    Attributes
    ----------
    kind
        ``reported``, ``derived``, ``assumed`` or ``elicited``; empty if not stated.
    at
        Where in the source, or how, why, or whose; may be empty.
    note
        Anything else worth saying; may be empty.
    """

    kind: str = ""
    at: str = ""
    note: str = ""


NOT_STATED = SourceTag()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value. `written` is its text in the file."""

    value: Scalar
    written: str
    mark: Mark
    source: SourceTag = NOT_STATED


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values."""

    nodes: tuple[Node, ...]
    mark: Mark
    source: SourceTag = NOT_STATED


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place and its value."""

    key_mark: Mark
    node: Node


@dataclass(frozen=True, slots=True)
class Block:
    """Keys and their values, in the order of the file."""

    entries: dict[str, Entry] = field(default_factory=dict)
    mark: Mark = field(default_factory=lambda: Mark(""))

    def get(self, key: str) -> Node | None:
        """Value of a key, or None if the block has no such key."""
        entry = self.entries.get(key)
        return None if entry is None else entry.node

    def text(self, key: str) -> str | None:
        """Value of a key if it is a text, else None."""
        node = self.get(key)
        return node.value if isinstance(node, Leaf) and isinstance(node.value, str) else None

    def replaced(self, key: str, node: Node, key_mark: Mark | None = None) -> Block:
        """Same block with one key's value changed or added."""
        old = self.entries.get(key)
        mark = key_mark or (old.key_mark if old else node.mark)
        return Block({**self.entries, key: Entry(mark, node)}, self.mark)

    def without(self, *keys: str) -> Block:
        """Same block without some keys."""
        return Block({k: e for k, e in self.entries.items() if k not in keys}, self.mark)


Node = Leaf | Items | Block
PlainData = Scalar | tuple["PlainData", ...] | dict[str, "PlainData"]


def plain(node: Node) -> PlainData:
    """Give a tree as ordinary data: dicts, tuples and values, with no marks."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Items):
        return tuple(plain(item) for item in node.nodes)
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def grow(value: object, *, mark: Mark, source: SourceTag = NOT_STATED) -> Node:
    """Turn ordinary data into a tree all of whose nodes carry the same mark and source.

    Raises
    ------
    TypeError
        If the data hold anything that a scenario file cannot.
    """
    if isinstance(value, Leaf | Items | Block):
        return value
    if isinstance(value, dict):
        entries = {
            str(key): Entry(mark, grow(item, mark=mark, source=source))
            for key, item in value.items()
        }
        return Block(entries, mark)
    if isinstance(value, list | tuple):
        nodes = tuple(grow(item, mark=mark, source=source) for item in value)
        return Items(nodes, mark, source)
    if value is None or isinstance(value, str | int | float | bool | dt.date):
        return Leaf(value, "null" if value is None else str(value), mark, source)
    raise TypeError(f"a scenario cannot hold a {type(value).__name__}")


def leaves(node: Node, path: Path = ()) -> Iterator[tuple[Path, Leaf | Items]]:
    """Walk a tree in order: every single value, and every list of single values as one."""
    if isinstance(node, Leaf):
        yield path, node
    elif isinstance(node, Items):
        if node.nodes and all(isinstance(item, Leaf) for item in node.nodes):
            yield path, node
        else:
            for index, item in enumerate(node.nodes):
                yield from leaves(item, (*path, index))
    else:
        for key, entry in node.entries.items():
            yield from leaves(entry.node, (*path, key))


@dataclass(frozen=True, slots=True)
class Place:
    """What `locate` found.

    Attributes
    ----------
    path
        The asked path, up to and with the first key that the file does not hold.
    key_mark
        Place of the last key (of a list item: of the item).
    node
        The value there; None if the key is missing.
    """

    path: Path
    key_mark: Mark
    node: Node | None


def locate(tree: Block, path: Path) -> Place:
    """Find where the field at `path` is written, or the block that it is missing from."""
    found: list[str | int] = []
    node: Node = tree
    mark = tree.mark
    for step in path:
        if isinstance(node, Block) and isinstance(step, str) and step in node.entries:
            entry = node.entries[step]
            node, mark = entry.node, entry.key_mark
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.nodes):
            node = node.nodes[step]
            mark = node.mark
        else:
            return Place((*found, step), mark, None)
        found.append(step)
    return Place(tuple(found), mark, node)


def written(node: Node | None) -> str:
    """Give a value as it stands in the file, shortened, for use in a message."""
    if node is None:
        return "nothing"
    if isinstance(node, Block):
        return "a block of keys" if node.entries else "an empty block"
    if isinstance(node, Items):
        texts = [item.written for item in node.nodes if isinstance(item, Leaf)]
        if len(texts) < len(node.nodes):
            return f"a list of {len(node.nodes)}"
        text = f"[{', '.join(texts)}]"
    else:
        text = node.written or ("an empty text" if isinstance(node.value, str) else "nothing")
    return text if len(text) <= 60 else text[:57] + "..."


def dotted(tree: Block, path: Path) -> str:
    """Write a path as ``--set`` takes it: list items by their name or id, else by their index."""
    parts: list[str] = []
    node: Node | None = tree
    for step in path:
        if isinstance(node, Items) and isinstance(step, int):
            node = node.nodes[step] if step < len(node.nodes) else None
            parts.append(_item_name(node) or str(step))
        else:
            node = node.get(str(step)) if isinstance(node, Block) else None
            parts.append(str(step))
    return ".".join(parts)


def _item_name(node: Node | None) -> str:
    """Name of a list's item, or else its id; empty if it has neither."""
    if not isinstance(node, Block):
        return ""
    number = node.get("id")
    return node.text("name") or (number.written if isinstance(number, Leaf) else "")
