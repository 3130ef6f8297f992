"""Who looks, and when: the calendar of scans and the rules by which they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simulate.scenario.fields import (
    DayRange,
    Days,
    PositiveWholeDays,
    Probability,
    Section,
    WholeDays,
)


class CalendarRow(Section):
    """Scans at a fixed interval, up to a time or for good."""

    every: PositiveWholeDays
    """Time between scans."""
    until: PositiveWholeDays | None = None
    """Day of the last scan of this row, counted from the first dose; the last row has none."""


def planned_days(calendar: Sequence[CalendarRow], last_day: int) -> list[int]:
    """Days of a calendar up to a day; the first is day 0."""
    days = [0]
    for row in calendar:
        until = last_day if row.until is None else row.until
        days += range(days[-1] + row.every, until + 1, row.every)
    return [day for day in days if day <= last_day]


class ClinicalProgression(Section):
    """Progression that is noticed between scans."""

    probability: Probability
    """Probability that a progression is noticed without a scan."""
    delay: DayRange
    """Shortest and longest time until it is noticed, such as [1 day, 14 days]."""


class Assessment(Section):
    """Tumour assessment."""

    schedule: Literal["calendar", "continuous"] = "calendar"
    """Scans by the calendar, or every patient watched day by day, as if scanned each day.

    Where patients are watched, calendar, anchor, window, jitter_sd, missed and
    clinical_progression say nothing.
    """
    baseline_window: WholeDays
    """How long before the first dose the baseline scan may be."""
    calendar: Annotated[tuple[CalendarRow, ...], Field(min_length=1)]
    """When scans are planned, counted from the first dose."""
    anchor: Literal["first_dose", "cycles"] = "first_dose"
    """Whether planned days count from the first dose, or move with the cycles actually given."""
    window: WholeDays = Field(default=0)
    """How far a scan may be from its planned day; by default it is on the day."""
    jitter_sd: Days = Field(default=0.0)
    """Standard deviation of a scan's distance from its planned day, within the window."""
    missed: Annotated[Probability, Field(lt=1)] = 0.0
    """Probability that a scan is missed."""
    end_at_call: bool = Field(default=True, exclude_if=lambda ends: ends)
    """Whether scans end, as treatment does, when the investigator calls progression. Otherwise they
    go on until death or withdrawal; patients who are watched day by day are so no more."""
    clinical_progression: ClinicalProgression | None = None
    """Progression noticed without a scan; by default never."""
    confirmation: WholeDays
    """Shortest time from a response to the scan that confirms it."""
    stable_disease: WholeDays
    """Earliest day from first dose on which a scan can show stable disease."""
    clinical_benefit: WholeDays
    """Day from first dose from which stable disease counts as clinical benefit."""

    @property
    def is_continuous(self) -> bool:
        """Whether patients are watched day by day."""
        return self.schedule == "continuous"

    @property
    def moves_with_cycles(self) -> bool:
        """Whether scans move with the cycles actually given."""
        return self.anchor == "cycles" and not self.is_continuous

    @property
    def first_planned_scan(self) -> int:
        """Planned day of the first scan after that at baseline, from the first dose."""
        return self.calendar[0].every

    def planned_scans(self, longest: float) -> int:
        """Scans planned up to a patient's day, without that at baseline."""
        day, n = 0, 0
        for row in self.calendar:
            until = longest if row.until is None else min(row.until, longest)
            more = max(int(until - day) // row.every, 0)
            day, n = day + more * row.every, n + more
        return n
