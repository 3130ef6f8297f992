"""Chunks of replicates over several processes, safe against whatever happens to one of them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from simulate.chunk import ChunkResult, ChunkRunner
from simulate.errors import SimulateError
from simulate.scenario.trial import Trial

MOST_LOSSES = 3
"""How often in a row the workers may die without finishing a chunk before the run gives up."""

_runner: ChunkRunner | None = None


def run_here(runner: ChunkRunner, chunks: Sequence[range]) -> Iterator[tuple[range, ChunkResult]]:
    """Run chunks one after the other in this process."""
    for chunk in chunks:
        yield chunk, runner.run(chunk)


def run_in_workers(
    trial: Trial, *, seed: int, engine: str, chunks: Sequence[range], workers: int
) -> Iterator[tuple[range, ChunkResult]]:
    """Run chunks in worker processes and give each as it is finished, in no fixed order.

    A worker that is killed is replaced, and what it was doing is done again.

    Raises
    ------
    SimulateError
        If workers die again and again without finishing anything.
    """
    waiting = list(chunks)
    losses = 0
    while waiting:
        try:
            for chunk, result in _one_pool(trial, seed, engine, tuple(waiting), workers):
                waiting.remove(chunk)
                losses = 0
                yield chunk, result
        except BrokenProcessPool:
            losses += 1
            if losses >= MOST_LOSSES:
                raise SimulateError(
                    f"the worker processes were killed {losses} times in a row without finishing "
                    "a chunk; is there enough memory? Try --workers 1"
                ) from None


def _one_pool(
    trial: Trial, seed: int, engine: str, chunks: Sequence[range], workers: int
) -> Iterator[tuple[range, ChunkResult]]:
    """Run chunks in one pool, which may break; leave no process behind."""
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(chunks)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(trial, seed, engine),
    )
    futures: dict[Future[ChunkResult], range] = {}
    try:
        futures = {pool.submit(_run, chunk): chunk for chunk in chunks}
        pending = set(futures)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures.pop(future), future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()


def _prepare(trial: Trial, seed: int, engine: str) -> None:
    """Make a worker ready. Ctrl-C is for the parent, which then ends its workers."""
    global _runner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _runner = ChunkRunner(trial, seed=seed, engine=engine)


def _run(replicates: range) -> ChunkResult:
    assert _runner is not None  # the pool calls _prepare first
    return _runner.run(replicates)
