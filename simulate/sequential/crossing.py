"""Probabilities of crossing given bounds at each look."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulate.compiled import kernel
from simulate.sequential.integration import (
    FloatArray,
    Step,
    go_on,
    grid_between,
    most_nodes,
    probability_beyond,
    start_of_trial,
)
from simulate.sequential.refusals import DesignError, gaining


class Crossing(NamedTuple):
    """Probabilities by look; what is left went past the last look without crossing."""

    above: FloatArray
    """Of crossing the upper bound at this look, not having crossed any before."""
    below: FloatArray
    """The same for the lower bound."""


def crossing(
    information: npt.ArrayLike, means: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike
) -> Crossing:
    """Probability of crossing each bound first, look by look.

    Parameters
    ----------
    information
        At each look, in any unit (fractions, events): increasing, above 0.
    means
        Mean of Z at each look: 0 under the null hypothesis, ``drift * sqrt(fraction)`` under
        proportional hazards.
    lower, upper
        Bounds on Z; infinite where there is none. Where a lower bound reaches the upper one, the
        trial ends there.

    Raises
    ------
    DesignError
        If the lengths differ, or a look gains no information to speak of.
    """
    info, mean, low, high = (
        np.ascontiguousarray(np.atleast_1d(given), np.float64)
        for given in (information, means, lower, upper)
    )
    gaining("information", info.tolist())
    if not info.shape == mean.shape == low.shape == high.shape:
        raise DesignError("bounds", "information, means and bounds differ in length")
    if not (np.all(low <= high) and np.all(np.isfinite(mean))):
        raise DesignError("bounds", "a lower bound is above the upper one, or is no number")
    found = Crossing(np.zeros_like(info), np.zeros_like(info))
    _cross(info, mean, low, high, np.empty((4, most_nodes(info))), found.above, found.below)
    return found


@kernel
def _cross(
    information: FloatArray,
    means: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    room: FloatArray,
    above: FloatArray,
    below: FloatArray,
) -> None:
    """Fill the probabilities of crossing; `room` has four rows for nodes and their mass."""
    path = start_of_trial(room[0], room[1])
    known, mean = 0.0, 0.0
    for look in range(len(information)):
        root = math.sqrt(information[look])
        gain = math.sqrt(information[look] - known)
        step = Step(means[look] * root - mean, gain)
        above[look] = probability_beyond(path, step, upper[look] * root, 1.0)
        below[look] = probability_beyond(path, step, lower[look] * root, -1.0)
        if look + 1 == len(information):
            break
        known, mean = information[look], means[look] * root
        narrowest = min(gain, math.sqrt(information[look + 1] - known))
        grid = grid_between(mean, root, lower[look] * root, upper[look] * root, narrowest)
        spare = 2 - 2 * (look % 2)
        path = go_on(path, step, grid, room[spare], room[spare + 1])
