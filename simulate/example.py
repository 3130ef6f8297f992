"""One replicate in full: its patients, its data cut, its curves."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.build_arms import build_trial_plan
from simulate.cutoff import Snapshot, cut
from simulate.endpoints import derive_trial
from simulate.engines.reference import ReferenceEngine
from simulate.look_days import days_of_looks
from simulate.records import Columns, TrialRecords
from simulate.scenario.drawn import trial_of
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


def example_trial(trial: Trial, *, seed: int, replicate: int = 0) -> ExampleTrial:
    """Make one replicate again, with its event log: by the SimPy engine, whichever ran the rest.

    Where replicates take posterior draws, it is simulated with its own.
    """
    trial = trial_of(trial, replicate)
    engine = ReferenceEngine(build_trial_plan(trial))
    records = engine.simulate(seed=seed, replicate=replicate, log=True)
    days = days_of_looks(trial, records, seed=seed, replicate=replicate)
    snapshots = {name: cut(records, day) for name, day in days.items()}
    endpoints = {name: derive_trial(trial, snapshot) for name, snapshot in snapshots.items()}
    return ExampleTrial(replicate, records, snapshots, endpoints)
