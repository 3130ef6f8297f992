"""The schema of a trial: who comes, how they are randomised, and when the data are looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from simulate.plots.style import ARMS, CONTROL, FAINT, INK, PAPER, SIMULATED, SOFT, own_axes

LINE = 1.9
"""Height of a line of text on the axes, whose width is 100."""


@dataclass(frozen=True)
class Box:
    """One box: its heading, and lines below it."""

    title: str
    """Its heading; it may be of several lines."""
    lines: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Height on the axes."""
        return LINE * (1.5 + len(self.lines)) + 2.2 + self.further

    @property
    def further(self) -> float:
        """Height of what the heading has beyond its first line."""
        return 1.15 * LINE * self.title.count("\n")


@dataclass(frozen=True)
class Schema:
    """What the picture shows.

    Attributes
    ----------
    population : Box
        Who comes.
    randomisation : tuple of str
        How they are randomised, in short lines; none without randomisation.
    arms : sequence of Box
        The arms in their order.
    controls : frozenset of int
        Places of the arms that others are compared with.
    looks : sequence of Box
        The looks in their order.
    """

    population: Box
    randomisation: tuple[str, ...]
    arms: Sequence[Box]
    controls: frozenset[int]
    looks: Sequence[Box]


_GAP = 2.4
_POPULATION, _CIRCLE, _ARMS, _LOOKS = (0.0, 19.0), 33.5, (44.5, 68.5), (75.0, 100.0)
_RADIUS = 3.2


def schema_height(schema: Schema) -> float:
    """Height of the picture on the axes."""
    randomised = 2 * (_RADIUS + 1.0 + LINE * len(schema.randomisation))
    return max(_column(schema.arms), _column(schema.looks), schema.population.height, randomised)


def _column(boxes: Sequence[Box]) -> float:
    return sum(box.height for box in boxes) + _GAP * (len(boxes) - 1)


def plot_trial_schema(schema: Schema, *, ax: Axes | None = None) -> Axes:
    """Draw the schema of a trial, from the patients on the left to the looks on the right.

    Parameters
    ----------
    schema : Schema
        What to show.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    height = schema_height(schema)
    ax = own_axes(ax, width=8.6, height=0.09 * height)
    ax.set(xlim=(-0.5, 100.5), ylim=(-0.8, height + 0.8))
    ax.set_aspect("equal")
    ax.axis("off")
    middle = height / 2
    _box(ax, schema.population, _POPULATION, middle, SIMULATED)
    start = _POPULATION[1]
    if schema.randomisation:
        _randomised(ax, schema.randomisation, middle)
        _arrow(ax, (start, middle), (_CIRCLE - _RADIUS, middle))
        start = _CIRCLE + _RADIUS
    first_look = _places(schema.looks, height)[0][1]
    others = iter(ARMS * math.ceil(len(schema.arms) / len(ARMS)))
    for i, (box, y) in enumerate(_places(schema.arms, height)):
        color = CONTROL if i in schema.controls else next(others)
        _box(ax, box, _ARMS, y, color)
        _elbow(ax, (start, middle), (_ARMS[0], y), before=3.2)
        _elbow(ax, (_ARMS[1], y), (_LOOKS[0], first_look), before=_LOOKS[0] - _ARMS[1] - 4.0)
    _looks(ax, schema.looks, height)
    return ax


def _places(boxes: Sequence[Box], height: float) -> list[tuple[Box, float]]:
    """Boxes with the middle of each, the first at the top."""
    found = []
    top = (height + _column(boxes)) / 2
    for box in boxes:
        found.append((box, top - box.height / 2))
        top -= box.height + _GAP
    return found


def _looks(ax: Axes, looks: Sequence[Box], height: float) -> None:
    before: float | None = None
    for box, y in _places(looks, height):
        _box(ax, box, _LOOKS, y, INK)
        if before is not None:
            x = sum(_LOOKS) / 2
            _arrow(ax, (x, before), (x, y + box.height / 2))
        before = y - box.height / 2


def _box(ax: Axes, box: Box, sides: tuple[float, float], y: float, color: str) -> None:
    """A box with a bar of its colour on the left."""
    left, right = sides
    low = y - box.height / 2
    frame = FancyBboxPatch(
        (left, low),
        right - left,
        box.height,
        boxstyle="square,pad=0",
        facecolor=PAPER,
        edgecolor=FAINT,
        linewidth=0.9,
        zorder=3,
    )
    ax.add_patch(frame)
    ax.plot([left, left], [low, low + box.height], color=color, linewidth=3.4, zorder=4)
    top = low + box.height - 1.1
    ax.text(left + 1.3, top, box.title, va="top", fontsize=9, fontweight="bold", zorder=5)
    for i, line in enumerate(box.lines):
        y_line = top - box.further - LINE * (1.35 + i)
        ax.text(left + 1.3, y_line, line, va="top", fontsize=8, color=SOFT, zorder=5)


def _randomised(ax: Axes, lines: Sequence[str], middle: float) -> None:
    circle = Circle((_CIRCLE, middle), _RADIUS, facecolor=SIMULATED, edgecolor="none", zorder=4)
    ax.add_patch(circle)
    text: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 5}
    ax.text(_CIRCLE, middle, "R", color=PAPER, fontsize=13, fontweight="bold", **text)
    for i, line in enumerate(lines):
        y = middle - _RADIUS - 1.0 - LINE * (i + 0.5)
        ax.text(_CIRCLE, y, line, color=SOFT, fontsize=8, **text)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={
            "arrowstyle": "-|>,head_length=0.35,head_width=0.18",
            "color": SOFT,
            "linewidth": 1.0,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=2,
    )


def _elbow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], *, before: float
) -> None:
    """A line that turns twice, the first time after some way, and ends in an arrow."""
    turn = start[0] + before
    ax.plot([start[0], turn, turn], [start[1], start[1], end[1]], color=SOFT, lw=1.0, zorder=2)
    _arrow(ax, (turn, end[1]), end)
