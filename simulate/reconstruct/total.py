"""The printed number of events: patients whose departure changes its kind to meet it."""

from __future__ import annotations

import numpy as np

from simulate.analysis.product_limit import FloatArray
from simulate.reconstruct.paths import Bools, IntArray

_MOST_CANDIDATES = 200  # of the patients who could change, spread over time


def meet_total(
    time: FloatArray,
    event: Bools,
    points: tuple[FloatArray, FloatArray],
    total_events: int,
) -> Bools:
    """Turn events into censorings, or censorings into events, until their number is as printed.

    Each time the patient is taken with whom the curve stays closest to the points. Nobody's time
    changes, so numbers at risk stay as they are.

    Parameters
    ----------
    time, event
        The reconstruction.
    points
        Times and survival of the points.
    total_events
        Events as printed, at most as many as there are patients.
    """
    event = event.copy()
    while (difference := total_events - int(event.sum())) != 0:
        candidates = np.flatnonzero(event if difference < 0 else ~event)
        candidates = candidates[np.unique(time[candidates], return_index=True)[1]]
        candidates = candidates[:: 1 + candidates.size // _MOST_CANDIDATES]
        event[candidates[np.argmin(_misfits(time, event, candidates, points))]] ^= True
    return event


def _misfits(
    time: FloatArray,
    event: Bools,
    candidates: IntArray,
    points: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Distance from the points if each of the candidates alone changed its kind.

    The mean squared distance and the largest one weigh the same: else the last patient at risk,
    who matters for a single point only, would always be taken.
    """
    distinct, position = np.unique(time, return_inverse=True)
    leaving = np.bincount(position, minlength=distinct.size)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    events = np.bincount(position[event], minlength=distinct.size)
    change = np.where(event[candidates], -1, 1)
    trials = np.tile(events, (candidates.size, 1))
    trials[np.arange(candidates.size), position[candidates]] += change
    curves = np.cumprod(1.0 - trials / at_risk, axis=1)
    curves = np.hstack([np.ones((candidates.size, 1)), curves])
    at = np.searchsorted(distinct, points[0], side="right")
    squares = (curves[:, at] - points[1]) ** 2
    return np.asarray(squares.mean(axis=1) + squares.max(axis=1), dtype=np.float64)
