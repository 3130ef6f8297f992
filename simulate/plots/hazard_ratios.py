"""Hazard ratios that trials report, by what they decided."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.plots.style import INK, TRUE, grid, own_axes

_Floats = npt.NDArray[np.float64]

_BARS = 60
_TICKS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.7, 2.0, 2.5, 3.0, 4.0)


def plot_hazard_ratios(
    log_ratios: Mapping[str, _Floats],
    *,
    colors: Mapping[str, str],
    n: int,
    truth: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the hazard ratios at the decision as bars on a logarithmic axis, stacked by decision.

    Parameters
    ----------
    log_ratios : mapping of str to array
        Log hazard ratios by what was decided; what is not finite is left out.
    colors : mapping of str to str
        Colour of each decision.
    n : int
        Trials in all.
    truth : float
        The true log hazard ratio, if there is one.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8.6, height=2.6)
    known = {name: values[np.isfinite(values)] for name, values in log_ratios.items()}
    together = np.concatenate(list(known.values()))
    low, high = _range(together, truth)
    edges = np.linspace(low, high, _BARS + 1)
    bottom = np.zeros(_BARS)
    for name, values in known.items():
        heights = 100 * np.histogram(np.clip(values, low, high), edges)[0] / n
        top = bottom + heights
        ax.stairs(top, edges, baseline=bottom, fill=True, color=colors[name], lw=0, zorder=2)
        bottom = top
    handles: list[Patch | Line2D] = [Patch(color=colors[name]) for name in known]
    labels = list(known)
    if truth is not None:
        ax.axvline(truth, color=TRUE, linewidth=1.5, zorder=4)
        handles.append(Line2D([], [], color=TRUE, linewidth=1.5))
        labels.append(f"True hazard ratio {np.exp(truth):.2f}")
    if len(together):
        middle = float(np.median(together))
        ax.axvline(middle, color=INK, linewidth=1.2, linestyle=(0, (3, 2)), zorder=4)
        handles.append(Line2D([], [], color=INK, linewidth=1.2, linestyle=(0, (3, 2))))
        labels.append(f"Median {np.exp(middle):.2f}")
    shown = [ratio for ratio in _TICKS if low <= np.log(ratio) <= high]
    ax.set_xticks(np.log(shown), [f"{ratio:.1f}" for ratio in shown])
    ax.set_ylim(0, 1.08 * max(float(bottom.max()), 1.0))
    ax.set(xlim=(low, high), xlabel="Hazard ratio at the decision", ylabel="Trials, %")
    ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(labels))
    grid(ax)
    return ax


def _range(values: _Floats, truth: float | None) -> tuple[float, float]:
    """All but a few in a thousand of the values, with the truth among them."""
    ends = [0.0] if truth is None else [truth]
    if len(values):
        ends += [float(q) for q in np.quantile(values, (0.002, 0.998))]
    return min(ends) - 0.05, max(ends) + 0.05
