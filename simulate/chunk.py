"""A chunk of replicates: simulated, cut, derived and analysed, whoever runs it, whenever."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.analysis.curves import BINS, CURVES
from simulate.analysis.one_trial import analyse_trial
from simulate.analysis.plan import AnalysisPlan, analysis_plan
from simulate.analysis.workspace import workspace
from simulate.batch_runner import BatchRunner
from simulate.choose_engine import BATCH, REFERENCE
from simulate.distributions import FloatArray, ShortArray
from simulate.engines.choice import Engine, get_engine
from simulate.ledger import Ledger, ledger_of
from simulate.plan import with_lists
from simulate.plans import Plans
from simulate.scenario.trial import Trial

CHUNK_SIZES = {REFERENCE: 25, BATCH: 1000}
"""Replicates of a chunk, by engine; the numbers that come out are the same for any."""

REPLICATES_OF_A_DRAW = 5
"""Chunks of the batch engine are so much larger where replicates take posterior draws.

Replicates of a draw in one chunk share its tables, which take as long as simulating a few of them.
"""


def chunk_size(trial: Trial, engine: str) -> int:
    """Replicates of a chunk."""
    if engine == BATCH and trial.draws is not None:
        return CHUNK_SIZES[engine] * REPLICATES_OF_A_DRAW
    return CHUNK_SIZES[engine]


@dataclass(frozen=True)
class AnalysedChunk:
    """What is kept of a chunk at one analysis."""

    values: FloatArray
    """Shape (replicates, columns): see :func:`simulate.analysis.row.statistic_names`."""
    curve_counts: ShortArray
    """Replicates by value of each curve on each day, shape (curves, days, BINS + 1)."""


ChunkResult = dict[str, AnalysedChunk]
"""By the name of the analysis."""


class ChunkRunner:
    """Runs chunks of one scenario.

    Parameters
    ----------
    trial : Trial
        The scenario.
    seed : int
        Seed of the run.
    engine : str
        Name of the engine.
    """

    def __init__(self, trial: Trial, *, seed: int, engine: str) -> None:
        self.seed = seed
        self.n_patients = trial.sample_size
        self.names = tuple(analysis.name for analysis in trial.analyses)
        self._plans = Plans(trial)
        self.batch = BatchRunner(trial, self._plans, seed=seed) if engine == BATCH else None
        self._engine = get_engine(REFERENCE if engine == BATCH else engine, self._plans.point)
        self.plans = {a.name: with_lists(analysis_plan(trial, a)) for a in trial.analyses}

    def run(self, replicates: range) -> ChunkResult:
        """Simulate and analyse some replicates."""
        if self.batch is not None:
            found = self.batch.run(replicates)
            return {
                name: AnalysedChunk(
                    values.reshape(len(replicates), -1),
                    counts.reshape(len(CURVES), -1, BINS + 1),
                )
                for name, (values, counts) in zip(self.names, found, strict=True)
            }
        rooms = {
            name: _Room(plan, self.n_patients, len(replicates)) for name, plan in self.plans.items()
        }
        for row, replicate in enumerate(replicates):
            engine = self._engine_of(replicate)
            ledger = ledger_of(engine.simulate(seed=self.seed, replicate=replicate))
            for room in rooms.values():
                room.analyse(ledger, row)
        return {name: room.result() for name, room in rooms.items()}

    def _engine_of(self, replicate: int) -> Engine:
        """The engine of a replicate: one for all, unless replicates take posterior draws."""
        plan = self._plans.of(replicate)
        return self._engine if plan is self._plans.point else get_engine(self._engine.name, plan)


class _Room:
    """Where the replicates of a chunk are analysed one after the other, in plain Python."""

    def __init__(self, plan: AnalysisPlan, n_patients: int, n_replicates: int) -> None:
        self._plan = plan
        self._work = with_lists(workspace(plan, n_patients))
        self._values = [math.nan] * (n_replicates * plan.n_columns)
        self._curves = [0] * (len(CURVES) * plan.curves.n_points * (BINS + 1))

    def analyse(self, ledger: Ledger, row: int) -> None:
        """Analyse the replicate of a row."""
        at = row * self._plan.n_columns
        analyse_trial(self._plan, ledger, self._work, self._values, at, self._curves)

    def result(self) -> AnalysedChunk:
        """What is kept of all of them."""
        return AnalysedChunk(
            values=np.array(self._values).reshape(-1, self._plan.n_columns),
            curve_counts=np.array(self._curves, np.int32).reshape(len(CURVES), -1, BINS + 1),
        )
