"""The command line around engines: which one runs, whether they agree, and compiling beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenario_example import write

from simulate import check_engines, cli, warmup
from simulate.check_engines import EngineCheck
from simulate.choose_engine import FEW
from simulate.scenario.scenario import Scenario

CHAIRS = "resources={chairs: {slots: 2}}"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is run."""
    monkeypatch.setattr("simulate.publish.publish", lambda *_args, **_options: tmp_path)


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", CHAIRS, "-n", str(FEW + 1)], True),
        (["--set", CHAIRS, "-n", str(FEW)], False),
        (["--set", CHAIRS, "-n", str(FEW + 1), "--engine", "reference"], False),
        (["-n", str(FEW)], False),
    ],
)
def test_simpy_for_many_replicates_is_told_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: bool
) -> None:
    assert cli.main(["run", write(tmp_path), *words]) == 0
    out, err = capsys.readouterr()
    line = "small: SimPy engine, because patients of a site share infusion chairs or drug supply"
    assert (line in err) == told
    assert "engine" not in out  # what is piped stays clean


@pytest.mark.parametrize("engine", ["warp", "batch"])
def test_an_engine_that_cannot_run_it_ends_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    words = ["run", write(tmp_path), "--engine", engine, "--set", CHAIRS, "--out", str(tmp_path)]
    assert cli.main(words) == 2
    assert engine in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


@pytest.mark.parametrize(("difference", "code"), [(None, 0), ("patient 3 died twice", 1)])
def test_check_engines_says_whether_they_agree(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    difference: str | None,
    code: int,
) -> None:
    asked: dict[str, Any] = {}

    def check(scenario: Scenario, **options: Any) -> EngineCheck:
        asked.update(options, size=scenario.sample_size)
        return EngineCheck("small", ("reference", "batch"), 7, 3, 100, 1000, difference)

    monkeypatch.setattr(check_engines, "check_engines", check)
    words = ["check-engines", write(tmp_path), "-n", "3", "--seed", "7", "--set", "sample_size=9"]
    assert cli.main(words) == code
    out = capsys.readouterr().out
    assert ("equal to the last bit" in out) == (difference is None)
    assert difference is None or difference in out
    assert (asked["seed"], asked["replicates"], asked["size"]) == (7, 3, 9)


def test_warmup_says_what_it_compiled_and_then_that_all_is_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def compile_steps(trial: Scenario, *, tell: Any) -> dict[str, float]:
        if compiled:
            return {}
        tell("truth")
        compiled.append(trial.name)
        return {"truth": 7.25}

    monkeypatch.setattr(warmup, "compile_steps", compile_steps)
    assert cli.main(["warmup"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("compiled: truth in 7.2 s\n", "compiling: truth\n")
    assert compiled == ["smallest_trial"]
    assert cli.main(["warmup"]) == 0
    assert capsys.readouterr().out == "everything is compiled already\n"
