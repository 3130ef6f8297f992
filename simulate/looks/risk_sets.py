"""Two arms counted on whole days: who is at risk and who has the event, on each day with an event.

A sample gives arm, stratum, day and event of every patient. Of two of its arms, the *pair*, one
table counts by day, four counts in a word: patients who leave observation in the first and in the
second arm, and events in each. A sum from the last day backwards gives the numbers at risk; and
only days with events are kept, as rows. Rows of several strata stand one after the other, because
what compares the arms are sums over rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import IntArray, IntColumn, IntTable, ShortColumn

FIELD = 16
"""Bits of one count in a word."""

MOST_PATIENTS = (1 << FIELD) - 1
"""Patients that a count can hold."""

_COUNT = MOST_PATIENTS
_BOTH = (1 << 2 * FIELD) - 1
_EVENTS = 2 * FIELD


class Sample(NamedTuple):
    """What is known of an endpoint at a data cut, a row a patient; see `count_pair`."""

    arm: ShortColumn
    """Position of the arm."""
    stratum: ShortColumn
    day: ShortColumn
    """Patient's day of the event or the censoring, not negative."""
    event: ShortColumn
    """1 event, 0 censoring."""


class RiskRows(NamedTuple):
    """Days with events, each with two words: the first arm's count and, above it, the second's."""

    day: ShortColumn
    """In the rows of strata not filled."""
    at_risk: IntColumn
    """Patients observed for at least this day."""
    events: IntColumn


class PairRoom(NamedTuple):
    """Room in which a pair of arms is counted."""

    n_strata: int
    counts: IntColumn
    """By day; all 0 between uses."""
    at_risk: IntColumn
    """By day, as in the rows."""
    later: ShortColumn
    """By day: how many later days have events; filled if patients are counted by stratum."""
    stratum_counts: IntColumn
    """By stratum and row; all 0 between uses."""
    pooled: RiskRows
    """Rows of all patients, the last day first."""
    by_stratum: RiskRows
    """Rows of one stratum after the other, the last day first in each."""


def pair_room(n_patients: int, n_strata: int, last_day: int) -> PairRoom:
    """Room for a trial of at most so many patients, observed until a last day.

    Python reads lists quicker: :func:`simulate.plan.with_lists` makes them of these arrays.
    """
    n_days = last_day + 1
    return PairRoom(
        n_strata=n_strata,
        counts=np.zeros(n_days, np.int64),
        at_risk=np.zeros(n_days, np.int64),
        later=np.zeros(n_days, np.int32),
        stratum_counts=np.zeros(n_strata * (min(n_patients, n_days) + 1), np.int64),
        pooled=_rows(n_patients),
        by_stratum=_rows(n_patients),
    )


def _rows(n_patients: int) -> RiskRows:
    # one more than events: a row is begun on every day, and kept if the day has an event
    n = n_patients + 1
    return RiskRows(np.zeros(n, np.int32), np.zeros(n, np.int64), np.zeros(n, np.int64))


def count_units(place_of_arm: Sequence[int | None]) -> IntArray:
    """What a patient adds to the count of a day, by arm and, within it, by event (0, then 1).

    Parameters
    ----------
    place_of_arm : sequence of int or None
        By arm: 0 for the first arm of a pair, 1 for the second, None for one that is not of it.
    """
    patients = [0 if place is None else 1 << FIELD * place for place in place_of_arm]
    both = [(unit, unit + (unit << _EVENTS)) for unit in patients]
    return np.array(both, np.int64).ravel()


@rule
def first_count(word: int) -> int:
    """The first arm's count in a word of a row."""
    return word & _COUNT


@rule
def second_count(word: int) -> int:
    """The second arm's count in a word of a row."""
    return (word >> FIELD) & _COUNT


@rule
def count_pair(
    sample: Sample, n: int, units: IntTable, first_unit: int, last: int, room: PairRoom
) -> int:
    """Count the patients of two arms and fill the pooled rows.

    Parameters
    ----------
    sample
        Arm, stratum, day and event of each patient.
    n
        Patients: the first rows of the sample.
    units, first_unit
        From there on, by arm and event: see `count_units`.
    last
        A day beyond which no patient is observed; -1 without patients.
    room
        Is filled; its ``at_risk`` holds the numbers at risk on each day until the next count.

    Returns
    -------
    int
        Rows.
    """
    counts = room.counts
    for i in range(n):
        counts[sample.day[i]] += units[first_unit + 2 * sample.arm[i] + sample.event[i]]
    rows, at_risk, n_rows = room.pooled, 0, 0
    for day in range(last, -1, -1):
        word = counts[day]
        at_risk += word & _BOTH
        room.at_risk[day] = at_risk
        rows.day[n_rows] = day
        n_rows += (word >> _EVENTS) != 0
    for row in range(n_rows):
        day = rows.day[row]
        rows.at_risk[row] = room.at_risk[day]
        rows.events[row] = (counts[day] >> _EVENTS) & _BOTH
    for day in range(last + 1):
        counts[day] = 0
    return n_rows


@rule
def last_observed_day(room: PairRoom, last: int, place: int) -> int:
    """Last day on which somebody of the first (0) or second (1) arm was observed; -1 if nobody was.

    After `count_pair`, with the same last day.
    """
    day = last
    while day >= 0 and (room.at_risk[day] >> (FIELD * place)) & _COUNT == 0:
        day -= 1
    return day


@rule
def split_by_stratum(
    sample: Sample, n: int, units: IntTable, first_unit: int, n_rows: int, room: PairRoom
) -> int:
    """Fill the rows by stratum, after `count_pair` gave that many pooled rows; give their number.

    Here patients are counted by the last row for which they are at risk: only days with events
    matter, and in each stratum there are fewer of them than days.
    """
    counts, rows = room.stratum_counts, room.by_stratum
    count_by_stratum(sample, n, units, first_unit, n_rows, room)
    m, slot = 0, 0
    for _ in range(room.n_strata):
        at_risk = 0
        for _ in range(n_rows):
            word = counts[slot]
            counts[slot] = 0
            at_risk += word & _BOTH
            rows.at_risk[m] = at_risk
            rows.events[m] = (word >> _EVENTS) & _BOTH
            m += (word >> _EVENTS) != 0
            slot += 1
        counts[slot] = 0
        slot += 1
    return m


@rule
def count_by_stratum(
    sample: Sample, n: int, units: IntTable, first_unit: int, n_rows: int, room: PairRoom
) -> None:
    """Count patients and events by stratum and by the last row for which they are at risk.

    After `count_pair` gave that many pooled rows. The room's ``stratum_counts``, a row and one more
    for each stratum, are to be 0 again after their use.
    """
    counts, stride = room.stratum_counts, n_rows + 1
    last = _count_later(n_rows, room)
    for i in range(n):
        slot = sample.stratum[i] * stride + room.later[min(sample.day[i], last)]
        counts[slot] += units[first_unit + 2 * sample.arm[i] + sample.event[i]]


@rule
def _count_later(n_rows: int, room: PairRoom) -> int:
    """Count for each day the later days with events; give a day from which on there are none."""
    last, row = room.pooled.day[0] if n_rows > 0 else 0, 0
    # marked first, and then summed: to look up the next row's day on each day, one after the other,
    # would take several times as long
    for day in range(last + 1):
        room.later[day] = 0
    for each in range(n_rows):
        room.later[room.pooled.day[each]] = 1
    for day in range(last, -1, -1):
        has_events = room.later[day]
        room.later[day] = row
        row += has_events
    return last
