"""Many replicates of a randomised trial, on any number of workers: the same numbers."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simulate.build_arms import build_trial_plan
from simulate.choose_engine import EngineChoice, choose_by_number, choose_engine
from simulate.chunk import CHUNK_SIZES
from simulate.columns import Columns, FloatArray
from simulate.gathered import GatheredValues
from simulate.look_days import randomised_design
from simulate.looks.columns import column_names
from simulate.looks.design import LookDesign, survival_design
from simulate.randomised_runner import RandomisedRunner
from simulate.replicates import Progress
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.survival_runner import SurvivalRunner
from simulate.workers import MakeRunner, run_chunks

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
        """Some rows of the table: ``replicate``, ``analysis``, and every column by name.

        Where replicates take posterior draws, ``draw`` says which, after ``analysis``.
        """
        import pandas as pd

        replicate = np.arange(start, stop)
        keys = {"replicate": replicate, "analysis": np.full(len(replicate), self.name, object)}
        drawn = {"draw": replicate % self.n_draws} if self.n_draws else {}
        return pd.DataFrame(
            keys | drawn | dict(zip(self.names, self.columns.rows(start, stop), strict=True))
        )


class _Way(NamedTuple):
    """How replicates of a kind of trial are run."""

    runner: MakeRunner[dict[str, FloatArray]]
    design: LookDesign
    engine: EngineChoice
    n_draws: int = 0


def _way_of(trial: SurvivalTrial | Trial, engine: str, replicates: int) -> _Way:
    if isinstance(trial, SurvivalTrial):
        return _Way(SurvivalRunner, survival_design(trial), choose_by_number(engine, replicates))
    chosen = choose_engine(engine, build_trial_plan(trial), replicates)
    n_draws = trial.draws.n if trial.draws is not None else 0
    return _Way(RandomisedRunner, randomised_design(trial), chosen, n_draws)


def run_survival_replicates(
    trial: SurvivalTrial | Trial,
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
    seed = trial.seed if seed is None else seed
    way = _way_of(trial, engine, n)
    chosen, names = way.engine, column_names(way.design)
    gathered = GatheredValues(
        trial.analyses,
        len(names),
        replicates=n,
        chunk_size=CHUNK_SIZES[chosen.name],
        folder=parts,
    )
    missing = gathered.missing()
    tell = progress or (lambda _done: None)
    tell(n - sum(map(len, missing)))
    try:
        if missing:
            run = run_chunks(
                way.runner,
                trial,
                seed=seed,
                engine=chosen.name,
                chunks=missing,
                workers=workers,
            )
            with closing(run) as finished:
                for chunk, result in finished:
                    gathered.add_values(chunk, result)
                    tell(len(chunk))
    finally:
        gathered.save()
    return {
        name: LookedReplicates(name, names, columns, chosen, way.n_draws)
        for name, columns in gathered.columns.items()
    }
