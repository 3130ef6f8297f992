"""Pseudo individual data from points of a published Kaplan-Meier curve.

The idea is that of Guyot, Ades, Ouwens and Welton (2012), BMC Med Res Methodol 12:9: between two
times with printed numbers at risk, find how many patients were censored, spread them evenly, and
read events from the steps of the curve. Four things differ from their algorithm: every number of
censored patients is tried (theirs searches and may not end); the numbers at risk are always given
back exactly; a printed total of events moves the censorings of all intervals earlier or later, and
not only the number censored in the last one; and a rise of the points, which is an error of
reading, is evened out both ways (isotonic regression) and not downwards only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from simulate.analysis.product_limit import FloatArray
from simulate.reconstruct.interval import READING_ERROR, Interval, Walk, all_walks, best_walk
from simulate.reconstruct.paths import Bools
from simulate.reconstruct.total import meet_total

SKEWS = (1.0, *(2.0 ** (sign * k / 5) for k in range(1, 11) for sign in (-1, 1)))
"""Spreads of censorings that are tried to meet a number of events: even first, then less so."""


@dataclass(frozen=True, eq=False)
class FromPoints:
    """Pseudo individual data, and the points that they were read from.

    Attributes
    ----------
    time
        Observed time of each patient, increasing, in the unit of the publication.
    event
        Whether it ended with the event.
    point_time, point_survival
        The points as read, not increasing.
    """

    time: FloatArray
    event: Bools
    point_time: FloatArray
    point_survival: FloatArray


def reconstruct_points(
    time: ArrayLike,
    survival: ArrayLike,
    n: int,
    *,
    at_risk: Sequence[tuple[float, int]] = (),
    total_events: int | None = None,
) -> FromPoints:
    """Read patients from points of a survival curve.

    Parameters
    ----------
    time, survival
        Points of the curve in the order of time, survival as a fraction. Two points at one time
        are the top and the bottom of a step.
    n
        Patients at the start.
    at_risk
        Times and numbers of patients at risk, as printed below the curve: those observed for at
        least so long.
    total_events
        Events in all, if printed.

    Returns
    -------
    FromPoints
        Numbers at risk are given back exactly. So is the number of events, if it is possible
        with them; the caller compares.

    Raises
    ------
    ValueError
        If times fall, a survival is not between 0 and 1, or numbers at risk rise or exceed n.
    """
    points = _points(time, survival)
    table = _table(n, at_risk)
    walks = _best_walks(points, table, total_events)
    end = max(float(points[0][-1]), table[-1][0])
    left = n - sum(w.time.size for w in walks)
    times = np.concatenate([*(w.time for w in walks), np.full(left, end)])
    events = np.concatenate([*(w.event for w in walks), np.zeros(left, np.bool_)])
    if total_events is not None:
        events = meet_total(times, events, points, total_events)
    order = np.lexsort((~events, times))
    return FromPoints(times[order], events[order], *points)


def _points(time: ArrayLike, survival: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """The points, with the start of the curve, evened out so that they do not rise."""
    t, s = np.asarray(time, dtype=np.float64), np.asarray(survival, dtype=np.float64)
    if t.ndim != 1 or t.shape != s.shape or not t.size:
        raise ValueError("time and survival must be one-dimensional, of equal length, not empty")
    if not (np.all(np.isfinite(t)) and np.all(np.diff(t) >= 0) and t[0] >= 0):
        raise ValueError("times must be finite, not negative, and must not fall")
    if not np.all((s >= 0) & (s <= 1)):
        raise ValueError("survival must lie between 0 and 1")
    if t[0] > 0.0 or s[0] < 1.0:
        t, s = np.append(0.0, t), np.append(1.0, s)
    s = np.asarray(isotonic_regression(s, increasing=False).x, dtype=np.float64)
    return t, s


def _table(n: int, at_risk: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Times and numbers at risk, with the start."""
    table = [(0.0, n), *((float(t), int(k)) for t, k in at_risk if t > 0)]
    for (t0, n0), (t1, n1) in pairwise(table):
        if t1 <= t0 or not 0 <= n1 <= n0:
            raise ValueError("times of the numbers at risk must rise, and the numbers must not")
    return table


