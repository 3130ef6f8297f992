"""The data cut: what was known at the end of one day, and nothing else.

An assessment or dose on the day of the cut is known. Somebody's death is known only if it happened
by the last contact with the patient, which lies some days before the cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.distributions import NEVER
from simulate.patient import follow_up, treatment
from simulate.patient.dosing import DISCONTINUE
from simulate.records import DRUG_STOP_COLUMNS, Columns, TrialRecords, row_bounds, table

SNAPSHOT_COLUMNS = {
    "patient": "patient number",
    "site": "permanent number of the site",
    "enrolment_trial_day": "trial day of enrolment",
    "first_dose_trial_day": "trial day of the first dose, patient day 0",
    "cut_day": "patient day of the cut",
    "last_contact_day": "last day on which the patient's state is known",
    "death_day": "day of death, NEVER if none is known",
    "treatment_stop_day": "day treatment stopped, NEVER if it goes on as far as known",
    "treatment_stop_reason": "position in simulate.patient.treatment.STOP_NAMES",
    "assessment_stop_day": "day after which no tumour assessment is done, NEVER if none is known",
    "study_withdrawal_day": "day the patient left the study, NEVER if it is not known",
}
"""Columns of ``Snapshot.subjects``, a row a patient with a first dose by the cut."""


@dataclass(frozen=True)
class Snapshot:
    """A trial's data as they stood at a cut. Same clocks as the records they come from."""

    trial_day: int
    subjects: Columns
    baseline: Columns
    assessments: Columns
    doses: Columns
    adverse_events: Columns
    """Those known at the last contact; one that was not resolved then ends at NEVER."""
    n_screened: int
    """Patients screened by the cut, enrolled or not."""

    @property
    def n_patients(self) -> int:
        """Number of patients with a first dose by the cut."""
        return len(self.subjects["patient"])


def cut(records: TrialRecords, trial_day: int) -> Snapshot:
    """Cut the data at the end of a trial day.

    Parameters
    ----------
    records : TrialRecords
        The whole truth of one trial, from any engine.
    trial_day : int
        Trial day of the cut; not beyond the engine's horizon.
    """
    subjects = records.subjects
    first_dose = subjects["first_dose_trial_day"]
    cut_day = trial_day - first_dose
    enrolled = cut_day >= 0
    assessments = _rows_until(records.assessments, cut_day)
    doses = _rows_until(records.doses, cut_day)
    last_record = np.maximum(
        _last_day(assessments, records.n_patients, performed_only=True),
        _last_day(doses, records.n_patients, performed_only=False),
    )
    rows = [
        _known(*arguments)
        for arguments in zip(
            range(records.n_patients),
            *(subjects[name].tolist() for name in SUBJECTS_READ),
            cut_day.tolist(),
            last_record.tolist(),
            strict=True,
        )
        if arguments[-2] >= 0
    ]
    known = table(SNAPSHOT_COLUMNS, rows)
    contact = np.full(records.n_patients, -1)
    contact[known["patient"]] = known["last_contact_day"]
    return Snapshot(
        trial_day=trial_day,
        subjects=known,
        baseline={name: levels[enrolled] for name, levels in records.baseline.items()},
        assessments=assessments,
        doses=doses,
        adverse_events=_events_until(records, contact),
        n_screened=sum(day <= trial_day for day in records.screening_days),
    )


SUBJECTS_READ = (
    "site",
    "enrolment_trial_day",
    "first_dose_trial_day",
    "death_day",
    "treatment_stop_day",
    "treatment_stop_reason",
    "assessment_stop_day",
    "study_withdrawal_day",
    "contact_lag",
)


def _known(
    patient: int,
    site: int,
    enrolment: int,
    first_dose: int,
    death: int,
    stop: int,
    reason: int,
    assessment_stop: int,
    withdrawal: int,
    lag: int,
    cut_day: int,
    last_record: int,
) -> tuple[int, ...]:
    """One patient as known at the cut; see :data:`SNAPSHOT_COLUMNS`."""
    if reason != treatment.DEATH and stop <= cut_day:
        last_record = max(last_record, stop)
    contact = follow_up.last_contact(cut_day, lag, last_record, withdrawal)
    known_death = death if follow_up.is_event_known(death, contact) else NEVER
    contact = min(contact, known_death)
    if reason == treatment.DEATH:
        stop = assessment_stop = known_death
    elif known_death == NEVER and assessment_stop >= death:
        assessment_stop = NEVER  # it ended by a death that nobody knows of
    if stop > cut_day:
        stop, reason = NEVER, treatment.NOT_STOPPED
    return (
        patient,
        site,
        enrolment,
        first_dose,
        cut_day,
        contact,
        known_death,
        stop,
        reason,
        assessment_stop if assessment_stop <= cut_day else NEVER,
        withdrawal if withdrawal <= cut_day else NEVER,
    )


def _rows_until(rows: Columns, cut_day: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Columns:
    """Rows of a patient-day table that lie on or before each patient's cut day."""
    known = rows["day"] <= cut_day[rows["patient"]]
    return {name: column[known] for name, column in rows.items()}


def _events_until(
    records: TrialRecords, contact: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Columns:
    """Adverse events of which the last contact tells: begun by then, and resolved if by then.

    Nor does anybody know yet that an event will end a drug by holding it too long.
    """
    rows, stops = records.adverse_events, records.drug_stops
    last = contact[rows["patient"]]
    began = rows["onset_day"] <= last
    known = {name: column[began] for name, column in rows.items()}
    known["end_day"] = np.where(known["end_day"] <= last[began], known["end_day"], NEVER)
    for patient, position, day in zip(*(stops[n] for n in DRUG_STOP_COLUMNS), strict=True):
        if day > contact[patient]:
            later = 1 << (4 * position + DISCONTINUE)
            mine = known["patient"] == patient
            known["action"] = np.where(mine, known["action"] & ~later, known["action"])
    return known


def _last_day(
    rows: Columns, n_patients: int, *, performed_only: bool
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Latest day of each patient's rows, 0 if there is none."""
    if performed_only:
        done = rows["performed"] == 1
        rows = {"patient": rows["patient"][done], "day": rows["day"][done]}
    bounds = row_bounds(rows["patient"], n_patients)
    last = np.zeros(n_patients, np.int64)
    some = bounds[1:] > bounds[:-1]
    last[some] = rows["day"][bounds[1:][some] - 1]
    return last
