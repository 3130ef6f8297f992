"""Grouped times: days on which all patients are compared, whenever each of them was scanned."""

from __future__ import annotations

from simulate.compiled import rule


@rule
def group_time(
    day: int, event: int, start: int, end: int, window: int, today: int
) -> tuple[int, int]:
    """Time and event once times are grouped.

    An event belongs to the end of its interval, and censoring to the last end that was seen. An
    interval that is not over says nothing yet: its events do not count, as of those without an
    event in it nothing is counted either.

    Parameters
    ----------
    day, event
        Patient day of the event, or of the last scan without one; and 1 of an event, 0 without.
    start, end
        First and last day of the interval in which the day lies; the end is NEVER if it has none.
    window
        How far a scan may be from its planned day. The interval is over so many days after its end,
        and a scan that comes so many days earlier is that of its end.
    today
        Patient day of the data cut.
    """
    is_over = end <= today - window
    if is_over and (event == 1 or day >= end - window):
        return end, event
    return start, 0
