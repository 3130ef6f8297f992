"""Kaplan-Meier curves of many replicates at once, on whole days.

Thousands of replicates cannot be analysed curve by curve. Here the rows of all replicates are
sorted once, and from there on only the days with an event are touched: each replicate becomes a
row of a matrix whose columns are its event days. The results equal `kaplan_meier` replicate by
replicate; the conventions are those at the top of that module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simulate.analysis.product_limit import (
    BoolArray,
    FloatArray,
    IntArray,
    checked_sample,
    greenwood_sum,
    log_log_limits,
    median_limits,
    median_time,
    normal_quantile,
    survival_steps,
)

_BLOCK_BYTES = 64 * 2**20
_BYTES_PER_STEP = 128  # about sixteen arrays of eight bytes live for each event step


@dataclass(frozen=True, eq=False)
class ManyKaplanMeier:
    """Kaplan-Meier results of R replicates at L landmarks and, if asked for, on G grid days.

    A replicate without patients has ``nan`` for every estimate and True in `beyond_data`.
    """

    confidence: float
    """Two-sided confidence of all limits, such as 0.95."""
    landmarks: FloatArray
    """The landmarks in days, shape (L,)."""
    grid: FloatArray
    """The grid days, shape (G,), empty if none were asked for."""
    n: IntArray
    """Patients analysed, shape (R,)."""
    events: IntArray
    """Patients with the event, shape (R,)."""
    last_day: FloatArray
    """Last observed day, event or censoring, shape (R,)."""
    survival: FloatArray
    """Survival at the landmarks, their own events included, shape (R, L)."""
    lower: FloatArray
    """Lower pointwise limits, shape (R, L): 1 before the first event, nan where survival is 0."""
    upper: FloatArray
    """Upper pointwise limits, shape (R, L); as `lower`."""
    events_by: IntArray
    """Events on or before the landmarks, shape (R, L)."""
    at_risk: IntArray
    """Patients observed for at least the landmark, shape (R, L)."""
    beyond_data: BoolArray
    """Whether the landmark lies after the last observed day, shape (R, L)."""
    median: FloatArray
    """Median in days, inf if not reached, shape (R,)."""
    median_lower: FloatArray
    """Brookmeyer-Crowley lower limit of the median, inf if not reached, shape (R,)."""
    median_upper: FloatArray
    """Brookmeyer-Crowley upper limit of the median, inf if not reached, shape (R,)."""
    survival_on_grid: FloatArray
    """Survival on the grid days, carried forward beyond the data, shape (R, G)."""


def kaplan_meier_many(
    day: ArrayLike,
    event: ArrayLike,
    replicate: ArrayLike,
    *,
    n_replicates: int,
    landmarks: ArrayLike,
    grid: ArrayLike | None = None,
    confidence: float = 0.95,
) -> ManyKaplanMeier:
    """Estimate survival in many replicates at once.

    For the distribution of follow-up (reverse Kaplan-Meier), pass the indicator flipped.

    Parameters
    ----------
    day
        Observed day of each patient, whole and not negative. Shape (rows,), in any order.
    event
        Whether the patient had the event on that day or was censored. Shape (rows,).
    replicate
        The replicate of each row, from 0 to ``n_replicates - 1``. Shape (rows,).
    n_replicates
        Number of replicates R, those without patients included.
    landmarks, grid
        Days at which survival is wanted; 6 months are 182.625 days. An observation is at or
        before a landmark if its day is not above it.
    confidence
        Two-sided confidence of all limits.

    Raises
    ------
    ValueError
        If the arrays do not match, a day or landmark is negative or not finite, a day is not
        whole, an event is neither 0 nor 1, there are no replicates or one is out of range, or the
        confidence is not between 0 and 1.
    """
    z = normal_quantile(confidence)
    marks = _checked_landmarks(landmarks)
    grid_days = _checked_landmarks(() if grid is None else grid)
    rows = _sorted_rows(day, event, replicate, n_replicates)
    parts = [_analyse(rows, block, marks, grid_days, z) for block in _blocks(rows)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    last_day = rows.last_day()
    return ManyKaplanMeier(
        confidence=confidence,
        landmarks=marks,
        grid=grid_days,
        n=np.diff(rows.first_row),
        events=np.diff(np.append(0, np.cumsum(rows.events))[rows.first_step]),
        last_day=last_day,
        beyond_data=~(marks <= last_day[:, np.newaxis]),
        **joined,
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """All rows in order of replicate and day, and the steps: distinct days with an event.

    A key is ``replicate * span + day``, so that one sorted array serves every replicate.
    """

    span: int
    key: IntArray
    first_row: IntArray
    step_key: IntArray
    events: IntArray
    at_risk: IntArray
    first_step: IntArray

    def last_day(self) -> FloatArray:
        """Last observed day of each replicate, nan without patients."""
        last = np.append(self.key, 0)[self.first_row[1:] - 1] % self.span
        return np.where(np.diff(self.first_row) > 0, last, np.nan)

    def steps_by(self, replicates: IntArray, days: FloatArray) -> IntArray:
        """Number of event steps of each replicate on or before each day."""
        whole = np.minimum(np.floor(days), self.span - 1).astype(np.int64)
        key = replicates[:, np.newaxis] * self.span + whole
        steps = np.searchsorted(self.step_key, key, side="right")
        return steps - self.first_step[replicates, np.newaxis]

    def at_risk_at(self, replicates: IntArray, days: FloatArray) -> IntArray:
        """Number of patients of each replicate observed for at least each day."""
        whole = np.minimum(np.ceil(days), self.span).astype(np.int64)
        key = replicates[:, np.newaxis] * self.span + whole
        return self.first_row[replicates + 1, np.newaxis] - np.searchsorted(self.key, key)


def _sorted_rows(
    day: ArrayLike, event: ArrayLike, replicate: ArrayLike, n_replicates: int
) -> _Rows:
    observed, had_event = checked_sample(day, event)
    whole = observed.astype(np.int64)
    owner = np.asarray(replicate)
    if n_replicates < 1:
        raise ValueError(f"n_replicates must be at least 1, got {n_replicates}")
    if np.any(whole != observed):
        raise ValueError("days must be whole numbers")
    if owner.shape != whole.shape:
        raise ValueError(f"replicate must have the shape of day {whole.shape}, got {owner.shape}")
    if owner.size and (owner.min() < 0 or owner.max() >= n_replicates):
        raise ValueError(f"replicates must lie in 0 to {n_replicates - 1}")
    span = int(whole.max(initial=0)) + 1
    # The event flag rides in the lowest bit, so that one plain sort orders everything.
    packed = np.sort(2 * (owner.astype(np.int64) * span + whole) + had_event)
    key, flag = packed >> 1, packed & 1
    cell = np.flatnonzero(np.diff(key, prepend=-1))
    events = np.diff(np.append(0, np.cumsum(flag))[np.append(cell, key.size)])
    cell, events = cell[events > 0], events[events > 0]
    starts = np.arange(n_replicates + 1, dtype=np.int64) * span
    first_row = np.searchsorted(key, starts)
    step_key = key[cell]
    return _Rows(
        span=span,
        key=key,
        first_row=first_row,
        step_key=step_key,
        events=events,
        at_risk=first_row[step_key // span + 1] - cell,
        first_step=np.searchsorted(step_key, starts),
    )


def _blocks(rows: _Rows) -> Iterator[IntArray]:
    """The replicates, in runs whose step matrices stay within the memory bound."""
    widest = int(np.diff(rows.first_step).max(initial=0)) + 2
    size = max(1, _BLOCK_BYTES // (_BYTES_PER_STEP * widest))
    replicates = np.arange(rows.first_row.size - 1, dtype=np.int64)
    for start in range(0, replicates.size, size):
        yield replicates[start : start + size]


def _analyse(
    rows: _Rows, replicates: IntArray, marks: FloatArray, grid: FloatArray, z: float
) -> dict[str, np.ndarray]:
    """All estimates of one block of replicates."""
    time, events, at_risk = _step_matrices(rows, replicates)
    survival = survival_steps(events, at_risk)
    survival[rows.first_row[replicates] == rows.first_row[replicates + 1]] = np.nan
    lower, upper = log_log_limits(survival, greenwood_sum(events, at_risk), z)
    median_lower, median_upper = median_limits(time, survival, lower, upper)
    nobody = np.isnan(survival[:, 0])
    by_mark, by_grid = rows.steps_by(replicates, marks), rows.steps_by(replicates, grid)
    return {
        "survival": np.take_along_axis(survival, by_mark, axis=1),
        "lower": np.take_along_axis(lower, by_mark, axis=1),
        "upper": np.take_along_axis(upper, by_mark, axis=1),
        "events_by": np.take_along_axis(np.cumsum(events, axis=1), by_mark, axis=1),
        "at_risk": rows.at_risk_at(replicates, marks),
        "median": np.where(nobody, np.nan, median_time(time, survival)),
        "median_lower": np.where(nobody, np.nan, median_lower),
        "median_upper": np.where(nobody, np.nan, median_upper),
        "survival_on_grid": np.take_along_axis(survival, by_grid, axis=1),
    }


def _step_matrices(rows: _Rows, replicates: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Day, events and number at risk of every step, a row for each replicate of the block.

    Column 0 is the start, before any event; at least one last column is the padding of no event
    at infinity that the median asks for.
    """
    first, last = rows.first_step[replicates[0]], rows.first_step[replicates[-1] + 1]
    step_key = rows.step_key[first:last]
    row = step_key // rows.span
    column = np.arange(first, last) - rows.first_step[row] + 1
    row = row - replicates[0]
    shape = (replicates.size, int(column.max(initial=0)) + 2)
    time = np.full(shape, np.inf)
    time[:, 0] = 0.0
    events, at_risk = np.zeros(shape, dtype=np.int64), np.ones(shape, dtype=np.int64)
    time[row, column] = step_key % rows.span
    events[row, column] = rows.events[first:last]
    at_risk[row, column] = rows.at_risk[first:last]
    return time, events, at_risk


def _checked_landmarks(days: ArrayLike) -> FloatArray:
    checked = np.atleast_1d(np.asarray(days, dtype=np.float64))
    if checked.ndim != 1 or not np.all(np.isfinite(checked)) or np.any(checked < 0):
        raise ValueError("landmarks and grid must be finite days, none negative")
    return checked
