"""Operating characteristics: coverage of intervals, and precision by sample size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulate.plots.style import FAINT, GRID, INK, SIMULATED, SOFT, TRUE, grid, own_axes

KINDS = {"latent": (TRUE, "o", -0.17), "observed": (SIMULATED, "s", 0.17)}
"""How coverage of each kind of truth is drawn: colour, marker, and shift within its line."""


def plot_coverage(coverage: pd.DataFrame, *, nominal: float = 0.95, ax: Axes | None = None) -> Axes:
    """Draw how often intervals cover the truth, with Monte Carlo intervals, around their nominal.

    Parameters
    ----------
    coverage : DataFrame
        ``label``, ``kind`` (``latent`` or ``observed`` truth), ``estimate``, ``lower`` and
        ``upper`` as fractions. Rows of one label share a line.
    nominal : float
        What coverage ought to be.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    labels = list(dict.fromkeys(coverage["label"]))
    ax = own_axes(ax, width=7, height=0.26 * len(labels) + 0.8)
    ax.axvline(100 * nominal, color=INK, linewidth=0.9, zorder=1)
    for row in coverage.to_dict("records"):
        color, marker, shift = KINDS[row["kind"]]
        y = labels.index(row["label"]) + shift
        ends = [max(0.0, 100 * row["lower"]), min(100.0, 100 * row["upper"])]
        ax.plot(ends, [y, y], color=color, linewidth=1.2, zorder=3, solid_capstyle="round")
        ax.plot(
            [100 * row["estimate"]],
            [y],
            marker=marker,
            markersize=4.6,
            color=color,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=4,
        )
    ax.set_yticks(range(len(labels)), labels)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.set_xlabel("Coverage, %")
    ax.spines["left"].set_visible(False)
    grid(ax, "x")
    for y in range(len(labels)):
        ax.axhline(y, color=GRID, linewidth=0.6, zorder=0)
    return ax


def plot_precision(
    sizes: Sequence[int],
    widths: Sequence[float],
    *,
    marked: Sequence[tuple[int, float, str]] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw the expected width of an interval by the number of patients.

    Parameters
    ----------
    sizes, widths : sequence
        Numbers of patients, and the expected width at each, as fractions.
    marked : sequence of (int, float, str)
        Intervals to compare with: patients, width as a fraction, and a label.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=6, height=2.8)
    ax.plot(sizes, 100 * np.asarray(widths), color=SIMULATED, lw=1.6, marker="o", markersize=3.6)
    for n, width, label in marked:
        ax.plot([n], [100 * width], marker="D", color=SOFT, markersize=4.5, linestyle="none")
        ax.annotate(
            label,
            (n, 100 * width),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )
    ax.set(xlabel="Patients assessed for response", ylabel="Width, percentage points")
    ax.spines["bottom"].set_color(FAINT)
    ax.margins(y=0.2)
    grid(ax)
    return ax


def coverage_legend(coverage: pd.DataFrame, ax: Axes) -> None:
    """Say above a plot of coverage which symbol is which truth."""
    words = {"latent": "latent truth", "observed": "truth as scans show it, nobody censored"}
    kinds = [kind for kind in KINDS if (coverage["kind"] == kind).any()]
    handles = [
        Line2D([], [], color=KINDS[k][0], marker=KINDS[k][1], markersize=4.6, lw=1.2) for k in kinds
    ]
    labels = [words[kind] for kind in kinds]
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
