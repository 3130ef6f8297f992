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
    doses: Columns
    """With ``row``: the position of the patient among all patients of the stack."""
    adverse_events: Columns
    """With ``row``, as the doses."""
    screened: IntArray
    """Patients screened by the cut, by replicate."""

    def counts(self, chosen: npt.ArrayLike) -> IntArray:
        """Patients of each replicate for whom something holds."""
        rows = np.asarray(chosen, bool)
        return np.bincount(self.replicate[rows], minlength=self.n_replicates)

    def having(self, rows: IntArray) -> IntArray:
        """Patients of each replicate who are among some rows' patients."""
        patients = np.zeros(len(self.replicate), bool)
        patients[rows] = True
        return self.counts(patients)

    def quantiles(self, values: npt.ArrayLike, probability: float) -> FloatArray:
        """Quantile of each replicate's defined values by linear interpolation; nan without any."""
        every = np.asarray(values, float)
        known = ~np.isnan(every)
        some, replicate = every[known], self.replicate[known]
        ordered = np.append(some[np.lexsort((some, replicate))], np.nan)
        n = np.bincount(replicate, minlength=self.n_replicates)
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
        doses=_with_rows(snapshots, [snapshot.doses for snapshot in snapshots]),
        adverse_events=_with_rows(snapshots, [snapshot.adverse_events for snapshot in snapshots]),
        screened=np.array([snapshot.n_screened for snapshot in snapshots]),
    )


def _with_rows(snapshots: Sequence[Snapshot], tables: Sequence[Columns]) -> Columns:
    """Tables of several rows a patient, and the position of the patient of each row.

    Whoever still waits for a first dose at the cut is not known, and leaves a gap in the numbers.
    """
    rows, start = [], 0
    for snapshot, table in zip(snapshots, tables, strict=True):
        rows.append(start + np.searchsorted(snapshot.subjects["patient"], table["patient"]))
        start += snapshot.n_patients
    return _joined(tables) | {"row": np.concatenate(rows)}


def _joined(tables: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
