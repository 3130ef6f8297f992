"""Every patient of one trial as a lane: treatment, response, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import FAINT, GRID, INK, REPORTED, SOFT, TOXICITY, TRUE, WAITING, own_axes


class Period(NamedTuple):
    """How a stretch of time looks."""

    label: str
    color: str
    height: float
    """Share of the lane."""
    layer: int


class Mark(NamedTuple):
    """How an event looks."""

    label: str
    color: str
    marker: str
    size: float
    filled: bool = True
    edge: str = "#ffffff"
    """Colour around it, if it is filled."""


PERIODS = {
    "followed": Period("Followed afterwards", FAINT, 0.2, 1),
    "treatment": Period("On treatment", "#d3e2f0", 0.72, 2),
    "response": Period("In confirmed response", "#5f97c6", 0.72, 3),
    "hold": Period("Held for an adverse event", TOXICITY, 0.72, 5),
    "wait": Period("Waiting for a slot or a drug", WAITING, 0.72, 5),
}
"""Stretches of time that a lane can show."""

MARKS = {
    "first_response": Mark("First response", "#ffffff", "o", 3.4, edge=INK),
    "omitted": Mark("Dose omitted", TOXICITY, "X", 5.2, edge=INK),
    "reduced": Mark("Dose reduced", TOXICITY, "v", 4.8, edge=INK),
    "drug_stop": Mark("One drug stopped", TOXICITY, "s", 4.2, edge=INK),
    "progression": Mark("Progression", REPORTED, "D", 4.2),
    "death": Mark("Death", INK, "X", 5.0),
    "toxicity_stop": Mark("Stopped, adverse event", TOXICITY, "p", 5.8, edge=INK),
    "withdrawal": Mark("Stopped, other reason", SOFT, "s", 3.8, filled=False),
    "completed": Mark("Treatment completed", TRUE, "s", 3.8),
    "ongoing": Mark("On treatment at the cut", TRUE, ">", 4.6),
}
"""Events that a lane can show."""


@dataclass(frozen=True)
class Lanes:
    """What a swimmer plot shows; lane 0 is at the top, times are in months."""

    n: int
    """Number of lanes."""
    periods: pd.DataFrame
    """``lane``, ``kind`` of :data:`PERIODS`, ``start``, ``end``."""
    marks: pd.DataFrame
    """``lane``, ``kind`` of :data:`MARKS`, ``month``."""
    doses: pd.DataFrame
    """``lane``, ``month`` of each dose given, drawn as fine ticks; may be empty."""


def plot_swimmer(lanes: Lanes, *, ax: Axes | None = None) -> Axes:
    """Draw one lane a patient.

    Parameters
    ----------
    lanes : Lanes
        Stretches of time, events and doses of every patient.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8, height=max(2.0, 0.125 * lanes.n + 1))
    for kind, period in PERIODS.items():
        rows = lanes.periods[lanes.periods["kind"] == kind]
        ax.barh(
            rows["lane"],
            rows["end"] - rows["start"],
            left=rows["start"],
            height=period.height,
            color=period.color,
            linewidth=0,
            zorder=period.layer,
        )
    _doses(ax, lanes.doses)
    for kind, mark in MARKS.items():
        rows = lanes.marks[lanes.marks["kind"] == kind]
        ax.plot(rows["month"], rows["lane"], **_look(mark), zorder=6)
    ax.set_ylim(lanes.n - 0.2, -0.8)
    ax.set_yticks([])
    end = float(lanes.periods["end"].max()) if len(lanes.periods) else 6.0
    ax.set_xlim(-0.3, end + 1.2)
    ax.set_xticks(np.arange(0, end + 1, 6))
    ax.set_xlabel("Months from first dose")
    ax.spines["left"].set_visible(False)
    ax.xaxis.grid(True, color=GRID, linewidth=0.8)
    return ax


def _doses(ax: Axes, doses: pd.DataFrame) -> None:
    lane, month = doses["lane"].to_numpy(), doses["month"].to_numpy()
    ax.vlines(month, lane - 0.36, lane + 0.36, color="#ffffff", linewidth=0.4, zorder=4)


def _look(mark: Mark) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": mark.marker,
        "markersize": mark.size,
        "color": mark.color,
        "markerfacecolor": mark.color if mark.filled else "white",
        "markeredgecolor": mark.edge if mark.filled else mark.color,
        "markeredgewidth": 0.5 if mark.filled else 1.1,
    }


def swimmer_legend(lanes: Lanes, ax: Axes) -> None:
    """Say above a swimmer plot what its colours and marks are; only those that it shows."""
    periods = [PERIODS[k] for k in PERIODS if (lanes.periods["kind"] == k).any()]
    marks = [MARKS[k] for k in MARKS if (lanes.marks["kind"] == k).any()]
    handles: list[Patch | Line2D] = [Patch(color=period.color) for period in periods]
    handles += [Line2D([], [], **_look(mark)) for mark in marks]
    labels = [p.label for p in periods] + [m.label for m in marks]
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, columnspacing=1.2)
