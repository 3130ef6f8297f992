"""What is decided at each look of a trial, as shares of all trials."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import (
    EFFICACY,
    FUTILITY,
    GOES_ON,
    INK,
    NOT_REJECTED,
    PAPER,
    THEORY,
    own_axes,
)

DECISIONS = {
    "rejected": (EFFICACY, "Rejected by then"),
    "goes_on": (GOES_ON, "Goes on"),
    "not_rejected": (NOT_REJECTED, "Not rejected"),
    "futility": (FUTILITY, "Stopped for futility by then"),
}
"""What can be decided, from left to right: its colour and words."""

_NARROWEST = 4.0
"""Percent of the trials whose number still fits its bar."""


def plot_decisions(
    decisions: pd.DataFrame, *, theory: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what has been decided by the end of each look.

    Parameters
    ----------
    decisions : DataFrame
        A row a look: its ``name``, and the shares of all trials that are of each of
        :data:`DECISIONS`, which sum to one.
    theory : DataFrame
        Shares ``rejected`` and ``futility`` by theory, a row a look; missing where it has none.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8.6, height=0.42 * len(decisions) + 0.9)
    start = np.zeros(len(decisions))
    for name, (color, _) in DECISIONS.items():
        width = 100 * decisions[name].to_numpy(float)
        ax.barh(range(len(decisions)), width, 0.62, left=start, color=color, linewidth=0, zorder=2)
        ink = PAPER if name in ("rejected", "futility") else INK
        for y, (left, share) in enumerate(zip(start, width, strict=True)):
            if share >= _NARROWEST:
                text = f"{share:.1f}%"
                ax.text(left + share / 2, y, text, ha="center", va="center", color=ink, zorder=3)
        start = start + width
    if theory is not None:
        for y, (good, bad) in enumerate(zip(theory["rejected"], theory["futility"], strict=True)):
            _mark(ax, 100 * good, y)
            _mark(ax, 100 * (1 - bad), y, hidden=not bad > 0)
    ax.set_yticks(range(len(decisions)), list(decisions["name"]))
    ax.set(xlim=(0, 100), ylim=(len(decisions) - 0.5, -0.5), xlabel="Trials, %")
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.spines["left"].set_visible(False)
    return ax


def _mark(ax: Axes, x: float, y: int, *, hidden: bool = False) -> None:
    """Where theory has the end of a bar."""
    if math.isnan(x) or hidden:
        return
    ax.plot([x, x], [y - 0.4, y + 0.4], color=THEORY, linewidth=1.2, zorder=4)
    ax.plot(
        [x],
        [y - 0.4],
        marker="v",
        markersize=5,
        color=THEORY,
        markeredgecolor=PAPER,
        markeredgewidth=0.6,
        clip_on=False,
        zorder=5,
    )


def decisions_legend(decisions: pd.DataFrame, ax: Axes, *, theory: bool) -> None:
    """Say above a plot of decisions which colour is which; only what it shows."""
    shown = [name for name in DECISIONS if (decisions[name] > 0).any()]
    handles: list[Patch | Line2D] = [Patch(color=DECISIONS[name][0]) for name in shown]
    labels = [DECISIONS[name][1] for name in shown]
    if theory:
        handles.append(Line2D([], [], color=THEORY, marker="v", markersize=5, linewidth=1.2))
        labels.append("By theory")
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.02), ncols=len(labels))
