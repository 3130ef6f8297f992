"""What scans make of survival: the true curve, the stairs that scans show, what is between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from simulate.distributions import FloatArray
from simulate.plots.style import BAND, INK, SIMULATED, SOFT, TRUE, grid, own_axes

_TICK = 6  # months
_ROOM = 1.15  # of the highest difference, below the numbers at the landmarks


def plot_true_and_seen(
    month: FloatArray, latent: FloatArray, seen: FloatArray, *, ax: Axes | None = None
) -> Axes:
    """Draw true survival and survival by scans, with what lies between them shaded.

    Parameters
    ----------
    month : array
        Times.
    latent, seen : array
        Survival functions at these times, in percent.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8, height=3.4)
    grid(ax)
    ax.axhline(50, color=SOFT, linewidth=0.7, linestyle=(0, (1, 3)), zorder=1)
    ax.fill_between(month, latent, seen, color=BAND, linewidth=0, label="Not seen yet")
    ax.plot(month, seen, color=SIMULATED, linewidth=1.4, label="As scans show it")
    ax.plot(month, latent, color=TRUE, linewidth=1.4, label="Latent truth")
    ax.set_xlim(0, month[-1])
    ax.set_xticks(np.arange(0, month[-1] + 0.1, _TICK))
    ax.set_ylim(0, 102)
    ax.set_ylabel("Progression-free, %")
    ax.legend(loc="upper right")
    return ax


def plot_not_seen_yet(
    month: FloatArray,
    difference: FloatArray,
    *,
    landmarks: Sequence[float] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw how far survival by scans lies above the truth, with its value at the landmarks.

    Parameters
    ----------
    month : array
        Times.
    difference : array
        Survival by scans less true survival, in percentage points.
    landmarks : sequence of float
        Months at which the difference is written beside the curve.
    ax : Axes
        Axes to draw on; by default new ones.
    """
    ax = own_axes(ax, width=8, height=2)
    grid(ax)
    ax.fill_between(month, 0, difference, color=BAND, linewidth=0)
    ax.plot(month, difference, color=SIMULATED, linewidth=1.0)
    top = max(1.0, float(difference.max()))
    for landmark in landmarks:
        value = float(np.interp(landmark, month, difference))
        ax.vlines(landmark, value, _ROOM * top, color=SOFT, linewidth=0.7, linestyle=(0, (1, 2)))
        ax.plot(landmark, value, "o", color=INK, markersize=3)
        text = f"{round(value, 1) + 0.0:+.1f}".replace("-", "\N{MINUS SIGN}")
        ax.text(landmark, _ROOM * top, text, fontsize=8, color=INK, ha="center", va="bottom")
    ax.set_xlim(0, month[-1])
    ax.set_xticks(np.arange(0, month[-1] + 0.1, _TICK))
    ax.set_ylim(min(0.0, float(difference.min())), _ROOM * top)
    ax.set_xlabel("Months")
    ax.set_ylabel("Not seen yet,\npoints")
    return ax
