"""Bounds at the events that the looks of simulated trials really have.

A look rarely has exactly the events it was planned for: several fall on one day, or its date came
first. Its bounds follow from the actual counts:

- The information fraction is events over the events planned for the last look, and alpha (and beta)
  is spent as far as that fraction asks, given what the looks before it spent.
- The last look spends all that is left, whatever its count.
- An interim look with at least the planned final count spends everything, and is the last.
- A look with no more events than the one before it repeats its data: it is not held. Where an
  interim look has all the events that the last look has, only the last look is held.

Bounds depend on the events of the look and of those before it, and on nothing else. So they are
found once for each distinct row of counts, and kept.
"""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulate.sequential.boundaries import Bounds, given_futility
from simulate.sequential.design import BetaSpending
from simulate.sequential.refusals import DesignError, between
from simulate.sequential.search import Task, find_bounds
from simulate.sequential.spending import FloatArray

IntArray = npt.NDArray[np.int64]

MOST_AT_ONCE = 4096
"""Rows of counts whose bounds are found in one go; bounds the memory that takes."""

MOST_KEPT = 65_536
"""Rows that a table keeps; what is beyond is found each time, so that memory stays bounded."""

_MOST_CODE = 2**62


class ActualBounds(NamedTuple):
    """Bounds of simulated trials: a row for each trial, a column for each look."""

    efficacy_z: FloatArray
    """Z at or above stops for efficacy; infinite at a look that is not held or spends nothing."""
    futility_z: FloatArray
    """Z at or below stops for futility; minus infinity where none is. At the look that decides it
    is the efficacy bound."""
    alpha_spent: FloatArray
    """Cumulative alpha."""
    final_look: IntArray
    """For each trial, the look (from 0) that decides; those behind it are not held."""


class _Kept(NamedTuple):
    """Bounds found so far; replaced as a whole, so that threads may share them."""

    row_of: dict[bytes, int]
    """Row of the tables by the bytes of its counts."""
    bounds: ActualBounds


class BoundTable:
    """Bounds by actual events, found when they are first asked for.

    Parameters
    ----------
    bounds
        Of the design at its planned looks. Beta is spent under the drift found there.
    events
        Planned at the last look.
    allocation
        Experimental patients for each in the control arm; matters only to futility bounds that
        are given as hazard ratios.
    """

    def __init__(self, bounds: Bounds, events: float, *, allocation: float = 1.0) -> None:
        self._bounds = bounds
        self._planned = between("events", events, 0.0, float("inf"))
        self._allocation = allocation
        self._kept = _Kept({}, self._find(np.empty((0, bounds.design.looks), np.int64)))

    def __len__(self) -> int:
        """Count the rows of counts for which bounds are kept."""
        return len(self._kept.row_of)

    def bounds(self, events: npt.ArrayLike) -> ActualBounds:
        """Bounds of trials by their events.

        Threads may share a table: at worst two of them find the same bounds.

        Parameters
        ----------
        events
            Events at each look, whole numbers, trials by looks: never falling along a row.

        Raises
        ------
        DesignError
            If the shape is wrong, or counts fall or are negative.
        """
        distinct, row = unique_rows(self._checked(events))
        kept = self._kept
        missing = np.array([key not in kept.row_of for key in _keys(distinct)], np.bool_)
        if np.any(missing):
            kept = self._with(kept, distinct[missing])
            if len(kept.row_of) <= MOST_KEPT:
                self._kept = kept
        chosen = np.array([kept.row_of[key] for key in _keys(distinct)], np.int64)[row]
        return _in_rows(kept.bounds, chosen)

    def _checked(self, events: npt.ArrayLike) -> IntArray:
        """Give the counts as a table, refused where they cannot be."""
        counts = np.ascontiguousarray(events, np.int64)
        looks = self._bounds.design.looks
        if counts.ndim != 2 or counts.shape[1] != looks:
            raise DesignError(
                "events", f"a table of shape {counts.shape} does not have {looks} looks"
            )
        if np.any(counts < 0) or np.any(np.diff(counts, axis=1) < 0):
            raise DesignError("events", "counts are negative or fall from one look to the next")
        return counts

    def _with(self, kept: _Kept, counts: IntArray) -> _Kept:
        """Bounds kept so far, and those of new rows of counts."""
        parts = [kept.bounds]
        for first in range(0, len(counts), MOST_AT_ONCE):
            parts.append(self._find(counts[first : first + MOST_AT_ONCE]))
        new = dict(zip(_keys(counts), count(len(kept.row_of)), strict=False))
        return _Kept(kept.row_of | new, _joined(parts))

    def _find(self, counts: IntArray) -> ActualBounds:
        """Find bounds for distinct rows of counts."""
        design, final = self._bounds.design, final_looks(counts, self._planned)
        held = looks_held(counts, final)
        decides = np.arange(design.looks) == final[:, np.newaxis]
        fractions = counts / self._planned
        alpha = np.where(decides, design.efficacy.total, design.efficacy.spent(fractions))
        beta, means = np.zeros_like(alpha), np.zeros_like(alpha)
        spends = isinstance(design.futility, BetaSpending)
        if isinstance(design.futility, BetaSpending):
            spending = design.futility.spending
            beta = np.where(decides, spending.total, spending.spent(fractions))
            means = self._bounds.drift * np.sqrt(fractions)
        given = given_futility(design, counts.astype(np.float64), allocation=self._allocation)
        task = Task(np.where(held, fractions, 0.0), means, alpha, beta, spends, design.binding)
        found = find_bounds(task, given)
        futility = np.where(decides, found.efficacy, found.futility)
        return ActualBounds(found.efficacy, futility, found.alpha, final)


