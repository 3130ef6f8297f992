"""Pseudo individual data from survival rates printed for a few times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulate.analysis.product_limit import FloatArray
from simulate.reconstruct.counts import Counts, Departures, best_path, possible_counts
from simulate.reconstruct.demands import Crossing, Demands, Landmark, Line, demands
from simulate.reconstruct.paths import Bools, Found, search
from simulate.reconstruct.printed import Printed, parse_printed_time

MOST_PATIENTS = 1000
"""Patients at most; a curve of more is better digitised."""

_BEYOND = 1.2  # where follow-up ends if that is not printed: so many times the last checkpoint


class CannotBeMetError(ValueError):
    """No curve gives the printed figures.

    Attributes
    ----------
    found
        The search that failed, with the states that came furthest.
    """

    def __init__(self, found: Found) -> None:
        super().__init__("no Kaplan-Meier curve of so many patients gives these figures")
        self.found = found


@dataclass(frozen=True, eq=False)
class FromLandmarks:
    """Pseudo individual data, and what the printed figures leave open.

    Attributes
    ----------
    time
        Observed time of each patient, increasing, in the unit of the publication.
    event
        Whether it ended with the event.
    counts
        Numbers of events at each checkpoint that the printed figures allow.
    resolution
        Difference of survival below which two curves were taken for one in counting.
    """

    time: FloatArray
    event: Bools
    counts: tuple[Counts, ...]
    resolution: float


def reconstruct_landmarks(
    n: int,
    landmarks: Iterable[Landmark],
    *,
    median: str | Printed | None = None,
    median_lower: str | Printed | None = None,
    median_upper: str | Printed | None = None,
    total_events: int | None = None,
    first_censoring: float = 0.0,
    last_time: float | None = None,
    confidence: float = 0.95,
) -> FromLandmarks:
    """Find patients whose Kaplan-Meier curve gives the printed figures, to the last digit.

    Of all such curves the one with the fewest patients censored by the last figure is taken, and
    of those the closest to the printed numbers. Where an event falls between two figures is not
    known: departures are spread evenly there.

    Parameters
    ----------
    n
        Patients, 1 to `MOST_PATIENTS`.
    landmarks
        Printed rates, with their log-log limits if printed.
    median, median_lower, median_upper
        Printed median and its limits, such as ``"27.7"``, or ``"NR"`` for not reached.
    total_events
        Events in all. Without it, nobody has the event after the last figure.
    first_censoring
        Nobody is censored before this time.
    last_time
        The longest observation; by default 1.2 times the last figure's time.
    confidence
        Two-sided confidence of the limits.

    Raises
    ------
    ValueError
        If n is not 1 to `MOST_PATIENTS` or there is no landmark.
    CannotBeMetError
        If there is no such curve.
    """
    landmarks = tuple(landmarks)
    if not 1 <= n <= MOST_PATIENTS or not landmarks:
        raise ValueError(f"1 to {MOST_PATIENTS} patients and a landmark are needed (n = {n})")
    medians = {Line.SURVIVAL: median, Line.LOWER: median_lower, Line.UPPER: median_upper}
    wanted = demands(
        n,
        landmarks,
        medians={k: parse_printed_time(v) for k, v in medians.items() if v is not None},
        total_events=total_events,
        first_censoring=first_censoring,
        confidence=confidence,
    )
    found = search(wanted)
    if not found.ends:
        raise CannotBeMetError(found)
    time, event = placed(wanted, best_path(found), last_time)
    return FromLandmarks(time, event, possible_counts(found), found.resolution)


def placed(wanted: Demands, path: Departures, last_time: float | None) -> tuple[FloatArray, Bools]:
    """Give each departure a time, and end the observation of everybody else at the end."""
    edges = [0.0, *(checkpoint.time for checkpoint in wanted.checkpoints)]
    end = max(edges[-1] * _BEYOND, 1.0) if last_time is None else last_time
    left = wanted.n - path.event.size
    event = np.append(path.event, np.zeros(left, np.bool_))
    stage = np.append(path.stage, np.full(left, len(wanted.checkpoints)))
    time = np.empty(wanted.n)
    for number, start in enumerate(edges):
        rows = np.flatnonzero(stage == number)
        if number == len(edges) - 1:
            time[rows] = _spread(start, end, rows.size, closed=True)
            continue
        time[rows] = _spread(start, edges[number + 1], rows.size, closed=False)
        if isinstance(wanted.checkpoints[number], Crossing) and rows.size:
            time[rows[-1]] = edges[number + 1]
    has_median = any(
        isinstance(c, Crossing) and c.line is Line.SURVIVAL for c in wanted.checkpoints
    )
    return (_halves_together(time, event) if has_median else time), event


def _spread(start: float, end: float, count: int, *, closed: bool) -> FloatArray:
    """Times evenly between two others; the last one at the end itself if `closed`."""
    steps = np.arange(1, count + 1) / (count if closed else count + 1)
    return np.asarray(start + (end - start) * steps, dtype=np.float64)


def _halves_together(time: FloatArray, event: Bools) -> FloatArray:
    """Put the event that follows a survival of exactly one half to the one that led there.

    The median would lie half-way between the two otherwise.
    """
    at_risk = time.size - np.arange(time.size)
    survival = np.cumprod(np.where(event, 1.0 - 1.0 / at_risk, 1.0))
    half = np.flatnonzero(event & (np.abs(survival - 0.5) < 1e-12))
    if not half.size:
        return time
    following = np.flatnonzero(event[half[0] + 1 :])
    if following.size:
        time = time.copy()
        time[half[0] : half[0] + 2 + following[0]] = time[half[0]]
    return time
