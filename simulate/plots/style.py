"""The look that all figures share: few colours, safe for colour-blind readers, and thin lines."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes

INK = "#16202b"
SOFT = "#5b6875"
FAINT = "#aab4be"
GRID = "#e8ecf0"
PAPER = "#ffffff"

SIMULATED = "#1769aa"
"""What the replicates give: blue."""
BAND = "#cfe0f0"
"""Between which limits 95% of the replicates lie: light blue."""
POSTERIOR = "#8fb3d4"
"""Between which limits 95% lie over posterior draws: middle blue."""
REPORTED = "#c8500a"
"""What the publication gives: vermilion."""
EXAMPLE = INK
"""One replicate, shown as an example: ink."""
TRUE = "#00785a"
"""What is true of the simulated disease: green."""
TOXICITY = "#e3a008"
"""What adverse events do to doses: amber."""
WAITING = "#8a6bb1"
"""Waiting for what a site lacks: violet."""

EFFICACY = "#1769aa"
"""Rejecting for efficacy: blue."""
FUTILITY = "#c8500a"
"""Stopping for futility: vermilion."""
NOT_REJECTED = "#aab4be"
"""Not rejecting at the end: grey."""
GOES_ON = "#e8ecf0"
"""Going on to the next look: light grey."""
THEORY = INK
"""What theory gives: ink, in hollow symbols."""

CONTROL = "#5b6875"
"""The arm that others are compared with: grey."""
ARMS = ("#1769aa", "#a13d7e", "#00785a", "#c8500a", "#7a6a00", "#8a6bb1", "#16202b")
"""The other arms in their order."""
LOOKS = ("#8fb3d4", "#1769aa", "#0b3c66", "#00785a", "#7a6a00", "#c8500a", "#a13d7e", "#8a6bb1")
"""Looks in their order; further ones begin again."""

ROLES = {
    "calibrated": "#1769aa",
    "held_out": "#a13d7e",
    "derived": "#00785a",
    "check": "#7a6a00",
    "input": FAINT,
}
"""Colours of the roles of published facts."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 1.8,
    "lines.solid_capstyle": "butt",
    "hatch.linewidth": 0.5,
    "hatch.color": SIMULATED,
    "figure.facecolor": PAPER,
}
"""Matplotlib settings of all figures; use with ``matplotlib.rc_context(STYLE)``."""


def own_axes(ax: Axes | None, *, width: float, height: float) -> Axes:
    """The axes given, or new ones of a new figure in the style of the report (inches)."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt  # only here: the report draws without pyplot's state

    with mpl.rc_context(STYLE):
        _, new = plt.subplots(figsize=(width, height), layout="constrained")
    return new


def mark(
    ax: Axes, time: float, share: float, *, marker: str, size: float, color: str, zorder: float
) -> None:
    """A single mark on a survival plot, set off from the lines below it by a white edge."""
    ax.plot(
        [time],
        [share],
        linestyle="none",
        marker=marker,
        markersize=size,
        color=color,
        markeredgecolor=PAPER,
        markeredgewidth=0.8,
        zorder=zorder,
    )


def grid(ax: Axes, axis: str = "y") -> None:
    """Faint lines behind the data, along one axis."""
    if axis == "y":
        ax.yaxis.grid(True, color=GRID, linewidth=0.8)
    else:
        ax.xaxis.grid(True, color=GRID, linewidth=0.8)
