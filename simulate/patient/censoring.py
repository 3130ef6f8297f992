"""What becomes of an event of progression-free survival that other things came before."""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import NEVER, later

NO_LIMIT = NEVER
"""In the place of a number of missed visits or of a window: there is no such rule."""


@rule
def censored_after(
    event: int,
    is_death: bool,
    last_scan: int,
    not_done: int,
    new_therapy: int,
    most_not_done: int,
    censors_therapy: int,
    death_window: int,
) -> int:
    """Day after which no scan counts any more, because the event does not; NEVER if it counts.

    PFS is then censored at the last scan done up to that day.

    Parameters
    ----------
    event, is_death
        Day of the event, and whether it is a death without progression.
    last_scan
        Day of the last scan done before the event.
    not_done
        Planned scans between the two that were not done.
    new_therapy
        Day on which new therapy begins. On the day of the event it comes after it.
    most_not_done
        So many scans not done, or more, censor.
    censors_therapy
        1 if new therapy censors.
    death_window
        A death that comes more days than this after the last scan does not count.
    """
    if censors_therapy == 1 and new_therapy < event:
        return new_therapy  # not after the last scan before the event, or no scan in between
    if not_done >= most_not_done:
        return last_scan
    if is_death and event > later(last_scan, death_window):
        return last_scan
    return NEVER
