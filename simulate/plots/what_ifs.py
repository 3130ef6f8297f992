"""What-ifs of a trial: power by variant, and over the coordinates of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from simulate.plots.style import (
    ARMS,
    BAND,
    FAINT,
    GRID,
    INK,
    SIMULATED,
    grid,
    own_axes,
)


def plot_variants(
    variants: pd.DataFrame, *, label: str = "Power, %", ax: Axes | None = None
) -> Axes:
    """Draw a number of each variant with its Monte Carlo interval, and the scenario's as a line.

    Parameters
    ----------
    variants : DataFrame
        A row a variant, the scenario first: ``label``, ``estimate``, ``lower`` and ``upper``, in
        the unit of the axis.
    label : str
        Label of the axis.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8.6, height=0.26 * len(variants) + 0.8)
    base = variants.iloc[0]
    ax.axvspan(base["lower"], base["upper"], color=BAND, alpha=0.6, linewidth=0, zorder=0)
    ax.axvline(base["estimate"], color=SIMULATED, linewidth=0.9, zorder=1)
    for y, row in enumerate(variants.to_dict("records")):
        color = SIMULATED if y == 0 else INK
        ax.plot([row["lower"], row["upper"]], [y, y], color=color, linewidth=1.4, zorder=3)
        ax.plot(
            [row["estimate"]],
            [y],
            marker="o",
            markersize=5,
            color=color,
            markeredgecolor="white",
            markeredgewidth=0.7,
            zorder=4,
        )
        ax.axhline(y, color=GRID, linewidth=0.6, zorder=0)
    ax.set_yticks(range(len(variants)), list(variants["label"]))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(variants) - 0.4, -0.6)
    ax.set_xlabel(label)
    ax.spines["left"].set_visible(False)
    grid(ax, "x")
    return ax


def plot_grid(
    cells: pd.DataFrame,
    *,
    x: str,
    line: str | None = None,
    lines: Sequence[object] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a number over one coordinate of a grid, a line for each value of another.

    Parameters
    ----------
    cells : DataFrame
        A row a cell of the grid: its coordinates, ``estimate``, ``lower`` and ``upper``.
    x : str
        Coordinate along the horizontal axis; it may be words.
    line : str
        Coordinate of which each value has a line; by default there is one line.
    lines : sequence
        Values of that coordinate in their order, which gives the colours.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=2.9, height=2.2)
    places = _places(cells[x])
    for i, value in enumerate(lines or (None,)):
        rows = cells if line is None else cells[cells[line] == value]
        rows = rows.assign(place=[places[v] for v in rows[x]]).sort_values("place")
        color = line_color(i)
        ax.fill_between(
            rows["place"], rows["lower"], rows["upper"], color=color, alpha=0.15, lw=0, zorder=2
        )
        ax.plot(
            rows["place"],
            rows["estimate"],
            color=color,
            linewidth=1.4,
            marker="o",
            markersize=3.6,
            zorder=3,
            label=None if value is None else str(value),
        )
    ax.set_xticks(list(places.values()), [_short(value) for value in places])
    ax.spines["bottom"].set_color(FAINT)
    grid(ax)
    return ax


def line_color(place: int) -> str:
    """Colour of a line by its place."""
    return ARMS[place % len(ARMS)]


def _places(values: pd.Series) -> dict[object, float]:
    """Where each value of a coordinate lies: where the number is, or one after the other."""
    distinct = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) for value in distinct):
        return {value: float(value) for value in sorted(distinct)}
    return {value: float(i) for i, value in enumerate(distinct)}


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
