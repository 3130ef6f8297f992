"""The command line: exit codes, what goes where, and how quickly."""

import subprocess
import sys
from pathlib import Path

import pytest
from scenario_example import GOOD, write

from simulate import cli
from simulate.scenario import Scenario
from simulate.scenario.json_schema import schema_text

HEAVY = ("numpy", "scipy", "pandas", "numba", "matplotlib", "lifelines", "simpy", "pyarrow")


def test_a_valid_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    assert cli.main(["validate", path]) == 0
    shown = capsys.readouterr()
    digest = Scenario.from_file(path).digest()[:12]
    assert shown.out == (
        f"{path} is valid: A small trial\n"
        f"40 patients, 3 sites, 1 analysis, 100 replicates, 1 variant; digest {digest}\n"
    )
    assert shown.err == ""


def test_overrides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    assert cli.main(["validate", path, "--set", "sample_size=1", "--set", "title=T"]) == 0
    assert "is valid: T\n1 patient, 3 sites" in capsys.readouterr().out
    assert cli.main(["validate", path, "--set", "sample_siz=1"]) == 2
    assert "Did you mean sample_size" in capsys.readouterr().err
    assert cli.main(["validate", path, "--set", "sample_size"]) == 2
    assert "path.to.field=value" in capsys.readouterr().err


def test_numbers_without_a_source_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, GOOD.replace("source: assumed\nat: made up for a test\n", ""))
    assert cli.main(["validate", path]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert warnings[0] == f"{path}:4: origin: warning: no source is stated (given: 2020-01-13)"
    assert len(warnings) == 11
    assert warnings[-1].startswith("and ")


@pytest.mark.parametrize(
    "content", [None, "", "- 1\n", "a: [\n", GOOD.replace("exponent: 2", "exponent: -2")]
)
def test_a_bad_scenario(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "none.yaml") if content is None else write(tmp_path, content)
    assert cli.main(["validate", path]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(path)
    assert shown.err.endswith("1 problem; nothing was run\n")


@pytest.mark.parametrize("words", [["validat"], ["validate"], ["validate", "a", "--sett", "b"]])
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert "Error: " in capsys.readouterr().err


def test_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert capsys.readouterr().out == schema_text()
    file = tmp_path / "schema.json"
    assert cli.main(["schema", "--output", str(file)]) == 0
    assert file.read_text("utf-8") == schema_text()
    assert cli.main(["schema", "--output", str(tmp_path / "none" / "schema.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> Scenario:
        raise KeyboardInterrupt

    monkeypatch.setattr("simulate.scenario.read_scenario", interrupted)
    assert cli.main(["validate", write(tmp_path)]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_reading_a_scenario_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from simulate.cli import main; "
        f"assert main(['validate', {write(tmp_path)!r}]) == 0; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == "[]"
