"""One replicate in full: its patients, its data cut, its curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.analysis.stack import Stack, stack
from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import Snapshot, cut
from simulate.distributions import NEVER
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.choice import get_engine
from simulate.patient.assessment import RESPONSE_NAMES
from simulate.patient.treatment import STOP_NAMES
from simulate.records import EVENT_COLUMNS, Columns, TrialRecords
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.trial import Trial


@dataclass(frozen=True)
class ExampleTrial:
    """One replicate: the whole truth, and what each data cut made of it."""

    replicate: int
    records: TrialRecords
    snapshots: dict[str, Snapshot]
    """By the name of the analysis."""
    endpoints: dict[str, Columns]
    """Derived endpoints, by the name of the analysis."""

    def cuts(self, analysis: str) -> Stack:
        """The replicate as a stack of one, for the analysis functions."""
        snapshot, endpoints = self.snapshots[analysis], self.endpoints[analysis]
        return stack([snapshot], [endpoints])


def example_trial(
    trial: Trial, *, seed: int, replicate: int = 0, engine: str = "auto"
) -> ExampleTrial:
    """Make one replicate again, with its event log."""
    plan = build_plan(trial)
    records = get_engine(engine, plan).simulate(seed=seed, replicate=replicate, log=True)
    rules = endpoint_rules(trial)
    snapshots = {a.name: cut(records, cut_day(trial, a)) for a in trial.analyses}
    endpoints = {name: derive(rules, snapshot) for name, snapshot in snapshots.items()}
    return ExampleTrial(replicate, records, snapshots, endpoints)


def patient_tables(trial: Trial, example: ExampleTrial) -> dict[str, pd.DataFrame]:
    """The patient data of a replicate as tidy tables.

    Returns
    -------
    dict of str to DataFrame
        ``subjects``, ``doses``, ``assessments``, ``endpoints`` and ``events``, each beginning with
        ``replicate, patient``. Days are patient days (0 = first dose) unless named ``trial_day``;
        what never happens is missing.
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
    doses["drug"] = doses["drug"].map({drug.id: drug.name for drug in trial.treatment.drugs})
    tables = {
        "subjects": subjects,
        "doses": doses,
        "assessments": assessments,
        "endpoints": _endpoints(example),
        "events": pd.DataFrame(records.log, columns=list(EVENT_COLUMNS)),
    }
    return {name: _led(_without_never(t), example.replicate) for name, t in tables.items()}


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
