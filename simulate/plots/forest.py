"""Forest plots: the groups of one trial, each with the spread that chance alone gives it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simulate.plots.style import BAND, EXAMPLE, GRID, INK, SIMULATED, SOFT, own_axes

_COUNT_AT = 109  # right of 100%


def plot_forest(
    groups: pd.DataFrame,
    *,
    overall: float | None = None,
    labels: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw estimates by group, with intervals and the range of many trials.

    Parameters
    ----------
    groups : DataFrame
        A row a group, from top to bottom: ``subgroup``, a heading before the first of each;
        ``group``; one trial's ``estimate``, ``lower``, ``upper`` and ``n``; over many trials
        ``median``, ``low`` and ``high``. All but ``n`` as fractions, nan for none.
    overall : float
        Estimate of all patients, as a vertical line.
    labels : bool
        Whether to write the names of the groups.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=6, height=0.27 * len(groups) + 1)
    y, heights, names, headings = 0.0, [], [], []
    previous = None
    for row in groups.to_dict("records"):
        if row["subgroup"] != previous:
            y += 0.5 if previous is not None else 0.0
            headings.append((y, row["subgroup"]))
            previous = row["subgroup"]
            y += 1
        _range(ax, y, row["median"], row["low"], row["high"])
        _estimate(ax, y, row["estimate"], row["lower"], row["upper"])
        ax.text(
            _COUNT_AT, y, format(row["n"], "g"), va="center", ha="center", fontsize=8, color=SOFT
        )
        heights.append(y)
        names.append(row["group"])
        y += 1
    ax.text(_COUNT_AT, -0.1, "n", va="center", ha="center", fontsize=8, color=SOFT)
    if overall is not None and np.isfinite(overall):
        ax.axvline(100 * overall, color=INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    ax.set_yticks(heights, names if labels else [""] * len(names))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    if labels:
        for height, heading in headings:
            ax.text(
                -0.02,
                height,
                heading,
                transform=ax.get_yaxis_transform(),
                ha="right",
                va="center",
                fontweight="bold",
                fontsize=8.2,
            )
    ax.set_ylim(y - 0.3, -0.7)
    ax.set_xlim(-2, _COUNT_AT + 4)
    ax.set_xticks(range(0, 101, 20))
    ax.spines["left"].set_visible(False)
    ax.xaxis.grid(True, color=GRID, linewidth=0.8)
    return ax


def _range(ax: Axes, y: float, median: float, low: float, high: float) -> None:
    ax.barh([y], [100 * (high - low)], left=[100 * low], height=0.62, color=BAND, zorder=2)
    ax.plot([100 * median] * 2, [y - 0.31, y + 0.31], color=SIMULATED, linewidth=1.4, zorder=3)


def _estimate(ax: Axes, y: float, estimate: float, lower: float, upper: float) -> None:
    ax.plot([100 * lower, 100 * upper], [y, y], color=EXAMPLE, linewidth=1.1, zorder=4)
    ax.plot([100 * estimate], [y], marker="o", color=EXAMPLE, markersize=4.4, zorder=5)
