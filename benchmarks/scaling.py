"""How time grows with replicates and with patients, by the batch engine with all statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.measure import Piece
from benchmarks.stages import finish, in_chunks
from simulate.analysis.row import statistic_names
from simulate.choose_engine import BATCH
from simulate.chunk import CHUNK_SIZES, ChunkRunner
from simulate.gathered import Gathered
from simulate.scenario.scenario import Scenario

REPLICATES = (1_000, 10_000, 100_000)
LONG = 100_000
"""Replicates from which a run is timed only once."""

PATIENTS = (57, 570, 5_700)
PATIENTS_IN_ALL = 57_000
"""Patients simulated of each size of trial."""


def over_replicates(scenario: Scenario, sizes: Sequence[int] = REPLICATES) -> dict[str, Piece]:
    """So many replicates in one thread, their values gathered as by a run; sizes are replicates.

    Tables and report, which take the same time for any number, are not in it.
    """
    runner = ChunkRunner(scenario, seed=scenario.seed, engine=BATCH)
    return {
        f"{n:,} replicates": Piece(_gather(scenario, runner, n), n, 1 if n >= LONG else None)
        for n in sizes
    }


def _gather(scenario: Scenario, runner: ChunkRunner, replicates: int) -> Callable[[], object]:
    n_columns, size = len(statistic_names(scenario)), CHUNK_SIZES[BATCH]

    def work() -> None:
        gathered = Gathered(scenario, n_columns, replicates=replicates, chunk_size=size)
        for chunk in gathered.missing():
            gathered.add(chunk, runner.run(chunk))

    return work


def over_patients(
    scenario: Scenario, sizes: Sequence[int] = PATIENTS, *, in_all: int = PATIENTS_IN_ALL
) -> dict[str, Piece]:
    """Trials of so many patients in one thread, all else as in the scenario; sizes are patients.

    The tables of each size are made, and its memory is touched, by one replicate beforehand.
    """
    return {f"{n:,} patients": _trials_of(scenario, n, max(in_all // n, 1)) for n in sizes}


def _trials_of(scenario: Scenario, patients: int, replicates: int) -> Piece:
    trial = scenario.with_overrides({"sample_size": patients})
    runner = ChunkRunner(trial, seed=trial.seed, engine=BATCH)
    runner.run(range(1))
    chunks = in_chunks(replicates, CHUNK_SIZES[BATCH])
    return Piece(lambda: finish(runner, chunks), patients * replicates)