def _best_walks(
    points: tuple[FloatArray, FloatArray],
    table: list[tuple[float, int]],
    total_events: int | None,
) -> list[Walk]:
    """The way through all intervals; censorings spread as the number of events asks for.

    Later censorings keep more patients at risk, so that the same fall of the curve takes more
    events. Of the ways that stay close to the points, the one nearest to the total is taken.
    """
    if total_events is None:
        return _walks(points, table, None, skew=1.0)
    ways = [_walks(points, table, total_events, skew=skew) for skew in SKEWS]
    misfits = [sum(w.misfit for w in way) for way in ways]
    allowed = max(4.0 * min(misfits), READING_ERROR**2 * points[0].size)
    scored = [
        (abs(sum(w.events for w in way) - total_events), order)
        for order, (way, misfit) in enumerate(zip(ways, misfits, strict=True))
        if misfit <= allowed
    ]
    return ways[min(scored)[1]]


def _walks(
    points: tuple[FloatArray, FloatArray],
    table: list[tuple[float, int]],
    total_events: int | None,
    *,
    skew: float,
) -> list[Walk]:
    """The way through all intervals with one spread of censorings."""
    walks: list[Walk] = []
    survival = 1.0
    for number, (start, n) in enumerate(table):
        is_last = number + 1 == len(table)
        end = max(float(points[0][-1]), start) if is_last else table[number + 1][0]
        interval = _interval(points, start, end, n, survival, is_last=is_last)
        if is_last:
            done = sum(w.events for w in walks)
            wanted = None if total_events is None else total_events - done
            walks.append(_last_walk(interval, walks, wanted, skew))
        else:
            walks.append(best_walk(interval, n - table[number + 1][1], skew=skew))
        survival = walks[-1].survival
    return walks


def _interval(
    points: tuple[FloatArray, FloatArray],
    start: float,
    end: float,
    n: int,
    survival: float,
    *,
    is_last: bool,
) -> Interval:
    """The points between two times of the table.

    A point at a time of the table shows what happened before it, so its events must have left by
    then: they are put half-way back to the point before. Of several points at that time, only
    the first one does; the others are the bottom of a step at the time itself.
    """
    time, level = points
    first_at = np.append(True, np.diff(time) > 0)
    after = (time > start) | ((time == start) & ~first_at)
    before = (time <= end) if is_last else (time < end) | ((time == end) & first_at)
    rows = np.flatnonzero(after & before)
    when, shown = time[rows].copy(), level[rows]
    if not is_last and when.size and when[-1] == end:
        when[-1] = 0.5 * (end + (when[-2] if when.size > 1 else start))
    return Interval(start, end, n, survival, when, shown)


def _last_walk(interval: Interval, before: list[Walk], wanted: int | None, skew: float) -> Walk:
    """After the last number at risk: as many censored as gives the total, or as went before.

    Without a total, the pace at which patients were censored before is kept. Both only as far as
    the points allow: the end of the curve may need more patients than that would leave.
    """
    walks = all_walks(interval, interval.n, skew=skew)
    if wanted is None and (not before or interval.start == 0.0):
        return walks.walk(0)
    allowed = max(2.0 * walks.misfit.min(), READING_ERROR**2 * max(1, interval.when.size))
    if wanted is not None:
        away = np.abs(walks.total - wanted)
    else:
        pace = sum(w.censored for w in before) / interval.start
        away = np.abs(np.arange(interval.n + 1) - pace * (interval.end - interval.start))
    close = np.flatnonzero(walks.misfit <= allowed)
    order = np.lexsort((walks.misfit[close], away[close]))
    return walks.walk(int(close[order[0]]))
