"""What a user waits for, and what a run takes of memory: commands, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Piece
from benchmarks.word_count import ROOT
from simulate.warmup import BATCH, TRUTH

FIRST_CHUNK = "simulate run -n 100, to its first replicates"
FEW = 100
"""Replicates of a run that is timed to its first chunk: the fewest that the batch engine gets."""

_PEAK = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seconds": seconds, "mib": peak / 2**(20 if sys.platform == "darwin" else 10)}))
"""
"""Runs a command and tells its peak. It is small itself: a process counts what its parent had."""

_COMPILE = """
import json, sys
from simulate.warmup import compile_steps, smallest_trial
print(json.dumps(compile_steps(smallest_trial(), sys.argv[1:])))
"""


class Whole(NamedTuple):
    """A whole command."""

    seconds: float
    mib: float
    """Peak of resident memory."""


def warm_up() -> None:
    """Compile whatever commands need; nothing, unless a source was changed a moment ago."""
    _simulate("warmup")


def starts(scenario: Path) -> dict[str, Piece]:
    """Commands that are to answer at once, beside a bare Python; all code compiled already."""
    return {
        "python, doing nothing": Piece(lambda: _python("-c", "pass")),
        "simulate --help": Piece(lambda: _simulate("--help")),
        "simulate validate": Piece(lambda: _simulate("validate", str(scenario))),
        FIRST_CHUNK: Piece(lambda: to_first_chunk(scenario)),
    }


def to_first_chunk(scenario: Path) -> None:
    """Run a scenario until its first chunk of replicates is finished."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", str(scenario), "-n", str(FEW), "--out", folder]
        _python("-m", "benchmarks.first_chunk", *words)


def compile_seconds() -> dict[str, float]:
    """Seconds by step of what the first run of all has to compile, with nothing on disk yet."""
    with tempfile.TemporaryDirectory() as folder:
        return dict(json.loads(_python("-c", _COMPILE, BATCH, TRUTH, XDG_CACHE_HOME=folder)))


def whole_run(scenario: Path, replicates: int, options: Sequence[str] = ()) -> Whole:
    """Run a scenario from its file to its report."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", str(scenario), "-n", str(replicates), "--out", folder, *options]
        return peak_of([sys.executable, "-m", "simulate", *words])


def peak_of(command: Sequence[str]) -> Whole:
    """Run a command; how long it takes, and how much memory at most."""
    return Whole(**json.loads(_python("-c", _PEAK, *command)))


def _simulate(*words: str) -> str:
    return _python("-m", "simulate", *words)


def _python(*words: str, **environment: str) -> str:
    """Standard output of a Python, from the folder of the project."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout
