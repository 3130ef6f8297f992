"""When events become known: what the day of an event-driven data cut is counted from.

An event happens on one day, and a data cut knows of it from some day on: progression from the scan
that shows it; a death, if the patient has not left the study before, once it is reported (as many
days later as the last contact lies before a cut), or when the patient would have left. So the
number of events that the cuts of a trial know never falls, and the day on which it reaches a target
can be told without cutting the data day by day.

The rules say in advance what :mod:`simulate.known` and :mod:`simulate.endpoints` say of each day.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, IntColumn, IntTable, ShortColumn, later
from simulate.ledger import PATIENTS, AssessmentRows, Ledger
from simulate.patient.assessment import MISSED, PROGRESSIVE_DISEASE


class KnownFrom(NamedTuple):
    """First trial day of which a cut knows of each patient's event; NEVER if no cut does."""

    pfs: ShortColumn
    os: ShortColumn


@rule
def death_known_day(death: int, lag: int, study_withdrawal: int) -> int:
    """Patient day from which a cut knows of a death, or NEVER.

    Parameters
    ----------
    death : int
        Patient day of death.
    lag : int
        Days from a cut back to the last contact.
    study_withdrawal : int
        Patient day on which the patient left the study: the last day of which anything is known.
    """
    if death >= NEVER or study_withdrawal < death:
        return NEVER
    return min(death + lag, study_withdrawal)


@rule
def progression_known_day(scans: AssessmentRows, start: int, end: int) -> int:
    """Patient day of the first scan, among rows in order of time, that shows progression."""
    for row in range(start, end):
        if scans.performed[row] != MISSED and scans.response[row] == PROGRESSIVE_DISEASE:
            return scans.day[row]
    return NEVER


@rule
def pfs_known_day(
    progression: int, death: int, death_known: int, assessment_stop: int, death_window: int
) -> int:
    """Patient day from which a cut knows of an event of progression-free survival, or NEVER.

    Parameters
    ----------
    progression : int
        Day from which progression is known.
    death, death_known : int
        Day of death, and that from which it is known.
    assessment_stop : int
        Day after which the patient is not assessed any more.
    death_window : int
        A death this long after assessments stopped still counts.
    """
    if death <= later(assessment_stop, death_window):
        return min(progression, death_known)
    return progression


@rule
def known_from(ledger: Ledger, death_window: IntTable, out: KnownFrom) -> None:
    """Find from which trial day on the events of every patient are known.

    Parameters
    ----------
    ledger
        The whole truth of one trial.
    death_window
        By the permanent number of the arm: how long after assessments stopped a death counts for
        progression-free survival.
    out
        What is filled: room for every patient of the ledger.
    """
    subjects, start = ledger.subjects, 0
    for patient in range(ledger.size[PATIENTS]):
        end, entry = ledger.ends.assessments[patient], subjects.first_dose_trial_day[patient]
        death = subjects.death_day[patient]
        death_known = death_known_day(
            death, subjects.contact_lag[patient], subjects.study_withdrawal_day[patient]
        )
        pfs = pfs_known_day(
            progression_known_day(ledger.assessments, start, end),
            death,
            death_known,
            subjects.assessment_stop_day[patient],
            death_window[subjects.arm[patient]],
        )
        out.pfs[patient] = later(entry, pfs)
        out.os[patient] = later(entry, death_known)
        start = end


@rule
def day_of_count(known_day: IntTable, n: int, target: int, last_day: int, room: IntColumn) -> int:
    """First trial day by which so many of ``n`` days have come, or NEVER if after a last day.

    Parameters
    ----------
    known_day
        Trial day of each, 0 or later; NEVER for what does not come.
    n, target
        How many there are, and how many must have come.
    last_day
        Last trial day to look at.
    room
        A number for each day up to the last; all 0, before and after.
    """
    for i in range(n):
        if known_day[i] <= last_day:
            room[known_day[i]] += 1
    reached, found = 0, NEVER
    for day in range(last_day + 1):
        reached = reached + room[day]
        room[day] = 0
        if reached >= target and found == NEVER:
            found = day
    return found


@rule
def count_by(known_day: IntTable, n: int, day: int) -> int:
    """How many of ``n`` days have come by the end of a trial day."""
    count = 0
    for i in range(n):
        count = count + int(known_day[i] <= day)
    return count
