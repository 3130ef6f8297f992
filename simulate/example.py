"""One replicate in full: its patients, its data cut, its curves."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.analysis.stack import Stack, stack
from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import Snapshot, cut
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.choice import get_engine
from simulate.records import Columns, TrialRecords
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
