"""Some trials cut and analysed as a run does it, for tests to look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulate.analysis.curves import BINS, CURVES
from simulate.analysis.one_trial import analyse_trial
from simulate.analysis.plan import AnalysisPlan, analysis_plan
from simulate.analysis.row import statistic_names
from simulate.analysis.workspace import workspace
from simulate.cutoff import Snapshot, cut
from simulate.distributions import FloatArray
from simulate.endpoints import derive, endpoint_rules
from simulate.ledger import ledger_of
from simulate.plan import with_lists
from simulate.records import Columns, TrialRecords
from simulate.scenario.analyses import Analysis, Cut
from simulate.scenario.trial import Trial


def plan_of_day(trial: Trial, day: int | None) -> AnalysisPlan:
    """The analysis at a trial day; by default the scenario's first one."""
    analysis: Analysis = trial.analyses[0]
    if day is not None:
        date = trial.origin + dt.timedelta(day)
        analysis = analysis.model_copy(update={"cut": Cut(date=date)})
    return analysis_plan(trial, analysis)


@dataclass(frozen=True)
class Observed:
    """Some trials at one data cut."""

    trial: Trial
    records: Sequence[TrialRecords]
    plan: AnalysisPlan

    @cached_property
    def snapshots(self) -> list[Snapshot]:
        """The data cut of each."""
        return [cut(one, self.plan.cut_day) for one in self.records]

    @cached_property
    def endpoints(self) -> list[Columns]:
        """The derived endpoints of each."""
        rules = endpoint_rules(self.trial)
        return [derive(rules, snapshot) for snapshot in self.snapshots]

    @cached_property
    def values(self) -> dict[str, FloatArray]:
        """Every column of a replicate's row, an entry a trial."""
        names = statistic_names(self.trial)
        rows = np.array([self._row(one) for one in self.records])
        return {name: rows[:, i] for i, name in enumerate(names)}

    def _row(self, records: TrialRecords) -> list[float]:
        plan: AnalysisPlan = with_lists(self.plan)
        work = with_lists(workspace(self.plan, records.n_patients))
        out = [np.nan] * plan.n_columns
        curves = [0] * (len(CURVES) * plan.curves.n_points * (BINS + 1))
        analyse_trial(plan, ledger_of(records), work, out, 0, curves)
        return out
