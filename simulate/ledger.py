"""The tables of one trial as bare columns that rules can read: what engines write, analyses read.

The columns are those of :mod:`simulate.records`. Where Python reads them they are lists, where
compiled code does they are arrays of 32 bits that are longer than the table; `size` tells how many
rows count.
Rows are sorted by patient and then in time.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from simulate.distributions import IntArray, IntColumn, IntTable, ShortColumn
from simulate.records import Columns, TrialRecords, row_bounds

PATIENTS, SCREENED, ASSESSMENTS, DOSES, ADVERSE_EVENTS, DRUG_STOPS = range(6)
"""Entries of ``Ledger.size``."""


class SubjectRows(NamedTuple):
    """Columns of ``subjects``; row p is patient number p."""

    site: ShortColumn
    arm: ShortColumn
    stratum: ShortColumn
    enrolment_trial_day: ShortColumn
    first_dose_trial_day: ShortColumn
    baseline_scan_day: ShortColumn
    responder: ShortColumn
    complete: ShortColumn
    response_day: ShortColumn
    progression_day: ShortColumn
    death_day: ShortColumn
    treatment_stop_day: ShortColumn
    treatment_stop_reason: ShortColumn
    assessment_stop_day: ShortColumn
    study_withdrawal_day: ShortColumn
    contact_lag: ShortColumn


class AssessmentRows(NamedTuple):
    """Columns of ``assessments``."""

    patient: ShortColumn
    visit: ShortColumn
    planned_day: ShortColumn
    day: ShortColumn
    performed: ShortColumn
    response: ShortColumn


class DoseRows(NamedTuple):
    """Columns of ``doses``."""

    patient: ShortColumn
    cycle: ShortColumn
    drug: ShortColumn
    day: ShortColumn
    delay: ShortColumn
    hold: ShortColumn
    wait: ShortColumn
    held: ShortColumn
    given: ShortColumn
    level: ShortColumn
    interrupted: ShortColumn
    infused: ShortColumn


class EventRows(NamedTuple):
    """Columns of ``adverse_events``."""

    patient: ShortColumn
    cycle: ShortColumn
    term: ShortColumn
    grade: ShortColumn
    onset_day: ShortColumn
    end_day: ShortColumn
    serious: ShortColumn
    related: ShortColumn
    action: ShortColumn


class DrugStopRows(NamedTuple):
    """Columns of ``drug_stops``."""

    patient: ShortColumn
    position: ShortColumn
    day: ShortColumn


class EndRows(NamedTuple):
    """Where each patient's rows end, by table; they begin where those of the patient before end."""

    assessments: ShortColumn
    doses: ShortColumn
    adverse_events: ShortColumn
    drug_stops: ShortColumn


class Ledger(NamedTuple):
    """The tables of one trial."""

    size: IntColumn
    """Rows of each table, by PATIENTS, SCREENED and so on."""
    subjects: SubjectRows
    levels: ShortColumn
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
        levels=np.zeros(patients * variables, np.int32),
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
    return kind(*(np.zeros(n + 16 * width, np.int32)[16 * i : 16 * i + n] for i in range(width)))
