"""Replicates are the same numbers on any number of workers, after any interruption."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import pickle
import select
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simulate import gathered, replicates, workers
from simulate.choose_engine import BATCH, REFERENCE
from simulate.chunk import CHUNK_SIZES, AnalysedChunk, ChunkResult, ChunkRunner
from simulate.errors import SimulateError
from simulate.gathered import Gathered
from simulate.replicates import AnalysedReplicates, run_replicates
from simulate.scenario.scenario import Scenario
from simulate.workers import run_in_processes, run_in_threads

SIZE = CHUNK_SIZES[REFERENCE]
N = 2 * SIZE + 7  # the last chunk is a short one


@pytest.fixture(scope="module")
def small(scenario: Scenario) -> Scenario:
    """The published trial with few patients, because replicates are what is tested."""
    return scenario.with_overrides({"sample_size": 8, "sweep": []})


@pytest.fixture(scope="module")
def alone(small: Scenario) -> AnalysedReplicates:
    """Replicates run in this process."""
    return run_replicates(small, replicates=N, engine=REFERENCE)["final"]


def assert_same(a: AnalysedReplicates, b: AnalysedReplicates) -> None:
    assert a.names == b.names
    assert a.columns.rows(0, a.n).tobytes() == b.columns.rows(0, b.n).tobytes()
    assert (a.curves.counts == b.curves.counts).all()
    assert a.curves.n_replicates == b.curves.n_replicates == a.n == b.n


def test_rows_are_the_replicates_in_order(alone: AnalysedReplicates) -> None:
    assert alone.n == N
    assert alone.table["replicate"].tolist() == list(range(N))
    assert alone.table["analysis"].unique().tolist() == ["final"]


def test_the_table_is_its_columns(alone: AnalysedReplicates) -> None:
    table = alone.table
    assert tuple(table.columns) == ("replicate", "analysis", *alone.statistics)
    for name in ("orr", "pfs_median", "teae_grade3"):
        assert alone.column(name).tobytes() == table[name].to_numpy().tobytes()
    some = alone.frame(3, 8, ["orr", "deaths"])
    pd.testing.assert_frame_equal(
        some, table.loc[3:7, ["replicate", "analysis", "orr", "deaths"]].reset_index(drop=True)
    )
    with pytest.raises(KeyError, match="orr_of_nobody"):
        alone.column("orr_of_nobody")


def test_subgroups_stand_beside_the_statistics_of_all(alone: AnalysedReplicates) -> None:
    assert len(alone.names) == len(alone.statistics) + len(alone.groups) * len(alone.measures)
    first = alone.groups[0].subgroup
    of_first = [i for i, group in enumerate(alone.groups) if group.subgroup == first]
    # the groups of one variable share out all patients
    sizes = sum(alone.subgroup(i, "n") for i in of_first)
    assert sizes.tolist() == alone.column("n_ss").tolist()


@pytest.mark.parametrize("engine", [REFERENCE, BATCH])
def test_two_workers_give_the_numbers_of_one(
    small: Scenario, alone: AnalysedReplicates, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, BATCH, 11)
    found = run_replicates(small, replicates=N, workers=2, engine=engine)["final"]
    assert found.engine.name == engine
    assert_same(found, alone)


@pytest.mark.parametrize(("engine", "size"), [(BATCH, 1000), (BATCH, 1), (REFERENCE, 40)])
def test_chunks_of_any_size_give_the_same_numbers(
    small: Scenario,
    alone: AnalysedReplicates,
    engine: str,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, engine, size)
    assert_same(run_replicates(small, replicates=N, engine=engine)["final"], alone)


def test_a_shorter_run_is_the_beginning_of_a_longer_one(
    small: Scenario, alone: AnalysedReplicates
) -> None:
    short = run_replicates(small, replicates=9)["final"]
    pd.testing.assert_frame_equal(short.table, alone.table.head(9), check_exact=True)


def test_another_seed_gives_other_numbers(small: Scenario, alone: AnalysedReplicates) -> None:
    other = run_replicates(small, replicates=9, seed=1)["final"]
    assert not np.array_equal(other.column("pfs_rate_12"), alone.column("pfs_rate_12")[:9])


def test_every_analysis_has_its_own_replicates(small: Scenario) -> None:
    early = {"id": 7, "name": "early", "cut": {"date": dt.date(2021, 6, 1)}}
    final = {"id": 1, "name": "final", "cut": {"date": dt.date(2023, 9, 15)}}
    both = run_replicates(small.with_overrides({"analyses": [early, final]}), replicates=4)
    assert list(both) == ["early", "final"]
    assert (both["early"].column("pfs_events") < both["final"].column("pfs_events")).all()


class Slow:
    """A runner whose chunks take longest first, and that knows how many were begun."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.threads: set[int] = set()

    def run(self, chunk: range) -> ChunkResult:
        self.begun.append(chunk.start)
        self.threads.add(threading.get_ident())
        time.sleep(0.02 if chunk.start == 0 else 0.001)
        if chunk.start == 7:
            raise SimulateError("chunk 7 is bad")
        return {}


