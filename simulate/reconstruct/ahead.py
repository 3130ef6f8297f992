"""Whether a state can still meet the next printed rate: bounds that keep the search small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.analysis.product_limit import FloatArray
from simulate.reconstruct.demands import Demands, Landmark

Bools = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies ahead of the states of one stage.

    Attributes
    ----------
    mark
        The next printed rate; None if there is none.
    n
        Patients.
    z
        Normal quantile of the limits.
    most_events
        Events at most by the next landmark that prints them.
    most_departures
        Departures at most by the next landmark that prints the number at risk.
    total_events
        Events in all; None if they are not known.
    """

    mark: Landmark | None
    n: int
    z: float
    most_events: int
    most_departures: int
    total_events: int | None

    @classmethod
    def of(cls, demands: Demands, stage: int, z: float) -> Ahead:
        """Look ahead from one stage."""
        marks = [c for c in demands.checkpoints[stage:] if isinstance(c, Landmark)]
        total = demands.total_events
        events = [m.events for m in marks if m.events is not None]
        at_risk = [m.at_risk for m in marks if m.at_risk is not None]
        return cls(
            mark=marks[0] if marks else None,
            n=demands.n,
            z=z,
            most_events=min([*events, demands.n if total is None else total]),
            most_departures=demands.n - max([*at_risk, 0]),
            total_events=total,
        )

    def is_possible(
        self, events: IntArray, survival: FloatArray, greenwood: FloatArray, departures: int
    ) -> Bools:
        """Tell which states are not yet known to fail."""
        possible = np.asarray(events <= self.most_events)
        if departures > self.most_departures:
            possible &= False
        if self.total_events is not None:
            possible &= events + (self.n - departures) >= self.total_events
        if self.mark is None:
            return possible
        possible &= survival >= self.mark.rate.low
        if possible.any() and departures < self.n:
            possible &= self._limits_possible(survival, greenwood, self.n - departures)
        return possible

    def _limits_possible(self, survival: FloatArray, greenwood: FloatArray, at_risk: int) -> Bools:
        """Compare the narrowest limits that can still come with the printed ones.

        An event takes the patients at risk from x + 1 to x, the logarithm of survival down by the
        integral of 1 / x and Greenwood's sum up by that of 1 / x**2. So on the way from S down to
        the printed rate R it grows least, by (S / R - 1) / at_risk, if nobody is censored.
        """
        mark = self.mark
        assert mark is not None
        high = np.minimum(survival, mark.rate.high)
        least = greenwood + (survival / np.maximum(high, 1e-300) - 1.0) / at_risk
        possible = np.ones(survival.size, np.bool_)
        shallow = -np.log(np.clip(high, 1e-12, 1 - 1e-12))
        steep = -np.log(np.clip(mark.rate.low, 1e-12, 1 - 1e-12))
        spread = self.z * np.sqrt(least)
        if mark.lower is not None:
            x = np.clip(spread, shallow, np.maximum(shallow, steep))
            possible &= np.exp(-x * np.exp(spread / x)) >= mark.lower.low
        if mark.upper is not None:
            x = np.maximum(shallow, steep)
            possible &= np.exp(-x * np.exp(-spread / x)) <= mark.upper.high
        return possible
