"""A graph of hypotheses that share alpha: what part each has, and to whom it goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from simulate.plots.style import INK, PAPER, SIMULATED, SOFT, own_axes

_RADIUS = 0.34
_BEND = 0.18

Point = tuple[float, float]


def plot_hypothesis_graph(
    names: Sequence[str],
    levels: Sequence[str],
    transitions: npt.NDArray[Any],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw a graph: a circle a hypothesis, with its level; an arrow a transition, with its part.

    Parameters
    ----------
    names : sequence of str
        The hypotheses.
    levels : sequence of str
        What is written below each name, such as its first level.
    transitions : array
        Row i: parts of the level of hypothesis i that go to each other one.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=6.0, height=graph_height(len(names)))
    places = node_places(len(names))
    for i, row in enumerate(transitions):
        for j, part in enumerate(row):
            if part > 0:
                _arrow(ax, places[i], places[j], f"{part:.3g}")
    for place, name, level in zip(places, names, levels, strict=True):
        ax.add_patch(Circle(place, _RADIUS, facecolor=PAPER, edgecolor=SIMULATED, lw=1.6, zorder=3))
        x, y = place
        ax.text(x, y + 0.08, name, ha="center", va="center", fontweight="bold", zorder=4)
        ax.text(x, y - 0.1, level, ha="center", va="center", color=SOFT, fontsize=8, zorder=4)
    high = max(abs(y) for _, y in places) + _RADIUS + 0.25
    wide = max(abs(x) for x, _ in places) + _RADIUS + 0.15
    ax.set(xlim=(-wide, wide), ylim=(-high, high))
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def graph_height(n: int) -> float:
    """Height of the picture of so many hypotheses, in inches."""
    return 1.7 if n <= 2 else 4.2


def node_places(n: int) -> list[Point]:
    """Middles of the circles: one or two in a row, more around a ring, from the top left on."""
    if n <= 2:
        return [(2.4 * i - 1.2 * (n - 1), 0.0) for i in range(n)]
    ring = max(1.15, 0.62 * _RADIUS * n)
    turn = math.pi / 2 + math.pi / n
    angles = [turn - 2 * math.pi * i / n for i in range(n)]
    return [(1.35 * ring * math.cos(a), ring * math.sin(a)) for a in angles]


def _arrow(ax: Axes, start: Point, end: Point, text: str) -> None:
    """A bent arrow between two circles, so that those of both ways stand side by side."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    gap = _RADIUS / length
    ends = [(start[0] + at * dx, start[1] + at * dy) for at in (gap, 1 - gap)]
    side = (dy / length, -dx / length)
    tilt = 0.12
    moved = [(x + tilt * -side[0], y + tilt * -side[1]) for x, y in ends]
    ax.add_patch(
        FancyArrowPatch(
            moved[0],
            moved[1],
            connectionstyle=f"arc3,rad={-_BEND}",
            arrowstyle="-|>,head_length=5,head_width=2.6",
            color=SOFT,
            lw=1.1,
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
    )
    bow = tilt + 0.5 * _BEND * (1 - 2 * gap) * length
    # nearer to its start than to its end, so that crossing arrows keep their numbers apart
    at = 0.42
    x, y = (start[k] + at * (dx, dy)[k] - bow * side[k] for k in range(2))
    ax.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        fontsize=8,
        color=INK,
        zorder=5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.2},
    )