def chunks(n: int) -> list[range]:
    return [range(i, i + 1) for i in range(n)]


def test_threads_finish_every_chunk_once_in_any_order() -> None:
    slow = Slow()
    found = [c.start for c, _ in run_in_threads(slow, chunks(7), workers=2)]
    assert sorted(found) == list(range(7))
    assert found[0] != 0
    assert len(slow.threads) == 2


def test_threads_do_not_run_ahead_of_who_takes_the_results() -> None:
    slow = Slow()
    run = run_in_threads(slow, chunks(50), workers=2)
    next(run)
    time.sleep(0.1)
    assert len(slow.begun) <= 1 + workers.IN_HAND * 2
    run.close()
    begun = len(slow.begun)
    time.sleep(0.05)
    assert len(slow.begun) == begun < 50


def test_what_goes_wrong_in_a_thread_is_told() -> None:
    with pytest.raises(SimulateError, match="chunk 7 is bad"):
        list(run_in_threads(Slow(), chunks(50), workers=2))


def test_a_killed_worker_is_replaced(small: Scenario, alone: AnalysedReplicates) -> None:
    wanted = [range(s, min(s + SIZE, N)) for s in range(0, N, SIZE)]
    found = {}
    killed = False
    for chunk, result in run_in_processes(
        ChunkRunner, small, seed=small.seed, engine=REFERENCE, chunks=wanted, workers=2
    ):
        found[chunk] = result
        if not killed:
            victim = multiprocessing.active_children()[0]
            os.kill(victim.pid or 0, signal.SIGKILL)
            killed = True
    assert sorted(found, key=lambda c: c.start) == wanted
    values = np.concatenate([found[c]["final"].values for c in wanted])
    assert values.T.tobytes() == alone.columns.rows(0, N).tobytes()
    assert not multiprocessing.active_children()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[range]:
    """Chunks that are run."""
    runs: list[range] = []
    original = ChunkRunner.run

    def run(self: ChunkRunner, replicates: range) -> ChunkResult:
        runs.append(replicates)
        return original(self, replicates)

    monkeypatch.setattr(ChunkRunner, "run", run)
    return runs


def test_progress_counts_every_replicate_once(small: Scenario, tmp_path: Path) -> None:
    for _ in range(2):  # run, and taken from the first run
        done: list[int] = []
        run_replicates(small, replicates=9, parts=tmp_path, progress=done.append)
        assert sum(done) == 9


class StoppedError(Exception):
    """What interrupts a run."""


class StoppedWhenAdded(dict[str, AnalysedChunk]):
    """A chunk whose values are written and whose curves are added, and no more."""

    looked_through = 0

    def items(self) -> Any:
        self.looked_through += 1
        yield from super().items()
        if self.looked_through == 2:
            raise StoppedError


def stop_after(n_chunks: int) -> Callable[[int], None]:
    told: list[int] = []

    def progress(done: int) -> None:
        told.append(done)
        if len(told) > n_chunks:  # the first tells what was there from before
            raise StoppedError

    return progress


def test_an_interrupted_run_goes_on_where_it_stopped(
    small: Scenario, alone: AnalysedReplicates, tmp_path: Path, counted: list[range]
) -> None:
    with pytest.raises(StoppedError):
        run_replicates(
            small, replicates=N, engine=REFERENCE, parts=tmp_path, progress=stop_after(2)
        )
    again = run_replicates(small, replicates=N, engine=REFERENCE, parts=tmp_path)["final"]
    assert counted == [range(SIZE), range(SIZE, 2 * SIZE), range(2 * SIZE, N)]
    assert_same(again, alone)


