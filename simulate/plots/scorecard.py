"""Published facts seen from the simulated trials: how far from their middle, all on one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import BAND, GRID, INK, POSTERIOR, ROLES, SIMULATED, SOFT, own_axes

FARTHEST = 2.2
"""Positions beyond are drawn here as an arrow, unless a nearer end is asked for."""

_GAP = 0.6  # lines before the heading of a topic


def plot_scorecard(
    facts: pd.DataFrame, *, reach: float = FARTHEST, lines: float = 0.0, ax: Axes | None = None
) -> Axes:
    """Draw every fact as a dot on the scale of its simulated 95% interval.

    Parameters
    ----------
    facts : DataFrame
        A row a fact, from top to bottom: ``label``; ``topic``, a heading before the first of each;
        ``position``, 0 at the simulated median, -1 and 1 at the limits of 95% of the trials;
        ``role``, one of the roles of facts; and ``inside``. With ``low`` and ``high``, limits on
        the same scale, a bar is drawn between them: those over posterior draws.
    reach : float
        End of the scale on both sides; positions beyond are drawn there as arrows.
    lines : float
        Height in lines, if more than the facts need, so that panels side by side keep step.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=5, height=0.17 * len(facts) + 1)
    height, labels, heights = 0.0, [], []
    previous = None
    for fact in facts.to_dict("records"):
        if fact["topic"] != previous:
            height += _GAP if previous is not None else 0.0
            ax.text(-0.02, height, fact["topic"], **_HEADING, transform=ax.get_yaxis_transform())
            previous = fact["topic"]
            height += 1
        if "low" in fact:
            _bar(ax, fact["low"], fact["high"], height, reach=reach)
        _dot(ax, fact["position"], height, fact["role"], inside=fact["inside"], reach=reach)
        labels.append(fact["label"])
        heights.append(height)
        height += 1
    ax.axvspan(-1, 1, color=BAND, alpha=0.55, linewidth=0, zorder=0)
    ax.axvline(0, color=SIMULATED, linewidth=0.9, zorder=1)
    ax.set_ylim(max(height, lines) - 0.3, -0.8)
    ax.set_yticks(heights, labels)
    ax.tick_params(axis="y", length=0, labelsize=7.3, labelcolor=INK, pad=4)
    ax.set_xlim(-reach - 0.12, reach + 0.12)
    ax.set_xticks([-1, 0, 1], ["2.5%", "median", "97.5%"])
    ax.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


_HEADING: dict[str, Any] = {
    "ha": "right",
    "va": "center",
    "fontsize": 8,
    "fontweight": "bold",
    "color": INK,
}


def _dot(
    ax: Axes, position: float, height: float, role: str, *, inside: bool, reach: float
) -> None:
    ax.axhline(height, color=GRID, linewidth=0.6, zorder=0.5)
    if np.isnan(position):
        return
    color = ROLES.get(role, SOFT)
    beyond = abs(position) > reach
    marker = "o" if not beyond else (">" if position > 0 else "<")
    ax.plot(
        [float(np.clip(position, -reach, reach))],
        [height],
        marker=marker,
        markersize=4.8 if inside else 6.0,
        color=color,
        markerfacecolor=color if inside else "white",
        markeredgecolor="white" if inside else color,
        markeredgewidth=0.6 if inside else 1.5,
        zorder=4,
    )


def _bar(ax: Axes, low: float, high: float, height: float, *, reach: float) -> None:
    """Limits over posterior draws; what lies beyond the scale ends where the scale does."""
    if np.isnan(low) or np.isnan(high):
        return
    ends = np.clip([low, high], -reach - 0.12, reach + 0.12)
    ax.plot(ends, [height, height], color=POSTERIOR, linewidth=2.6, zorder=2)


def lines_of(facts: pd.DataFrame) -> float:
    """Height that the facts need in `plot_scorecard`, in lines."""
    topics = facts["topic"].nunique()
    return len(facts) + topics + _GAP * (topics - 1)


def scorecard_legend(facts: pd.DataFrame, figure: Figure) -> None:
    """Say below a scorecard which colour is which role, and that open means outside."""
    roles = [role for role in ROLES if (facts["role"] == role).any()]
    handles: list[Artist] = [
        Line2D([], [], marker="o", linestyle="none", color=ROLES[r]) for r in roles
    ]
    labels = [role.replace("_", " ") for role in roles]
    if not facts["inside"].all():
        look: dict[str, Any] = {"color": SOFT, "markerfacecolor": "white", "markeredgewidth": 1.5}
        handles.append(Line2D([], [], marker="o", linestyle="none", **look))
        labels.append("outside")
    if "low" in facts:
        handles.append(Patch(color=BAND, alpha=0.55))
        handles.append(Line2D([], [], color=POSTERIOR, linewidth=2.6))
        labels += ["95% at the point", "95% over the posterior"]
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
