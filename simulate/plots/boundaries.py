"""Boundaries of a group-sequential trial, and where trials stood at its looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import (
    BAND,
    EFFICACY,
    FUTILITY,
    SIMULATED,
    SOFT,
    grid,
    own_axes,
)

_Floats = npt.NDArray[np.float64]

_WASH_EFFICACY, _WASH_FUTILITY = "#eaf2f9", "#fcefe7"


_HIGHEST: dict[str, Any] = {"marker": "D", "markersize": 4, "linewidth": 0.9, "linestyle": "--"}
"""How the bound at the highest level is drawn."""


def plot_boundaries(
    looks: pd.DataFrame, *, scale: str = "z", label: str = "Z", ax: Axes | None = None
) -> Axes:
    """Draw the bounds of each look against information, and 95% of the trials that made it.

    Parameters
    ----------
    looks : DataFrame
        A row a look: ``name``, ``fraction``, and of Z or of the hazard ratio (``scale`` in front):
        ``_efficacy``, ``_futility`` (missing where a look has none), ``_lower``, ``_median`` and
        ``_upper`` over the trials that made it; optionally ``_highest``, the efficacy bound at the
        highest level of a hypothesis that shares alpha.
    scale : str
        ``z``, where high values are good, or ``hr``, where low ones are.
    label : str
        Label of the vertical axis.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=4.3, height=3.2)
    fraction = looks["fraction"].to_numpy(float)
    value = {
        what: looks[f"{scale}_{what}"].to_numpy(float)
        for what in ("efficacy", "futility", "lower", "median", "upper")
    }
    values = [*value.values(), looks.get(f"{scale}_highest", looks["fraction"][:0]).to_numpy(float)]
    bottom, top = _range(np.concatenate(values), scale)
    good, bad = (top, bottom) if scale == "z" else (bottom, top)
    ends = np.concatenate([fraction[:1] - 0.06, fraction, fraction[-1:] + 0.06])
    for name, color, wash, edge in (
        ("efficacy", EFFICACY, _WASH_EFFICACY, good),
        ("futility", FUTILITY, _WASH_FUTILITY, bad),
    ):
        _bound(ax, fraction, value[name], ends, color=color, wash=wash, edge=edge)
    if f"{scale}_highest" in looks:
        at_most = looks[f"{scale}_highest"].to_numpy(float)
        ax.plot(fraction, at_most, color=EFFICACY, **_HIGHEST, zorder=5)
    for x, low, middle, high in zip(
        fraction, value["lower"], value["median"], value["upper"], strict=True
    ):
        ax.plot([x, x], [low, high], color=BAND, linewidth=7, zorder=3)
        ax.plot([x], [middle], marker="_", markersize=10, color=SIMULATED, mew=1.8, zorder=4)
    ax.axhline(0.0 if scale == "z" else 1.0, color=SOFT, linewidth=0.7, linestyle=(0, (1, 3)))
    ax.set(xlim=(ends[0], ends[-1]), ylim=(bottom, top))
    ax.set(xlabel="Information fraction", ylabel=label)
    ax.set_xticks(fraction, [f"{x:.2f}" for x in fraction])
    if scale == "hr":
        _ratios(ax, bottom, top)
    grid(ax)
    return ax


def _bound(
    ax: Axes,
    fraction: _Floats,
    bound: _Floats,
    ends: _Floats,
    *,
    color: str,
    wash: str,
    edge: float,
) -> None:
    """One bound: a line through its points, and what lies beyond it washed in its colour."""
    has = np.isfinite(bound)
    if not has.any():
        return
    x, y = fraction[has], bound[has]
    left = [ends[0]] if has[0] else []
    right = [ends[-1]] if has[-1] else []
    across = np.concatenate([left, x, right])
    along = np.concatenate([y[:1] if left else [], y, y[-1:] if right else []])
    ax.fill_between(across, along, edge, color=wash, linewidth=0, zorder=0)
    ax.plot(across, along, color=color, linewidth=1.1, zorder=2)
    ax.plot(x, y, "o", color=color, markersize=5.5, markeredgecolor="white", zorder=5)


def _range(values: _Floats, scale: str) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if scale == "hr":
        return max(0.94 * min(low, 0.95), 0.05), 1.06 * max(high, 1.05)
    margin = 0.08 * (high - min(low, 0.0))
    return min(low, 0.0) - margin, high + margin


_RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 2.0, 3.0, 4.0)


def _ratios(ax: Axes, bottom: float, top: float) -> None:
    """A logarithmic axis with its hazard ratios written out."""
    ax.set_yscale("log")
    shown = [ratio for ratio in _RATIOS if bottom <= ratio <= top]
    ax.set_yticks(shown, [f"{ratio:.1f}" for ratio in shown])
    ax.set_yticks([], minor=True)
    ax.set_ylim(bottom, top)


def boundaries_legend(ax: Axes, *, futility: bool, levels: bool = False) -> None:
    """Say what the symbols of a plot of boundaries are."""
    bound: dict[str, Any] = {"marker": "o", "markersize": 5.5, "mec": "white", "linewidth": 1.1}
    handles: list[Line2D | Patch] = [Line2D([], [], color=EFFICACY, **bound)]
    labels = ["Efficacy bound, lowest level" if levels else "Efficacy bound"]
    if levels:
        handles.append(Line2D([], [], color=EFFICACY, **_HIGHEST))
        labels.append("highest level")
    if futility:
        handles.append(Line2D([], [], color=FUTILITY, **bound))
        labels.append("Futility bound")
    handles += [
        Patch(color=BAND),
        Line2D([], [], color=SIMULATED, marker="_", linestyle="none", markersize=10, mew=1.8),
    ]
    labels += ["95% of the trials at the look", "Their median"]
    ax.figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
