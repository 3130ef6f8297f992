"""What each patient got of each drug and how it ended, as a table for people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.build_plan import build_plan
from simulate.cutoff import Snapshot
from simulate.example import ExampleTrial
from simulate.exposure import dose_intensities
from simulate.patient.dosing import DISCONTINUE
from simulate.patient.treatment import COMPLETED, NOT_STOPPED, STOP_NAMES, planned_cycles
from simulate.records import TrialRecords
from simulate.scenario.trial import Trial
from simulate.streams import WORD_RANGE

PLANNED_GIVEN = "planned doses given"
"""Status of a drug of which no dose is left."""


def dates_of(
    trial: Trial, records: TrialRecords, patient: pd.Series[int], day: pd.Series[int]
) -> pd.Series[str]:
    """Calendar dates (ISO 8601) of patient days."""
    trial_days = records.subjects["first_dose_trial_day"][patient.to_numpy()] + day.to_numpy()
    dates = np.datetime64(trial.origin, "D") + trial_days.astype("timedelta64[D]")
    return pd.Series(np.datetime_as_string(dates), index=day.index, dtype=object)


def exposure_table(trial: Trial, example: ExampleTrial) -> pd.DataFrame:
    """What each patient got of each drug and how it ended, as known at each analysis' cut.

    Days late are those of all doses due, given or omitted; ``delayed_doses`` counts late doses that
    were given. ``reductions`` is the lowest dose level given, 0 being the full dose.
    """
    tables = []
    for name, snapshot in example.snapshots.items():
        of_drugs = []
        for position, drug in enumerate(trial.treatment.drugs):
            table = _sums_of_doses(snapshot, drug.id)
            table.insert(1, "analysis", name)
            table.insert(2, "drug", drug.name)
            intensity = dose_intensities(trial, snapshot)[position]
            table.insert(5, "relative_dose_intensity", intensity)
            for which in ("first", "last"):
                day = table.pop(f"{which}_dose").astype("Int64")
                known, dates = day.notna(), pd.Series(None, index=table.index, dtype=object)
                days = day[known].astype(int)
                dates[known] = dates_of(trial, example.records, table.loc[known, "patient"], days)
                table[f"{which}_dose_date"] = dates
            table["status"] = _statuses(trial, example.records, snapshot, position)
            of_drugs.append(table)
        tables.append(pd.concat(of_drugs).sort_values("patient", kind="stable"))
    return pd.concat(tables, ignore_index=True)


def _sums_of_doses(snapshot: Snapshot, drug_id: int) -> pd.DataFrame:
    """Doses of a drug summed up, a row a patient of the snapshot."""
    doses = pd.DataFrame(snapshot.doses)
    doses = doses[doses["drug"] == drug_id]
    given = doses[doses["given"] == 1]
    late = given[["delay", "hold", "wait"]].sum(axis=1) > 0
    due, had = doses.groupby("patient"), given.groupby("patient")
    sums = {
        "doses_given": had.size(),
        "doses_omitted": due.size() - due["given"].sum(),
        "delay_days": due["delay"].sum(),
        "hold_days": due["hold"].sum(),
        "wait_days": due["wait"].sum(),
        "delayed_doses": late.groupby(given["patient"]).sum(),
        "reductions": had["level"].max(),
        "interrupted_infusions": due["interrupted"].sum(),
    }
    patients = snapshot.subjects["patient"]
    table = pd.DataFrame({"patient": patients})
    for name, values in sums.items():
        table[name] = values.reindex(patients, fill_value=0).to_numpy(np.int64)
    for name, values in (("first_dose", had["day"].min()), ("last_dose", had["day"].max())):
        table[name] = values.reindex(patients).to_numpy()
    return table


def _statuses(trial: Trial, records: TrialRecords, snapshot: Snapshot, position: int) -> list[str]:
    """Status of a drug (by position) in each patient of a snapshot: what ended it first.

    That all planned doses are given is told by a later cycle without the drug, by the end of all
    treatment as completed, or by as many doses as anybody is planned to get.
    """
    drug_id, bit = trial.treatment.drugs[position].id, 4 * position + DISCONTINUE
    subjects, events, stops = snapshot.subjects, snapshot.adverse_events, records.drug_stops
    ended = set(events["patient"][(events["action"] >> bit) & 1 == 1].tolist())
    # the cut takes the discontinuation from an event if it does not know yet of the drug's end
    held = ended & set(stops["patient"][stops["position"] == position].tolist())
    most = planned_cycles(build_plan(trial).treatment, position, WORD_RANGE - 1)
    doses = pd.DataFrame(snapshot.doses)
    own = doses[doses["drug"] == drug_id]
    latest = doses.groupby("patient")["cycle"].max()
    later = latest > own.groupby("patient")["cycle"].max().reindex(latest.index, fill_value=0)
    given = own.groupby("patient")["given"].sum().reindex(latest.index, fill_value=0)
    complete = set(latest.index[later | (given >= most)])
    statuses = []
    reasons = subjects["treatment_stop_reason"].tolist()
    for patient, reason in zip(subjects["patient"].tolist(), reasons, strict=True):
        if patient in ended:
            statuses.append("held too long" if patient in held else "adverse event")
        elif patient in complete or reason == COMPLETED:
            statuses.append(PLANNED_GIVEN)
        elif reason == NOT_STOPPED:
            statuses.append(STOP_NAMES[NOT_STOPPED])
        else:
            statuses.append(f"treatment stopped: {STOP_NAMES[reason]}")
    return statuses
