"""Survival: one trial's Kaplan-Meier curve among those of many simulated trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simulate.analysis.kaplan_meier import KaplanMeier
from simulate.plots.style import BAND, EXAMPLE, INK, REPORTED, SIMULATED, SOFT, grid, mark, own_axes

SPARSE = 0.5
"""Below this share of replicates with data, the band is hatched."""

_TICK = 6  # months


@dataclass(frozen=True)
class Landmark:
    """A published survival rate; all in months and fractions, nan for what is not printed."""

    month: float
    rate: float
    lower: float
    upper: float


def plot_survival(
    curve: KaplanMeier | None = None,
    *,
    band: pd.DataFrame | None = None,
    reported: Sequence[Landmark] = (),
    months: float | None = None,
    endpoint: str = "Survival",
    ax: Axes | None = None,
) -> Axes:
    """Draw a Kaplan-Meier curve, the band of many trials, and published rates.

    Parameters
    ----------
    curve : KaplanMeier
        One trial's curve, times in months: its steps, censorings and pointwise limits.
    band : DataFrame
        Curves of many trials by ``month``: ``median``, ``lower``, ``upper`` (fractions) and
        ``observed_share``, the share of trials with data that far. Where that is below one half
        the band is hatched.
    reported : sequence of Landmark
        Published rates, drawn as points with their intervals.
    months : float
        Right end of the axis; by default the end of the data and the published rates.
    endpoint : str
        What the vertical axis is.
    ax : Axes
        Axes to draw on; by default new ones.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    ax = own_axes(ax, width=8, height=4)
    end = months or _end(curve, band, reported)
    ax.axhline(0.5, color=SOFT, linewidth=0.7, linestyle=(0, (1, 3)), zorder=1)
    if band is not None:
        _band(ax, band)
    if curve is not None and curve.n:
        _curve(ax, curve)
    _landmarks(ax, reported)
    ax.set(xlim=(-0.6, end), ylim=(0, 1.03), xlabel="Months", ylabel=endpoint)
    ax.set_xticks(np.arange(0, end + 0.01, _TICK))
    ax.set_yticks(np.arange(0, 1.01, 0.2), [f"{p}%" for p in range(0, 101, 20)])
    ax.tick_params(axis="x", labelbottom=True)  # even where axes below share them
    grid(ax)
    return ax


def _end(
    curve: KaplanMeier | None, band: pd.DataFrame | None, reported: Sequence[Landmark]
) -> float:
    ends = [1.0, *(point.month + 1 for point in reported)]
    if curve is not None and curve.n:
        ends.append(curve.last_time)
    if band is not None and len(band):
        ends.append(float(band["month"].max()))
    return max(ends)


def _band(ax: Axes, band: pd.DataFrame) -> None:
    """The median and limits of many curves, hatched where few trials have data."""
    month = band["month"].to_numpy()
    middle, low, high = (band[name].to_numpy() for name in ("median", "lower", "upper"))
    dense = band["observed_share"].to_numpy() >= SPARSE
    some = ~np.isnan(middle)
    # one point further, so that the two parts meet
    sparse = some & ~np.append(dense[1:], dense[-1:])
    step: dict[str, Any] = {"step": "post", "linewidth": 0.0}
    ax.fill_between(month, low, high, where=dense & some, color=BAND, zorder=2, **step)
    ax.fill_between(
        month,
        low,
        high,
        where=sparse,
        facecolor="#f1f6fa",
        edgecolor="#a9c6e0",
        hatch="////",
        zorder=2,
        **step,
    )
    for part, style in ((dense & some, "solid"), (sparse, (0, (2, 1.5)))):
        ax.plot(
            month[part],
            middle[part],
            color=SIMULATED,
            linewidth=1.6,
            linestyle=style,
            drawstyle="steps-post",
            zorder=4,
        )


def _curve(ax: Axes, curve: KaplanMeier) -> None:
    time = np.concatenate([[0.0], curve.time])
    survival = np.concatenate([[1.0], curve.survival])
    for limits in (curve.lower, curve.upper):
        ax.step(
            time,
            np.concatenate([[1.0], limits]),
            where="post",
            color=SOFT,
            linewidth=0.7,
            linestyle=(0, (1, 1.6)),
            zorder=3,
        )
    ax.step(time, survival, where="post", color=EXAMPLE, linewidth=1.3, zorder=5)
    mark_censored(ax, curve, color=EXAMPLE)


def mark_censored(ax: Axes, curve: KaplanMeier, *, color: str) -> None:
    """A tick at every day on which somebody is censored."""
    censored = curve.censored > 0
    ax.plot(
        curve.time[censored],
        curve.survival[censored],
        linestyle="none",
        marker="|",
        markersize=5,
        markeredgewidth=0.8,
        color=color,
        zorder=5,
    )


def _landmarks(ax: Axes, landmarks: Sequence[Landmark]) -> None:
    for point in landmarks:
        if not (np.isnan(point.lower) or np.isnan(point.upper)):
            ax.plot([point.month] * 2, [point.lower, point.upper], color=REPORTED, lw=1.4, zorder=7)
        mark(ax, point.month, point.rate, marker="o", size=5.5, color=REPORTED, zorder=8)


def median_mark(ax: Axes, median: float, *, color: str, marker: str) -> bool:
    """Mark a median time on a survival plot, with a line down to the axis.

    Parameters
    ----------
    ax : Axes
        Axes of `plot_survival`.
    median : float
        The median time in months; infinity for not reached, nan for none.
    color, marker : str
        How it looks.

    Returns
    -------
    bool
        Whether there was anything to mark within the axis.
    """
    if not np.isfinite(median) or median > ax.get_xlim()[1]:
        return False
    ax.plot([median] * 2, [0, 0.5], color=color, lw=0.9, linestyle=(0, (3, 2)), zorder=3)
    mark(ax, median, 0.5, marker=marker, size=6, color=color, zorder=9)
    return True


def plot_at_risk(
    rows: Mapping[str, Mapping[float, float]], *, colors: Sequence[str] = (), ax: Axes
) -> Axes:
    """Write numbers at risk below a survival plot.

    Parameters
    ----------
    rows : mapping
        For each line of numbers its name, and the number at risk by month.
    colors : sequence of str
        Colour of each name; by default all are alike.
    ax : Axes
        Axes to write on, with the months of the plot above.
    """
    ax.set_ylim(-len(rows) + 0.5, 0.5)
    ax.set_yticks([-i for i in range(len(rows))], list(rows))
    for label, color in zip(ax.get_yticklabels(), colors, strict=False):
        label.set_color(color)
    for i, numbers in enumerate(rows.values()):
        for month, n in numbers.items():
            ax.text(
                month, -i, f"{n:g}", ha="center", va="center", fontsize=8, color=INK, clip_on=True
            )
    ax.tick_params(axis="y", length=0, pad=6)
    ax.tick_params(axis="x", length=0, labelbottom=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax
