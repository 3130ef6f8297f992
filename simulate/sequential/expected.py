"""What a trial may expect on each calendar day: patients, events, dropouts, patients at risk.

Exact on the day grid of the simulator: a patient who enters on day e and has the event on day d of
their own has it on calendar day e + d. On a day with both, the event comes before the dropout. No
trial is stopped here; what stopping changes is in :mod:`simulate.sequential.power`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulate.sequential.refusals import between
from simulate.sequential.spending import FloatArray
from simulate.sequential.survival_models import NEVER_HAPPENS, SurvivalModel

LONG_ENOUGH = 36_525
"""Days after which nobody is followed any more: a hundred years."""


@dataclass(frozen=True, slots=True)
class Group:
    """Patients alike: those of an arm, or of an arm within a stratum.

    Attributes
    ----------
    share
        Of all patients who enter.
    event
        When the event happens.
    dropout
        When patients are lost to follow-up, independently of the event.
    """

    share: float
    event: SurvivalModel
    dropout: SurvivalModel = NEVER_HAPPENS

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        between("share", self.share, 0.0, 1.0 + 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Expected numbers by the end of each calendar day 0, 1, ...; a row for each group.

    Attributes
    ----------
    enrolled
        Patients who entered.
    events
        Events observed.
    dropouts
        Patients lost before the event.
    """

    enrolled: FloatArray
    events: FloatArray
    dropouts: FloatArray

    @property
    def at_risk(self) -> FloatArray:
        """Patients still followed without the event."""
        return self.enrolled - self.events - self.dropouts


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """One group by day since entry.

    Attributes
    ----------
    still_in
        Probability that a patient is in follow-up without the event as each day 1, 2, ... begins.
    hazard
        Probability of the event on that day, given so.
    hazard_gain
        What the cumulative hazard gains on that day.
    lost
        Probability of being lost on that day.
    """

    still_in: FloatArray
    hazard: FloatArray
    hazard_gain: FloatArray
    lost: FloatArray


def by_day(group: Group, days: int) -> Days:
    """Tables of a group on days 1 to `days` since entry."""
    at = np.arange(days + 1, dtype=np.float64)
    cumulative, free = group.event.cumulative_hazard(at), group.event.survival(at)
    followed = group.dropout.survival(at)
    with np.errstate(invalid="ignore"):
        gain = np.where(free[:-1] > 0.0, np.diff(cumulative), 0.0)
    return Days(
        still_in=free[:-1] * followed[:-1],
        hazard=-np.expm1(-gain),
        hazard_gain=gain,
        lost=free[1:] * -np.diff(followed),
    )


def expected_course(groups: Sequence[Group], entered: FloatArray) -> Course:
    """Expected numbers of every group by calendar day.

    Parameters
    ----------
    groups
        Their shares add up to 1 where they are all patients.
    entered
        Mean number of patients entered by the end of each calendar day, from day 0; see
        :mod:`simulate.sequential.accrual`. Numbers are given for the same days.
    """
    days = len(entered) - 1
    events, dropouts = np.zeros((len(groups), days + 1)), np.zeros((len(groups), days + 1))
    for row, group in enumerate(groups):
        table = by_day(group, days)
        events[row, 1:] = group.share * _after_entry(entered, table.still_in * table.hazard)
        dropouts[row, 1:] = group.share * _after_entry(entered, table.lost)
    shares = np.array([[group.share] for group in groups])
    return Course(shares * entered, events, dropouts)


def day_reaching(expected: FloatArray, target: float) -> float:
    """Calendar day on which an expected number reaches a target, between days by interpolation.

    Rounded up it is the first whole day with the target. It is not quite the mean of the day on
    which a trial reaches it, but near for large numbers.

    Parameters
    ----------
    expected
        By the end of each calendar day, never falling: ``course.events.sum(axis=0)``, say.
    target
        The number to reach.

    Returns
    -------
    float
        Infinity if it is not reached on these days.
    """
    day = int(np.searchsorted(expected, target, side="left"))
    if day >= len(expected):
        return math.inf
    if day == 0:
        return 0.0
    before, after = float(expected[day - 1]), float(expected[day])
    return day - 1 + (target - before) / (after - before)


def most_events(groups: Sequence[Group], n: float, *, follow_up: int = LONG_ENOUGH) -> float:
    """Events expected of n patients if each is followed for so many days.

    By default as good as for ever: a target above this number can be reached only by luck.
    """
    tables = ((group, by_day(group, follow_up)) for group in groups)
    return n * sum(group.share * float(table.still_in @ table.hazard) for group, table in tables)


def _after_entry(entered: FloatArray, probability: FloatArray) -> FloatArray:
    """Expected number by calendar days 1, 2, ... of what happens on days 1, 2, ... since entry.

    The convolution goes through Fourier transforms, which err by about 1e-13 of the patients; what
    falls below 0 for that reason is 0, so that the numbers never fall.
    """
    entering = np.diff(entered, prepend=0.0)[:-1]
    size = 2 * len(probability)
    spectrum = np.fft.rfft(entering, size) * np.fft.rfft(probability, size)
    happening = np.fft.irfft(spectrum, size)[: len(probability)]
    return np.asarray(np.cumsum(np.maximum(happening, 0.0)))
