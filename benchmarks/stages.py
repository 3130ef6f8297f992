"""Time a replicate spends in each stage: random numbers, engine, analysis; compiled and SimPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.measure import Piece
from benchmarks.word_count import WordCount
from benchmarks.words_alone import WordsAlone
from simulate.build_plan import build_plan
from simulate.choose_engine import BATCH, REFERENCE
from simulate.chunk import ChunkRunner
from simulate.engines.batch.trial import new_desk, run_trial
from simulate.engines.reference import ReferenceEngine
from simulate.errors import SimulateError
from simulate.packed import pack
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario
from simulate.workers import run_here, run_in_threads

WORDS = "random numbers alone"
ENGINE = "batch engine"
ANALYSED = "batch engine, cut, all statistics"
THREADS = "the same, 2 threads"
SIMPY = "SimPy engine"
SIMPY_ANALYSED = "SimPy engine, cut, all statistics"


class Sizes(NamedTuple):
    """How many replicates are timed; all are different ones."""

    batch: int = 2000
    chunk: int = 250
    """Replicates that a thread takes at a time."""
    simpy: int = 40
    """Fewer, because each takes hundreds of times as long."""


def stages(scenario: Scenario, count: WordCount, sizes: Sizes) -> dict[str, Piece]:
    """The stages, each over the scenario's first replicates; sizes are replicates.

    With one thread chunks are run one after the other by what a run uses for it, and with two by
    what it uses then; so what handing out the work costs is in the times.
    """
    plan, seed = build_plan(scenario), scenario.seed
    words = WordsAlone(count, seed=seed)
    engine, reference = _Engine(plan, seed), ReferenceEngine(plan)
    batch = ChunkRunner(scenario, seed=seed, engine=BATCH)
    simpy = ChunkRunner(scenario, seed=seed, engine=REFERENCE)
    few, many = range(sizes.simpy), range(sizes.batch)
    chunks = in_chunks(sizes.batch, sizes.chunk)
    return {
        WORDS: Piece(lambda: words.run(many), len(many)),
        ENGINE: Piece(lambda: engine.run(many), len(many)),
        ANALYSED: Piece(lambda: finish(batch, chunks), len(many)),
        THREADS: Piece(lambda: finish(batch, chunks, threads=2), len(many)),
        SIMPY: Piece(lambda: [reference.simulate(seed=seed, replicate=r) for r in few], len(few)),
        SIMPY_ANALYSED: Piece(lambda: simpy.run(few), len(few)),
    }


def in_chunks(replicates: int, size: int) -> list[range]:
    """Replicates from 0, in chunks."""
    starts = range(0, replicates, size)
    return [range(start, min(start + size, replicates)) for start in starts]


def finish(runner: ChunkRunner, chunks: Sequence[range], *, threads: int = 1) -> int:
    """Run chunks as a run does, forgetting what they give; the number of replicates."""
    if threads == 1:
        return sum(len(chunk) for chunk, _ in run_here(runner, chunks))
    return sum(len(chunk) for chunk, _ in run_in_threads(runner, chunks, workers=threads))


class _Engine:
    """The batch engine without any analysis; each replicate takes the place of the one before."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._packed, self._seed = pack(new_desk(plan)), seed

    def run(self, replicates: range) -> None:
        """Simulate some replicates."""
        block, seed = self._packed.block, self._seed
        for replicate in replicates:
            if not run_trial(block, seed, replicate):
                raise SimulateError(f"replicate {replicate} screens more patients than have room")
