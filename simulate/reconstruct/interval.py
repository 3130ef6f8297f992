"""Events and censorings between two times with known numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.analysis.product_limit import FloatArray
from simulate.reconstruct.paths import Bools, IntArray

READING_ERROR = 0.005
"""How far from the curve a careful reader's points may be, in survival."""

_OTHERS = tuple(2.0 ** (0.5 * sign * k) for k in range(1, 6) for sign in (-1, 1))


@dataclass(frozen=True, eq=False)
class Interval:
    """The curve between two times.

    Attributes
    ----------
    start, end
        The two times.
    n
        Patients at risk at the start.
    survival
        Survival of the reconstruction at the start.
    when
        For each point of the curve, the time at which its events are put.
    shown
        Survival at each point.
    """

    start: float
    end: float
    n: int
    survival: float
    when: FloatArray
    shown: FloatArray


@dataclass(frozen=True, eq=False)
class Walk:
    """One way through an interval.

    Attributes
    ----------
    time, event
        The patients who leave observation.
    survival
        Survival of the reconstruction at the end.
    misfit
        Sum of squared distances from the points.
    """

    time: FloatArray
    event: Bools
    survival: float
    misfit: float

    @property
    def events(self) -> int:
        """Events in the interval."""
        return int(self.event.sum())

    @property
    def censored(self) -> int:
        """Patients censored in it."""
        return int(self.event.size) - self.events


@dataclass(frozen=True, eq=False)
class Walks:
    """Ways through an interval, one for each number of censored patients from 0 on.

    Attributes
    ----------
    interval
        The interval.
    skew
        How censorings are spread: 1 evenly, above 1 early, below 1 late.
    events
        Events at each point, shape (ways, points).
    survival, misfit
        As for `Walk`, shape (ways,).
    """

    interval: Interval
    skew: float
    events: IntArray
    survival: FloatArray
    misfit: FloatArray

    @property
    def total(self) -> IntArray:
        """Events of each way."""
        return np.asarray(self.events.sum(axis=1))

    def walk(self, censored: int) -> Walk:
        """One of the ways."""
        inside = self.interval
        steps = (np.arange(1, censored + 1) / (censored + 1)) ** self.skew
        away = inside.start + (inside.end - inside.start) * steps
        had = np.repeat(inside.when, self.events[censored])
        return Walk(
            np.append(had, away),
            np.arange(had.size + away.size) < had.size,
            float(self.survival[censored]),
            float(self.misfit[censored]),
        )


def all_walks(interval: Interval, most: int, *, skew: float = 1.0) -> Walks:
    """Go through an interval with 0, 1, ... patients censored.

    At each point so many events are put as bring the estimate closest to it.

    Parameters
    ----------
    interval
        The curve between two times.
    most
        Patients at most who may leave, censored ones included.
    skew
        How censorings are spread: 1 evenly, above 1 early, below 1 late.
    """
    censored = np.arange(most + 1)
    gone = _gone(interval, censored, skew)
    events = np.zeros(gone.shape, np.int64)
    so_far = np.zeros(most + 1, np.int64)
    survival = np.full(most + 1, interval.survival)
    misfit = np.zeros(most + 1)
    for k, shown in enumerate(interval.shown):
        at_risk = interval.n - so_far - gone[:, k]
        share = np.where(survival > 0.0, 1.0 - shown / np.maximum(survival, 1e-300), 0.0)
        wanted = np.floor(at_risk * share + 0.5).astype(np.int64)
        spare = np.minimum(most - censored - so_far, at_risk)
        events[:, k] = np.clip(wanted, 0, np.maximum(spare, 0))
        survival = survival * (1.0 - events[:, k] / np.maximum(at_risk, 1))
        so_far = so_far + events[:, k]
        misfit += (survival - shown) ** 2
    return Walks(interval, skew, events, survival, misfit)


def _gone(interval: Interval, censored: IntArray, skew: float) -> IntArray:
    """Patients censored before each point (those at its very time leave after its events)."""
    length = interval.end - interval.start
    share = np.zeros(interval.when.size)
    if length > 0.0:
        share = ((interval.when - interval.start) / length).clip(0.0, 1.0) ** (1.0 / skew)
    steps = np.ceil((censored[:, np.newaxis] + 1) * share - 1e-9).astype(np.int64) - 1
    return np.clip(steps, 0, censored[:, np.newaxis])


def best_walk(interval: Interval, leaving: int, *, skew: float = 1.0) -> Walk:
    """The way on which exactly so many leave observation that is closest to the points.

    Censorings are spread as asked for, unless the points are missed by more than a reading error
    so, and another spread is closer.
    """
    first = _exact_walk(interval, leaving, skew)
    allowed = READING_ERROR**2 * interval.when.size
    if first.misfit <= allowed:
        return first
    walks = [first, *(_exact_walk(interval, leaving, skew * other) for other in _OTHERS)]
    allowed = max(allowed, 1.5 * min(w.misfit for w in walks))
    return next(w for w in walks if w.misfit <= allowed)


def _exact_walk(interval: Interval, leaving: int, skew: float) -> Walk:
    """The closest way with one spread of censorings.

    There is always one: at worst all who leave are censored. Where the curve falls deeper than so
    many patients can make it, all have the event.
    """
    walks = all_walks(interval, leaving, skew=skew)
    exact = np.flatnonzero(walks.total + np.arange(leaving + 1) == leaving)
    return walks.walk(int(exact[np.argmin(walks.misfit[exact])]))
