"""When events become known: what the day of an event-driven data cut is counted from.

An event happens on one day, and a data cut knows of it from some day on: progression from the scan
that shows it; a death, if the patient has not left the study before, once it is reported (as many
days later as the last contact lies before a cut), or when the patient would have left. So the
number of events that the cuts of a trial know never falls, and the day on which it reaches a target
can be told without cutting the data day by day.

The rules say in advance what :mod:`simulate.known` and :mod:`simulate.endpoints` say of each day.
"""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import NEVER, IntTable, later
from simulate.ledger import AssessmentRows, Ledger
from simulate.patient.assessment import MISSED, PROGRESSIVE_DISEASE


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
    if death == 0:
        return 0  # the patient was seen on the day of the first dose
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
def read_known_from(ledger: Ledger, patient: int, call: int, death_window: IntTable) -> int:
    """First trial day of which a cut knows of an event of PFS by a reader; NEVER if none does.

    Parameters
    ----------
    ledger
        The whole truth of one trial.
    patient
        Number of the patient.
    call
        Patient day on which the reader calls progression.
    death_window
        By the permanent number of the arm: how long after assessments stopped a death counts for
        progression-free survival.
    """
    subjects = ledger.subjects
    death = subjects.death_day[patient]
    death_known = death_known_day(
        death, subjects.contact_lag[patient], subjects.study_withdrawal_day[patient]
    )
    window = death_window[subjects.arm[patient]]
    pfs = pfs_known_day(call, death, death_known, subjects.assessment_stop_day[patient], window)
    return later(subjects.first_dose_trial_day[patient], pfs)
