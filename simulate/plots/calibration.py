"""Prior and posterior of many parameters, all on one axis."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import BAND, GRID, INK, POSTERIOR, REPORTED, SIMULATED, SOFT, own_axes

LIMIT = 1.959964
"""Limits of 95% of a normal prior, in its standard deviations."""

WORDS = {"informed": SIMULATED, "partly": SOFT, "prior only": REPORTED}
"""How far the data informed a parameter, and the colour in which that is written."""

_PADDING = 0.25


def plot_informed(parameters: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the posterior of each parameter on the scale of its prior.

    Parameters
    ----------
    parameters : DataFrame
        A row a parameter, from top to bottom: ``label``; ``lower``, ``point`` and ``upper`` of the
        posterior in standard deviations of the prior from its median; ``shrinkage``, the posterior
        over the prior standard deviation; and ``word``, one of :data:`WORDS`.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8, height=0.2 * len(parameters) + 1)
    ax.axvspan(-LIMIT, LIMIT, color=BAND, alpha=0.55, linewidth=0, zorder=0)
    ax.axvline(0, color=SOFT, linewidth=0.7, zorder=1)
    for height, row in enumerate(parameters.to_dict("records")):
        ax.axhline(height, color=GRID, linewidth=0.6, zorder=0.5)
        ends = [row["lower"], row["upper"]]
        ax.plot(ends, [height, height], color=POSTERIOR, linewidth=3.6, zorder=2)
        ax.plot(row["point"], height, "o", color=SIMULATED, markersize=4.6, zorder=3)
        text = f"{row['shrinkage']:.2f}  {row['word']}"
        ax.text(
            1.015, height, text, color=WORDS[row["word"]], fontsize=7.5, va="center",
            transform=ax.get_yaxis_transform(),
        )  # fmt: skip
    farthest = max(LIMIT, -parameters["lower"].min(), parameters["upper"].max()) + _PADDING
    ax.set_xlim(-farthest, farthest)
    ax.set_ylim(len(parameters) - 0.4, -0.6)
    ax.set_yticks(range(len(parameters)), parameters["label"].tolist())
    ax.tick_params(axis="y", length=0, labelsize=7.5, labelcolor=INK, pad=4)
    ax.set_xlabel("Standard deviations of the prior from its median")
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def informed_legend(figure: Figure) -> None:
    """Say below what is drawn."""
    handles = [
        Patch(color=BAND, alpha=0.55),
        Line2D([], [], color=POSTERIOR, linewidth=3.6),
        Line2D([], [], marker="o", linestyle="none", color=SIMULATED, markersize=4.6),
    ]
    labels = ["95% of the prior", "95% of the posterior", "the point"]
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
