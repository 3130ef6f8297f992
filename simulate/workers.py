"""Chunks of replicates over several processes, safe against whatever happens to one of them."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess

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
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(chunks)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(trial, seed, engine),
    )
    try:
        futures = {pool.submit(_run, chunk): chunk for chunk in chunks}
        pending = set(futures)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures.pop(future), future.result()
    except BaseException:
        _end(set(multiprocessing.active_children()) - others)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end(processes: set[BaseProcess]) -> None:
    """End worker processes now, whatever they are doing."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _prepare(trial: Trial, seed: int, engine: str) -> None:
    """Make a worker ready. Ctrl-C is for the parent, which then ends its workers."""
    global _runner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _runner = ChunkRunner(trial, seed=seed, engine=engine)


def _run(replicates: range) -> ChunkResult:
    assert _runner is not None  # the pool calls _prepare first
    return _runner.run(replicates)
