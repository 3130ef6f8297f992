"""Many replicates of a randomised survival trial, on any number of workers: the same numbers."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulate.choose_engine import EngineChoice, choose_by_number
from simulate.chunk import CHUNK_SIZES
from simulate.columns import Columns, FloatArray
from simulate.gathered import GatheredValues
from simulate.looks.columns import column_names
from simulate.looks.design import survival_design
from simulate.replicates import Progress
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_runner import SurvivalRunner
from simulate.workers import run_chunks

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
        """Some rows of the table: ``replicate``, ``analysis``, and every column by name."""
        import pandas as pd

        replicate = np.arange(start, stop)
        keys = {"replicate": replicate, "analysis": np.full(len(replicate), self.name, object)}
        return pd.DataFrame(
            keys | dict(zip(self.names, self.columns.rows(start, stop), strict=True))
        )


def run_survival_replicates(
    trial: SurvivalTrial,
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
    trial : SurvivalTrial
        The scenario.
    replicates, seed, workers, engine, parts, progress
        As in :func:`simulate.replicates.run_replicates`.

    Returns
    -------
    dict of str to LookedReplicates
        By the name of the analysis.
    """
    n = trial.replicates if replicates is None else replicates
    seed = trial.seed if seed is None else seed
    chosen = choose_by_number(engine, n)
    names = column_names(survival_design(trial))
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
                SurvivalRunner,
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
        name: LookedReplicates(name, names, columns, chosen)
        for name, columns in gathered.columns.items()
    }
