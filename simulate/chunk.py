"""A chunk of replicates: simulated, cut, derived and analysed, whoever runs it, whenever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from simulate.analysis.analyse import Values, analyse
from simulate.analysis.baseline_counts import baseline_values
from simulate.analysis.curves import curve_grid, replicate_curves
from simulate.analysis.safety import safety_values
from simulate.analysis.stack import FloatArray, stack
from simulate.analysis.subgroups import groups_of, subgroup_estimates
from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import cut
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.choice import get_engine
from simulate.scenario.trial import Trial

CHUNK_SIZE = 25
"""Replicates of a chunk. Chunk k holds the replicates from k * CHUNK_SIZE, in every run."""


@dataclass(frozen=True)
class AnalysedChunk:
    """What is kept of a chunk at one analysis."""

    values: Values
    """Statistics by name, an entry a replicate."""
    curves: FloatArray
    """Shape (curves, replicates, days)."""
    subgroups: FloatArray
    """Shape (replicates, groups, measures)."""


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

    def __init__(self, trial: Trial, *, seed: int, engine: str = "auto") -> None:
        self.trial = trial
        self.seed = seed
        self.plan = build_plan(trial)
        self.engine = get_engine(engine, self.plan)
        self.rules = endpoint_rules(trial)
        self.groups = groups_of(trial)

    def run(self, replicates: range) -> ChunkResult:
        """Simulate and analyse some replicates."""
        trials = [self.engine.simulate(seed=self.seed, replicate=r) for r in replicates]
        result: ChunkResult = {}
        for analysis in self.trial.analyses:
            day = cut_day(self.trial, analysis)
            snapshots = [cut(records, day) for records in trials]
            endpoints = [derive(self.rules, snapshot) for snapshot in snapshots]
            cuts = stack(snapshots, endpoints)
            result[analysis.name] = AnalysedChunk(
                values=analyse(self.trial, cuts)
                | safety_values(self.trial, cuts)
                | baseline_values(self.trial, cuts),
                curves=replicate_curves(self.trial, cuts, curve_grid(day)),
                subgroups=subgroup_estimates(self.trial, cuts, self.groups),
            )
        return result


def save_chunk(result: ChunkResult, path: Path) -> None:
    """Write a chunk so that it is there whole or not at all."""
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = {}
    for name, analysed in result.items():
        arrays[f"{name}/curves"] = analysed.curves
        arrays[f"{name}/subgroups"] = analysed.subgroups
        arrays |= {f"{name}/values/{key}": array for key, array in analysed.values.items()}
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    temporary.replace(path)


def load_chunk(path: Path) -> ChunkResult | None:
    """Read a chunk; None if it is not there or cannot be read, so that it is run again."""
    try:
        # opened here: NumPy leaves a damaged archive that it opened itself open
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            return _unpacked({name: file[name] for name in file.files})
    except (OSError, ValueError, KeyError, BadZipFile, EOFError):
        return None


def _unpacked(
    arrays: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
) -> ChunkResult:
    result: ChunkResult = {}
    for analysis in dict.fromkeys(name.split("/")[0] for name in arrays):
        prefix = f"{analysis}/values/"
        values = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        result[analysis] = AnalysedChunk(
            values, arrays[f"{analysis}/curves"], arrays[f"{analysis}/subgroups"]
        )
    return result
