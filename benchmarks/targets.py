"""What the simulator is to reach, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.commands import FIRST_CHUNK, Whole
from benchmarks.measure import Times, ratio
from benchmarks.randomised import BOTH, COMBINED, EXACT, READ, SCANNED
from benchmarks.stages import ANALYSED, ENGINE, SIMPY, SIMPY_ANALYSED, THREADS, WORDS
from benchmarks.table import Target


def stage_targets(times: Mapping[str, Times]) -> list[Target]:
    """Of the stages of a replicate of the published trial, 57 patients; times are seconds."""

    def of(name: str, above: str, below: str, bound: float, *, at_least: bool = True) -> Target:
        found = ratio(times[above], times[below])
        return Target(name, bound, found.of_minima, found.median, at_least=at_least, unit="times")

    def seconds(name: str, bound: float, unit: str, scale: float) -> Target:
        found = times[name]
        return Target(name, bound, found.minimum * scale, found.median * scale, unit=unit)

    return [
        seconds(ANALYSED, 60, "us", 1e6),
        of("batch engine over its random numbers", ENGINE, WORDS, 8, at_least=False),
        of("SimPy engine over batch engine", SIMPY, ENGINE, 300),
        of("the same, both with cut and all statistics", SIMPY_ANALYSED, ANALYSED, 300),
        of("1 thread over 2 threads", ANALYSED, THREADS, 1.8),
        seconds(SIMPY, 25, "ms", 1e3),
    ]


def start_target(times: Mapping[str, Times]) -> Target:
    """Of a run's start, its machine code being on disk."""
    found = times[FIRST_CHUNK]
    return Target(FIRST_CHUNK, 2.5, found.minimum, found.median, unit="s")


def randomised_targets(
    times: Mapping[str, Times], patients: Mapping[str, Times], sweep: Times
) -> list[Target]:
    """Of randomised trials with plain survival models; times are seconds."""

    def micro(name: str, bound: float) -> Target:
        return Target(name, bound, times[name].minimum * 1e6, times[name].median * 1e6, unit="us")

    first, *_, last = patients.values()
    growth = ratio(last, first)
    return [
        micro(EXACT, 20),
        micro(SCANNED, 40),
        micro(COMBINED, 60),
        micro(BOTH, 40),
        micro(READ, 40),
        Target(
            "microseconds a patient of 60,000 over 880",
            1.5,
            growth.of_minima,
            growth.median,
            unit="times",
        ),
        Target("sweep of 100 cells, 10,000 replicates each", 60, sweep.minimum, unit="s"),
    ]


def memory_target(million: Whole | None) -> Target:
    """Of a million replicates."""
    return Target(
        "peak memory of 1,000,000 replicates",
        512,
        None if million is None else million.mib,
        unit="MiB",
        unless="only with BENCH_LONG=1",
    )
