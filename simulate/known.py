"""What is known of a trial at the end of one day, and nothing else: the rules of the data cut.

An assessment or dose on the day of the cut is known. Somebody's death, and an adverse event, is
known only if it happened by the last contact with the patient, which lies some days before the cut.
The rules read one trial's ledger, in Python as in compiled code.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, IntColumn, IntTable, first_above_within
from simulate.ledger import (
    PATIENTS,
    SCREENED,
    Ledger,
    SubjectRows,
)
from simulate.patient import follow_up, treatment
from simulate.patient.assessment import DONE, WATCHED, watched_until
from simulate.patient.dosing import DISCONTINUE


class KnownRows(NamedTuple):
    """What a cut knows, a row a patient with a first dose by then.

    First the columns of :data:`simulate.cutoff.SNAPSHOT_COLUMNS`; then the rows of the ledger that
    are known, as ``first : end``.
    """

    patient: IntColumn
    site: IntColumn
    enrolment_trial_day: IntColumn
    first_dose_trial_day: IntColumn
    cut_day: IntColumn
    last_contact_day: IntColumn
    death_day: IntColumn
    treatment_stop_day: IntColumn
    treatment_stop_reason: IntColumn
    assessment_stop_day: IntColumn
    study_withdrawal_day: IntColumn
    first_scan: IntColumn
    end_scan: IntColumn
    first_dose: IntColumn
    end_dose: IntColumn
    first_event: IntColumn
    end_event: IntColumn
    first_stop: IntColumn
    """Drugs held too long, whether the cut knows of it or not: see :func:`hidden_action`."""
    end_stop: IntColumn


class KnownPatient(NamedTuple):
    """One patient's state as known at the cut; days as in :class:`KnownRows`."""

    last_contact_day: int
    death_day: int
    treatment_stop_day: int
    treatment_stop_reason: int
    assessment_stop_day: int
    study_withdrawal_day: int


@rule
def known_patient(
    death: int,
    stop: int,
    reason: int,
    assessment_stop: int,
    withdrawal: int,
    lag: int,
    cut_day: int,
    last_record: int,
) -> KnownPatient:
    """One patient's state at the cut.

    Parameters
    ----------
    death, stop, reason, assessment_stop, withdrawal, lag
        The truth: day of death, end of treatment and its reason, end of assessments, day the
        patient left the study, and days from a cut back to the last contact.
    cut_day
        Patient day of the cut.
    last_record
        Latest scan done or dose by the cut.
    """
    if reason != treatment.DEATH and stop <= cut_day:
        last_record = max(last_record, stop)
    contact = follow_up.last_contact(cut_day, lag, last_record, withdrawal)
    known_death = death if follow_up.is_event_known(death, contact) else NEVER
    contact = min(contact, known_death)
    if reason == treatment.DEATH:
        stop = known_death
        assessment_stop = known_death
    elif known_death == NEVER and assessment_stop >= death:
        assessment_stop = NEVER  # it ended by a death that nobody knows of
    if stop > cut_day:
        stop, reason = NEVER, treatment.NOT_STOPPED
    if assessment_stop > cut_day:
        assessment_stop = NEVER
    if withdrawal > cut_day:
        withdrawal = NEVER
    return KnownPatient(contact, known_death, stop, reason, assessment_stop, withdrawal)


@rule
def known_end(end_day: int, last_contact: int) -> int:
    """Day by which an adverse event is known to have resolved, else NEVER."""
    return end_day if end_day <= last_contact else NEVER


@rule
def rows_of_patients(
    owner: IntTable, size: int, patient: IntTable, n: int, first: IntColumn, end: IntColumn
) -> None:
    """Find the rows ``first : end`` of ``n`` patients in a table sorted by patient."""
    row = 0
    for i in range(n):
        while row < size and owner[row] < patient[i]:
            row += 1
        first[i] = row
        while row + 7 < size and owner[row + 7] == patient[i]:  # most have dozens of rows
            row += 8
        while row < size and owner[row] == patient[i]:
            row += 1
        end[i] = row


@rule
def known_until(day: IntTable, start: int, end: int, last: int) -> int:
    """End of those rows ``start : end``, in order of time, that lie on or before a day."""
    while end > start and day[end - 1] > last:
        end -= 1
    return end


@rule
def last_scan(day: IntTable, performed: IntTable, start: int, end: int, until: int) -> int:
    """Day of the latest assessment done among rows in order of time; 0 if there is none.

    A patient who is watched day by day is assessed up to the day ``until``.
    """
    for row in range(end - 1, start - 1, -1):
        if performed[row] == WATCHED:
            return until
        if performed[row] == DONE:
            return day[row]
    return 0


@rule
def hidden_action(position: int, day: int, last_contact: int) -> int:
    """End of a drug held too long, as action bit, while the last contact does not tell of it."""
    if day <= last_contact:
        return 0
    return 1 << (4 * position + DISCONTINUE)


@rule
def screened_by(ledger: Ledger, trial_day: int) -> int:
    """Patients screened by a trial day, enrolled or not."""
    return first_above_within(ledger.screening_days, trial_day, 0, ledger.size[SCREENED])


