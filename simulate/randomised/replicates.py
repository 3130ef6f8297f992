"""Many replicates of a randomised trial, on any number of workers: always the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from simulate.build_survival_plan import build_survival_plan
from simulate.choose_engine import BATCH, REFERENCE, EngineChoice, choose_engine
from simulate.columns import Columns
from simulate.distributions import FloatArray
from simulate.gathered import GatheredValues
from simulate.looks.columns import column_names
from simulate.looks.design import survival_design
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_runner import ChunkOfLooks, SurvivalRunner
from simulate.workers import Runner, run_chunks

Progress = Callable[[int], None]
"""Told the number of replicates just finished."""

CHUNK_SIZES = {REFERENCE: 25, BATCH: 1000}
"""Replicates of a chunk, by engine; the numbers that come out are the same for any."""


@dataclass(frozen=True, eq=False)
class LooksOfReplicates:
    """All replicates of a randomised trial, look by look.

    Attributes
    ----------
    names
        Names of the columns.
    columns
        The values, by the name of the analysis.
    engine
        The engine that ran them, and why.
    n_draws
        Posterior draws that they take in turn; 0 if all have the same parameters.
    """

    names: tuple[str, ...]
    columns: dict[str, Columns]
    engine: EngineChoice
    n_draws: int = 0

    @property
    def n(self) -> int:
        """Replicates."""
        return next(iter(self.columns.values())).n_rows

    def column(self, analysis: str, name: str) -> FloatArray:
        """A column of a look in every replicate; nan where the look was not made.

        Raises
        ------
        KeyError
            If there is no such analysis or column.
        """
        if name not in self.names:
            raise KeyError(name)
        return self.columns[analysis].column(self.names.index(name))

    def rows(self, analysis: str, start: int, stop: int) -> FloatArray:
        """Some replicates at a look, shape (columns, replicates)."""
        return self.columns[analysis].rows(start, stop)


def run_looks_of_replicates(
    trial: SurvivalTrial,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    engine: str = "auto",
    parts: Path | None = None,
    progress: Progress | None = None,
) -> LooksOfReplicates:
    """Simulate and look at replicates 0 to n - 1 of a randomised scenario.

    Parameters
    ----------
    trial : SurvivalTrial
        The scenario.
    replicates : int
        How many; by default as many as the scenario says.
    seed : int
        Seed; by default the scenario's.
    workers : int
        Threads of the batch engine, processes of the SimPy engine.
    engine : str
        ``auto``, ``reference`` or ``batch``: see :func:`simulate.choose_engine.choose_engine`.
    parts : Path
        Folder, of this run and no other, in which finished chunks are kept, and from which they are
        taken instead of being run again.
    progress : callable
        Told the number of replicates just finished.
    """
    n = trial.replicates if replicates is None else replicates
    chosen = engine_of(trial, engine, n)
    make = _runner(trial, trial.seed if seed is None else seed, chosen.name)
    names = column_names(survival_design(trial))
    size = CHUNK_SIZES[chosen.name]
    gathered = GatheredValues(
        trial.analyses, len(names), replicates=n, chunk_size=size, folder=parts
    )
    missing = gathered.missing()
    tell = progress or (lambda _done: None)
    tell(n - sum(map(len, missing)))
    try:
        if missing:
            run = run_chunks(make, engine=chosen.name, chunks=missing, workers=workers)
            with closing(run) as finished:
                for chunk, looks in finished:
                    gathered.add_values(chunk, looks)
                    tell(len(chunk))
    finally:
        gathered.save()
    return LooksOfReplicates(names=names, columns=gathered.columns, engine=chosen)


def _runner(trial: SurvivalTrial, seed: int, engine: str) -> Callable[[], Runner[ChunkOfLooks]]:
    return partial(SurvivalRunner, trial, seed=seed, engine=engine)


def engine_of(trial: SurvivalTrial, asked: str, replicates: int) -> EngineChoice:
    """The engine that runs so many replicates of a scenario, and why.

    Raises
    ------
    UsageError
        If there is no such engine, or it cannot run the scenario.
    """
    return choose_engine(asked, build_survival_plan(trial), replicates)
