"""The patient data of a replicate as tidy tables, in words and units that people read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.analysis.drugs import drug_key
from simulate.build_toxicity import MILLIGRAM_UNITS, dosing_plan
from simulate.cutoff import Snapshot
from simulate.distributions import NEVER, FloatArray
from simulate.example import ExampleTrial
from simulate.exposure_table import dates_of, exposure_table
from simulate.patient.assessment import RESPONSE_NAMES
from simulate.patient.dosing import ACTIONS, HOLD, WHOLE_DOSE, dose_amount
from simulate.patient.treatment import STOP_NAMES
from simulate.patients_of_arms import by_patient, example_of_arm, subjects_of_arm
from simulate.records import EVENT_COLUMNS, TrialRecords
from simulate.scenario.baseline import LevelsVariable, NormalVariable
from simulate.scenario.drawn import trial_of
from simulate.scenario.trial import Trial


def patient_tables(trial: Trial, example: ExampleTrial) -> dict[str, pd.DataFrame]:
    """The patient data of a replicate as tidy tables.

    Returns
    -------
    dict of str to DataFrame
        ``subjects``, ``doses``, ``adverse_events``, ``assessments``, ``endpoints``, ``exposure``
        and ``events``, each beginning with ``replicate, patient``. Days are patient days (0 = first
        dose) unless named ``trial_day``; what never happens is missing. All but ``endpoints`` and
        ``exposure`` hold the whole truth up to the horizon; ``known_at_cut`` is 1 for what the last
        data cut knows.
    """
    trial = trial_of(trial, example.replicate)
    if not trial.arms:
        return _tables(trial, example)
    of_arms = []
    for arm, own in zip(trial.arms, trial.arm_trials, strict=True):
        tables = _tables(own, example_of_arm(example, arm.id))
        of_arms.append(tables | {"subjects": subjects_of_arm(tables["subjects"], arm)})
    joined = {name: by_patient([tables[name] for tables in of_arms]) for name in of_arms[0]}
    return joined | {"events": _log(example)}


def _tables(trial: Trial, example: ExampleTrial) -> dict[str, pd.DataFrame]:
    """The same for a trial of one arm, or for the patients of one arm."""
    records = example.records
    last_cut = max(example.snapshots.values(), key=lambda snapshot: snapshot.trial_day)
    subjects = pd.DataFrame({"patient": np.arange(records.n_patients), **records.subjects})
    subjects["treatment_stop_reason"] = _named(subjects["treatment_stop_reason"], STOP_NAMES)
    for variable in trial.baseline.variables:
        levels = records.baseline[str(variable.id)]
        if isinstance(variable, LevelsVariable):
            subjects[variable.name] = np.array(variable.level_names, dtype=object)[levels]
        else:
            subjects[variable.name] = levels + round(variable.low)
    assessments = pd.DataFrame(records.assessments)
    assessments["response"] = _named(assessments["response"], RESPONSE_NAMES)
    assessments["date"] = dates_of(trial, records, assessments["patient"], assessments["day"])
    assessments["known_at_cut"] = _known(last_cut, "cut_day", assessments, "day")
    doses = pd.DataFrame(records.doses)
    doses = doses.join(_amounts(trial, records))
    doses["delay_reason"] = _reasons(doses)
    doses["drug"] = doses["drug"].map({drug.id: drug.name for drug in trial.treatment.drugs})
    doses["infused_percent"] = doses.pop("infused") * 100.0 / WHOLE_DOSE
    doses["date"] = dates_of(trial, records, doses["patient"], doses["day"])
    doses["known_at_cut"] = _known(last_cut, "cut_day", doses, "day")
    tables = {
        "subjects": subjects,
        "doses": doses,
        "adverse_events": _adverse_events(trial, records, last_cut),
        "assessments": assessments,
        "endpoints": _endpoints(example),
        "exposure": exposure_table(trial, example),
    }
    led = {name: _led(_without_never(t), example.replicate) for name, t in tables.items()}
    return led | {"events": _log(example)}


def _log(example: ExampleTrial) -> pd.DataFrame:
    """The event log; patient -1 stands for those who are not enrolled."""
    log = pd.DataFrame(example.records.log, columns=list(EVENT_COLUMNS))
    return _led(_without_never(log), example.replicate)


def _amounts(trial: Trial, records: TrialRecords) -> pd.DataFrame:
    """Planned and given amount of each dose in mg; missing where the unit does not tell it."""
    plan, weight, surface = dosing_plan(trial), *_bodies(trial, records)
    units = {drug.id: drug.dose.unit for drug in trial.treatment.drugs}
    positions = {drug.id: position for position, drug in enumerate(trial.treatment.drugs)}
    names = ("patient", "drug", "level", "infused")
    rows = []
    for patient, drug, level, infused in zip(
        *(records.doses[n].tolist() for n in names), strict=True
    ):
        body = (weight[patient], surface[patient])
        planned = dose_amount(plan, positions[drug], 0, *body)
        actual = dose_amount(plan, positions[drug], level, *body) * infused / WHOLE_DOSE
        rows.append((planned, actual) if units[drug] in MILLIGRAM_UNITS else (np.nan, np.nan))
    return pd.DataFrame(rows, columns=["planned_mg", "given_mg"], dtype=float).round(1)


def _bodies(trial: Trial, records: TrialRecords) -> tuple[FloatArray, FloatArray]:
    """Weight in kg and body surface in m2 of each patient (Mosteller 1987); nan if not known."""
    body = trial.treatment.body
    if body is None:
        nothing = np.full(records.n_patients, np.nan)
        return nothing, nothing
    weight, height = (_numbers(trial, records, name) for name in (body.weight, body.height))
    return weight, np.sqrt(height * weight / 3600.0)


def _numbers(trial: Trial, records: TrialRecords, name: str) -> FloatArray:
    """Values of a numeric baseline variable, a value a patient."""
    variable = trial.baseline.variable(name)
    assert isinstance(variable, NormalVariable)  # the scenario's rules demand it
    return np.asarray(records.baseline[str(variable.id)] + float(round(variable.low)), np.float64)


def _reasons(doses: pd.DataFrame) -> pd.Series[str]:
    """Why each dose was late, in words; empty for one on time."""
    late = {"delay": "other", "hold": "adverse event", "wait": "no slot or drug"}
    parts = [np.where(doses[name] > 0, words, "") for name, words in late.items()]
    return pd.Series([", ".join(filter(None, row)) for row in zip(*parts, strict=True)], dtype=str)


def _known(snapshot: Snapshot, until: str, table: pd.DataFrame, day: str) -> pd.Series[int]:
    """1 for rows on or before a day of their patients, a column of the snapshot's subjects."""
    last = pd.Series(snapshot.subjects[until], index=snapshot.subjects["patient"])
    return (table[day] <= table["patient"].map(last)).astype(int)


