"""Time the stages of a replicate, in one run, and write the table.

Times of a shared machine drift, so stages are measured in turn, round after round, and are
compared with each other: the ratios are what counts. `make bench` runs this file.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from simulate.analysis.curves import BINS, CURVES
from simulate.analysis.one_trial import analyse_trial
from simulate.analysis.plan import analysis_plan
from simulate.analysis.workspace import workspace
from simulate.build_plan import build_plan
from simulate.engines.draws import draw_patients
from simulate.engines.reference import ReferenceEngine
from simulate.ledger import ledger_of
from simulate.plan import with_lists
from simulate.scenario.scenario import Scenario

HERE = Path(__file__).parent
SCENARIO = HERE.parent / "scenarios" / "kn026_phase2.yaml"
ROUNDS = 12
REPLICATES = 25


def stages() -> dict[str, Callable[[], object]]:
    """What is timed, each over the same replicates."""
    scenario = Scenario.from_file(SCENARIO)
    plan = build_plan(scenario)
    engine = ReferenceEngine(plan)
    analysis = analysis_plan(scenario, scenario.analyses[-1])
    lists, room = with_lists(analysis), with_lists(workspace(analysis, scenario.sample_size))
    values = [0.0] * analysis.n_columns
    curves = [0] * (len(CURVES) * analysis.curves.n_points * (BINS + 1))
    seed, replicates = scenario.seed, range(REPLICATES)
    ledgers = [ledger_of(engine.simulate(seed=seed, replicate=r)) for r in replicates]

    def random_words() -> object:
        return [draw_patients(engine.plan, seed=seed, replicate=r) for r in replicates]

    def simpy_engine() -> object:
        return [engine.simulate(seed=seed, replicate=r) for r in replicates]

    def analysis_in_python() -> object:
        return [analyse_trial(lists, ledger, room, values, 0, curves) for ledger in ledgers]

    return {
        "random words": random_words,
        "SimPy engine, words included": simpy_engine,
        "cut, endpoints, statistics": analysis_in_python,
    }


def measure(timed: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Microseconds a replicate of each stage, in every round."""
    found: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(ROUNDS):
        for name, work in timed.items():
            started = time.perf_counter()
            work()
            found[name].append((time.perf_counter() - started) / REPLICATES * 1e6)
    return found


def start_times() -> dict[str, float]:
    """Seconds until a command has answered, the best of a few, beside a bare Python."""
    commands = {
        "python, doing nothing": ["-c", "pass"],
        "simulate --help": ["-m", "simulate", "--help"],
        "simulate validate": ["-m", "simulate", "validate", str(SCENARIO)],
    }
    found = {name: float("inf") for name in commands}
    for _ in range(5):
        for name, words in commands.items():
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, *words], check=True, capture_output=True, cwd=HERE.parent
            )
            found[name] = min(found[name], time.perf_counter() - started)
    return found


def main() -> None:
    """Measure, print the table, write `benchmarks/results.json`."""
    found = measure(stages())
    whole = [sum(times) for times in zip(*list(found.values())[1:], strict=True)]
    found["all stages"] = whole
    rows = {
        name: {
            "minimum_us": min(times),
            "median_us": statistics.median(times),
            "share_of_all": statistics.median(times) / statistics.median(whole),
        }
        for name, times in found.items()
    }
    print(f"{SCENARIO.stem}: microseconds a replicate, one process, {ROUNDS} rounds in turn\n")
    print(f"{'stage':32}{'minimum':>10}{'median':>10}{'of all':>9}")
    for name, row in rows.items():
        print(
            f"{name:32}{row['minimum_us']:10.0f}{row['median_us']:10.0f}"
            f"{100 * row['share_of_all']:8.1f}%"
        )
    starts = start_times()
    print("\nstart of a command, seconds, best of five\n")
    for name, seconds in starts.items():
        print(f"{name:32}{seconds:10.2f}")
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    content = {
        "rounds": ROUNDS,
        "replicates": REPLICATES,
        **machine,
        "stages": rows,
        "start_seconds": starts,
    }
    (HERE / "results.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
