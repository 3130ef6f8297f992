"""The tables of one trial as bare columns that rules can read: what engines write, analyses read.

The columns are those of :mod:`simulate.records`. Where Python reads them they are lists, where
compiled code does they are arrays that are longer than the table; `size` tells how many rows count.
Rows are sorted by patient and then in time.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from simulate.distributions import IntArray, IntColumn, IntTable
from simulate.records import Columns, TrialRecords, row_bounds

PATIENTS, SCREENED, ASSESSMENTS, DOSES, ADVERSE_EVENTS, DRUG_STOPS = range(6)
"""Entries of ``Ledger.size``."""


class SubjectRows(NamedTuple):
    """Columns of ``subjects``; row p is patient number p."""

    site: IntColumn
    enrolment_trial_day: IntColumn
    first_dose_trial_day: IntColumn
    baseline_scan_day: IntColumn
    responder: IntColumn
    complete: IntColumn
    response_day: IntColumn
    progression_day: IntColumn
    death_day: IntColumn
    treatment_stop_day: IntColumn
    treatment_stop_reason: IntColumn
    assessment_stop_day: IntColumn
    study_withdrawal_day: IntColumn
    contact_lag: IntColumn


class AssessmentRows(NamedTuple):
    """Columns of ``assessments``."""

    patient: IntColumn
    visit: IntColumn
    planned_day: IntColumn
    day: IntColumn
    performed: IntColumn
    response: IntColumn


class DoseRows(NamedTuple):
    """Columns of ``doses``."""

    patient: IntColumn
    cycle: IntColumn
    drug: IntColumn
    day: IntColumn
    delay: IntColumn
    hold: IntColumn
    wait: IntColumn
    held: IntColumn
    given: IntColumn
    level: IntColumn
    interrupted: IntColumn
    infused: IntColumn


class EventRows(NamedTuple):
    """Columns of ``adverse_events``."""

    patient: IntColumn
    cycle: IntColumn
    term: IntColumn
    grade: IntColumn
    onset_day: IntColumn
    end_day: IntColumn
    serious: IntColumn
    related: IntColumn
    action: IntColumn


class DrugStopRows(NamedTuple):
    """Columns of ``drug_stops``."""

    patient: IntColumn
    position: IntColumn
    day: IntColumn


class EndRows(NamedTuple):
    """Where each patient's rows end, by table; they begin where those of the patient before end."""

    assessments: IntColumn
    doses: IntColumn
    adverse_events: IntColumn
    drug_stops: IntColumn


class Ledger(NamedTuple):
    """The tables of one trial."""

    size: IntColumn
    """Rows of each table, by PATIENTS, SCREENED and so on."""
    subjects: SubjectRows
    levels: IntColumn
    """Level of baseline variable v of patient p: index p * (number of variables) + v."""
    assessments: AssessmentRows
    doses: DoseRows
    adverse_events: EventRows
    drug_stops: DrugStopRows
    ends: EndRows
    screening_days: IntColumn
    """Trial day of each patient screened, sorted."""


Rows = TypeVar("Rows", bound=tuple[Any, ...])


def ledger_of(records: TrialRecords) -> Ledger:
    """The records of a trial as a ledger of lists."""
    shape = (len(records.baseline), records.n_patients)
    levels = np.array(list(records.baseline.values()), np.int64).reshape(shape)
    tables = (records.assessments, records.doses, records.adverse_events, records.drug_stops)
    return Ledger(
        size=[
            records.n_patients,
            len(records.screening_days),
            len(records.assessments["patient"]),
            len(records.doses["patient"]),
            len(records.adverse_events["patient"]),
            len(records.drug_stops["patient"]),
        ],
        subjects=SubjectRows(**_lists(records.subjects)),
        levels=levels.T.ravel().tolist(),
        assessments=AssessmentRows(**_lists(records.assessments)),
        doses=DoseRows(**_lists(records.doses)),
        adverse_events=EventRows(**_lists(records.adverse_events)),
        drug_stops=DrugStopRows(**_lists(records.drug_stops)),
        ends=EndRows(*(row_bounds(t["patient"], records.n_patients)[1:].tolist() for t in tables)),
        screening_days=list(records.screening_days),
    )


def records_of(ledger: Ledger, variable_ids: IntTable) -> TrialRecords:
    """A ledger of arrays as records of their own: the arrays can be filled again."""
    n = int(ledger.size[PATIENTS])
    n_variables = len(variable_ids)
    levels = np.asarray(ledger.levels)[: n * n_variables].reshape(n, n_variables)
    return TrialRecords(
        subjects=_columns(ledger.subjects, n),
        baseline={
            str(variable): levels[:, i].astype(np.int64) for i, variable in enumerate(variable_ids)
        },
        assessments=_columns(ledger.assessments, ledger.size[ASSESSMENTS]),
        doses=_columns(ledger.doses, ledger.size[DOSES]),
        adverse_events=_columns(ledger.adverse_events, ledger.size[ADVERSE_EVENTS]),
        drug_stops=_columns(ledger.drug_stops, ledger.size[DRUG_STOPS]),
        screening_days=tuple(np.asarray(ledger.screening_days)[: ledger.size[SCREENED]].tolist()),
    )


def empty_ledger(
    *,
    patients: int,
    screened: int,
    variables: int,
    assessments: int,
    doses: int,
    events: int,
    drug_stops: int,
) -> Ledger:
    """A ledger of arrays with room for so many rows of each table."""
    return Ledger(
        size=np.zeros(6, np.int64),
        subjects=_arrays(SubjectRows, patients),
        levels=np.zeros(patients * variables, np.int64),
        assessments=_arrays(AssessmentRows, assessments),
        doses=_arrays(DoseRows, doses),
        adverse_events=_arrays(EventRows, events),
        drug_stops=_arrays(DrugStopRows, drug_stops),
        ends=_arrays(EndRows, patients),
        screening_days=np.zeros(screened, np.int64),
    )


def _lists(columns: Columns) -> dict[str, list[int]]:
    return {name: column.tolist() for name, column in columns.items()}


def _columns(rows: Any, n: int) -> Columns:
    taken: dict[str, IntArray] = rows._asdict()
    return {name: column[:n].astype(np.int64) for name, column in taken.items()}


def _arrays(kind: type[Rows], n: int) -> Rows:
    """Columns of arrays, each a cache line further from the start of its page than the last.

    A row is written to all columns at once; were they alike, the lines would drive each other out.
    """
    width: int = len(kind._fields)  # type: ignore[attr-defined]
    return kind(*(np.zeros(n + 8 * width, np.int64)[8 * i : 8 * i + n] for i in range(width)))
