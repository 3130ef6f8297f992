"""What the chunks of a run have given so far, and its copy on disk from which a run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from simulate.analysis.curves import CurveCounts, curve_grid
from simulate.build_plan import cut_day
from simulate.chunk import ChunkResult
from simulate.columns import Columns, FileColumns, FloatArray, new_columns
from simulate.errors import OutputError
from simulate.scenario.analyses import Analysis
from simulate.scenario.trial import Trial
from simulate.workers import Finished, Outcome

SAVE_EVERY = 2.0
"""Seconds of work that a run may lose when it is killed."""

_CHUNKS, _RECORD = "chunks", "gathered.npz"


class GatheredValues:
    """Values of the replicates that are done.

    With a folder, values go straight to a file of each analysis, and from time to time a small
    record is written of which chunks are there and of what was summed up over just these. The
    record is written beside the old one and takes its place at once; so whenever the program is
    killed, record and sums belong together, and what is not on record is run again.

    Parameters
    ----------
    analyses : sequence of Analysis
        The analyses of the scenario.
    n_columns : int
        Values of a replicate at one analysis.
    replicates : int
        Replicates of the run.
    chunk_size : int
        Replicates of a chunk.
    folder : Path
        Where the copy on disk is kept, for this very run and no other.
    """

    def __init__(
        self,
        analyses: Sequence[Analysis],
        n_columns: int,
        *,
        replicates: int,
        chunk_size: int,
        folder: Path | None = None,
    ) -> None:
        starts = range(0, replicates, chunk_size)
        self.chunks = [range(start, min(start + chunk_size, replicates)) for start in starts]
        self._size = chunk_size
        self._done = np.zeros(len(self.chunks), bool)
        self._folder = folder
        self._saved_at = time.monotonic()
        self._adding = False
        self.columns: dict[str, Columns] = {}
        for analysis in analyses:
            path = None if folder is None else folder / f"analysis-{analysis.id}.values"
            self.columns[analysis.name] = new_columns(
                replicates, n_columns, block=chunk_size, path=path
            )
        if folder is not None:
            self._resume(folder / _RECORD)

    def missing(self) -> list[range]:
        """Chunks that are still to be run."""
        return [c for c, done in zip(self.chunks, self._done, strict=True) if not done]

    def add_values(self, chunk: range, values: Mapping[str, FloatArray]) -> None:
        """Take in the values of a chunk by analysis, shape (replicates, columns), in any order."""
        for name, rows in values.items():
            self.columns[name].write(chunk.start, rows)
        self._adding = True  # until the sums and the record belong together again
        self._add_up(chunk)
        self._done[chunk.start // self._size] = True
        self._adding = False
        if time.monotonic() - self._saved_at > SAVE_EVERY:
            self.save()

    def collect(
        self,
        start: Callable[[list[range]], Finished[Outcome]],
        take: Callable[[range, Outcome], None],
        progress: Callable[[int], None] | None,
    ) -> None:
        """Run what is missing and take it in; what is there is on record however it ends.

        Parameters
        ----------
        start
            Runs the chunks that it is given, and gives each as it is finished.
        take
            Takes in a chunk and its result.
        progress
            Told the replicates that are there already, and then those of each chunk.
        """
        tell, missing = progress or (lambda _done: None), self.missing()
        tell(sum(map(len, self.chunks)) - sum(map(len, missing)))
        try:
            if missing:
                with closing(start(missing)) as finished:
                    for chunk, result in finished:
                        take(chunk, result)
                        tell(len(chunk))
        finally:
            self.save()

    def _add_up(self, chunk: range) -> None:
        """Add to what is summed up over replicates; here nothing is."""

    def _sums(self) -> dict[str, Any]:
        """What is summed up over replicates, by name."""
        return {}

    def _take_sums(self, arrays: Mapping[str, Any], replicates: int) -> None:
        """Take over what an earlier start had summed up over so many replicates."""

    def save(self) -> None:
        """Write the record, if there is a folder for it and nothing was interrupted half-way."""
        if self._folder is None or self._adding:
            return
        arrays: dict[str, Any] = {_CHUNKS: self._done}
        arrays |= self._sums()
        temporary = self._folder / f"{_RECORD}.tmp"
        try:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)
            temporary.replace(self._folder / _RECORD)
        except OSError as error:
            raise OutputError(f"{temporary} cannot be written: {error.strerror}") from None
        self._saved_at = time.monotonic()

    def _resume(self, record: Path) -> None:
        """Take over what an earlier start of the same run has left, if it can be read."""
        try:
            # opened here: NumPy leaves a damaged archive that it opened itself open
            with record.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                self._take_over({name: file[name] for name in file.files})
        except (OSError, ValueError, KeyError, BadZipFile, EOFError):
            return

    def _take_over(self, arrays: Mapping[str, Any]) -> None:
        done = arrays[_CHUNKS]
        if done.shape != self._done.shape or not self._reach(done):
            return
        replicates = sum(len(c) for c, d in zip(self.chunks, done, strict=True) if d)
        self._take_sums(arrays, replicates)
        self._done = done

    def _reach(self, done: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
        """Whether the files hold all chunks that are on record."""
        last = max((c.start for c, d in zip(self.chunks, done, strict=True) if d), default=None)
        if last is None:
            return False
        files = [c for c in self.columns.values() if isinstance(c, FileColumns)]
        return all(file.reaches(last) for file in files)


class Gathered(GatheredValues):
    """Values and curves of the replicates that are done; see :class:`GatheredValues`.

    Parameters
    ----------
    trial : Trial
        The scenario.
    n_columns, replicates, chunk_size, folder
        As there.
    """

    def __init__(
        self,
        trial: Trial,
        n_columns: int,
        *,
        replicates: int,
        chunk_size: int,
        folder: Path | None = None,
    ) -> None:
        self.curves = {
            analysis.name: CurveCounts.empty(curve_grid(cut_day(trial, analysis)))
            for analysis in trial.analyses
        }
        self._result: ChunkResult = {}
        super().__init__(
            trial.analyses, n_columns, replicates=replicates, chunk_size=chunk_size, folder=folder
        )

    def add(self, chunk: range, result: ChunkResult) -> None:
        """Take in a chunk, in any order."""
        self._result = result
        self.add_values(chunk, {name: analysed.values for name, analysed in result.items()})

    def _add_up(self, chunk: range) -> None:
        for name, analysed in self._result.items():
            self.curves[name].counts += analysed.curve_counts
            self.curves[name].n_replicates += len(chunk)

    def _sums(self) -> dict[str, Any]:
        return {f"curves {name}": curves.counts for name, curves in self.curves.items()}

    def _take_sums(self, arrays: Mapping[str, Any], replicates: int) -> None:
        counts = {name: arrays[f"curves {name}"] for name in self.curves}
        for name, curves in self.curves.items():
            curves.counts[...] = counts[name]
            curves.n_replicates = replicates
