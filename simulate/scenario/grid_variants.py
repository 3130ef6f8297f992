"""The combinations of a grid written out as variants of the sweep, before anything is validated.

So a combination is a variant like any other, and its values keep the places at which the grid has
them: a wrong one is shown where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from pydantic import TypeAdapter, ValidationError

from simulate.scenario.fields import LONGEST_NAME
from simulate.scenario.grid import Grid, as_written
from simulate.scenario.tree import Block, Entry, Items, Leaf, Mark, Node, plain

GRID, SWEEP = "grid", "sweep"

_FORM: TypeAdapter[Grid] = TypeAdapter(Grid)
_LONGEST_VALUE, _LONGEST_TITLE = 60, 200


def with_grid(tree: Block) -> Block:
    """Add the combinations of the grid to the sweep; a sweep of null is one without variants.

    Without a grid, or with one that is not valid by itself, the tree stays as it is: validation of
    the whole says what is wrong.
    """
    grid, listed = tree.entries.get(GRID), tree.get(SWEEP)
    if isinstance(listed, Leaf) and listed.value is None:
        listed = Items((), listed.mark)
        tree = tree.replaced(SWEEP, listed, None)
    if grid is None or not isinstance(listed, Items | None):
        return tree
    try:
        _FORM.validate_python(plain(grid.node), strict=True)
    except ValidationError:
        return tree
    assert isinstance(grid.node, Block)  # it is valid
    before = () if listed is None else listed.nodes
    items = _variants(grid.node, _name(tree), {_name(item) for item in before})
    mark = grid.key_mark if listed is None else listed.mark
    return tree.replaced(SWEEP, Items((*before, *items), mark))


def _name(node: Node) -> str:
    return (node.text("name") or "") if isinstance(node, Block) else ""


def _variants(grid: Block, scenario: str, taken: set[str]) -> list[Block]:
    fields = grid.get("fields")
    assert isinstance(fields, Block)
    words = _words(list(fields.entries))
    cells = list(product(*(_values(entry.node) for entry in fields.entries.values())))
    texts = [[as_written(plain(value)) for value in cell] for cell in cells]
    names = _names(words, texts, room=LONGEST_NAME - len(scenario) - 1, taken=taken)
    return [
        _variant(grid, fields, name, _title(words, text), cell)
        for name, text, cell in zip(names, texts, cells, strict=True)
    ]


def _values(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, Items)  # the grid is valid
    return node.nodes


def _variant(grid: Block, fields: Block, name: str, title: str, cell: Sequence[Node]) -> Block:
    mark = grid.entries["fields"].key_mark
    changes = {
        path: Entry(entry.key_mark, value)
        for (path, entry), value in zip(fields.entries.items(), cell, strict=True)
    }
    entries = {
        "name": Entry(mark, _said(name, mark)),
        "title": Entry(mark, _said(title, mark)),
        "set": Entry(mark, Block(changes, mark)),
    }
    if "replicates" in grid.entries:
        entries["replicates"] = grid.entries["replicates"]
    return Block(entries, mark)


def _said(text: str, mark: Mark) -> Leaf:
    return Leaf(text, text, mark)


def _words(paths: Sequence[str]) -> list[str]:
    """Shortest end of each path that tells it from the others and does not begin with a number."""
    steps = [[step.strip() for step in path.split(".")] for path in paths]
    found = []
    for own in steps:
        ends = [own[-k:] for k in range(1, len(own) + 1)]
        alone = (
            end
            for end in ends
            if not end[0].isdecimal() and sum(other[-len(end) :] == end for other in steps) == 1
        )
        found.append(" ".join(next(alone, own)).replace("_", " "))
    return found


def _title(words: Sequence[str], texts: Sequence[str]) -> str:
    parts = (
        f"{word} {_shortened(text, _LONGEST_VALUE)}"
        for word, text in zip(words, texts, strict=True)
    )
    return _shortened(", ".join(parts), _LONGEST_TITLE)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _names(
    words: Sequence[str], texts: Sequence[Sequence[str]], *, room: int, taken: set[str]
) -> list[str]:
    """File-safe names: of words and values if all of them fit and differ, else of numbers."""
    names = ["_".join(map(_safe, _in_turn(words, text))) for text in texts]
    fit = all(0 < len(name) <= room for name in names)
    if fit and len({*names, *taken}) == len(names) + len(taken):
        return names
    digits = len(str(len(texts)))
    return [f"{GRID}_{number:0{digits}d}" for number in range(1, len(texts) + 1)]


def _in_turn(words: Sequence[str], texts: Sequence[str]) -> list[str]:
    return [part for pair in zip(words, texts, strict=True) for part in pair]


def _safe(text: str) -> str:
    """Letters, digits and _ only; a minus before a number is told."""
    text = re.sub(r"(?<![\w.])-(?=[\d.])", "minus ", text.lower())
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")
