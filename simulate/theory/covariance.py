"""How the statistics of looks are expected to vary together, by number of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulate.distributions import FloatArray

_LEAST_GAIN = 1e-4
"""Share of the last look's information that a look is taken to gain where it gains none: so little
that its statistic is that of the look before, and enough to be integrated over."""


@dataclass(frozen=True, eq=False)
class ExpectedCovariance:
    """Covariance by number of events of the sums of some weights, or information.

    Attributes
    ----------
    events
        Numbers of events, from 0 on and growing.
    values
        Covariance at each of them, numbers by weights by weights. Information is one number.
    """

    events: FloatArray
    values: FloatArray

    def __call__(self, events: float) -> FloatArray:
        """Covariance at a number of events."""
        known = min(events, float(self.events[-1]))
        right = int(np.clip(np.searchsorted(self.events, known), 1, len(self.events) - 1))
        share = (known - self.events[right - 1]) / (self.events[right] - self.events[right - 1])
        value = (1.0 - share) * self.values[right - 1] + share * self.values[right]
        return np.asarray(value * (events / known if known > 0.0 else 1.0))


def growing(information: Sequence[float]) -> FloatArray:
    """Information of looks, each of which gains at least next to nothing."""
    least, found = _LEAST_GAIN * information[-1], 0.0
    grown = []
    for each in information:
        found = max(each, found + least)
        grown.append(found)
    return np.array(grown)
