"""Survival of patients whose event is only known to lie between two days (Turnbull 1976).

An interval is its first and its last day, both among those on which the event may have been. The
likelihood gives mass only to pieces that begin where an interval begins and end where the next one
ends; an interval is then a first and a last piece. Masses are found by self-consistency (EM), with
steps that are squared and extrapolated (Varadhan and Roland 2008). One step costs as many
operations as there are pieces and different intervals.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import FloatColumn, ShortColumn

MOST_STEPS = 2000
"""Steps of EM after which the masses are taken as they are."""
CLOSE = 1e-8
"""The search ends where the log-likelihood is at most this far below its maximum."""


class PieceRoom(NamedTuple):
    """Room in which the survival of some patients is estimated."""

    beyond: int
    """In place of a day: after all of them; the last day of whoever is free of an event."""
    first_day: ShortColumn
    """By patient: the first day on which the event may have been."""
    last_day: ShortColumn
    """By patient: the last one."""
    is_experimental: ShortColumn
    """By patient: 1 in the experimental arm."""
    begins: ShortColumn
    """By day: 1 if an interval begins; 0 between uses."""
    pieces: ShortColumn
    """By day: 1 if an interval ends, and then the pieces that end by this day; 0 between uses."""
    head: ShortColumn
    """By piece: an interval that begins with it, -1 if none does; the others are linked."""
    following: ShortColumn
    """By interval: the next one with the same first piece, -1 after the last."""
    first: ShortColumn
    """By interval: its first piece."""
    last: ShortColumn
    """By interval: its last piece."""
    weight: ShortColumn
    """By interval: patients."""
    experimental: ShortColumn
    """By interval: those of the experimental arm."""
    mass: FloatColumn
    """By piece."""
    after: FloatColumn
    """By piece: the masses one step on."""
    before: FloatColumn
    """By piece: one step earlier."""
    survival: FloatColumn
    """By piece, and one beyond: the mass of this piece and all later ones."""
    change: FloatColumn
    """By piece, and one beyond; used in a step."""


def piece_room(n_patients: int, last_day: int) -> PieceRoom:
    """Room for so many patients, observed until a last day."""
    n_days, n = last_day + 3, n_patients + 2
    of_patients, of_days, of_intervals = (
        [np.zeros(size, np.int32) for _ in range(how_many)]
        for size, how_many in ((n, 3), (n_days, 2), (n, 6))
    )
    floats = (np.zeros(n) for _ in range(5))
    return PieceRoom(n_days - 1, *of_patients, *of_days, *of_intervals, *floats)


@rule
def number_pieces(room: PieceRoom) -> int:
    """Number the pieces from the days on which intervals begin and end; give how many there are."""
    n, is_open = 0, 0
    for day in range(room.beyond + 1):
        is_open = max(is_open, room.begins[day])
        if room.pieces[day] == 1 and is_open == 1:
            n, is_open = n + 1, 0
        room.pieces[day] = n
    return n


@rule
def gather_intervals(room: PieceRoom, n_pieces: int, n_patients: int) -> int:
    """Collect the different intervals of the patients; give how many there are."""
    for j in range(n_pieces):
        room.head[j] = -1
    n = 0
    for i in range(n_patients):
        first = 0
        if room.first_day[i] > 0:
            first = room.pieces[room.first_day[i] - 1]
        last, k = room.pieces[room.last_day[i]] - 1, room.head[first]
        while k >= 0 and room.last[k] != last:
            k = room.following[k]
        if k < 0:
            k = n
            room.first[k], room.last[k] = first, last
            room.weight[k], room.experimental[k] = 0, 0
            room.following[k] = room.head[first]
            room.head[first] = k
            n += 1
        room.weight[k] += 1
        room.experimental[k] += room.is_experimental[i]
    return n


@rule
def find_masses(room: PieceRoom, n_pieces: int, n_intervals: int, n_patients: int) -> int:
    """Estimate the mass of each piece, and survival; give the steps that this took.

    Where the slope of the mean log-likelihood in the mass of no piece exceeds 1 by more than c, the
    log-likelihood is at most n c below its maximum, as it is concave. Of three steps the second one
    leads on to where the first two point.
    """
    for j in range(n_pieces):
        room.mass[j] = 1.0 / n_pieces
    for step in range(MOST_STEPS):
        slope = _step(room, n_pieces, n_intervals, n_patients)
        if n_patients * (slope - 1.0) <= CLOSE:
            return step
        if step % 3 == 1:
            _extrapolate(room, n_pieces)
        else:
            for j in range(n_pieces):
                room.before[j] = room.mass[j]
                room.mass[j] = room.after[j]
    return MOST_STEPS


@rule
def _step(room: PieceRoom, n_pieces: int, n_intervals: int, n_patients: int) -> float:
    """Take a step of EM from the masses, whose survival is filled; give their largest slope."""
    total = 0.0
    room.survival[n_pieces], room.change[n_pieces] = 0.0, 0.0
    for j in range(n_pieces - 1, -1, -1):
        total += room.mass[j]
        room.survival[j] = total
        room.change[j] = 0.0
    for k in range(n_intervals):
        first, beyond = room.first[k], room.last[k] + 1
        share = room.weight[k] / (room.survival[first] - room.survival[beyond])
        room.change[first] += share
        room.change[beyond] -= share
    total, largest = 0.0, 0.0
    for j in range(n_pieces):
        total += room.change[j]
        slope = max(total / n_patients, 0.0)
        largest = max(largest, slope)
        room.after[j] = room.mass[j] * slope
    return largest


@rule
def _extrapolate(room: PieceRoom, n_pieces: int) -> None:
    """Go where two steps lead on to; no mass falls below half of what it is after them."""
    steps, bends = 0.0, 0.0
    for j in range(n_pieces):
        step = room.mass[j] - room.before[j]
        bend = room.after[j] - room.mass[j] - step
        steps += step * step
        bends += bend * bend
    length = 1.0
    if bends > 0.0:
        length = max(1.0, math.sqrt(steps / bends))
    total = 0.0
    for j in range(n_pieces):
        step = room.mass[j] - room.before[j]
        bend = room.after[j] - room.mass[j] - step
        far = room.before[j] + 2.0 * length * step + length * length * bend
        far = max(far, 0.5 * room.after[j])
        room.mass[j] = far
        total += far
    for j in range(n_pieces):
        room.mass[j] /= total
