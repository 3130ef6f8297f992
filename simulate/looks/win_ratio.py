"""Win ratio and net benefit: all pairs of patients compared, the most important endpoint first.

Of a pair of patients the one whose event is known to come first loses, if the other was followed
free of it through that day; where neither does, the next endpoint decides (Pocock et al. 2012).
Events on the same day are a tie; a patient censored on the day of the other's event was free of it
until the end of that day, as in a log-rank test.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import IntTable, ShortColumn
from simulate.looks.effect import Effect, effect_of

NOT_SEEN = 2**30
"""In place of the time of an event that is not known."""


class WinRoom(NamedTuple):
    """Room in which the patients of two arms are compared; the first arm is experimental."""

    n_endpoints: int
    stride: int
    """Patients of an arm, or of a sample, for which there is room."""
    day: ShortColumn
    """By endpoint and patient, as the samples of the look give it."""
    event: ShortColumn
    time: ShortColumn
    """By arm, endpoint and patient of the arm: twice the last known day, and 1 if censored."""
    event_time: ShortColumn
    """The same if it is an event, NOT_SEEN if not."""
    is_open: ShortColumn
    """By patient of the second arm: 1 while the pair with the patient at hand is not decided."""
    wins: ShortColumn
    """By arm and patient: pairs that the experimental patient wins."""
    losses: ShortColumn


class Wins(NamedTuple):
    """How often the experimental arm wins and loses, and the covariance of these parts."""

    won: float
    """Part of the pairs of an experimental and a control patient."""
    lost: float
    won_variance: float
    lost_variance: float
    covariance: float


class _Sums(NamedTuple):
    """Squares and products of what the patients of an arm win and lose, over its size."""

    won: float
    lost: float
    both: float


def win_room(n_patients: int, n_endpoints: int) -> WinRoom:
    """Room for so many patients and endpoints."""
    sizes = (n_endpoints, n_endpoints, 2 * n_endpoints, 2 * n_endpoints, 1, 2, 2)
    return WinRoom(
        n_endpoints, n_patients, *(np.zeros(size * n_patients, np.int32) for size in sizes)
    )


@rule
def count_wins(
    arm: ShortColumn,
    n: int,
    first: int,
    second: int,
    order: IntTable,
    start: int,
    end: int,
    room: WinRoom,
) -> Wins:
    """Compare all pairs of patients of two arms.

    The variances are those of U-statistics (Bebu and Lachin 2016): each part is a mean over pairs,
    and varies as the mean of what single patients of either arm win or lose (Sen 1960).

    Parameters
    ----------
    arm, n
        Arm of each of n patients.
    first, second
        The experimental and the control arm.
    order, start, end
        Endpoints in the order of their importance, at these places of a table.
    room
        Holds days and events of all endpoints; the rest is used.

    Returns
    -------
    Wins
        nan without patients; variances nan with fewer than two in an arm.
    """
    n_first = _gather(arm, n, first, room, 0)
    n_second = _gather(arm, n, second, room, 1)
    if n_first == 0 or n_second == 0:
        return Wins(math.nan, math.nan, math.nan, math.nan, math.nan)
    for j in range(n_second):
        room.wins[room.stride + j] = 0
        room.losses[room.stride + j] = 0
    for i in range(n_first):
        _compare(i, n_second, order, start, end, room)
    won, lost = 0, 0
    for i in range(n_first):
        won += room.wins[i]
        lost += room.losses[i]
    n_pairs = n_first * n_second
    part_won, part_lost = won / n_pairs, lost / n_pairs
    one = _spread(n_first, n_second, part_won, part_lost, 0, room)
    other = _spread(n_second, n_first, part_won, part_lost, room.stride, room)
    return Wins(
        part_won, part_lost, one.won + other.won, one.lost + other.lost, one.both + other.both
    )


@rule
def _gather(arm: ShortColumn, n: int, wanted: int, room: WinRoom, place: int) -> int:
    """Write the times of an arm's patients one after the other; give their number."""
    n_own = 0
    for i in range(n):
        if arm[i] == wanted:
            for endpoint in range(room.n_endpoints):
                day = room.day[endpoint * room.stride + i]
                event = room.event[endpoint * room.stride + i]
                at = (place * room.n_endpoints + endpoint) * room.stride + n_own
                room.time[at] = 2 * day + 1 - event
                room.event_time[at] = 2 * day if event == 1 else NOT_SEEN
            n_own += 1
    return n_own


@rule
def _compare(i: int, n_second: int, order: IntTable, start: int, end: int, room: WinRoom) -> None:
    """Compare an experimental patient with all of the control arm."""
    won, lost = 0, 0
    for j in range(n_second):
        room.is_open[j] = 1
    for place in range(start, end):
        mine = order[place] * room.stride + i
        theirs = (room.n_endpoints + order[place]) * room.stride
        time, event_time = room.time[mine], room.event_time[mine]
        for j in range(n_second):
            wins = room.is_open[j] if room.event_time[theirs + j] < time else 0
            loses = room.is_open[j] if event_time < room.time[theirs + j] else 0
            room.is_open[j] -= wins + loses
            room.wins[room.stride + j] += wins
            room.losses[room.stride + j] += loses
            won += wins
            lost += loses
    room.wins[i] = won
    room.losses[i] = lost


@rule
def _spread(n_own: int, n_others: int, won: float, lost: float, at: int, room: WinRoom) -> _Sums:
    """Variances of the mean over an arm's patients of what each wins and loses."""
    a, b, c = 0.0, 0.0, 0.0
    for i in range(n_own):
        w = room.wins[at + i] / n_others - won
        v = room.losses[at + i] / n_others - lost
        a += w * w
        b += v * v
        c += w * v
    if n_own < 2:
        return _Sums(math.nan, math.nan, math.nan)
    n = n_own * (n_own - 1.0)
    return _Sums(a / n, b / n, c / n)


@rule
def log_win_ratio(wins: Wins) -> Effect:
    """Log of the win ratio; nan without wins or losses."""
    if not (wins.won > 0.0 and wins.lost > 0.0):
        return Effect(math.nan, math.nan)
    variance = wins.won_variance / (wins.won * wins.won)
    variance += wins.lost_variance / (wins.lost * wins.lost)
    variance -= 2.0 * wins.covariance / (wins.won * wins.lost)
    return effect_of(math.log(wins.won / wins.lost), variance)


@rule
def net_benefit(wins: Wins) -> Effect:
    """Part of the pairs won less the part lost (Buyse 2010)."""
    variance = wins.won_variance + wins.lost_variance - 2.0 * wins.covariance
    return effect_of(wins.won - wins.lost, variance)