def test_a_run_that_is_killed_loses_what_was_not_on_record(
    small: Scenario,
    alone: AnalysedReplicates,
    tmp_path: Path,
    counted: list[range],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the second chunk's values were written, before they were put on record."""
    monkeypatch.setattr(gathered, "SAVE_EVERY", 0.0)
    original, saves = Gathered.save, []

    def save(self: Gathered) -> None:
        saves.append(1)
        if len(saves) == 1:
            original(self)

    monkeypatch.setattr(Gathered, "save", save)
    with pytest.raises(StoppedError):
        run_replicates(
            small, replicates=N, engine=REFERENCE, parts=tmp_path, progress=stop_after(2)
        )
    monkeypatch.setattr(Gathered, "save", original)
    counted.clear()
    again = run_replicates(small, replicates=N, engine=REFERENCE, parts=tmp_path)["final"]
    assert counted == [range(SIZE, 2 * SIZE), range(2 * SIZE, N)]
    assert_same(again, alone)


def test_an_interruption_while_a_chunk_is_added_is_not_put_on_record(
    small: Scenario, alone: AnalysedReplicates, tmp_path: Path, counted: list[range]
) -> None:
    """Curves summed up over a chunk that is not on record would count it twice."""
    run_one = Gathered(small, len(alone.names), replicates=N, chunk_size=SIZE, folder=tmp_path)
    result = ChunkRunner(small, seed=small.seed, engine=REFERENCE).run(range(SIZE))
    run_one.add(range(SIZE), result)
    run_one.save()
    second = ChunkRunner(small, seed=small.seed, engine=REFERENCE).run(range(SIZE, 2 * SIZE))
    with pytest.raises(StoppedError):
        run_one.add(range(SIZE, 2 * SIZE), StoppedWhenAdded(second))
    assert run_one.curves["final"].n_replicates == 2 * SIZE  # added, and not on record
    run_one.save()
    counted.clear()
    again = run_replicates(small, replicates=N, engine=REFERENCE, parts=tmp_path)["final"]
    assert counted == [range(SIZE, 2 * SIZE), range(2 * SIZE, N)]
    assert_same(again, alone)


@pytest.mark.parametrize("name", ["gathered.npz", "analysis-1.values"])
@pytest.mark.parametrize("left", [0, 100])
def test_a_damaged_copy_is_not_used(
    small: Scenario, tmp_path: Path, counted: list[range], name: str, left: int
) -> None:
    first = run_replicates(small, replicates=3, parts=tmp_path)["final"]
    values = first.columns.rows(0, 3)
    file = tmp_path / name
    file.write_bytes(file.read_bytes()[:left])  # as a full disk would leave it
    again = run_replicates(small, replicates=3, parts=tmp_path)["final"]
    assert counted == [range(3), range(3)]
    assert again.columns.rows(0, 3).tobytes() == values.tobytes()
    assert again.curves.n_replicates == 3


def test_a_large_run_keeps_its_values_in_a_file(
    small: Scenario, alone: AnalysedReplicates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulate.columns.IN_MEMORY", 1000)
    found = run_replicates(small, replicates=9, engine=REFERENCE)["final"]
    assert type(found.columns).__name__ == "FileColumns"
    assert found.columns.rows(0, 9).tobytes() == alone.columns.rows(0, 9).tobytes()


def test_nothing_is_prepared_when_nothing_is_missing(
    small: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_replicates(small, replicates=3, parts=tmp_path)
    monkeypatch.setattr(replicates, "run_chunks", None)
    run_replicates(small, replicates=3, parts=tmp_path)


def test_what_a_worker_sends_is_written_whole_or_not_at_all(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker killed in the middle of a long message would leave the pool waiting for its end."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    workers._prepare(ChunkRunner, scenario, 1, "reference", str(tmp_path))

    sent = workers._run(range(2))

    assert len(pickle.dumps(sent)) < select.PIPE_BUF
    assert workers._taken(Path(sent))["final"].values.shape[0] == 2
    assert not list(tmp_path.iterdir())
