"""Enrolment over calendar time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from simulate.plots.style import BAND, EXAMPLE, REPORTED, SIMULATED, grid, own_axes


def plot_enrolment(
    band: pd.DataFrame,
    *,
    example: Sequence[dt.date] = (),
    reported: Sequence[tuple[dt.date, float]] = (),
    end: dt.date | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how many patients are enrolled by each day.

    Parameters
    ----------
    band : DataFrame
        Patients enrolled over many trials by ``date``: ``median``, ``lower``, ``upper``.
    example : sequence of date
        Days of enrolment of one trial's patients, drawn as steps.
    reported : sequence of (date, float)
        Published days and the number enrolled by their end, drawn as points.
    end : date
        Right end of the axis; by default that of the data.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=6, height=3.6)
    dates = np.array(band["date"], dtype="datetime64[D]")
    low, high = band["lower"].to_numpy(float), band["upper"].to_numpy(float)
    ax.fill_between(dates, low, high, step="post", color=BAND, linewidth=0, zorder=2)
    ax.step(dates, band["median"], where="post", color=SIMULATED, linewidth=1.6, zorder=3)
    if example:
        days = np.sort(np.array(example, dtype="datetime64[D]"))
        count = np.arange(1, len(days) + 1)
        ax.step(days, count, where="post", color=EXAMPLE, linewidth=1.2, zorder=4)
    for date, n in reported:
        ax.plot(
            [np.datetime64(date)],
            [n],
            marker="D",
            color=REPORTED,
            markersize=6,
            markeredgecolor="white",
            markeredgewidth=0.8,
            zorder=5,
            linestyle="none",
            clip_on=False,
        )
    if end is not None and len(dates):
        ax.set_xlim(dates[0] - np.timedelta64(10, "D"), np.datetime64(end))
    locator = AutoDateLocator(minticks=3, maxticks=7)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set_ylim(bottom=0)
    ax.set_ylabel("Patients enrolled")
    grid(ax)
    return ax
