"""When a reader calls progression, and when new therapy begins, by the scans of one patient.

Visits are the planned scans of a patient, numbered from 0, the scan at baseline. Two numbers of
visits say how a reader errs: at how many scans on or after progression it is overlooked, and at
which scan the reader would call it, were there none.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, IntTable, later
from simulate.patient.assessment import PROGRESSIVE_DISEASE, scan_finding

LATE, EARLY = range(2)
"""Words of a reader, and kinds of tables: how many scans late, and which scan too early."""

WITHOUT_PROGRESSION, AFTER_PROGRESSION = range(2)
"""Words of new therapy: when it begins without progression, and whether it follows progression."""


@rule
def visit_of_call(first: int, late: int, early: int) -> int:
    """Visit at which a reader calls progression, if the scan is done; else at the next one done.

    Parameters
    ----------
    first
        First visit on or after progression.
    late
        At how many scans from then on the reader overlooks it.
    early
        Visit at which the reader would call it, were there none.
    """
    return early if early < first else later(first, late)


@rule
def is_called(day: int, death: int, dropout: int) -> bool:
    """Whether a scan is done on a day: the patient is alive, and was not lost before."""
    return day < death and day <= dropout


@rule
def day_of_new_therapy(alone: int, ends: int, follows: int, delay: int) -> int:
    """Day on which new therapy begins, or NEVER.

    Parameters
    ----------
    alone
        Day on which it begins without progression.
    ends
        Day of progression as the treating reader calls it, or of progression itself if nobody does:
        then nothing begins without it any more.
    follows
        1 if new therapy follows progression, `delay` days later.
    """
    if alone < ends:
        return alone
    return min(ends + delay, NEVER) if follows == 1 else NEVER


# ---- the investigator of patients in cycles, whose call is acted upon ------------------------


class InvestigatorPlan(NamedTuple):
    """How the investigator errs in an arm."""

    errs: int
    """0 if never: then nothing else here counts."""
    first_word: int
    """Index of the first of two words; the other one follows."""
    late: IntTable
    """Thresholds of the number of scans on or after progression at which it is overlooked."""
    early: IntTable
    """Thresholds of the number of the scan at which it would be called, were there none."""


@rule
def is_call(scan: int, showing: int, late: int, early: int) -> bool:
    """Whether the investigator calls progression at a scan that is done.

    As :func:`visit_of_call`, one scan at a time: nobody knows which will be the first to show it.

    Parameters
    ----------
    scan
        Number of the scan among those done, from 1.
    showing
        Its number among those on or after progression; 0 before.
    late, early
        At how many scans the investigator overlooks progression, and at which it would be called.
    """
    return scan == early if showing == 0 else showing > late


@rule
def finding_as_read(
    calls: bool, day: int, response: int, visible_before: int, complete: bool
) -> int:
    """Overall response that the investigator documents of a scan, right or wrong."""
    if calls:
        return PROGRESSIVE_DISEASE
    return scan_finding(day, response, visible_before, complete, NEVER)
