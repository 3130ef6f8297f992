"""Curves of many replicates, summed up day by day without keeping them all.

Every replicate's Kaplan-Meier and enrolment curves are read off on a grid of days. What is kept is
a count of values in fine bins on each day, from which pointwise quantiles follow; counts add up to
the same sum in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulate.distributions import FloatArray

CURVES = ("pfs", "os", "dor", "enrolled")
"""Curves that are kept: Kaplan-Meier by patient day, and the share enrolled by trial day."""

GRID_STEP = 7
"""Days between two points of the grid."""

BINS = 1000
"""Bins of a value between 0 and 1."""


def curve_grid(last_day: int) -> npt.NDArray[np.int64]:
    """Days on which curves are read off, from 0 to a last day."""
    return np.arange(0, last_day + GRID_STEP, GRID_STEP)


@dataclass
class CurveCounts:
    """How many replicates have which value on each day of the grid."""

    grid: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    """Shape (curves, days, BINS + 1)."""
    n_replicates: int = 0

    @classmethod
    def empty(cls, grid: npt.NDArray[np.int64]) -> CurveCounts:
        """Nothing counted yet."""
        return cls(grid, np.zeros((len(CURVES), len(grid), BINS + 1), np.int64))

    def quantile(self, curve: str, probability: float) -> FloatArray:
        """Pointwise quantile of a curve among the replicates that have data on that day."""
        counts = self.counts[CURVES.index(curve)]
        cumulative = counts.cumsum(axis=1)
        total = cumulative[:, -1]
        reached = cumulative >= np.maximum(np.ceil(probability * total), 1)[:, np.newaxis]
        level = reached.argmax(axis=1) / BINS
        return np.where(total > 0, level, np.nan)

    def observed_share(self, curve: str) -> FloatArray:
        """Share of replicates whose data reach each day."""
        counts = self.counts[CURVES.index(curve)]
        return np.asarray(counts.sum(axis=1) / max(self.n_replicates, 1))
