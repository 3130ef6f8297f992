"""Measure the speed, print the tables, and write `benchmarks/results.json`: `make bench`.

Times of a shared machine drift, so what is compared is measured in turn, round after round, in one
run: the ratios are what counts. With BENCH_LONG=1 a million replicates are run, too.
"""

from __future__ import annotations

import json
import os
import platform
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numba

from benchmarks import commands, randomised, scaling
from benchmarks.measure import Times, in_turn
from benchmarks.stages import WORDS, Sizes, stages
from benchmarks.table import (
    Target,
    number,
    table,
    target_content,
    targets_table,
    times_content,
    times_table,
)
from benchmarks.targets import (
    memory_target,
    randomised_targets,
    stage_targets,
    start_target,
)
from benchmarks.word_count import WordCount, word_count
from simulate.analysis.curves import CURVES, GRID_STEP
from simulate.analysis.row import all_statistics
from simulate.analysis.subgroups import groups_of
from simulate.build_plan import build_plan
from simulate.engines.draws import most_cycles
from simulate.scenario.scenario import Scenario
from simulate.warmup import compile_steps

HERE = Path(__file__).parent
SCENARIO = HERE.parent / "scenarios" / "kn026_phase2.yaml"
STAGE_ROUNDS, SCALING_ROUNDS, START_ROUNDS = 9, 3, 5
COUNTED = 8
"""Replicates whose random numbers are counted."""

SECONDS, MICRO = 1.0, 1e6


class Report:
    """Prints each part when it is measured, and keeps it for `results.json`."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = {}
        self.targets: list[Target] = []

    def times(
        self, key: str, title: str, times: Mapping[str, Times], *, scale: float, over: str | None
    ) -> None:
        """Times of some pieces, and their ratios to one of them."""
        self.content[key] = times_content(times, scale=scale)
        say(times_table(title, times, scale=scale, over=over))

    def values(self, key: str, header: list[str], values: Mapping[str, tuple[float, ...]]) -> None:
        """Figures that were measured once."""
        self.content[key] = {
            name: dict(zip(header[1:], row, strict=True)) for name, row in values.items()
        }
        say(table(header, [[name, *map(number, row)] for name, row in values.items()]))


def say(text: str) -> None:
    """Print a part of the report."""
    print(f"{text}\n", flush=True)


def conditions(scenario: Scenario, sizes: Sizes) -> str:
    """What is simulated and computed, in words."""
    groups, curves = len(groups_of(scenario)), len(CURVES)
    statistics = len(all_statistics(scenario))
    return wrapped(
        f"{scenario.name}: {scenario.sample_size} patients, up to "
        f"{most_cycles(build_plan(scenario))} cycles each. Time is a grid of whole days, in the "
        "engines and in every analysis. Each replicate has toxicity and dosing in full, the data "
        f"cut, the derived endpoints, {statistics} statistics with their intervals, estimates and "
        f"intervals in {groups} subgroups, and {curves} curves on a grid of {GRID_STEP} days. All "
        f"code is compiled beforehand. {sizes.batch:,} different replicates by the batch engine, "
        f"{sizes.simpy} of these by SimPy; {STAGE_ROUNDS} rounds, in each of them all stages in "
        "turn."
    )


def wrapped(text: str) -> str:
    """Text in lines of a terminal's width."""
    return textwrap.fill(text, 100)


def measure_stages(report: Report, scenario: Scenario, sizes: Sizes) -> None:
    """Microseconds of a replicate by stage."""
    count = word_count(SCENARIO, replicates=COUNTED)
    pieces = stages(scenario, count, sizes)
    for piece in pieces.values():
        piece.work()
    times = in_turn(pieces, rounds=STAGE_ROUNDS)
    title = "microseconds a replicate"
    report.times("stages_us", title, times, scale=MICRO, over=WORDS)
    report.content["random_numbers_a_replicate"] = count._asdict()
    say(_of_random_numbers(count))
    report.targets += stage_targets(times)


