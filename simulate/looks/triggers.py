"""When the data are cut: the days on which conditions are met, and the looks that follow."""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import keep_apart, rule
from simulate.distributions import NEVER, IntColumn, IntTable, ShortColumn
from simulate.looks.plan import DATE, ENROLLED, Populations, Triggers

_AT_ONCE = 32
"""Days whose events are summed together."""


class Cuts(NamedTuple):
    """The data cuts of a trial, and room to find them."""

    calendar: ShortColumn
    """Events by trial day, and those later than the trial; all 0 between uses."""
    due: IntColumn
    """By condition: the day on which it is met; NEVER if it is not."""
    day: IntColumn
    """By look: trial day at whose end the data are cut."""
    is_reached: IntColumn
    """By look: 1 if its trigger was met, 0 if the trial ended before."""


@rule
def find_cuts(
    triggers: Triggers,
    populations: Populations,
    enrolled: IntTable,
    group: IntTable,
    n: int,
    event_day: IntTable,
    stride: int,
    cuts: Cuts,
) -> None:
    """Find the days of all looks.

    Parameters
    ----------
    triggers, populations
        When the looks are, and the subpopulations whose events may be counted.
    enrolled
        Trial day of each patient's enrolment, never decreasing.
    group
        Group of each patient, by which it belongs to subpopulations.
    n
        Patients.
    event_day, stride
        Patient's day on which an event is known, NEVER if it is not: of the endpoint e from
        ``e * stride`` on.
    cuts
        Is filled. A look is never before the look above it.
    """
    for condition in range(len(triggers.kind)):
        if triggers.kind[condition] == DATE:
            cuts.due[condition] = triggers.day[condition]
        elif triggers.kind[condition] == ENROLLED:
            number = triggers.number[condition]
            due = enrolled[number - 1] + triggers.day[condition] if number <= n else NEVER
            cuts.due[condition] = due
    for count in range(len(triggers.counted_endpoint)):
        events, population = (
            triggers.counted_endpoint[count] * stride,
            triggers.counted_population[count],
        )
        if population < 0:
            _count_by_day(enrolled, n, event_day, events, triggers.last_day, cuts)
        else:
            member = population * populations.n_groups
            for i in range(n):
                if populations.member[member + group[i]] == 1:
                    day = min(enrolled[i] + event_day[events + i], triggers.last_day + 1)
                    cuts.calendar[day] += 1
        first, end = triggers.first_on_events[count], triggers.first_on_events[count + 1]
        _find_event_days(triggers, first, end, cuts)
    above = 0
    for look in range(len(cuts.day)):
        day = max(_first_met(triggers, look, cuts), above)
        cuts.is_reached[look] = 1 if day <= triggers.last_day else 0
        above = min(day, triggers.last_day)
        cuts.day[look] = above


@rule
def _count_by_day(
    enrolled: IntTable, n: int, event_day: IntTable, first: int, last_day: int, cuts: Cuts
) -> None:
    """Count on each trial day the events that become known."""
    for i in range(n):
        cuts.calendar[min(enrolled[i] + event_day[first + i], last_day + 1)] += 1


@rule
def events_by(
    populations: Populations,
    population: int,
    enrolled: IntTable,
    group: IntTable,
    n: int,
    event_day: IntTable,
    first: int,
    cut_day: int,
) -> int:
    """Events of a subpopulation that are known at the end of a day, among the first n patients."""
    keep_apart()
    known = 0
    for i in range(n):
        is_member = populations.member[population * populations.n_groups + group[i]]
        known += is_member if enrolled[i] + event_day[first + i] <= cut_day else 0
    return known


@rule
def _find_event_days(triggers: Triggers, first: int, end: int, cuts: Cuts) -> None:
    """Find the days on which the events of an endpoint reach each count, and clear the calendar."""
    known, day = 0, -1
    for place in range(first, end):
        condition = triggers.on_events[place]
        wanted = triggers.number[condition]
        # most days are passed many at a time: a short sum runs in SIMD
        while day + _AT_ONCE <= triggers.last_day:
            more = _sum_of_days(cuts, day + 1)
            if known + more >= wanted:
                break
            known += more
            day += _AT_ONCE
        while known < wanted and day < triggers.last_day:
            day += 1
            known += cuts.calendar[day]
        # every event is counted later by the same lag, and so is the number that is wanted
        cuts.due[condition] = day + triggers.day[condition] if known >= wanted else NEVER
    for each in range(triggers.last_day + 2):
        cuts.calendar[each] = 0


@rule
def _sum_of_days(cuts: Cuts, first: int) -> int:
    """Events of some days from one on."""
    total = 0
    for day in range(first, first + _AT_ONCE):
        total += cuts.calendar[day]
    return total


@rule
def _first_met(triggers: Triggers, look: int, cuts: Cuts) -> int:
    """First day on which all conditions of a clause are met, or NEVER."""
    first = NEVER
    for clause in range(triggers.first_clause[look], triggers.first_clause[look + 1]):
        met = 0
        for condition in range(
            triggers.first_condition[clause], triggers.first_condition[clause + 1]
        ):
            met = max(met, cuts.due[condition])
        first = min(first, met)
    return first


@rule
def enrolled_by(enrolled: IntTable, n: int, day: int) -> int:
    """Patients enrolled by the end of a trial day, of n in order of their enrolment."""
    low, high = 0, n
    while low < high:
        middle = (low + high) >> 1
        if enrolled[middle] <= day:
            low = middle + 1
        else:
            high = middle
    return low