@rule
def treated_by(subjects: SubjectRows, n_patients: int, trial_day: int, known: KnownRows) -> int:
    """Enter the patients with a first dose by a trial day; give their number."""
    n = 0
    for patient in range(n_patients):
        cut_day = trial_day - subjects.first_dose_trial_day[patient]
        if cut_day >= 0:
            known.patient[n] = patient
            known.site[n] = subjects.site[patient]
            known.enrolment_trial_day[n] = subjects.enrolment_trial_day[patient]
            known.first_dose_trial_day[n] = subjects.first_dose_trial_day[patient]
            known.cut_day[n] = cut_day
            n += 1
    return n


@rule
def rows_by_ends(
    ends: IntTable, patient: IntTable, n: int, first: IntColumn, end: IntColumn
) -> None:
    """Find the rows ``first : end`` of ``n`` patients where it is known where each one's end."""
    for i in range(n):
        first[i] = ends[patient[i] - 1] if patient[i] > 0 else 0
        end[i] = ends[patient[i]]


@rule
def find_rows(ledger: Ledger, n: int, known: KnownRows) -> None:
    """Find all rows of the ledger that belong to the ``n`` patients entered."""
    ends, patient = ledger.ends, known.patient
    rows_by_ends(ends.assessments, patient, n, known.first_scan, known.end_scan)
    rows_by_ends(ends.doses, patient, n, known.first_dose, known.end_dose)
    rows_by_ends(ends.adverse_events, patient, n, known.first_event, known.end_event)
    rows_by_ends(ends.drug_stops, patient, n, known.first_stop, known.end_stop)


@rule
def cut_row(ledger: Ledger, row: int, known: KnownRows) -> None:
    """Cut the data of the patient entered in a row, whose rows of the ledger are found."""
    subjects, scans, doses = ledger.subjects, ledger.assessments, ledger.doses
    patient, cut_day = known.patient[row], known.cut_day[row]
    end_scan = known_until(scans.day, known.first_scan[row], known.end_scan[row], cut_day)
    end_dose = known_until(doses.day, known.first_dose[row], known.end_dose[row], cut_day)
    until = watched_until(
        cut_day, subjects.assessment_stop_day[patient], subjects.death_day[patient]
    )
    last_record = last_scan(scans.day, scans.performed, known.first_scan[row], end_scan, until)
    if end_dose > known.first_dose[row]:
        last_record = max(last_record, doses.day[end_dose - 1])
    state = known_patient(
        subjects.death_day[patient],
        subjects.treatment_stop_day[patient],
        subjects.treatment_stop_reason[patient],
        subjects.assessment_stop_day[patient],
        subjects.study_withdrawal_day[patient],
        subjects.contact_lag[patient],
        cut_day,
        last_record,
    )
    known.end_scan[row] = end_scan
    known.end_dose[row] = end_dose
    known.end_event[row] = known_until(
        ledger.adverse_events.onset_day,
        known.first_event[row],
        known.end_event[row],
        state.last_contact_day,
    )
    known.last_contact_day[row] = state.last_contact_day
    known.death_day[row] = state.death_day
    known.treatment_stop_day[row] = state.treatment_stop_day
    known.treatment_stop_reason[row] = state.treatment_stop_reason
    known.assessment_stop_day[row] = state.assessment_stop_day
    known.study_withdrawal_day[row] = state.study_withdrawal_day


@rule
def cut_trial(ledger: Ledger, trial_day: int, known: KnownRows) -> int:
    """Cut a trial's data at the end of a trial day; give the number of rows of ``known``.

    Parameters
    ----------
    ledger
        The whole truth of one trial.
    trial_day
        Trial day of the cut; not beyond the engine's horizon.
    known
        What is filled: room for every patient of the ledger.
    """
    n = treated_by(ledger.subjects, ledger.size[PATIENTS], trial_day, known)
    find_rows(ledger, n, known)
    for row in range(n):
        cut_row(ledger, row, known)
    return n


@rule
def cut_patient(ledger: Ledger, patient: int, trial_day: int, known: KnownRows) -> bool:
    """Cut the data of one patient, into the first row; tell whether there is a first dose by then.

    Parameters
    ----------
    ledger, trial_day
        As of :func:`cut_trial`.
    patient
        Number of the patient.
    known
        What is filled: room for one patient or more.
    """
    first_dose = ledger.subjects.first_dose_trial_day[patient]
    if first_dose > trial_day:
        return False
    known.patient[0] = patient
    known.site[0] = ledger.subjects.site[patient]
    known.enrolment_trial_day[0] = ledger.subjects.enrolment_trial_day[patient]
    known.first_dose_trial_day[0] = first_dose
    known.cut_day[0] = trial_day - first_dose
    find_rows(ledger, 1, known)
    cut_row(ledger, 0, known)
    return True


def room_for_known(n_patients: int) -> KnownRows:
    """Columns of zeros for so many patients."""
    return KnownRows(*([0] * n_patients for _ in KnownRows._fields))
