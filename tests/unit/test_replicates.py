"""Replicates are the same numbers on any number of workers, after any interruption."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from simulate.chunk import CHUNK_SIZE, ChunkRunner, load_chunk, save_chunk
from simulate.replicates import AnalysedReplicates, run_replicates
from simulate.scenario.scenario import Scenario
from simulate.workers import run_in_workers

N = 2 * CHUNK_SIZE + 7  # the last chunk is a short one


@pytest.fixture(scope="module")
def alone(scenario: Scenario) -> AnalysedReplicates:
    """Replicates run in this process."""
    return run_replicates(scenario, replicates=N)["final"]


def assert_same(a: AnalysedReplicates, b: AnalysedReplicates) -> None:
    pd.testing.assert_frame_equal(a.table, b.table, check_exact=True)
    assert (a.curves.counts == b.curves.counts).all()
    assert a.subgroups.tobytes() == b.subgroups.tobytes()


def test_rows_are_the_replicates_in_order(alone: AnalysedReplicates) -> None:
    assert alone.table["replicate"].tolist() == list(range(N))


def test_two_workers_give_the_numbers_of_one(scenario: Scenario, alone: AnalysedReplicates) -> None:
    assert_same(run_replicates(scenario, replicates=N, workers=2)["final"], alone)


def test_a_shorter_run_is_the_beginning_of_a_longer_one(
    scenario: Scenario, alone: AnalysedReplicates
) -> None:
    short = run_replicates(scenario, replicates=9)["final"]
    pd.testing.assert_frame_equal(short.table, alone.table.head(9), check_exact=True)


def test_another_seed_gives_other_numbers(scenario: Scenario, alone: AnalysedReplicates) -> None:
    other = run_replicates(scenario, replicates=9, seed=1)["final"]
    assert not other.table["pfs_rate_12"].equals(alone.table["pfs_rate_12"].head(9))


def test_progress_counts_every_replicate_once(scenario: Scenario) -> None:
    done: list[int] = []
    run_replicates(scenario, replicates=N, progress=done.append)
    assert sum(done) == N


def test_a_killed_worker_is_replaced(scenario: Scenario, alone: AnalysedReplicates) -> None:
    chunks = [range(s, min(s + CHUNK_SIZE, N)) for s in range(0, N, CHUNK_SIZE)]
    found = {}
    killed = False
    for chunk, result in run_in_workers(
        scenario, seed=scenario.seed, engine="auto", chunks=chunks, workers=2
    ):
        found[chunk] = result
        if not killed:
            victim = multiprocessing.active_children()[0]
            os.kill(victim.pid or 0, signal.SIGKILL)
            killed = True
    assert sorted(found, key=lambda c: c.start) == chunks
    rates = [v for c in chunks for v in found[c]["final"].values["pfs_rate_12"]]
    assert rates == alone.table["pfs_rate_12"].tolist()
    assert not multiprocessing.active_children()


def test_finished_chunks_are_not_run_again(
    scenario: Scenario, alone: AnalysedReplicates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_replicates(scenario, replicates=N, parts=tmp_path)
    runs: list[range] = []
    original = ChunkRunner.run

    def counted(self: ChunkRunner, replicates: range) -> object:
        runs.append(replicates)
        return original(self, replicates)

    monkeypatch.setattr(ChunkRunner, "run", counted)
    first, *_ = sorted(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:100])  # as a full disk would leave it
    again = run_replicates(scenario, replicates=N, parts=tmp_path)["final"]
    assert runs == [range(CHUNK_SIZE)]
    assert_same(again, alone)


def test_a_saved_chunk_comes_back_whole(scenario: Scenario, tmp_path: Path) -> None:
    result = ChunkRunner(scenario, seed=3).run(range(2))
    save_chunk(result, tmp_path / "part.npz")
    back = load_chunk(tmp_path / "part.npz")
    assert back is not None
    assert back.keys() == result.keys()
    for name, analysed in result.items():
        assert back[name].curves.tobytes() == analysed.curves.tobytes()
        assert {k: v.tobytes() for k, v in back[name].values.items()} == {
            k: v.tobytes() for k, v in analysed.values.items()
        }
    assert load_chunk(tmp_path / "nothing.npz") is None
