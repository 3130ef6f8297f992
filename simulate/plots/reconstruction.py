"""Reconstructed survival: the curve of pseudo individual data on the printed figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulate.analysis.kaplan_meier import KaplanMeier
from simulate.plots.style import REPORTED, mark, own_axes
from simulate.plots.survival import Landmark, plot_survival


def plot_reconstruction(
    curve: KaplanMeier,
    *,
    landmarks: Sequence[Landmark] = (),
    points: Sequence[tuple[float, float]] = (),
    median: tuple[float, float, float] | None = None,
    time_unit: str = "months",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the curve of reconstructed data and the printed figures that it has to give.

    Parameters
    ----------
    curve : KaplanMeier
        Curve of the pseudo individual data.
    landmarks : sequence of Landmark
        Printed rates with their limits, times in the unit of the curve.
    points : sequence of (time, survival)
        Points read from a printed curve.
    median : (median, lower limit, upper limit)
        As printed: infinity for not reached, nan for not printed.
    time_unit, title : str
        What to write at the axis and above.
    ax : Axes
        Axes to draw on; by default new ones.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = own_axes(ax, width=5, height=3.4)
    last = [curve.last_time, *(each.month for each in landmarks), *(time for time, _ in points)]
    end = 1.03 * max(last)
    plot_survival(curve, reported=landmarks, months=end, endpoint="", ax=ax)
    if points:
        look: dict[str, Any] = {"linestyle": "none", "marker": "o", "color": REPORTED}
        time, survival = np.array(points).T
        ax.plot(time, survival, markersize=2.6, markeredgewidth=0, zorder=8, **look)
    if median is not None:
        _median(ax, median, end)
    ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.set(xlim=(-0.015 * end, end), xlabel=time_unit.capitalize())
    ax.set_title(title, loc="left")
    return ax


def _median(ax: Axes, median: tuple[float, float, float], end: float) -> None:
    """The printed median and its interval, along the line of one half."""
    middle, lower, upper = median
    if np.isfinite(lower):
        right = end if np.isinf(upper) else upper
        if np.isfinite(right):
            ax.plot([lower, right], [0.5, 0.5], color=REPORTED, linewidth=1.4, zorder=6)
    if np.isfinite(middle):
        mark(ax, middle, 0.5, marker="D", size=5, color=REPORTED, zorder=9)
