"""Kaplan-Meier statistics of one sample by counting patients on whole days.

Days are whole numbers, so nothing is sorted. Two tables count on each day the patients who leave
observation (`exits`, with the event or without) and those who have the event (`events`); a walk
over the days on which somebody leaves then gives survival with its limits, medians, numbers at
risk, curve and restricted mean. Definitions and conventions are those of
:mod:`simulate.analysis.kaplan_meier` and :mod:`simulate.analysis.product_limit`; these are rules.

A sample is given as ``exits, events, n, last``: its two tables, its patients, and its last observed
day (-1 without patients), as `count_days` fills and returns them. `exits` is longer than its days:
from its end backwards, bit b of word w marks day 32 * w + b, so that empty days cost nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.analysis.product_limit import HALF_TOLERANCE
from simulate.analysis.product_limit_steps import (
    Step,
    is_lower_limit_high,
    is_upper_limit_high,
    log_log_limit,
    start,
    step_on,
)
from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable, IntColumn, IntTable

EVENTS, MEDIAN, MEDIAN_LOWER, MEDIAN_UPPER, FIRST_LANDMARK = range(5)
"""Places of the numbers of a summary; from the last one on, `LANDMARK_SIZE` for each landmark."""

LANDMARK_SIZE = 5
"""Survival at a landmark, its lower and upper limit, events by the landmark, patients at risk."""


class SurvivalRules(NamedTuple):
    """What a summary of survival asks for."""

    z: float
    """Standard normal quantile of the two-sided confidence: 1.96 for 0.95."""
    landmarks: FloatTable
    """Days at which survival is wanted, in increasing order; 6 months are 182.625 days."""


# ---- counting -------------------------------------------------------------------------------


def table_length(last_day: int) -> int:
    """Entries that a table of exits needs for days 0 to the latest possible one."""
    return last_day + 1 + (last_day >> 5) + 1


@rule
def count_days(time: IntTable, event: IntTable, n: int, exits: IntColumn, events: IntColumn) -> int:
    """Count on each day who leaves observation and who has the event.

    Parameters
    ----------
    time, event
        Observed day of each patient, not negative, and whether it is the event (1) or a censoring
        (0). For the distribution of follow-up (reverse Kaplan-Meier) the caller flips the event.
    n
        Number of patients: the first entries of `time` and `event`.
    exits, events
        Tables to fill, all 0 before. `exits` has `table_length` entries; `events` one for each day.

    Returns
    -------
    int
        The last observed day, -1 without patients.

    Raises
    ------
    ValueError
        If the table of exits is too short for the last day and its marks.
    """
    last = -1
    end = len(exits) - 1
    for i in range(n):
        day = time[i]
        exits[day] += 1
        events[day] += event[i]
        exits[end - (day >> 5)] |= 1 << (day & 31)
        last = max(last, day)
    if last + (last >> 5) >= end:
        raise ValueError("table of exits too short: give it table_length(last_day) entries")
    return last


@rule
def clear_days(exits: IntColumn, events: IntColumn, last: int) -> None:
    """Set the tables of a sample back to 0, ready for the next one."""
    for day in range(last + 1):
        exits[day] = 0
        events[day] = 0
    end = len(exits) - 1
    for word in range((last >> 5) + 1):
        exits[end - word] = 0


@rule
def next_exit(exits: IntTable, day: int, last: int) -> int:
    """First day from a day on which somebody leaves observation; beyond `last` if nobody does."""
    if day > last:
        return day
    end = len(exits) - 1
    word = day >> 5
    marks = exits[end - word] >> (day & 31)
    while marks == 0:
        word += 1
        day = word << 5
        if day > last:
            return day
        marks = exits[end - word]
    return day + _lowest_bit(marks)


@rule
def _lowest_bit(word: int) -> int:
    """Position of the lowest bit that is set in a word of 32 bits, not 0."""
    bit = word & -word
    return (
        ((bit & 0xFFFF0000) != 0) << 4
        | ((bit & 0xFF00FF00) != 0) << 3
        | ((bit & 0xF0F0F0F0) != 0) << 2
        | ((bit & 0xCCCCCCCC) != 0) << 1
        | ((bit & 0xAAAAAAAA) != 0)
    )


# ---- statistics -----------------------------------------------------------------------------


@rule
def summarise_survival(
    rules: SurvivalRules,
    exits: IntTable,
    events: IntTable,
    n: int,
    last: int,
    out: FloatColumn,
    at: int,
) -> None:
    """Write events, medians and landmarks of a sample into ``out[at:]``, in days.

    First the number of events, the median and its Brookmeyer-Crowley limits (inf if not reached);
    then for each landmark survival with its limits, events by it, and patients at risk at it.
    Beyond the last observed day survival is carried forward. Without patients, counts are 0 and all
    else is nan.
    """
    step = start(n)
    for place in range(MEDIAN, FIRST_LANDMARK):
        out[at + place] = math.inf if n > 0 else math.nan
    mark = 0
    while step.day <= last:
        day = next_exit(exits, step.day + 1, last)
        while mark < len(rules.landmarks) and (rules.landmarks[mark] < day or day > last):
            _write_landmark(rules, mark, step, out, at + FIRST_LANDMARK + mark * LANDMARK_SIZE)
            mark += 1
        if day > last:
            break
        before = step
        step = step_on(day, before, exits, events)
        if step.events > before.events:
            _note_medians(rules.z, before, step, out, at)
    out[at + EVENTS] = float(step.events)


@rule
def _write_landmark(rules: SurvivalRules, mark: int, step: Step, out: FloatColumn, at: int) -> None:
    """Write what is known at a landmark, the last step on or before it being given."""
    at_risk = step.at_risk
    if rules.landmarks[mark] > step.day:
        at_risk -= step.leaving
    out[at] = step.survival
    out[at + 1] = log_log_limit(step, rules.z)
    out[at + 2] = log_log_limit(step, -rules.z)
    out[at + 3] = float(step.events)
    out[at + 4] = float(at_risk)


@rule
def _note_medians(z: float, before: Step, step: Step, out: FloatColumn, at: int) -> None:
    """Write the median and its limits as far as a day with an event decides them.

    Where survival is one half up to the next event the median is the midpoint, as in SAS. A limit
    is the first day on which the pointwise limit is at most one half (Brookmeyer and Crowley 1982);
    survival 0, where these are undefined, bounds the median from below but not from above.
    """
    if step.survival > 0.5 + HALF_TOLERANCE:
        if out[at + MEDIAN_LOWER] == math.inf and not is_lower_limit_high(step, z):
            out[at + MEDIAN_LOWER] = float(step.day)
        return
    if out[at + MEDIAN_LOWER] == math.inf:
        out[at + MEDIAN_LOWER] = float(step.day)
    if out[at + MEDIAN] == math.inf:
        out[at + MEDIAN] = float(step.day)
    elif before.survival >= 0.5 - HALF_TOLERANCE:
        out[at + MEDIAN] = 0.5 * (out[at + MEDIAN] + step.day)
    if (
        out[at + MEDIAN_UPPER] == math.inf
        and step.survival > 0.0
        and not is_upper_limit_high(step, z)
    ):
        out[at + MEDIAN_UPPER] = float(step.day)


@rule
def median_survival(exits: IntTable, events: IntTable, n: int, last: int) -> float:
    """Median in days, as in `summarise_survival`: inf if not reached, nan without patients."""
    step = start(n)
    median = math.inf if n > 0 else math.nan
    day = next_exit(exits, 0, last)
    while day <= last:
        before = step
        step = step_on(day, before, exits, events)
        if step.events > before.events and step.survival <= 0.5 + HALF_TOLERANCE:
            if median < math.inf:
                return 0.5 * (median + day)
            median = float(day)
            if step.survival < 0.5 - HALF_TOLERANCE:
                return median
        day = next_exit(exits, day + 1, last)
    return median


@rule
def count_curve(
    exits: IntTable,
    events: IntTable,
    n: int,
    last: int,
    step: int,
    n_points: int,
    bins: int,
    counts: IntColumn,
    at: int,
) -> None:
    """Add a sample's curve to the counts of many: days 0, step, 2 * step, ... up to the last day.

    On point i survival S adds 1 to ``counts[at + i * (bins + 1) + round(S * bins)]``. Points beyond
    the last observed day add nothing.
    """
    known = start(n)
    grid_day, row = 0, at
    end = min(last, (n_points - 1) * step)
    while grid_day <= end:
        day = next_exit(exits, known.day + 1, last)
        level = round(known.survival * bins)
        until = min(day - 1, end)
        while grid_day <= until:
            counts[row + level] += 1
            row += bins + 1
            grid_day += step
        if day <= last:
            known = step_on(day, known, exits, events)