def _adverse_events(trial: Trial, records: TrialRecords, last_cut: Snapshot) -> pd.DataFrame:
    """Adverse events with their terms, relatedness and actions by drug in words."""
    table = pd.DataFrame(records.adverse_events)
    terms = {term.id: term for term in (trial.toxicity.terms if trial.toxicity else ())}
    table["name"] = table["term"].map({i: term.name for i, term in terms.items()})
    table["label"] = table["term"].map({i: term.label for i, term in terms.items()})
    table["organ_class"] = table["term"].map({i: term.organ_class for i, term in terms.items()})
    special = [i for i, term in terms.items() if term.special_interest]
    table["special_interest"] = table["term"].isin(special).astype(int)
    table["onset_date"] = dates_of(trial, records, table["patient"], table["onset_day"])
    table["known_at_cut"] = _known(last_cut, "last_contact_day", table, "onset_day")
    table["treatment_emergent"] = _treatment_emergent(trial, records, last_cut, table)
    for position, drug in enumerate(trial.treatment.drugs):
        table[f"related_{drug_key(drug.name)}"] = (
            records.adverse_events["related"] >> position
        ) & 1
        for action, words in enumerate(ACTIONS):
            bit = 4 * position + action
            name = "would_hold" if action == HOLD else words  # whether a dose was, the doses tell
            table[f"{name}_{drug_key(drug.name)}"] = (records.adverse_events["action"] >> bit) & 1
    return table.drop(columns=["term", "related", "action"])


def _treatment_emergent(
    trial: Trial, records: TrialRecords, last_cut: Snapshot, events: pd.DataFrame
) -> pd.Series[int]:
    """1 for events that begin not later after the last dose than the scenario allows.

    The last dose is that known at the cut, as in the statistics; for an event that the cut does
    not know, it is the last one on record.
    """
    lasts = []
    for rows in (last_cut.doses, records.doses):
        doses = pd.DataFrame(rows)
        last = doses[doses["given"] == 1].groupby("patient")["day"].max()
        lasts.append(events["patient"].map(last).fillna(0))
    last_dose = lasts[0].where(events["known_at_cut"] == 1, lasts[1])
    window = trial.toxicity.emergent_until if trial.toxicity else 0
    return (events["onset_day"] <= last_dose + window).astype(int)


def _endpoints(example: ExampleTrial) -> pd.DataFrame:
    """Derived endpoints of every analysis."""
    tables = [
        pd.DataFrame(columns).assign(analysis=name) for name, columns in example.endpoints.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    table["best_response"] = _named(table["best_response"], RESPONSE_NAMES)
    table["stop_reason"] = _named(table["stop_reason"], STOP_NAMES)
    for name in ("dor_time", "dor_event"):
        table[name] = table[name].astype("Int64").mask(table[name] < 0)
    return table


def _named(codes: pd.Series[int], names: tuple[str, ...]) -> pd.Series[str]:
    """Codes in words."""
    return codes.map(dict(enumerate(names)))


def _without_never(table: pd.DataFrame) -> pd.DataFrame:
    """The table with what never happens as missing."""
    days = [name for name in table.columns if name.endswith("_day")]
    return table.assign(
        **{name: table[name].astype("Int64").mask(table[name] >= NEVER) for name in days}
    )


def _led(table: pd.DataFrame, replicate: int) -> pd.DataFrame:
    """The table with ``replicate`` and ``patient`` in front."""
    rest = [column for column in table.columns if column != "patient"]
    return table[["patient", *rest]].assign(replicate=replicate)[["replicate", "patient", *rest]]
