"""Doses: how intense treatment was, and what delayed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import FAINT, GRID, INK, SOFT, TOXICITY, WAITING, grid, own_axes

FloatArray = npt.NDArray[np.float64]


class Cause(NamedTuple):
    """How the delays of one cause look."""

    label: str
    color: str


CAUSES = {
    "delay": Cause("Other reasons", FAINT),
    "hold": Cause("Held for an adverse event", TOXICITY),
    "wait": Cause("Waiting for a slot or a drug", WAITING),
}
"""Why a cycle begins later than planned, from the bottom of a bar up."""


def plot_histograms(
    rows: Mapping[str, FloatArray],
    *,
    color: str = INK,
    width: float = 1.0,
    unit: str = "%",
    ax: Axes | None = None,
) -> Axes:
    """Draw the distribution of a quantity in each of several rows, with its median.

    Parameters
    ----------
    rows : mapping
        Values by the name of the row, from top to bottom; nan for none.
    color : str
        Of the bars.
    width : float
        Of a bar, in the unit of the values.
    unit : str
        Unit of the medians that are written.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=4, height=1 + 0.9 * len(rows))
    for place, (name, values) in enumerate(rows.items()):
        known = np.asarray(values, float)[np.isfinite(values)]
        base = len(rows) - 1 - place
        ax.axhline(base, color=FAINT, linewidth=0.8, zorder=3)
        ax.text(0, base + 0.82, name, transform=ax.get_yaxis_transform(), fontweight="bold")
        if len(known):
            _histogram(ax, known, base, color, width, unit)
    ax.set_ylim(-0.05, len(rows) + 0.02)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_visible(False)
    grid(ax, "x")
    return ax


def _histogram(
    ax: Axes, values: FloatArray, base: int, color: str, width: float, unit: str
) -> None:
    # a bar holds its right end, so that full intensity stands at the left of 100%
    places, counts = np.unique(np.ceil(values / width - 1e-9) - 1, return_counts=True)
    heights = 0.68 * counts / counts.max()
    ax.bar(
        places * width,
        heights,
        bottom=base,
        width=0.9 * width,
        align="edge",
        color=color,
        alpha=0.45,
        linewidth=0,
        zorder=2,
    )
    median = float(np.median(values))
    ax.plot([median] * 2, [base, base + 0.74], color=color, linewidth=1.6, zorder=4)
    ax.text(
        median, base + 0.76, f"{median:.1f}{unit}", ha="center", va="bottom", fontsize=8, color=INK
    )


def plot_delays(delays: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the mean delay of each cycle by its cause.

    Parameters
    ----------
    delays : DataFrame
        A row a cycle: ``cycle``, ``n``, the patients who began it, and mean delays in days in the
        columns of :data:`CAUSES` that there are.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8, height=2.4)
    bottom = np.zeros(len(delays))
    for name, cause in CAUSES.items():
        if name in delays:
            height = delays[name].to_numpy(float)
            ax.bar(delays["cycle"], height, 0.78, bottom=bottom, color=cause.color, lw=0, zorder=2)
            bottom = bottom + height
    numbers = dict(zip(delays["cycle"].tolist(), delays["n"].tolist(), strict=True))
    ticks = [cycle for cycle in numbers if cycle % 5 == 0 or cycle == min(numbers)]
    ax.set_xticks(ticks, [f"{cycle}\n({numbers[cycle]})" for cycle in ticks])
    ax.set_xlabel("Cycle (patients who began it)")
    ax.set_ylabel("Mean delay, days")
    ax.set_ylim(0, max(1.08 * float(bottom.max(initial=0.0)), 1.0))
    ax.set_xlim(min(numbers, default=0) - 0.9, max(numbers, default=1) + 0.9)
    ax.spines["bottom"].set_color(GRID)
    ax.tick_params(axis="x", length=0, labelcolor=SOFT)
    grid(ax)
    return ax


def delays_legend(delays: pd.DataFrame, ax: Axes) -> None:
    """Say on a plot of delays which colour is which cause; only those that it shows."""
    shown = [cause for name, cause in CAUSES.items() if name in delays and delays[name].any()]
    handles: list[Patch | Line2D] = [Patch(color=cause.color) for cause in shown]
    labels = [cause.label for cause in shown]
    ax.legend(
        handles, labels, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(shown), borderpad=0
    )
