"""One scenario from several pieces: files that extend one another, and single fields overridden.

Merging (``extends``): blocks are merged key by key; a list, a single value, and a block whose
``kind`` differs replace what they extend. Overriding (``--set`` and ``sweep``): the value given
replaces the field, a block the whole block.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence

from simulate.errors import Problem, ScenarioError, UsageError
from simulate.scenario.provenance import fasten_sources, fasten_value
from simulate.scenario.source import beside, read_file, read_value, refuse
from simulate.scenario.tree import Block, Entry, Items, Leaf, Mark, Node, Path, SourceTag

LONGEST_CHAIN = 20
COMMAND_LINE = SourceTag("assumed", "set on the command line")


def read_chain(path: str) -> tuple[Block, ...]:
    """Read a scenario file and all that it extends, with sources fastened.

    Returns
    -------
    tuple of Block
        From the file at the bottom of the chain to the one that is named.

    Raises
    ------
    ScenarioError
        If one of the files cannot be read, or they extend one another in a circle.
    """
    trees: list[Block] = []
    problems: list[Problem] = []
    seen: list[str] = []
    name, mark = path, Mark(path)
    while True:
        tree, wrong = fasten_sources(_read_link(name, mark))
        real = os.path.realpath(name)
        if real in seen:
            raise refuse(mark, "the files extend one another in a circle", key="extends")
        if len(seen) >= LONGEST_CHAIN:
            raise refuse(mark, f"more than {LONGEST_CHAIN} files in a row", key="extends")
        seen.append(real)
        problems.extend(wrong)
        trees.append(tree.without("extends"))
        parent = tree.get("extends")
        if parent is None:
            break
        if "name" not in tree.entries:
            problems.append(_nameless(tree, name))
        name, mark = _beside(parent, name), parent.mark
    if problems:
        raise ScenarioError(problems)
    return tuple(reversed(trees))


def _read_link(name: str, mark: Mark) -> Block:
    """Read a file; if another one names it and it cannot be opened, say so at that place."""
    try:
        return read_file(name)
    except ScenarioError as error:
        first = error.problems[0]
        if first.line is not None or mark.line is None:
            raise
        message = f"{first.message} (given: {name})"
        raise refuse(mark, message, key="extends", hint=first.hint) from None


def _nameless(tree: Block, file: str) -> Problem:
    mark = tree.entries["extends"].key_mark
    message = "a scenario that extends another one needs a name of its own"
    return Problem(file, mark.line, mark.column, "name", message, "Add name: …")


def _beside(parent: Node, file: str) -> str:
    """Path of the file that `extends` names, seen from the file that says so."""
    if not isinstance(parent, Leaf) or not isinstance(parent.value, str) or not parent.value:
        raise refuse(parent.mark, "the name of a scenario file is needed", key="extends")
    return beside(file, parent.value)


def merge(trees: Sequence[Block]) -> Block:
    """Merge files that extend one another, the one at the bottom of the chain first."""
    merged: Node = trees[0]
    for change in trees[1:]:
        merged = _merged(merged, change)
    assert isinstance(merged, Block)  # the top level of a file is a block
    return merged


def _kind_key(block: str) -> str:
    """The key that says which keys a block has, by the name of the block."""
    return "method" if block == "multiplicity" else "kind"


def _merged(base: Node, change: Node, name: str = "") -> Node:
    if not isinstance(base, Block) or not isinstance(change, Block):
        return change
    kind = change.text(_kind_key(name))
    if kind is not None and kind != base.text(_kind_key(name)):
        return change
    entries = dict(base.entries)
    for key, entry in change.entries.items():
        old = base.get(key)
        node = entry.node if old is None else _merged(old, entry.node, key)
        entries[key] = Entry(entry.key_mark, node)
    return Block(entries, change.mark)


def read_overrides(texts: Iterable[str]) -> list[tuple[str, Node]]:
    """Read overrides as the command line has them, ``path.to.field=value``.

    Raises
    ------
    UsageError
        If one has no ``=`` or no path.
    ScenarioError
        If a value is not YAML.
    """
    overrides: list[tuple[str, Node]] = []
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise UsageError(
                f"--set needs path.to.field=value, such as sample_size=80 (given: {text})"
            )
        node = read_value(value, file=f"--set {text}")
        overrides.append((path.strip(), fasten_override(path.strip(), node, COMMAND_LINE)))
    return overrides


def fasten_override(path: str, value: Node, source: SourceTag) -> Node:
    """Give the values of an override a source, unless they bring their own.

    Raises
    ------
    ScenarioError
        If the override's own source keys are wrong.
    """
    node, problems = fasten_value(value, source, tuple(path.split(".")))
    if problems:
        raise ScenarioError(problems)
    return node


def override(tree: Block, path: str, value: Node) -> Block:
    """Set one field of a tree.

    Parameters
    ----------
    tree
        A scenario with sources fastened.
    path
        Keys joined by dots. An item of a list is named by its ``name`` or ``id``; where items
        have no id, also by its place, counted from 0.
    value
        What the field becomes. A new ``kind`` clears the other keys of its block.

    Raises
    ------
    ScenarioError
        If the path leads nowhere. A last key that the file does not hold is added; whether a
        scenario may have it is for validation to say.
    """
    steps = [step.strip() for step in path.split(".")]
    changed = _set(tree, steps, value, done=[])
    assert isinstance(changed, Block)
    return changed


def path_of(tree: Block, path: str) -> Path | None:
    """Find the field that an override of this path would set; None if there is none."""
    found: list[str | int] = []
    node: Node | None = tree
    for step in (part.strip() for part in path.split(".")):
        if isinstance(node, Items):
            try:
                index = _item(node, step, node, path)
            except ScenarioError:
                return None
            found.append(index)
            node = node.nodes[index]
        else:
            node = node.get(step) if isinstance(node, Block) else None
            found.append(step)
        if node is None:
            return None
    return tuple(found)


def _set(node: Node, steps: list[str], value: Node, done: list[str]) -> Node:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    here = ".".join([*done, step])
    if isinstance(node, Items):
        index = _item(node, step, value, here)
        changed = _set(node.nodes[index], rest, value, [*done, step])
        return Items((*node.nodes[:index], changed, *node.nodes[index + 1 :]), node.mark)
    if isinstance(node, Leaf):
        message = f"{'.'.join(done)} is a single value and has no {step!r} inside"
        raise _lost(value, here, message)
    child = node.get(step)
    if child is None and rest:
        message = f"there is no {step!r} here (allowed: {', '.join(node.entries) or 'nothing'})"
        raise _lost(value, here, message, _similar(step, node.entries))
    changed = value if child is None else _set(child, rest, value, [*done, step])
    if step == "kind" and not rest and isinstance(value, Leaf) and value.value != node.text("kind"):
        return Block({"kind": Entry(value.mark, value)}, node.mark)
    return node.replaced(step, changed, value.mark if not rest else None)


def _item(items: Items, step: str, value: Node, here: str) -> int:
    """Find an item of a list by its name or id; by its place if the items have no ids."""
    blocks = [item if isinstance(item, Block) else Block() for item in items.nodes]
    names = [block.text("name") for block in blocks]
    ids = [block.get("id") for block in blocks]
    if step in names:
        return names.index(step)
    for index, number in enumerate(ids):
        if isinstance(number, Leaf) and number.written == step:
            return index
    if not any(ids) and step.isdecimal() and len(step) < 9 and int(step) < len(items.nodes):
        return int(step)
    known = [name for name in names if name] or [n.written for n in ids if isinstance(n, Leaf)]
    allowed = ", ".join(known) or f"0 to {len(items.nodes) - 1}" if items.nodes else "none"
    message = f"there is no item {step!r} in this list (allowed: {allowed})"
    hint = _similar(step, known)
    if not hint and known and step.isdecimal():
        hint = "Items are found by their name or id, not by their place"
    raise _lost(value, here, message, hint)


def _lost(value: Node, key: str, message: str, hint: str = "") -> ScenarioError:
    return refuse(value.mark, message, key=key, hint=hint)


def _similar(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {close[0]}?" if close else ""
