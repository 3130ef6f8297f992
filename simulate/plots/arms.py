"""One trial by arm: its survival, and its patients and events month by month."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simulate.analysis.kaplan_meier import KaplanMeier
from simulate.plots.style import ARMS, CONTROL, FAINT, INK, SOFT, grid, own_axes
from simulate.plots.survival import mark_censored

_LINE = 0.066
"""Height of a line of text, as a part of the axis."""

_EVENT_COLORS = ("#1769aa", "#00785a", "#a13d7e", "#b36b00", "#5b4b9a", "#8a3b12", "#4d6b1f")

_CLOSE = 0.15
"""Part of the axis below which the names of two looks would touch."""


def arm_colors(arms: Sequence[str], controls: frozenset[str]) -> dict[str, str]:
    """A colour for each arm, the same in all figures: grey for those compared with."""
    others = iter(ARMS * 2)
    return {arm: CONTROL if arm in controls else next(others) for arm in arms}


def plot_arms(
    curves: Mapping[str, KaplanMeier],
    *,
    colors: Mapping[str, str],
    months: float,
    endpoint: str = "Survival",
    ax: Axes | None = None,
) -> Axes:
    """Draw the Kaplan-Meier curve of each arm of one trial, with ticks where patients are censored.

    Parameters
    ----------
    curves : mapping of str to KaplanMeier
        Curve of each arm by its label, times in months; an arm without patients is left out.
    colors : mapping of str to str
        Colour of each arm, by its label.
    months : float
        Right end of the axis.
    endpoint : str
        What the vertical axis is.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=4.3, height=3)
    ax.axhline(0.5, color=SOFT, linewidth=0.7, linestyle=(0, (1, 3)), zorder=1)
    for name, curve in curves.items():
        if not curve.n:
            continue
        time = np.concatenate([[0.0], curve.time])
        survival = np.concatenate([[1.0], curve.survival])
        ax.step(time, survival, where="post", color=colors[name], linewidth=1.5, zorder=3)
        mark_censored(ax, curve, color=colors[name])
    ax.set(xlim=(-0.045 * months, months), ylim=(0, 1.03), ylabel=endpoint)
    ax.set_xticks(np.arange(0, months + 0.01, month_step(months)))
    ax.set_yticks(np.arange(0, 1.01, 0.25), [f"{p}%" for p in range(0, 101, 25)])
    ax.tick_params(axis="x", labelbottom=True)
    grid(ax)
    return ax


def month_step(months: float) -> int:
    """Months between ticks: few enough of them for a small figure."""
    return next((step for step in (3, 6, 12, 24, 60) if months / step <= 8), 120)


@dataclass(frozen=True)
class LookMark:
    """A look of a trial: its month, and what to write at it."""

    month: float
    label: str


def plot_months(
    months: pd.DataFrame,
    *,
    counts: Mapping[str, str],
    looks: Sequence[LookMark] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw patients enrolled and known events of one trial by month, with its looks.

    Parameters
    ----------
    months : DataFrame
        A row a month, the first one 0: ``month``, ``enrolled`` and the counts of events, all
        cumulative.
    counts : mapping of str to str
        Columns of events with what they are called.
    looks : sequence of LookMark
        The looks that were made.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8.6, height=3)
    month, enrolled = (months[name].to_numpy(float) for name in ("month", "enrolled"))
    ax.fill_between(month, enrolled, color="#eef1f4", linewidth=0, zorder=1)
    ax.plot(month, enrolled, color=SOFT, linewidth=1.4, zorder=3)
    names = [(float(enrolled[-1]), "Enrolled", SOFT)]
    for (column, label), color in zip(counts.items(), cycle(_EVENT_COLORS), strict=False):
        values = months[column].to_numpy(float)
        ax.plot(month, values, color=color, linewidth=1.6, zorder=4)
        names.append((float(values[-1]), label, color))
    top = 1.28 * max(float(enrolled[-1]), 1.0)
    heights = apart([y for y, _, _ in names], _LINE * top)
    for (y, label, color), height in zip(names, heights, strict=True):
        _name(ax, month[-1], height, f"{label}: {y:g}", color)
    for look, drop in zip(looks, _drops(looks, month[-1]), strict=True):
        ax.axvline(look.month, ymax=0.84, color=INK, linewidth=1.0, linestyle=(0, (3, 2)), zorder=2)
        late = look.month > 0.75 * month[-1]
        ax.text(
            look.month + (0.3 if not late else 0.0),
            (1.0 - 0.06 * drop) * top,
            look.label,
            ha="right" if late else "left",
            va="top",
            fontsize=8,
            zorder=5,
        )
    ax.set(xlim=(0, month[-1]), ylim=(0, top), xlabel="Months from the origin")
    ax.set_ylabel("Patients")
    ax.set_xticks(np.arange(0, month[-1] + 0.01, month_step(month[-1] / 2)))
    ax.spines["bottom"].set_color(FAINT)
    grid(ax)
    return ax


def _drops(looks: Sequence[LookMark], end: float) -> list[int]:
    """How many lines below the first the name of each look is, so that none is over another."""
    found: list[int] = []
    for i, look in enumerate(looks):
        close = i > 0 and look.month - looks[i - 1].month < _CLOSE * end
        found.append((found[-1] + 1) % 3 if close else 0)
    return found


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """Heights of labels moved up, and no more than needed, so that none is over another."""
    found, lowest = list(heights), -math.inf
    for i in sorted(range(len(heights)), key=lambda i: heights[i]):
        found[i] = max(heights[i], lowest)
        lowest = found[i] + gap
    return found


def _name(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    ax.annotate(
        text,
        (x, y),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        color=color,
        fontsize=8,
        annotation_clip=False,
    )