def _of_random_numbers(count: WordCount) -> str:
    blocks = count.blocks_in_loops + count.single_blocks
    exponentials = count.exponentials_in_loops + count.single_exponentials
    return wrapped(
        f"Random numbers alone: {blocks:,.0f} blocks of four words ({count.single_blocks:,.0f} of "
        f"them for one word each) and {exponentials:,.0f} unit exponentials a replicate, made by "
        f"the engine's own functions. They were counted in {COUNTED} replicates of the engine's "
        "source, run without compiling it."
    )


def measure_scaling(report: Report, scenario: Scenario) -> None:
    """Whether time grows in proportion to replicates and to patients."""
    replicates, patients = scaling.over_replicates(scenario), scaling.over_patients(scenario)
    for of, pieces in (("replicate", replicates), ("patient", patients)):
        times = in_turn(pieces, rounds=SCALING_ROUNDS)
        title, first = f"microseconds a {of}, of", next(iter(pieces))
        report.times(f"scaling_{of}s_us", title, times, scale=MICRO, over=first)


def measure_randomised(report: Report) -> None:
    """Randomised trials with plain survival models."""
    sizes = randomised.RandomisedSizes()
    say(
        wrapped(
            "Randomised trials with plain survival models, in one thread: engine, data cuts, tests "
            "at each look with bounds at the actual events, and Cox hazard ratio, medians and "
            "restricted means at the look that stops the trial. Time is a grid of whole days."
        )
    )
    pieces = randomised.workloads(sizes)
    for piece in pieces.values():
        piece.work()
    times = in_turn(pieces, rounds=STAGE_ROUNDS)
    title = "microseconds a replicate"
    report.times("randomised_us", title, times, scale=MICRO, over=randomised.EXACT)
    alone = in_turn(randomised.engines(sizes), rounds=SCALING_ROUNDS)
    first = next(iter(alone))
    report.times("randomised_engines_us", title, alone, scale=MICRO, over=first)
    patients = in_turn(randomised.over_patients(), rounds=SCALING_ROUNDS)
    first = next(iter(patients))
    title = "microseconds a patient, of"
    report.times("randomised_patients_us", title, patients, scale=MICRO, over=first)
    swept = in_turn({"sweep": randomised.sweep()}, rounds=1)
    report.times("sweep_seconds", "seconds of 100 cells", swept, scale=SECONDS, over=None)
    report.targets += randomised_targets(times, patients, swept["sweep"])


def measure_commands(report: Report) -> None:
    """What a user waits for."""
    commands.warm_up()
    pieces = commands.starts(SCENARIO)
    for piece in pieces.values():
        piece.work()
    starts = in_turn(pieces, rounds=START_ROUNDS)
    report.times("start_seconds", "seconds of a command", starts, scale=SECONDS, over=None)
    report.targets.append(start_target(starts))
    runs = {"simulate run -n 10000": commands.whole_run(SCENARIO, 10_000)}
    million = None
    if os.environ.get("BENCH_LONG") == "1":
        million = commands.whole_run(SCENARIO, 1_000_000, ["--set", "sweep=[]"])
        runs["simulate run -n 1000000 --set sweep=[]"] = million
    header = ["whole command, once", "seconds", "peak MiB"]
    report.values("whole_runs", header, {name: tuple(whole) for name, whole in runs.items()})
    report.targets.append(memory_target(million))
    compiled = commands.compile_seconds()
    steps = {f"compiling: {name}": (seconds,) for name, seconds in compiled.items()}
    report.values("first_run", ["first run of all, once", "seconds"], steps)


def main() -> None:
    """Measure, print the tables, write `benchmarks/results.json`."""
    scenario, sizes, report = Scenario.from_file(SCENARIO), Sizes(), Report()
    compile_steps(scenario, tell=lambda name: say(f"compiling: {name}"))
    say(conditions(scenario, sizes))
    measure_stages(report, scenario, sizes)
    measure_scaling(report, scenario)
    measure_randomised(report)
    measure_commands(report)
    say(targets_table(report.targets))
    content = {
        "scenario": scenario.name,
        "digest": scenario.digest(),
        "python": platform.python_version(),
        "numba": numba.__version__,
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "sizes": sizes._asdict(),
        **report.content,
        "targets": [target_content(target) for target in report.targets],
    }
    text = json.dumps(content, indent=2)
    (HERE / "results.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
