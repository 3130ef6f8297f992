"""What a single-arm design decides, by the true response rate."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulate.plots.style import (
    EFFICACY,
    FUTILITY,
    NOT_REJECTED,
    PAPER,
    SOFT,
    grid,
    own_axes,
)

DECISIONS = {
    "go": (EFFICACY, "Go"),
    "consider": (NOT_REJECTED, "Consider"),
    "no_go": (FUTILITY, "No go"),
}
"""Colour and words of each decision."""

CONDUCTED, AT_ONCE = "as conducted", "at once"
"""Kinds of simulated points: responses as they come to be known, or all known at once."""


def plot_single_arm(
    curve: pd.DataFrame,
    points: pd.DataFrame,
    *,
    marks: tuple[float, float],
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability of each decision by theory, and the simulated ones on it.

    Parameters
    ----------
    curve : DataFrame
        By theory: ``response_rate``, ``go``, ``consider`` and ``no_go``.
    points : DataFrame
        Simulated: ``kind`` (:data:`CONDUCTED` or :data:`AT_ONCE`), ``decision``,
        ``response_rate``, ``estimate``, ``lower`` and ``upper``.
    marks : pair of float
        The response rate that is not worth while, and the one hoped for.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=6.4, height=3.4)
    for rate, words in zip(marks, ("not worth while", "hoped for"), strict=True):
        ax.axvline(100 * rate, color=SOFT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        ax.annotate(
            words,
            (100 * rate, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -2),
            textcoords="offset points",
            va="top",
            fontsize=7.5,
            color=SOFT,
        )
    for decision in _shown(curve, points):
        color = DECISIONS[decision][0]
        ax.plot(100 * curve["response_rate"], 100 * curve[decision], color=color, lw=1.6, zorder=2)
    for row in points[points["decision"].isin(_shown(curve, points))].to_dict("records"):
        color, x = DECISIONS[row["decision"]][0], 100 * row["response_rate"]
        ax.plot([x, x], [100 * row["lower"], 100 * row["upper"]], color=color, lw=1.2, zorder=3)
        ax.plot([x], [100 * row["estimate"]], color=color, zorder=4, **_symbol(row["kind"], color))
    ax.set(xlim=(0, 100), ylim=(-2, 104))
    ax.set(xlabel="True response rate, %", ylabel="Probability, %")
    grid(ax)
    return ax


def _shown(curve: pd.DataFrame, points: pd.DataFrame) -> list[str]:
    """Decisions that the design can make."""
    made = set(points.loc[points["estimate"] > 0, "decision"])
    return [name for name in DECISIONS if (curve[name] > 0).any() or name in made]


def _symbol(kind: str, color: str) -> dict[str, Any]:
    hollow = kind == AT_ONCE
    return {
        "marker": "o",
        "markersize": 6 if hollow else 6.5,
        "markerfacecolor": PAPER if hollow else color,
        "markeredgecolor": color if hollow else PAPER,
        "markeredgewidth": 1.4 if hollow else 0.7,
        "linestyle": "none",
    }


def single_arm_legend(curve: pd.DataFrame, points: pd.DataFrame, ax: Axes) -> None:
    """Say above the plot which colour and symbol is which."""
    shown = _shown(curve, points)
    handles = [Line2D([], [], color=DECISIONS[name][0], lw=1.6) for name in shown]
    labels = [DECISIONS[name][1] for name in shown]
    words = {AT_ONCE: "simulated, all responses at once", CONDUCTED: "simulated, as conducted"}
    for kind, text in words.items():
        handles.append(Line2D([], [], **_symbol(kind, SOFT)))
        labels.append(text)
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.01), ncols=len(labels))
