"""Chunks of replicates by the batch engine, simulated and analysed in compiled code."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from simulate.analysis.curves import BINS, CURVES
from simulate.analysis.one_trial import analyse_trial
from simulate.analysis.plan import AnalysisPlan, analysis_plan
from simulate.analysis.workspace import Workspace, workspace
from simulate.compiled import kernel
from simulate.distributions import FloatArray, IntArray, ShortArray, ShortColumn
from simulate.engines.batch.trial import Desk, new_desk, simulate_trial
from simulate.errors import SimulateError
from simulate.packed import pack, unpacked
from simulate.plan import Plan
from simulate.scenario.trial import Trial


class Slate(NamedTuple):
    """One analysis of the replicates of a chunk; those of all analyses share the desk."""

    desk: Desk
    analysis: AnalysisPlan
    work: Workspace
    values: FloatArray
    """A row a replicate, one after the other."""
    curve_counts: ShortColumn


class BatchRunner:
    """Runs chunks of one scenario; several threads may use it at once.

    Parameters
    ----------
    trial : Trial
        The scenario.
    plan : Plan
        The same as numbers.
    seed : int
        Seed of the run.
    """

    def __init__(self, trial: Trial, plan: Plan, *, seed: int) -> None:
        self._plan, self._seed = plan, seed
        self._analyses = [analysis_plan(trial, analysis) for analysis in trial.analyses]
        self._own = threading.local()

    def run(self, replicates: range) -> list[tuple[FloatArray, ShortArray]]:
        """Values and curve counts of some replicates, by analysis in the scenario's order.

        Raises
        ------
        SimulateError
            If a replicate screens more patients than there is room for.
        """
        slates = [self._slate(*each, len(replicates)) for each in self._rooms()]
        packed = [pack(slate) for slate in slates]
        blocks = np.stack([each.block for each in packed])
        done = run_replicates(blocks, self._seed, replicates.start, len(replicates))
        if done < len(replicates):
            raise SimulateError(
                f"replicate {replicates.start + done} screens more patients than have room; "
                "the engine 'reference' can run it"
            )
        return [(slate.values, np.asarray(slate.curve_counts)) for slate in slates]

    def _rooms(self) -> list[tuple[Desk, AnalysisPlan, Workspace]]:
        """The thread's own desk and workspaces, made once."""
        if not hasattr(self._own, "rooms"):
            desk, n = new_desk(self._plan), self._plan.enrolment.n_patients
            self._own.rooms = [(desk, each, workspace(each, n)) for each in self._analyses]
        rooms: list[tuple[Desk, AnalysisPlan, Workspace]] = self._own.rooms
        return rooms

    def _slate(self, desk: Desk, analysis: AnalysisPlan, work: Workspace, n: int) -> Slate:
        values = np.full(n * analysis.n_columns, np.nan)
        n_counts = len(CURVES) * analysis.curves.n_points * (BINS + 1)
        return Slate(desk, analysis, work, values, np.zeros(n_counts, np.int32))


@kernel
def run_replicates(blocks: IntArray, seed: int, first: int, n: int) -> int:
    """Simulate and analyse replicates ``first`` to ``first + n - 1``; how many were done."""
    desk = unpacked(blocks[0], Slate).desk
    for row in range(n):
        if not simulate_trial(desk, seed, first + row):
            return row
        for analysis in range(len(blocks)):
            slate = unpacked(blocks[analysis], Slate)
            at = row * slate.analysis.n_columns
            analyse_trial(
                slate.analysis, desk.ledger, slate.work, slate.values, at, slate.curve_counts
            )
    return n
