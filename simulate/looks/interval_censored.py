"""The score test for times that are only known to lie between two scans.

Progression is somewhere after the last scan without it and up to the first scan with it; a death
counts on its own day; whoever has no event is free of one up to the last scan. The survival of both
arms together is Turnbull's estimate, and the score of an interval (L, R] that of a proportional
effect on its hazard (Finkelstein 1986)::

    c = (S(L) log S(L) - S(R) log S(R)) / (S(L) - S(R))

The sum over an arm has the variance of a permutation of the arms (Fay and Shih 1998); sums and
variances add up over strata, each with a survival of its own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import keep_apart, rule
from simulate.distributions import ShortColumn
from simulate.looks.effect import Effect
from simulate.looks.turnbull import (
    PieceRoom,
    find_masses,
    gather_intervals,
    number_pieces,
    piece_room,
)

ALL_STRATA = -1
"""In place of a stratum: all patients together."""


class IntervalRoom(NamedTuple):
    """Room in which intervals are compared."""

    free_day: ShortColumn
    """By endpoint and patient: the day before the first on which the event may have been; the
    last scan before progression was called, or the day before a death. Found once a trial."""
    pieces: PieceRoom


class Intervals(NamedTuple):
    """The patients of an endpoint as a look knows them."""

    arm: ShortColumn
    stratum: ShortColumn
    day: ShortColumn
    """Of the event, or the last one free of it: endpoint after endpoint, as the next two."""
    event: ShortColumn
    free_day: ShortColumn
    """Of who has an event."""
    start: int
    """Where the patients of the endpoint begin in the last three."""
    n: int
    first: int
    """The experimental arm."""
    second: int


class Score(NamedTuple):
    """What the scores of the experimental arm sum up to."""

    sum: float
    """Above 0, its hazard is the higher one."""
    variance: float
    steps: int
    """Steps that the search for survival took, over all strata."""


def interval_room(n_patients: int, n_endpoints: int, last_day: int) -> IntervalRoom:
    """Room for so many patients and endpoints, observed until a last day."""
    return IntervalRoom(
        np.zeros(n_patients * n_endpoints, np.int32), piece_room(n_patients, last_day)
    )


@rule
def compare_intervals(some: Intervals, n_strata: int, room: PieceRoom) -> Score:
    """The score of the experimental arm over so many strata; over all patients together with 0."""
    keep_apart()
    total, variance, steps = 0.0, 0.0, 0
    for k in range(max(n_strata, 1)):
        own = _score_of(some, k if n_strata > 0 else ALL_STRATA, room)
        total += own.sum
        variance += own.variance
        steps += own.steps
    return Score(total, variance, steps)


@rule
def interval_z(score: Score) -> float:
    """Standard normal statistic, positive for the experimental arm; nan if nothing could differ."""
    if score.variance > 0.0:
        return -score.sum / math.sqrt(score.variance)
    return math.nan


@rule
def one_step_log_hazard_ratio(score: Score) -> Effect:
    """The log hazard ratio after one step from 0, as Peto's is; nan if nothing could differ."""
    if score.variance > 0.0:
        return Effect(score.sum / score.variance, 1.0 / math.sqrt(score.variance))
    return Effect(math.nan, math.nan)


@rule
def _score_of(some: Intervals, stratum: int, room: PieceRoom) -> Score:
    """The score in a stratum."""
    n = _take_patients(some, stratum, room)
    n_first = 0
    for k in range(n):
        n_first += room.is_experimental[k]
    score = Score(0.0, 0.0, 0)
    n_pieces = number_pieces(room)
    if n_pieces > 1 and 0 < n_first < n:
        n_intervals = gather_intervals(room, n_pieces, n)
        steps = find_masses(room, n_pieces, n_intervals, n)
        score = _sum_scores(room, n_intervals, n, n_first, steps)
    for day in range(room.beyond + 1):
        room.begins[day] = 0
        room.pieces[day] = 0
    return score


@rule
def _take_patients(some: Intervals, stratum: int, room: PieceRoom) -> int:
    """Write the intervals of the patients of two arms in a stratum; give how many there are."""
    n = 0
    for i in range(some.n):
        is_first = some.arm[i] == some.first
        is_compared = is_first or some.arm[i] == some.second
        if is_compared and (stratum == ALL_STRATA or some.stratum[i] == stratum):
            place = some.start + i
            free_day, last = some.day[place], room.beyond
            if some.event[place] == 1:
                free_day, last = some.free_day[place], some.day[place]
            room.first_day[n], room.last_day[n] = free_day + 1, last
            room.is_experimental[n] = 1 if is_first else 0
            room.begins[free_day + 1] = 1
            room.pieces[last] = 1
            n += 1
    return n


@rule
def _sum_scores(room: PieceRoom, n_intervals: int, n: int, n_first: int, steps: int) -> Score:
    """Sum the scores of the experimental arm, less their mean over both, with its variance."""
    total, mean = 0.0, 0.0
    for k in range(n_intervals):
        score = _score_between(room.survival[room.first[k]], room.survival[room.last[k] + 1])
        room.change[k] = score
        mean += room.weight[k] * score
        total += room.experimental[k] * score
    mean /= n
    squares = 0.0
    for k in range(n_intervals):
        apart = room.change[k] - mean
        squares += room.weight[k] * (apart * apart)
    n_second = n - n_first
    variance = squares * (n_first * n_second) / (n * (n - 1.0))
    return Score(total - n_first * mean, variance, steps)


@rule
def _score_between(before: float, after: float) -> float:
    """The score of an event while survival falls from one value to another."""
    return (_times_log(before) - _times_log(after)) / (before - after)


@rule
def _times_log(survival: float) -> float:
    return survival * math.log(survival) if survival > 0.0 else 0.0
