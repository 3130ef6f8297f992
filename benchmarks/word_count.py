"""Count the random numbers of the batch engine, by running its very source without compiling it.

With Numba's compiler turned off the kernels are plain Python, in which the functions that make
random words and unit exponentials can be replaced by ones that count. The compiler can only be
turned off before Numba is loaded, so that this happens in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
_LOOPS = {
    "philox4x32": ("simulate.engines.batch.words", "simulate.engines.batch.event_words"),
    "unit_exponential": ("simulate.engines.batch.words",),
}
"""Modules that call them in loops of many, which the compiler turns into SIMD."""


class WordCount(NamedTuple):
    """Random numbers of an average replicate in the batch engine."""

    blocks_in_loops: float
    """Blocks of four words that are looked up many at a time."""
    single_blocks: float
    """Blocks that are looked up for one word."""
    exponentials_in_loops: float
    single_exponentials: float


def word_count(scenario: Path, *, replicates: int) -> WordCount:
    """Random numbers of an average replicate of a scenario, over replicates 0 to n - 1."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.word_count", str(scenario), str(replicates)],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return WordCount(**json.loads(done.stdout))


def _count(scenario: str, replicates: int) -> WordCount:
    from simulate.build_plan import build_plan
    from simulate.engines.batch.trial import new_desk, simulate_trial
    from simulate.plan import with_lists
    from simulate.scenario.scenario import Scenario

    trial = Scenario.from_file(scenario)
    desk = with_lists(new_desk(build_plan(trial)))
    calls: Counter[tuple[str, bool]] = Counter()
    for name in _LOOPS:
        _count_calls(name, calls)
    for replicate in range(replicates):
        if not simulate_trial(desk, trial.seed, replicate):
            raise RuntimeError(f"replicate {replicate} screens more patients than have room")
    return WordCount(
        blocks_in_loops=calls["philox4x32", True] / replicates,
        single_blocks=calls["philox4x32", False] / replicates,
        exponentials_in_loops=calls["unit_exponential", True] / replicates,
        single_exponentials=calls["unit_exponential", False] / replicates,
    )


def _count_calls(name: str, calls: Counter[tuple[str, bool]]) -> None:
    """Replace a function of :mod:`simulate.streams` wherever it is imported."""
    from simulate import streams

    original: Callable[..., Any] = getattr(streams, name)
    for module in list(sys.modules.values()):
        if module.__name__.startswith("simulate.") and vars(module).get(name) is original:
            in_loop = module.__name__ in _LOOPS[name]
            setattr(module, name, _counted(original, calls, (name, in_loop)))


def _counted(
    original: Callable[..., Any], calls: Counter[tuple[str, bool]], key: tuple[str, bool]
) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        calls[key] += 1
        return original(*arguments)

    return counted


if __name__ == "__main__":
    print(json.dumps(_count(sys.argv[1], int(sys.argv[2]))._asdict()))