def final_looks(counts: IntArray, planned: float) -> IntArray:
    """The look that decides, for each row of counts: the first with the planned count, or the last.

    Parameters
    ----------
    counts
        Events, trials by looks.
    planned
        Events planned for the last look.
    """
    reached = counts >= planned
    reached[:, -1] = True
    return np.asarray(np.argmax(reached, axis=1), np.int64)


def looks_held(counts: IntArray, final: IntArray) -> npt.NDArray[np.bool_]:
    """Whether each look is held: the one that decides, and those before it with fewer events.

    A look that repeats the data of an earlier one is passed over later, by `find_bounds`.

    Parameters
    ----------
    counts
        Events, trials by looks.
    final
        The look that decides, for each trial.
    """
    last = final[:, np.newaxis]
    look = np.arange(counts.shape[1])
    early = (look < last) & (counts < np.take_along_axis(counts, last, axis=1))
    return np.asarray(early | (look == last))


def unique_rows(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Distinct rows of a table, and for each row of the table which of them it is.

    Rows are turned into single numbers, which sort many times quicker than rows do.
    """
    code = np.zeros(len(counts), np.int64)
    most = 1
    for column in counts.T:
        low, high = (int(column.min()), int(column.max())) if len(column) > 0 else (0, 0)
        span = high - low + 1
        if most * span >= _MOST_CODE:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
            most = len(counts)
        code = code * span + (column - low)
        most *= span
    _, first, row = np.unique(code, return_index=True, return_inverse=True)
    return counts[first], row.astype(np.int64)


def _keys(counts: IntArray) -> list[bytes]:
    """A key for each row of counts."""
    return [row.tobytes() for row in counts]


def _joined(parts: list[ActualBounds]) -> ActualBounds:
    """The trials of several tables, one after the other."""
    return ActualBounds(
        np.concatenate([part.efficacy_z for part in parts]),
        np.concatenate([part.futility_z for part in parts]),
        np.concatenate([part.alpha_spent for part in parts]),
        np.concatenate([part.final_look for part in parts]),
    )


def _in_rows(bounds: ActualBounds, rows: IntArray) -> ActualBounds:
    """The trials in the given rows."""
    return ActualBounds(
        bounds.efficacy_z[rows],
        bounds.futility_z[rows],
        bounds.alpha_spent[rows],
        bounds.final_look[rows],
    )
