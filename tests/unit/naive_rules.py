"""Rule sets of censoring for patients in cycles, followed naively from day to day.

Written against the description, not against the code: planned visits are a list of windows that
close, and an endpoint is told by walking through a patient's table of scans one day at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulate.distributions import NEVER
from simulate.scenario.assessment import Assessment


@dataclass
class Rules:
    """A rule set."""

    missed_visits: int | None = None
    censors_therapy: bool = False
    death_window: int | None = None


@dataclass
class Row:
    """A row of a patient's table of scans."""

    visit: int
    """0 for an unscheduled scan."""
    planned: int
    day: int
    done: bool


def planned_days(assessment: Assessment, last: int) -> list[int]:
    """Day of every planned visit, that at baseline first."""
    days, rows = [0], list(assessment.calendar)
    while days[-1] <= last:
        while rows[0].until is not None and days[-1] + rows[0].every > rows[0].until:
            rows.pop(0)
        days.append(days[-1] + rows[0].every)
    return days


def rows_of(table: dict[str, Any], patient: int) -> list[Row]:
    """The patient's rows, in order."""
    return [
        Row(int(visit), int(planned), int(day), bool(done))
        for number, visit, planned, day, done in zip(
            *(table[name] for name in ("patient", "visit", "planned_day", "day", "performed")),
            strict=True,
        )
        if number == patient
    ]


def told(
    rules: Rules,
    rows: list[Row],
    planned: list[int],
    window: int,
    *,
    call: int,
    death: int,
    therapy: int,
    today: int,
) -> tuple[int, int]:
    """Day of PFS and whether it is an event, at a data cut.

    Parameters
    ----------
    rows, planned, window
        The patient's scans; the days planned by the calendar, and how far a scan may be from them.
    call, therapy
        Day of the reader's call, and of new therapy.
    death
        Day of death, if the cut knows of it.
    today
        The patient's day of the cut.
    """
    last, settled, shift = 0, 0, 0  # the last scan done, and up to which visit it settles all
    for day in range(today + 1):
        if day == death:
            is_over = [d + shift + window < day for d in planned]
            gone = max([k for k, over in enumerate(is_over) if over], default=0) - settled
            late = rules.death_window is not None and day - last > rules.death_window
            many = rules.missed_visits is not None and gone >= rules.missed_visits
            return (last, 0) if late or many else (day, 1)
        here = [row for row in rows if row.day == day]
        if day == call:
            if here[0].visit:
                gone = here[0].visit - 1 - settled
            else:
                gone = sum(d + shift + window < day for d in planned[settled + 1 :])
            many = rules.missed_visits is not None and gone >= rules.missed_visits
            return (last, 0) if many else (day, 1)
        for row in here:
            if row.visit:
                shift = row.planned - planned[row.visit]
            if row.done:
                last = day
                by_now = max(k for k, d in enumerate(planned) if k == 0 or d + shift <= day)
                settled = max(settled, row.visit or by_now)
        if rules.censors_therapy and day == therapy:
            return last, 0
    assert call == NEVER or call > today
    return last, 0
