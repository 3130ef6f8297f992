"""What becomes of an event of progression-free survival that other things came before.

And what is known of the time before an event that counts.
"""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import NEVER, later

NO_LIMIT = NEVER
"""In the place of a number of missed visits or of a window: there is no such rule."""


@rule
def counts_despite(event: int, new_therapy: int) -> bool:
    """Whether an event counts where new therapy censors: it comes before it, or on its day."""
    return event <= new_therapy


@rule
def censored_after(
    event: int,
    is_death: bool,
    last_scan: int,
    not_done: int,
    most_not_done: int,
    death_window: int,
) -> int:
    """Day after which no scan counts because of missed scans or a late death; NEVER if all is well.

    PFS is then censored at the last scan done up to that day.

    Parameters
    ----------
    event, is_death
        Day of the event, and whether it is a death without progression.
    last_scan
        Day of the last scan done before the event.
    not_done
        Planned scans between the two that were not done.
    most_not_done
        So many scans not done, or more, censor.
    death_window
        A death that comes more days than this after the last scan does not count.
    """
    if not_done >= most_not_done:
        return last_scan
    if is_death and event > later(last_scan, death_window):
        return last_scan
    return NEVER


@rule
def free_until(event: int, is_death: bool, last_scan: int) -> int:
    """Last day on which somebody with an event is known to have been free of it.

    A death is known to the day. Progression came after the last scan done before the one at which
    it is called, whoever calls it and rightly or not.

    Parameters
    ----------
    event, is_death
        Day of the event, and whether it is a death without progression.
    last_scan
        Day of the last scan done before the event; 0, that of baseline, if none was.
    """
    if is_death:
        return event - 1
    return min(last_scan, event - 1)
