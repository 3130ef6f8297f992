"""The data cut: a trial's tables as they stood at the end of one day.

What was known on that day is decided by the rules of :mod:`simulate.known`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulate.distributions import IntArray, IntTable
from simulate.known import (
    KnownRows,
    cut_trial,
    hidden_action,
    known_end,
    room_for_known,
    rows_of_patients,
    screened_by,
)
from simulate.ledger import AssessmentRows, DoseRows, Ledger, ledger_of
from simulate.records import Columns, TrialRecords

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
    arm: IntArray
    """Permanent number of each patient's arm."""

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
    ledger = ledger_of(records)
    known = room_for_known(records.n_patients)
    n = cut_trial(ledger, trial_day, known)
    subjects = {name: _column(getattr(known, name), n) for name in SNAPSHOT_COLUMNS}
    treated = subjects["patient"]
    return Snapshot(
        trial_day=trial_day,
        subjects=subjects,
        baseline={name: levels[treated] for name, levels in records.baseline.items()},
        assessments=_rows(records.assessments, known.first_scan, known.end_scan, n),
        doses=_rows(records.doses, known.first_dose, known.end_dose, n),
        adverse_events=_events(records, ledger, known, n),
        n_screened=screened_by(ledger, trial_day),
        arm=records.subjects["arm"][treated],
    )


class SnapshotRows(NamedTuple):
    """A snapshot as lists that rules can read, with the rows of each patient found."""

    known: KnownRows
    assessments: AssessmentRows
    doses: DoseRows


def rows_of(snapshot: Snapshot) -> SnapshotRows:
    """Lay a snapshot out for the rules that derive something of it."""
    n = snapshot.n_patients
    known = room_for_known(n)._replace(
        **{name: column.tolist() for name, column in snapshot.subjects.items()}
    )
    scans = AssessmentRows(**_lists(snapshot.assessments))
    doses = DoseRows(**_lists(snapshot.doses))
    rows_of_patients(
        scans.patient, len(scans.patient), known.patient, n, known.first_scan, known.end_scan
    )
    rows_of_patients(
        doses.patient, len(doses.patient), known.patient, n, known.first_dose, known.end_dose
    )
    return SnapshotRows(known, scans, doses)


def _lists(columns: Columns) -> dict[str, list[int]]:
    return {name: column.tolist() for name, column in columns.items()}


def _column(values: IntTable, n: int) -> IntArray:
    return np.array(values, np.int64)[:n]


def _rows(rows: Columns, first: IntTable, end: IntTable, n: int) -> Columns:
    """The rows of a table that are known of each patient."""
    chosen = [row for i in range(n) for row in range(first[i], end[i])]
    return {name: column[chosen] for name, column in rows.items()}


def _events(records: TrialRecords, ledger: Ledger, known: KnownRows, n: int) -> Columns:
    """Adverse events of which the last contact tells, and of them only what it tells."""
    events, stops = records.adverse_events, ledger.drug_stops
    ends, actions = events["end_day"].copy(), events["action"].copy()
    for i in range(n):
        contact, hidden = known.last_contact_day[i], 0
        for stop in range(known.first_stop[i], known.end_stop[i]):
            hidden |= hidden_action(stops.position[stop], stops.day[stop], contact)
        for row in range(known.first_event[i], known.end_event[i]):
            ends[row] = known_end(int(ends[row]), contact)
            actions[row] &= ~hidden
    told = events | {"end_day": ends, "action": actions}
    return _rows(told, known.first_event, known.end_event, n)
