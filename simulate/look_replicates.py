"""Many replicates of a randomised trial, on any number of workers: the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.build_arms import build_trial_plan
from simulate.choose_engine import BATCH, EngineChoice, choose_by_number, choose_engine
from simulate.chunk import CHUNK_SIZES, REPLICATES_OF_A_DRAW
from simulate.columns import Columns, FloatArray
from simulate.gathered import GatheredValues
from simulate.look_days import randomised_design
from simulate.looks.columns import column_names
from simulate.looks.design import LookDesign, survival_design
from simulate.randomised_runner import RandomisedRunner
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.steps import Progress
from simulate.survival_runner import ChunkOfLooks, SurvivalRunner
from simulate.workers import Finished, run_chunks

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LookedReplicates:
    """All replicates at one look."""

    name: str
    """Name of the analysis."""
    names: tuple[str, ...]
    """Names of the columns: see :func:`simulate.looks.columns.column_names`."""
    columns: Columns
    """The values; nan throughout for replicates that stopped before this look."""
    engine: EngineChoice
    """The engine that ran them, and why."""
    n_draws: int = 0
    """Posterior draws that they take in turn; 0 if all have the same parameters."""

    @property
    def n(self) -> int:
        """Replicates."""
        return self.columns.n_rows

    def column(self, name: str) -> FloatArray:
        """One column of every replicate, in the order of the replicates.

        Raises
        ------
        KeyError
            If there is no column of this name.
        """
        if name not in self.names:
            raise KeyError(name)
        return self.columns.column(self.names.index(name))

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """Some rows of the table, as :meth:`rows` gives them."""
        import pandas as pd

        return pd.DataFrame(self.rows(start, stop))

    def rows(self, start: int, stop: int) -> dict[str, Any]:
        """Some rows: ``replicate``, ``analysis``, and every column by name.

        Where replicates take posterior draws, ``draw`` says which, after ``analysis``: replicate r
        takes draw r mod D, D being the number of draws.
        """
        replicate = np.arange(start, stop)
        keys = {"replicate": replicate, "analysis": np.full(len(replicate), self.name, object)}
        if self.n_draws:
            keys["draw"] = replicate % self.n_draws
        return keys | dict(zip(self.names, self.columns.rows(start, stop), strict=True))


RandomisedTrial = SurvivalTrial | Trial
"""A trial with looks: with plain survival models, or with arms of patients in cycles and scans."""


def look_design(trial: RandomisedTrial) -> LookDesign:
    """The looks of a randomised trial of any kind."""
    return survival_design(trial) if isinstance(trial, SurvivalTrial) else randomised_design(trial)


def readers_of(trial: RandomisedTrial) -> dict[str, str]:
    """Who reads the scans, by the name of the endpoint; without endpoints that have no reader."""
    if not isinstance(trial, SurvivalTrial):
        readers = {each.name: each.who for each in trial.seen_endpoints} if trial.is_read else {}
        return {name: who for name, who in readers.items() if who is not None}
    return {each.name: each.reader for each in trial.endpoints if each.reader is not None}


def engine_of_looks(trial: RandomisedTrial, asked: str, replicates: int) -> EngineChoice:
    """The engine that runs so many replicates of a randomised trial, and why.

    Raises
    ------
    UsageError
        If there is no such engine, or it cannot run the scenario.
    """
    if isinstance(trial, SurvivalTrial):
        return choose_by_number(asked, replicates)
    return choose_engine(asked, build_trial_plan(trial), replicates)


def run_look_replicates(
    trial: RandomisedTrial,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    engine: str = "auto",
    parts: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, LookedReplicates]:
    """Simulate replicates 0 to n - 1 of a scenario, and look at each until it stops.

    Parameters
    ----------
    trial : SurvivalTrial or Trial
        The scenario; one with patients in cycles and scans has arms.
    replicates, seed, workers, engine, parts, progress
        As in :func:`simulate.replicates.run_replicates`.

    Returns
    -------
    dict of str to LookedReplicates
        By the name of the analysis.
    """
    n = trial.replicates if replicates is None else replicates
    chosen = engine_of_looks(trial, engine, n)
    names = column_names(look_design(trial))
    gathered = GatheredValues(
        trial.analyses,
        len(names),
        replicates=n,
        chunk_size=_chunk_size(trial, chosen.name),
        folder=parts,
    )

    def start(chunks: list[range]) -> Finished[ChunkOfLooks]:
        return run_chunks(
            SurvivalRunner if isinstance(trial, SurvivalTrial) else RandomisedRunner,
            trial,
            seed=trial.seed if seed is None else seed,
            engine=chosen.name,
            chunks=chunks,
            workers=workers,
        )

    gathered.collect(start, gathered.add_values, progress)
    draws = None if isinstance(trial, SurvivalTrial) else trial.draws
    n_draws = 0 if draws is None else draws.n
    return {
        name: LookedReplicates(name, names, columns, chosen, n_draws)
        for name, columns in gathered.columns.items()
    }


def _chunk_size(trial: RandomisedTrial, engine: str) -> int:
    """Replicates of a chunk; of patients in cycles and scans, a trial takes much longer."""
    if engine != BATCH or isinstance(trial, SurvivalTrial):
        return CHUNK_SIZES[engine]
    size = CHUNK_SIZES[engine] // 10
    return size * REPLICATES_OF_A_DRAW if trial.draws is not None else size
