"""Many replicates of a trial, in any order, on any number of workers: always the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from simulate.analysis.curves import CurveCounts, curve_grid
from simulate.analysis.stack import FloatArray
from simulate.analysis.subgroups import Group, groups_of, subgroup_measures
from simulate.build_plan import cut_day
from simulate.chunk import CHUNK_SIZE, ChunkResult, ChunkRunner, load_chunk, save_chunk
from simulate.scenario.trial import Trial
from simulate.workers import run_here, run_in_workers

Progress = Callable[[int], None]
"""Told the number of replicates just finished."""


@dataclass(frozen=True)
class AnalysedReplicates:
    """All replicates at one analysis."""

    name: str
    """Name of the analysis."""
    table: pd.DataFrame
    """A row a replicate: ``replicate``, ``analysis``, and every statistic by name."""
    curves: CurveCounts
    """Kaplan-Meier and enrolment curves, counted."""
    groups: tuple[Group, ...]
    """Groups of the subgroup analyses."""
    measures: tuple[str, ...]
    """What is estimated in each group."""
    subgroups: FloatArray
    """Estimates by replicate, group and measure."""


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
        Processes. With more than one, a script that calls this needs the usual
        ``if __name__ == "__main__":``.
    engine : str
        ``auto`` or ``reference``.
    parts : Path
        Folder in which finished chunks are kept, and from which they are taken instead of being
        run again.
    progress : callable
        Told the number of replicates just finished.

    Returns
    -------
    dict of str to AnalysedReplicates
        By the name of the analysis.
    """
    n = trial.replicates if replicates is None else replicates
    seed = trial.seed if seed is None else seed
    chunks = [range(start, min(start + CHUNK_SIZE, n)) for start in range(0, n, CHUNK_SIZE)]
    finished: dict[range, ChunkResult] = {}
    for chunk, result in _results(trial, seed, workers, engine, chunks, parts):
        finished[chunk] = result
        if progress is not None:
            progress(len(chunk))
    ordered = [finished[chunk] for chunk in chunks]
    return {analysis.name: _merged(trial, analysis.name, ordered) for analysis in trial.analyses}


def _results(
    trial: Trial, seed: int, workers: int, engine: str, chunks: list[range], parts: Path | None
) -> Iterator[tuple[range, ChunkResult]]:
    """Every chunk's result: those kept from an earlier start first, then the others."""
    missing = []
    for chunk in chunks:
        kept = load_chunk(_part(parts, chunk)) if parts is not None else None
        if kept is None:
            missing.append(chunk)
        else:
            yield chunk, kept
    if not missing:
        return
    fresh: Iterable[tuple[range, ChunkResult]]
    if workers == 1 or len(missing) == 1:
        fresh = run_here(ChunkRunner(trial, seed=seed, engine=engine), missing)
    else:
        fresh = run_in_workers(trial, seed=seed, engine=engine, chunks=missing, workers=workers)
    for chunk, result in fresh:
        if parts is not None:
            save_chunk(result, _part(parts, chunk))
        yield chunk, result


def _part(parts: Path, chunk: range) -> Path:
    return parts / f"replicates-{chunk.start:010d}-{chunk.stop:010d}.npz"


def _merged(trial: Trial, name: str, results: list[ChunkResult]) -> AnalysedReplicates:
    """Put the chunks together, in the order of the replicates."""
    chunks = [result[name] for result in results]
    values = {
        key: np.concatenate([chunk.values[key] for chunk in chunks]) for key in chunks[0].values
    }
    n = len(next(iter(values.values())))
    table = pd.DataFrame({"replicate": np.arange(n), "analysis": name, **values})
    analysis = next(a for a in trial.analyses if a.name == name)
    curves = CurveCounts.empty(curve_grid(cut_day(trial, analysis)))
    for chunk in chunks:
        curves.add(chunk.curves)
    return AnalysedReplicates(
        name=name,
        table=table,
        curves=curves,
        groups=tuple(groups_of(trial)),
        measures=subgroup_measures(trial),
        subgroups=np.concatenate([chunk.subgroups for chunk in chunks]),
    )
