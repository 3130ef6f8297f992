"""Enrolment over calendar time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

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
    days = [date.toordinal() for date in band["date"]]
    low, high = band["lower"].to_numpy(float), band["upper"].to_numpy(float)
    ax.fill_between(days, low, high, step="post", color=BAND, linewidth=0, zorder=2)
    ax.step(days, band["median"], where="post", color=SIMULATED, linewidth=1.6, zorder=3)
    if example:
        steps = sorted(date.toordinal() for date in example)
        ax.step(steps, range(1, len(steps) + 1), where="post", color=EXAMPLE, lw=1.2, zorder=4)
    for date, n in reported:
        ax.plot(
            [date.toordinal()],
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
    _calendar(ax, days[0], max(days) if end is None else end.toordinal())
    ax.set_ylim(bottom=0)
    ax.set_ylabel("Patients enrolled")
    grid(ax)
    return ax


_TICKS = 6
_MONTH = 30.4


def _calendar(ax: Axes, first: int, last: int) -> None:
    """Ticks on the first of months, far enough apart to be read."""
    ax.set_xlim(first - 10, last)
    every = next((k for k in (1, 2, 3, 6, 12, 24) if last - first <= _TICKS * _MONTH * k), 60)
    start = dt.date.fromordinal(first)
    months = -(-(12 * start.year + start.month - (start.day == 1)) // every) * every
    ticks = []
    while (tick := dt.date(months // 12, months % 12 + 1, 1)).toordinal() <= last:
        ticks.append(tick)
        months += every
    ax.set_xticks([tick.toordinal() for tick in ticks], [f"{tick:%Y-%m}" for tick in ticks])
