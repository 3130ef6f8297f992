"""What a section of the report is made of; the template knows how each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from simulate.report.numbers import on_the_point

_SHORT = 20  # characters
_MANY = 7  # columns


@dataclass
class Prose:
    """A paragraph; plain text is escaped, Markup is not."""

    text: str
    kind: ClassVar[str] = "prose"


@dataclass
class Note:
    """A paragraph that must not be overlooked."""

    text: str
    kind: ClassVar[str] = "note"


@dataclass
class Listing:
    """Several short texts, or lists of them, each with a word or two in front."""

    items: Sequence[tuple[str, str | Sequence[str]]]
    kind: ClassVar[str] = "listing"


@dataclass
class Points:
    """Short statements, one below the other, each with a word in front or none."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "points"


@dataclass
class Steps:
    """The stages of something, each with a line on it, from first to last."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "steps"


@dataclass
class Code:
    """Commands to type."""

    text: str
    kind: ClassVar[str] = "code"


@dataclass
class Heading:
    """A heading inside a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass
class Tiles:
    """Key numbers: label, value, and what it is to be seen beside."""

    items: Sequence[tuple[str, str, str]]
    kind: ClassVar[str] = "tiles"


@dataclass
class Picture:
    """A figure with its caption."""

    svg: Markup
    title: str
    caption: str
    number: int = 0
    kind: ClassVar[str] = "picture"


@dataclass
class Table:
    """A table with its caption; the columns named in `numeric` line up on the point."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[int] = ()
    codes: Sequence[int] = ()
    """Columns of names as a program has them."""
    caption: str = ""
    marked: frozenset[int] = frozenset()
    """Rows that stand out."""
    groups: dict[int, str] = field(default_factory=dict)
    """Headings before rows."""
    number: int = 0
    short_labels: bool = False
    """Whether the first column is kept on one line."""
    kind: ClassVar[str] = "table"

    @property
    def look(self) -> str:
        """Classes of its style: labels on one line; many columns, set closer."""
        looks = {"short": self.short_labels, "dense": len(self.header) > _MANY}
        return " ".join(name for name, applies in looks.items() if applies)

    def __post_init__(self) -> None:
        columns = [list(column) for column in zip(*self.rows, strict=True)]
        for i in self.numeric:
            if columns:
                columns[i] = on_the_point(columns[i])
        self.rows = [list(row) for row in zip(*columns, strict=True)]
        self.short_labels = all(len(row[0]) <= _SHORT for row in self.rows)


@dataclass
class Details:
    """Blocks that are folded away until asked for."""

    summary: str
    blocks: Sequence[Block]
    kind: ClassVar[str] = "details"


Block = Prose | Note | Listing | Points | Steps | Code | Heading | Tiles | Picture | Table | Details


@dataclass
class Section:
    """A section of the report."""

    anchor: str
    title: str
    blocks: list[Block]
    number: int = 0


def numbered(sections: Sequence[Section]) -> list[Section]:
    """Number sections, figures and tables in their order; sections without content are left out."""
    full = [section for section in sections if section.blocks]
    pictures = tables = 0
    for i, section in enumerate(full, start=1):
        section.number = i
        for block in _flat(section.blocks):
            if isinstance(block, Picture):
                pictures += 1
                block.number = pictures
            elif isinstance(block, Table):
                tables += 1
                block.number = tables
    return full


def _flat(blocks: Sequence[Block]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, Details):
            found += _flat(block.blocks)
    return found
