"""Adverse events: any grade to the left, grade 3 or higher to the right, a line a term."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import BAND, FAINT, GRID, INK, REPORTED, SIMULATED, SOFT, own_axes

WINGS = {"any": -1, "severe": 1}
"""Which way each kind of incidence is drawn."""

_GAP = 2.0
"""Half of the room between the sides, in percent, so that 0 on the one is not 0 on the other."""

_ROOM = 1.06  # of the longest bar, so that no mark touches the end of the axis
_CLASS_WIDTH = 34  # characters
_CLASS: dict[str, Any] = {"fontsize": 6.6, "linespacing": 0.95, "color": SOFT}
_HEADING: dict[str, Any] = {"fontsize": 8.5, "fontweight": "bold", "va": "bottom"}


def plot_adverse_events(events: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the incidence of adverse events by term, simulated and reported.

    Parameters
    ----------
    events : DataFrame
        A row a term, from top to bottom: ``label``, ``organ_class``, and for any grade (``any``)
        and grade 3 or higher (``severe``) the columns ``any_median``, ``any_lower``,
        ``any_upper`` over many trials and ``any_reported``, in percent; nan for none.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8, height=0.24 * len(events) + 1)
    for y in range(len(events)):
        ax.axhline(y, color=GRID, linewidth=0.6, zorder=0)
    for wing in WINGS:
        _wing(ax, events, wing)
        ax.axvline(WINGS[wing] * _GAP, color=FAINT, linewidth=0.8, zorder=1)
    ax.set_ylim(len(events) - 0.4, -0.6)
    ax.set_yticks(range(len(events)), events["label"])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    _classes(ax, events)
    _percent_axis(ax, events)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return ax


def _wing(ax: Axes, events: pd.DataFrame, wing: str) -> None:
    """Bands, medians and reported values of one side."""
    side, y = WINGS[wing], np.arange(len(events))
    median, lower, upper, reported = (
        side * (_GAP + events[f"{wing}_{what}"].to_numpy(float))
        for what in ("median", "lower", "upper", "reported")
    )
    ax.barh(y, upper - lower, left=lower, height=0.58, color=BAND, linewidth=0, zorder=2)
    ax.vlines(median, y - 0.29, y + 0.29, color=SIMULATED, linewidth=1.8, zorder=3)
    ax.plot(
        reported,
        y,
        linestyle="none",
        marker="o",
        markersize=4.6,
        color=REPORTED,
        markeredgecolor="white",
        markeredgewidth=0.6,
        zorder=6,
        clip_on=False,
    )


def _classes(ax: Axes, events: pd.DataFrame) -> None:
    for y, organ_class in enumerate(events["organ_class"]):
        ax.text(
            1.02,
            y,
            textwrap.fill(str(organ_class), _CLASS_WIDTH),
            transform=ax.get_yaxis_transform(),
            va="center",
            **_CLASS,
        )


def _percent_axis(ax: Axes, events: pd.DataFrame) -> None:
    """Percentages away from the middle, on one scale both ways, and what each side is."""
    ends = {wing: _end(events, wing) for wing in WINGS}
    ax.set_xlim(-ends["any"] - _GAP, ends["severe"] + _GAP)
    step = 20 if sum(ends.values()) > 60 else 10
    shares = {wing: np.arange(0, end + 1e-9, step) for wing, end in ends.items()}
    places = [WINGS[wing] * (_GAP + share) for wing in WINGS for share in shares[wing]]
    ax.set_xticks(places, [f"{share:g}" for wing in WINGS for share in shares[wing]])
    ax.tick_params(axis="x", length=0)
    ax.xaxis.grid(True, color=GRID, linewidth=0.8)
    ax.set_xlabel("Patients, %")
    above = ax.get_xaxis_transform()
    for wing, words in (("any", "Any grade"), ("severe", "Grade 3 or higher")):
        inward = "right" if wing == "any" else "left"
        ax.text(WINGS[wing] * _GAP, 1.0, words, ha=inward, transform=above, **_HEADING)
    ax.text(1.02, 1.0, "System organ class", transform=ax.transAxes, va="bottom", **_CLASS)


def _end(events: pd.DataFrame, wing: str) -> float:
    columns = events[[f"{wing}_upper", f"{wing}_reported"]].to_numpy(float)
    known = columns[np.isfinite(columns)]
    return max(_ROOM * float(known.max(initial=0.0)), 10.0)


def safety_legend(events: pd.DataFrame, ax: Axes) -> None:
    """Say above a plot of adverse events what its marks are."""
    handles: list[Patch | Line2D] = [
        Line2D([], [], color=SIMULATED, marker="|", linestyle="none", markersize=8, mew=1.8),
        Patch(color=BAND),
    ]
    labels = ["Median of the replicates", "95% of replicates"]
    reported = events[["any_reported", "severe_reported"]].to_numpy(float)
    if np.isfinite(reported).any():
        dot: dict[str, Any] = {
            "marker": "o",
            "linestyle": "none",
            "markersize": 4.6,
            "markeredgecolor": "white",
        }
        handles.append(Line2D([], [], color=REPORTED, **dot))
        labels.append("Reported")
    ax.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.03), ncols=3)
