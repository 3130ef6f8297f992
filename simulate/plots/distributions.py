"""How a number varies over simulated trials: by look over calendar time, or by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulate.plots.style import FAINT, INK, LOOKS, SIMULATED, own_axes

_Floats = npt.NDArray[np.float64]

_MOST_BARS = 48


def bin_edges(values: Sequence[_Floats], *, whole: bool = False) -> _Floats:
    """Edges of bars that serve several sets of values together.

    Parameters
    ----------
    values : sequence of array
        The sets; what is not finite is left out.
    whole : bool
        Whether the values are whole numbers, so that no bar holds more of them than another.
    """
    known = np.concatenate([each[np.isfinite(each)] for each in values])
    low, high = float(known.min()), float(known.max())
    if whole:
        width = max(1.0, np.ceil((high - low + 1) / _MOST_BARS))
        return np.asarray(np.arange(low - 0.5, high + width + 0.5, width))
    if high == low:
        return np.array([low - 0.5, high + 0.5])
    return np.linspace(low, high, _MOST_BARS + 1)


def plot_look_times(times: Mapping[str, _Floats], *, n: int, ax: Axes | None = None) -> Axes:
    """Draw when the looks are: the share of all trials by month, one colour a look.

    Parameters
    ----------
    times : mapping of str to array
        Months of the data cut of each look in every trial; nan where it was not made.
    n : int
        Trials in all.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8.6, height=2.4)
    made = {name: values[np.isfinite(values)] for name, values in times.items()}
    made = {name: values for name, values in made.items() if len(values)}
    edges = bin_edges(list(made.values()))
    for name, values in made.items():
        color = look_color(list(times).index(name))
        heights = 100 * np.histogram(values, edges)[0] / n
        ax.stairs(heights, edges, fill=True, color=color, alpha=0.6, lw=0, zorder=2, label=name)
        ax.stairs(heights, edges, color=color, linewidth=1.0, zorder=3)
    ax.set_ylabel("Trials, %")
    ax.set_ylim(bottom=0)
    ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    return ax


def plot_ended(months: _Floats, *, ax: Axes | None = None) -> Axes:
    """Draw the share of trials that have ended by each month.

    Parameters
    ----------
    months : array
        When each trial ended.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8.6, height=1.6)
    ordered = np.sort(months[np.isfinite(months)])
    share = 100 * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    # the last of equal months is where the step ends
    last = np.append(np.diff(ordered) > 0, True) if len(ordered) else np.zeros(0, bool)
    ax.step(ordered[last], share[last], where="post", color=INK, linewidth=1.3, zorder=3)
    ax.set(ylim=(0, 102), ylabel="Ended, %")
    ax.set_yticks([0, 50, 100])
    return ax


def plot_distribution(
    values: _Floats,
    *,
    label: str,
    looks: npt.NDArray[np.int64] | None = None,
    whole: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a small histogram with the mean marked.

    Parameters
    ----------
    values : array
        A number of each trial.
    looks : array
        Place of the look with which each trial ended, whose colour its part of a bar has.
    label : str
        Label of the horizontal axis.
    whole : bool
        Whether the values are whole numbers.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=2.8, height=1.7)
    known = values[np.isfinite(values)]
    edges = bin_edges([known], whole=whole)
    places = np.zeros(len(values), np.int64) if looks is None else looks
    bottom = np.zeros(len(edges) - 1)
    for place in np.unique(places):
        color = SIMULATED if looks is None else look_color(int(place))
        part = values[places == place]
        top = bottom + 100 * np.histogram(part[np.isfinite(part)], edges)[0] / len(values)
        ax.stairs(top, edges, baseline=bottom, fill=True, color=color, lw=0, zorder=2)
        bottom = top
    ax.axvline(float(known.mean()), color=INK, linewidth=1.1, zorder=3)
    ax.set(xlabel=label, ylabel="Trials, %")
    ax.spines["bottom"].set_color(FAINT)
    return ax


def look_color(place: int) -> str:
    """Colour of a look by its place."""
    return LOOKS[place % len(LOOKS)]
