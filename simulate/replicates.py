"""Many replicates of a trial, in any order, on any number of workers: always the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.analysis.curves import CurveCounts
from simulate.analysis.row import statistic_names
from simulate.analysis.subgroups import Group, groups_of, subgroup_measures
from simulate.build_plan import build_plan
from simulate.choose_engine import EngineChoice, choose_engine
from simulate.chunk import ChunkResult, ChunkRunner, chunk_size
from simulate.columns import Columns, FloatArray
from simulate.gathered import Gathered
from simulate.scenario.trial import Trial
from simulate.steps import Progress
from simulate.workers import Finished, run_chunks

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AnalysedReplicates:
    """All replicates at one analysis."""

    name: str
    """Name of the analysis."""
    names: tuple[str, ...]
    """Names of the columns: every statistic, then the estimates of subgroups."""
    columns: Columns
    """The values."""
    curves: CurveCounts
    """Kaplan-Meier and enrolment curves, counted."""
    groups: tuple[Group, ...]
    """Groups of the subgroup analyses."""
    measures: tuple[str, ...]
    """What is estimated in each group."""
    engine: EngineChoice
    """The engine that ran them, and why."""
    n_draws: int = 0
    """Posterior draws that they take in turn; 0 if all have the same parameters."""

    @property
    def n(self) -> int:
        """Replicates."""
        return self.columns.n_rows

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics of all patients."""
        return self.names[: len(self.names) - len(self.groups) * len(self.measures)]

    def column(self, name: str) -> FloatArray:
        """One statistic of every replicate, in the order of the replicates.

        Raises
        ------
        KeyError
            If there is no statistic of this name.
        """
        if name not in self.names:
            raise KeyError(name)
        return self.columns.column(self.names.index(name))

    def subgroup(self, group: int, measure: str) -> FloatArray:
        """One estimate of a group, by its position, in every replicate."""
        return self.column(f"subgroup.{group}.{measure}")

    @property
    def table(self) -> pd.DataFrame:
        """A row a replicate: ``replicate``, ``analysis``, and every statistic by name.

        Where replicates take posterior draws, ``draw`` says which, after ``analysis``.

        For thousands of replicates; of a million, ask for the columns that are needed.
        """
        return self.frame(0, self.n)

    def frame(self, start: int, stop: int, statistics: Sequence[str] | None = None) -> pd.DataFrame:
        """Some rows of the table, with all statistics or some."""
        import pandas as pd

        rows = dict(zip(self.names, self.columns.rows(start, stop), strict=True))
        chosen = {name: rows[name] for name in statistics or self.statistics}
        return pd.DataFrame({**self.keys(start, stop), **chosen})

    def keys(self, start: int, stop: int) -> dict[str, Any]:
        """Columns that say what a row is: the replicate, the analysis, and the draw if it has one.

        Replicate r takes draw r mod D, D being the number of draws.
        """
        replicate = np.arange(start, stop)
        keys = {"replicate": replicate, "analysis": np.full(len(replicate), self.name, object)}
        return keys | ({"draw": replicate % self.n_draws} if self.n_draws else {})


def run_replicates(
    trial: Trial,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    engine: str = "auto",
    parts: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, AnalysedReplicates]:
    """Simulate and analyse replicates 0 to n - 1 of a scenario.

    Parameters
    ----------
    trial : Trial
        The scenario.
    replicates : int
        How many; by default as many as the scenario says.
    seed : int
        Seed; by default the scenario's.
    workers : int
        Threads of the batch engine, processes of the SimPy engine. With more than one process, a
        script that calls this needs the usual ``if __name__ == "__main__":``.
    engine : str
        ``auto``, ``reference`` or ``batch``: see :func:`simulate.choose_engine.choose_engine`.
    parts : Path
        Folder, of this run and no other, in which finished chunks are kept, and from which they are
        taken instead of being run again.
    progress : callable
        Told the number of replicates just finished.

    Returns
    -------
    dict of str to AnalysedReplicates
        By the name of the analysis.
    """
    n = trial.replicates if replicates is None else replicates
    seed = trial.seed if seed is None else seed
    chosen = choose_engine(engine, build_plan(trial), n)
    names = statistic_names(trial)
    size = chunk_size(trial, chosen.name)
    gathered = Gathered(trial, len(names), replicates=n, chunk_size=size, folder=parts)

    def start(chunks: list[range]) -> Finished[ChunkResult]:
        return run_chunks(
            ChunkRunner, trial, seed=seed, engine=chosen.name, chunks=chunks, workers=workers
        )

    gathered.collect(start, gathered.add, progress)
    return {
        analysis.name: AnalysedReplicates(
            name=analysis.name,
            names=names,
            columns=gathered.columns[analysis.name],
            curves=gathered.curves[analysis.name],
            groups=tuple(groups_of(trial)),
            measures=subgroup_measures(trial),
            engine=chosen,
            n_draws=trial.draws.n if trial.draws is not None else 0,
        )
        for analysis in trial.analyses
    }
