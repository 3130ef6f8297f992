"""The patient data of a replicate as tidy tables, in words and units that people read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.analysis.drugs import drug_key
from simulate.build_toxicity import MILLIGRAM_UNITS, dosing_plan
from simulate.distributions import NEVER, FloatArray
from simulate.example import ExampleTrial
from simulate.patient.assessment import RESPONSE_NAMES
from simulate.patient.dosing import ACTIONS, HOLD, WHOLE_DOSE, dose_amount
from simulate.patient.treatment import STOP_NAMES
from simulate.records import EVENT_COLUMNS, TrialRecords
from simulate.scenario.baseline import LevelsVariable, NormalVariable
from simulate.scenario.trial import Trial


def patient_tables(trial: Trial, example: ExampleTrial) -> dict[str, pd.DataFrame]:
    """The patient data of a replicate as tidy tables.

    Returns
    -------
    dict of str to DataFrame
        ``subjects``, ``doses``, ``adverse_events``, ``assessments``, ``endpoints`` and ``events``,
        each beginning with ``replicate, patient``. Days are patient days (0 = first dose) unless
        named ``trial_day``; what never happens is missing.
    """
    records = example.records
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
    doses = pd.DataFrame(records.doses)
    doses = doses.join(_amounts(trial, records))
    doses["delay_reason"] = _reasons(doses)
    doses["drug"] = doses["drug"].map({drug.id: drug.name for drug in trial.treatment.drugs})
    doses["infused_percent"] = doses.pop("infused") * 100.0 / WHOLE_DOSE
    tables = {
        "subjects": subjects,
        "doses": doses,
        "adverse_events": _adverse_events(trial, records),
        "assessments": assessments,
        "endpoints": _endpoints(example),
        "events": pd.DataFrame(records.log, columns=list(EVENT_COLUMNS)),
    }
    return {name: _led(_without_never(t), example.replicate) for name, t in tables.items()}


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


def _adverse_events(trial: Trial, records: TrialRecords) -> pd.DataFrame:
    """Adverse events with their terms, relatedness and actions by drug in words."""
    table = pd.DataFrame(records.adverse_events)
    terms = {term.id: term for term in (trial.toxicity.terms if trial.toxicity else ())}
    table["name"] = table["term"].map({i: term.name for i, term in terms.items()})
    table["label"] = table["term"].map({i: term.label for i, term in terms.items()})
    table["organ_class"] = table["term"].map({i: term.organ_class for i, term in terms.items()})
    for position, drug in enumerate(trial.treatment.drugs):
        table[f"related_{drug_key(drug.name)}"] = (
            records.adverse_events["related"] >> position
        ) & 1
        for action, words in enumerate(ACTIONS):
            bit = 4 * position + action
            name = "would_hold" if action == HOLD else words  # whether a dose was, the doses tell
            table[f"{name}_{drug_key(drug.name)}"] = (records.adverse_events["action"] >> bit) & 1
    return table.drop(columns=["term", "related", "action"])


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
