"""Chunks of replicates over threads or processes, safe against whatever happens to one of them."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from simulate.choose_engine import BATCH
from simulate.errors import SimulateError

MOST_LOSSES = 3
"""How often in a row the workers may die without finishing a chunk before the run gives up."""

IN_HAND = 2
"""Chunks that are handed out for each thread, so that none waits and results do not pile up."""

Outcome = TypeVar("Outcome")
"""What is kept of a chunk."""

Found = TypeVar("Found", covariant=True)

Finished = Generator[tuple[range, Outcome], None, None]
"""Chunks and their results, as they are finished."""


class Runner(Protocol[Found]):
    """Runs chunks of one scenario; where there are threads, several at once."""

    def run(self, replicates: range, /) -> Found:
        """Simulate and analyse some replicates."""


class MakeRunner(Protocol[Found]):
    """Makes the runner of a scenario: a class, which worker processes know by its name."""

    def __call__(self, trial: Any, /, *, seed: int, engine: str) -> Runner[Found]:
        """Make a runner."""


_runner: Runner[Any] | None = None
_folder: Path | None = None


def run_chunks(
    make: MakeRunner[Outcome],
    trial: Any,
    *,
    seed: int,
    engine: str,
    chunks: Sequence[range],
    workers: int,
) -> Finished[Outcome]:
    """Run chunks on some workers and give each as it is finished, in no fixed order.

    Compiled code lets go of Python's lock, so the batch engine runs in threads; SimPy is Python
    and needs processes.
    """
    if workers == 1 or len(chunks) <= 1:
        return run_here(make(trial, seed=seed, engine=engine), chunks)
    if engine == BATCH:
        runner = make(trial, seed=seed, engine=engine)
        return run_in_threads(runner, chunks, workers=workers)
    return run_in_processes(make, trial, seed=seed, engine=engine, chunks=chunks, workers=workers)


def run_here(runner: Runner[Outcome], chunks: Sequence[range]) -> Finished[Outcome]:
    """Run chunks one after the other in this process."""
    for chunk in chunks:
        yield chunk, runner.run(chunk)


def run_in_threads(
    runner: Runner[Outcome], chunks: Sequence[range], *, workers: int
) -> Finished[Outcome]:
    """Run chunks in threads and give each as it is finished, in no fixed order."""
    waiting = iter(chunks)
    pending: dict[Future[Outcome], range] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                for chunk in islice(waiting, IN_HAND * workers - len(pending)):
                    pending[pool.submit(runner.run, chunk)] = chunk
                if not pending:
                    return
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), future.result()
        finally:
            for future in pending:
                future.cancel()


def run_in_processes(
    make: MakeRunner[Outcome],
    trial: Any,
    *,
    seed: int,
    engine: str,
    chunks: Sequence[range],
    workers: int,
) -> Finished[Outcome]:
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
            prepare = (make, trial, seed, engine)
            for chunk, result in _one_pool(prepare, tuple(waiting), workers):
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
    prepare: tuple[MakeRunner[Outcome], Any, int, str], chunks: Sequence[range], workers: int
) -> Iterator[tuple[range, Outcome]]:
    """Run chunks in one pool, which may break; leave no process behind.

    Results come in files. A worker that dies while it sends megabytes through the pool's pipe
    would leave half a message, for the rest of which the pool would wait for ever; the name of a
    file is sent whole or not at all.
    """
    others = set(multiprocessing.active_children())
    folder = TemporaryDirectory(prefix="simulate-")
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(chunks)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(*prepare, folder.name),
    )
    try:
        futures = {pool.submit(_run, chunk): chunk for chunk in chunks}
        pending = set(futures)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures.pop(future), _taken(Path(future.result()))
    except BaseException:
        _end(set(multiprocessing.active_children()) - others)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        folder.cleanup()


def _taken(path: Path) -> Any:
    """The result that a worker left in a file, which goes."""
    with path.open("rb") as file:
        result = pickle.load(file)
    path.unlink()
    return result


def _end(processes: set[BaseProcess]) -> None:
    """End worker processes now, whatever they are doing."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _prepare(make: MakeRunner[Any], trial: Any, seed: int, engine: str, folder: str) -> None:
    """Make a worker ready. Ctrl-C is for the parent, which then ends its workers."""
    global _runner, _folder
    _folder = Path(folder)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _runner = make(trial, seed=seed, engine=engine)


def _run(replicates: range) -> str:
    """Run a chunk and leave its result in a file, whose name is given."""
    assert _runner is not None  # the pool calls _prepare first
    assert _folder is not None
    path = _folder / f"{replicates.start}.pickle"
    with path.open("wb") as file:
        pickle.dump(_runner.run(replicates), file, protocol=pickle.HIGHEST_PROTOCOL)
    return str(path)
