"""The patients of one arm of a trial: the rows of its tables and data cuts that belong to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from simulate.cutoff import Snapshot
from simulate.distributions import IntArray
from simulate.example import ExampleTrial
from simulate.records import Columns, TrialRecords
from simulate.scenario.randomisation import Arm


def example_of_arm(example: ExampleTrial, arm_id: int) -> ExampleTrial:
    """One replicate with what happened to the patients of an arm.

    Subjects and baseline keep the rows of all patients, for other tables name patients by number.
    """
    records = example.records
    patients = np.flatnonzero(records.subjects["arm"] == arm_id)
    return replace(
        example,
        records=_records_of(records, patients),
        snapshots={name: _snapshot_of(s, patients) for name, s in example.snapshots.items()},
        endpoints={name: _rows_of(table, patients) for name, table in example.endpoints.items()},
    )


def _records_of(records: TrialRecords, patients: IntArray) -> TrialRecords:
    return replace(
        records,
        assessments=_rows_of(records.assessments, patients),
        doses=_rows_of(records.doses, patients),
        adverse_events=_rows_of(records.adverse_events, patients),
        drug_stops=_rows_of(records.drug_stops, patients),
    )


def _snapshot_of(snapshot: Snapshot, patients: IntArray) -> Snapshot:
    mine = np.isin(snapshot.subjects["patient"], patients)
    return replace(
        snapshot,
        subjects={name: column[mine] for name, column in snapshot.subjects.items()},
        baseline={name: column[mine] for name, column in snapshot.baseline.items()},
        assessments=_rows_of(snapshot.assessments, patients),
        doses=_rows_of(snapshot.doses, patients),
        adverse_events=_rows_of(snapshot.adverse_events, patients),
        arm=snapshot.arm[mine],
    )


def subjects_of_arm(subjects: pd.DataFrame, arm: Arm) -> pd.DataFrame:
    """The rows of an arm in the table of subjects, with its name."""
    mine = subjects[subjects["arm"] == arm.id]
    mine.insert(list(mine.columns).index("arm") + 1, "arm_name", arm.name)
    return mine


def by_patient(of_arms: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of all arms as one, in the order of the patients."""
    table = pd.concat([each for each in of_arms if not each.empty] or of_arms[:1])
    return table.sort_values("patient", kind="stable").reset_index(drop=True)


def _rows_of(table: Columns, patients: IntArray) -> Columns:
    mine = np.isin(table["patient"], patients)
    return {name: column[mine] for name, column in table.items()}
