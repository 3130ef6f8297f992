"""The cuts of many replicates laid in one table, so that all are analysed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulate.cutoff import Snapshot
from simulate.records import Columns

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stack:
    """Patients of many replicates, sorted by replicate."""

    n_replicates: int
    replicate: IntArray
    """Position of each patient's replicate, from 0."""
    subjects: Columns
    baseline: Columns
    endpoints: Columns
    screened: IntArray
    """Patients screened by the cut, by replicate."""

    def counts(self, chosen: npt.ArrayLike) -> IntArray:
        """Patients of each replicate for whom something holds."""
        rows = np.asarray(chosen, bool)
        return np.bincount(self.replicate[rows], minlength=self.n_replicates)

    def quantiles(self, values: npt.ArrayLike, probability: float) -> FloatArray:
        """Quantile of each replicate's values by linear interpolation; nan where there is none."""
        values = np.asarray(values, float)
        order = np.lexsort((values, self.replicate))
        ordered = np.append(values[order], np.nan)
        n = np.bincount(self.replicate, minlength=self.n_replicates)
        start = np.concatenate([[0], np.cumsum(n)[:-1]])
        position = probability * np.maximum(n - 1, 0)
        low = np.floor(position).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(n - 1, 0))
        first, second = ordered[start + low], ordered[start + high]
        result = first + (position - low) * (second - first)
        return np.where(n > 0, result, np.nan)


def stack(snapshots: Sequence[Snapshot], endpoints: Sequence[Columns]) -> Stack:
    """Lay the cuts of several replicates, and their derived endpoints, one after the other."""
    sizes = [snapshot.n_patients for snapshot in snapshots]
    return Stack(
        n_replicates=len(snapshots),
        replicate=np.repeat(np.arange(len(snapshots)), sizes),
        subjects=_joined([snapshot.subjects for snapshot in snapshots]),
        baseline=_joined([snapshot.baseline for snapshot in snapshots]),
        endpoints=_joined(endpoints),
        screened=np.array([snapshot.n_screened for snapshot in snapshots]),
    )


def _joined(tables: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
