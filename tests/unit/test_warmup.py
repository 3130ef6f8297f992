"""What is compiled is known, compiled once, and then found on disk."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simulate import run, warmup
from simulate.job import make_job
from simulate.scenario.scenario import Scenario
from simulate.scenario.trial import Trial
from simulate.warmup import COMPILED, Work, compile_steps, is_compiled, smallest_trial


class Kernel(SimpleNamespace):
    """What Numba's dispatcher shows of itself."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            __name__="count_days",
            signatures=[],
            stats=SimpleNamespace(cache_path=str(folder)),
            py_func=test_machine_code_counts_if_it_is_younger_than_its_source,
        )


def test_machine_code_counts_if_it_is_younger_than_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = Kernel(tmp_path)
    monkeypatch.setitem(COMPILED, "it", Work(lambda: (kernel,), lambda _trial: None))
    assert not is_compiled("it")
    (tmp_path / "counting.other_days-7.py311.nbi").touch()
    assert not is_compiled("it")
    index = tmp_path / "counting.count_days-7.py311.nbi"
    index.touch()
    assert is_compiled("it")
    os.utime(index, (0, 0))  # older than this file
    assert not is_compiled("it")
    kernel.signatures.append("compiled in this process")
    assert is_compiled("it")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two steps, one of them to be compiled; what is called is noted."""
    called: list[str] = []

    def work(name: str, compiled: Any) -> Work:
        def call(_trial: Trial) -> None:
            called.append(name)
            kernel.signatures = ["compiled"]

        kernel = SimpleNamespace(signatures=compiled)
        kernel.stats = SimpleNamespace(cache_path="nowhere")
        kernel.__name__, kernel.py_func = name, work
        return Work(lambda: (kernel,), call)

    monkeypatch.setattr(
        warmup, "COMPILED", {"old": work("old", ["compiled"]), "new": work("new", [])}
    )
    return called


def test_only_what_is_missing_is_compiled_and_only_once(calls: list[str]) -> None:
    told: list[str] = []
    seconds = compile_steps(smallest_trial(), tell=told.append)
    assert calls == told == list(seconds) == ["new"]
    assert compile_steps(smallest_trial()) == {}


def test_the_progress_says_compiling_only_while_it_compiles(
    calls: list[str], scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmup, "TRUTH", "new")
    monkeypatch.setattr(run, "PYTHON_PATIENTS", 9)
    shown: list[str] = []

    def step(name: str, _size: int) -> Any:
        shown.append(name)
        return lambda _done: None

    job = make_job(scenario.with_overrides({"sweep": []}), replicates=1)
    for _ in range(2):
        run.execute(dataclasses.replace(job, truth_patients=10), step=step)
    assert calls == ["new"]
    assert shown == [scenario.name, "compiling (once)", "truth", scenario.name, "truth"]


def test_everything_compiled_can_be_called_for_the_smallest_trial() -> None:
    trial = smallest_trial()
    for name, work in COMPILED.items():
        work.call(trial)
        assert is_compiled(name)
