"""The command line around randomised trials: run, --null, compare, check-engines, warmup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_randomised import FEW, PHASE_II, PHASE_III, SCENARIOS, SMALL, TO_COPY

import simulate.report.randomised.report as report
from simulate import check_engines as patients
from simulate import check_looks as looks
from simulate import cli, warmup
from simulate.check_engines import EngineCheck
from simulate.scenario.scenario import Scenario
from simulate.units import DAYS_PER_MONTH

N = "6"

GRAPH = SCENARIOS / "two_endpoints_graph.yaml"

Shown = Callable[[], tuple[str, str]]


def with_set(overrides: Sequence[str]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]


def simulate(*words: str) -> int:
    return cli.main([*words, "--engine", "reference", "-n", N, "--workers", "1"])


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    """What a command has shown: standard output and standard error."""

    def read() -> tuple[str, str]:
        found = capsys.readouterr()
        return found.out, found.err

    return read


@pytest.fixture(autouse=True)
def quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report has tests of its own, and takes its time."""
    monkeypatch.setattr(report, "write_randomised_report", lambda _, path: path.write_text(""))


@pytest.fixture
def nothing_written(tmp_path: Path) -> Callable[[], bool]:
    return lambda: not any(tmp_path.iterdir())


# ---- run ------------------------------------------------------------------------------------


def test_run_tells_power_size_and_where_the_report_is(tmp_path: Path, shown: Shown) -> None:
    assert simulate("run", str(TO_COPY), *with_set(SMALL), "--out", str(tmp_path)) == 0

    out, _ = shown()
    folder = tmp_path / "generic_two_arm"
    table = pd.read_parquet(folder / "replicates.parquet")
    rejected = (table["pfs.decision"] == 1).groupby(table["replicate"]).any()
    last = table.groupby("replicate").last()
    power, size, where = out.splitlines()
    p = rejected.mean()
    assert power == f"pfs: power {100 * p:.2f}% (MCSE {100 * np.sqrt(p * (1 - p) / 6):.2f})"
    patients, months = last["n_enrolled_at_decision"].mean(), last["decision_day"].mean()
    early = (last["analysis"] == "interim").mean()
    assert f"patients {patients:.1f} (MCSE" in size
    assert f"duration {months / DAYS_PER_MONTH:.1f} (MCSE" in size
    assert f"stopped before the last look {100 * early:.2f}% (MCSE" in size
    assert where == f"6 replicates of generic_two_arm: {folder / 'report.html'}"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["command"].startswith("simulate")
    assert manifest["null"] is False


def test_null_gives_the_type_i_error_in_a_folder_of_its_own(tmp_path: Path, shown: Shown) -> None:
    words = ["run", str(TO_COPY), *with_set(SMALL), "--out", str(tmp_path)]
    assert simulate(*words, "--null") == 0

    out, _ = shown()
    folder = tmp_path / "generic_two_arm_null"
    assert re.match(r"pfs: type I error \d+\.\d\d% \(MCSE \d+\.\d\d\)\n", out)
    assert "power" not in out
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["null"] is True
    assert manifest["scenario"]["survival"]["effects"] == []


def test_null_of_arms_in_cycles_and_scans(tmp_path: Path, shown: Shown) -> None:
    words = ["run", str(PHASE_III), *with_set(FEW), "--null", "--name", "no_effect"]
    assert simulate(*words, "--out", str(tmp_path)) == 0

    out, _ = shown()
    assert out.startswith("pfs: type I error ")
    assert "posterior" not in out
    table = pd.read_csv(tmp_path / "no_effect" / "operating_characteristics.csv")
    assert set(table["scenario"]) == {"kn026_phase3_null"}
    bias = table[table["measure"] == "log_hazard_ratio.bias"]
    assert set(bias["hypothesis"]) == {"pfs", "pfs_inv"}, "the true ratio is 1 without effect"


FEW_SHARING = (
    "sample_size=60",
    "sweep=[]",
    "analyses.interim.cut.events.count=16",
    "analyses.progression.cut.events.count=30",
    "analyses.survival.cut.events.count=36",
    "hypotheses.os.information=36",
    "multiplicity.alpha=0.3",
)


@pytest.mark.parametrize(
    ("words", "without"),
    [(["--null"], ["pfs", "os"]), (["--null-of", "os"], ["pfs", "os"]), ([], [])],
    ids=["no effect", "none on os, so none on pfs", "effects"],
)
def test_several_hypotheses_are_told_with_their_family_wise_error(
    tmp_path: Path, shown: Shown, words: list[str], without: list[str]
) -> None:
    command = ["run", str(GRAPH), *with_set(FEW_SHARING), "--out", str(tmp_path), "--name", "r"]
    assert simulate(*command, *words) == 0

    told = dict(line.split(": ", 1) for line in shown()[0].splitlines() if ": " in line)
    table = pd.read_parquet(tmp_path / "r" / "replicates.parquet")
    rejected = {
        name: (table[f"{name}.decision"] == 1).groupby(table["replicate"]).any()
        for name in ("pfs", "os")
    }
    word = "type I error" if without else "power"
    for name, found in rejected.items():
        assert told[name].startswith(f"{word} {100 * found.mean():.2f}%")
    errors = {key: text for key, text in told.items() if key.startswith("family-wise")}
    if not without:
        assert errors == {}
        return
    any_of_them = 100 * (rejected["pfs"] | rejected["os"]).mean()
    assert any_of_them > 0
    ((key, text),) = errors.items()
    assert key == "family-wise error (no effect on pfs, os)"
    assert text.startswith(f"{any_of_them:.2f}%")


def test_null_of_says_what_else_is_without_effect(tmp_path: Path, shown: Shown) -> None:
    """In an illness-death model equal overall survival leaves nothing of progression either."""
    words = ["run", str(GRAPH), *with_set(FEW_SHARING), "--out", str(tmp_path)]
    told = "--null-of os leaves no effect on pfs either"
    assert simulate(*words, "--null-of", "os") == 0
    assert told in shown()[0].splitlines()

    assert simulate(*words, "--null-of", "pfs") == 0
    out = shown()[0]
    assert "--null-of" not in out
    assert "pfs: type I error" in out
    assert "os: power" in out


def test_null_and_null_of_are_not_given_together(
    tmp_path: Path, shown: Shown, nothing_written: Callable[[], bool]
) -> None:
    assert simulate("run", str(GRAPH), "--null", "--null-of", "os", "--out", str(tmp_path)) == 2
    out, err = shown()
    assert out == ""
    assert err.endswith("on some hypotheses; give one of them\n")
    assert nothing_written()


@pytest.mark.parametrize(
    ("file", "overrides", "words"),
    [
        (
            TO_COPY,
            ["survival.effects=[]"],
            "generic_two_arm has no effects, so it is a null scenario already",
        ),
        (
            PHASE_II,
            [],
            "--null takes effects of arms away, and kn026_phase2 has none. In a trial of one arm "
            "set what is true instead, such as --set disease.response.probability=0.2",
        ),
    ],
    ids=["no effect", "no arm"],
)
def test_null_is_refused_where_there_is_nothing_to_take_away(
    tmp_path: Path,
    shown: Shown,
    nothing_written: Callable[[], bool],
    file: Path,
    overrides: list[str],
    words: str,
) -> None:
    command = ["run", str(file), *with_set(overrides), "--null", "--out", str(tmp_path)]
    assert simulate(*command) == 2

    out, err = shown()
    assert (out, err) == ("", f"{words}\n")
    assert nothing_written()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--replicates", "0"], "replicates must lie between 1 and"),
        (["--replicates", "-3"], "replicates must lie between 1 and"),
        (["--replicates", "many"], "'many' is not a valid integer"),
        (["--workers", "0"], "worker"),
        (["--seed", "-1"], "seed"),
        (["--engine", "warp"], "there is no engine 'warp'; the engines are: "),
        (["--name", "../elsewhere"], "a name holds letters, digits"),
        (["--patients", "3"], "--patients is of trials without arms"),
        (["--set", "hypotheses.pfs.endpoint=DFS"], "hypotheses.pfs.endpoint"),
        (["--set", "analyses.final.cut.events.count=1000"], "analyses.final.cut.events.count"),
    ],
)
def test_what_makes_no_sense_is_refused_with_nothing_written(
    tmp_path: Path,
    shown: Shown,
    nothing_written: Callable[[], bool],
    words: list[str],
    told: str,
) -> None:
    assert cli.main(["run", str(TO_COPY), "--out", str(tmp_path), *words]) == 2

    out, err = shown()
    assert out == ""
    assert told in err
    assert "Traceback" not in err
    assert nothing_written()


def test_another_result_of_the_name_is_not_overwritten(tmp_path: Path, shown: Shown) -> None:
    words = ["run", str(TO_COPY), *with_set(SMALL), "--out", str(tmp_path)]
    assert simulate(*words) == 0
    assert simulate(*words) == 0, "the same scenario is run again"
    shown()
    other = [*words, "--set", "sample_size=50"]
    assert simulate(*other) == 2
    assert "--name of its own, or --force" in shown()[1]
    assert simulate(*other, "--force") == 0


def test_neither_simulation_nor_theory_takes_the_place_of_the_other(
    tmp_path: Path, shown: Shown
) -> None:
    """They are of one scenario, so their digests are the same."""
    of_both = [str(TO_COPY), *with_set(SMALL), "--out", str(tmp_path)]
    for name, first, second in (("a", "run", "design"), ("b", "design", "run")):
        words = [*of_both, "--name", name]
        assert _command(first, words) == 0
        written = {
            path: path.read_bytes() for path in (tmp_path / name).iterdir() if path.is_file()
        }
        shown()

        assert _command(second, words) == 2

        assert "choose another --out or --name, or --force to overwrite" in shown()[1]
        assert all(path.read_bytes() == content for path, content in written.items())
        assert _command(second, [*words, "--force"]) == 0


def _command(name: str, words: Sequence[str]) -> int:
    return simulate(name, *words) if name == "run" else cli.main([name, *words])


# ---- compare --------------------------------------------------------------------------------


def slower(folder: Path, name: str = "slower", **more: Any) -> str:
    """A file that is the scenario to copy with slower accrual."""
    accrual = "[{from: 0 months, rate: 2 per month}]"
    text = f"extends: {TO_COPY}\nname: {name}\ntitle: Slower accrual\nsource: assumed\n"
    text += f"at: a test\nenrolment: {{accrual: {accrual}}}\n"
    text += "".join(f"{key}: {value}\n" for key, value in more.items())
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return str(path)


# accrual is what differs, so it is not set
BOTH = [word for word in SMALL if not word.startswith("enrolment")]


def compare(one: str, other: str, out: Path, *words: str) -> int:
    return simulate("compare", one, other, *with_set(BOTH), "--out", str(out), *words)


def test_compare_tells_paired_differences(tmp_path: Path, shown: Shown) -> None:
    out = tmp_path / "results"
    assert compare(slower(tmp_path), str(TO_COPY), out) == 0

    text, _ = shown()
    folder = out / "slower_vs_generic_two_arm"
    table = pd.read_csv(folder / "compare.csv")
    assert {path.name for path in folder.iterdir()} == {"compare.csv", "manifest.json"}
    assert [path.name for path in out.iterdir()] == [folder.name]
    assert text.endswith(f"All statistics: {folder / 'compare.csv'}\n")
    assert "A  slower: Slower accrual" in text
    assert "6 pairs of replicates on common random numbers" in text
    rows = {line[:44].strip(): line[44:].split() for line in text.splitlines()}
    duration = table[table["statistic"] == "duration"].iloc[0]
    assert float(duration["difference"]) > 3, "two patients a month"
    for label, statistic, scale in (
        ("duration, months", "duration", 1),
        ("pfs.reject, %", "pfs.reject", 100),
        ("sample size", "sample_size", 1),
    ):
        row = table[table["statistic"] == statistic].iloc[0]
        numbers = [row[key] for key in ("value", "value_against", "difference", "mcse")]
        assert rows[label] == [f"{scale * number:.3f}" for number in numbers]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["of"]["name"], manifest["against"]["name"]) == ("slower", "generic_two_arm")


@pytest.mark.parametrize("first", ["randomised", "one arm"])
def test_trials_of_two_kinds_are_not_compared(
    tmp_path: Path, shown: Shown, nothing_written: Callable[[], bool], first: str
) -> None:
    files = [str(TO_COPY), str(PHASE_II)]
    if first == "one arm":
        files.reverse()
    assert simulate("compare", *files, "--out", str(tmp_path)) == 2

    out, err = shown()
    assert out == ""
    assert err == (
        "generic_two_arm is a randomised trial and the other is not, so there is nothing to "
        "compare; give two of one kind\n"
    )
    assert nothing_written()


def test_a_pair_needs_two_names_and_one_seed(tmp_path: Path, shown: Shown) -> None:
    out = tmp_path / "results"
    assert compare(str(TO_COPY), str(TO_COPY), out) == 2
    assert "both scenarios are named generic_two_arm" in shown()[1]
    seeded = slower(tmp_path, seed=7)
    assert compare(seeded, str(TO_COPY), out) == 2
    assert "different seeds (7 and 20250)" in shown()[1]
    assert not out.exists()
    assert compare(seeded, str(TO_COPY), out, "--seed", "3") == 0


# ---- check-engines --------------------------------------------------------------------------


def test_engines_agree_on_a_survival_file(shown: Shown) -> None:
    words = ["check-engines", str(TO_COPY), *with_set(SMALL), "-n", "3", "--seed", "7"]
    assert cli.main(words) == 0

    out, _ = shown()
    head, patients_line, numbers = out.splitlines()
    assert head == (
        "generic_two_arm, seed 7: 3 replicates by reference and by batch: equal to the last bit"
    )
    assert patients_line == "  144 patients in every column"
    assert re.fullmatch(r"  \d+ numbers of looks", numbers)


@pytest.mark.parametrize(("difference", "code"), [(None, 0), ("replicate 1: 3 patients", 1)])
@pytest.mark.parametrize(
    ("file", "module", "name"),
    [(TO_COPY, looks, "check_looks"), (PHASE_III, patients, "check_engines")],
    ids=["survival", "arms"],
)
def test_check_engines_asks_for_the_kind_of_trial(
    shown: Shown,
    monkeypatch: pytest.MonkeyPatch,
    file: Path,
    module: Any,
    name: str,
    difference: str | None,
    code: int,
) -> None:
    asked: dict[str, Any] = {}

    def check(scenario: Any, **options: Any) -> EngineCheck:
        asked.update(options, name=scenario.name, size=scenario.sample_size)
        return EngineCheck(
            scenario.name, ("reference", "batch"), options["seed"], 2, 10, 20, difference
        )

    monkeypatch.setattr(module, name, check)
    size = ["--set", "sample_size=700"]

    assert cli.main(["check-engines", str(file), "-n", "2", *size]) == code

    out, _ = shown()
    assert ("equal to the last bit" in out) == (difference is None)
    assert difference is None or f"DIFFERENT\n  {difference}" in out
    assert (asked["name"], asked["size"], asked["replicates"]) == (file.stem, 700, 2)
    assert asked["seed"] == 20250


@pytest.mark.parametrize("words", [["-n", "0"], ["--seed", "-1"], ["-n", "x"]])
def test_check_engines_refuses_numbers_that_make_no_sense(shown: Shown, words: list[str]) -> None:
    assert cli.main(["check-engines", str(TO_COPY), *words]) == 2
    assert "Traceback" not in shown()[1]


# ---- warmup ---------------------------------------------------------------------------------


def test_story_tells_of_patients_of_plain_survival_models_too(shown: Shown) -> None:
    assert cli.main(["story", str(TO_COPY)]) == 0

    assert "DATA CUT" in shown()[0]


def test_a_place_in_a_list_of_names_is_explained(shown: Shown) -> None:
    words = ["--set", "analyses.0.cleaning_lag=6 weeks"]
    assert cli.main(["validate", str(TO_COPY), *words]) == 2

    assert "by their name or id, not by their place" in shown()[1]


def test_tables_of_a_grid_have_a_column_for_each_field(tmp_path: Path) -> None:
    fields = "{survival.dropout.rate: [0.02 per year, 0.1 per year], sample_size: [440, 450]}"
    words = with_set([f"grid={{fields: {fields}}}", *SMALL])
    assert simulate("run", str(TO_COPY), "--out", str(tmp_path), *words) == 0

    for name in ("sweep.csv", "sweep_operating_characteristics.csv"):
        table = pd.read_csv(tmp_path / "generic_two_arm" / name)
        cells = table.groupby("scenario")[["survival.dropout.rate", "sample_size"]].first()
        assert sorted(map(tuple, cells.to_numpy().tolist())) == [
            ("0.02 per year", 440),
            ("0.02 per year", 450),
            ("0.1 per year", 440),
            ("0.1 per year", 450),
        ]


@pytest.mark.parametrize("file", [TO_COPY, PHASE_III, PHASE_II])
def test_warmup_takes_a_file_of_any_kind(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    """Randomised trials are compiled for by trials that are made for that."""
    given: list[Scenario] = []

    def compile_steps(trial: Scenario, **_options: Any) -> dict[str, float]:
        given.append(trial)
        return {}

    monkeypatch.setattr(warmup, "compile_steps", compile_steps)

    assert cli.main(["warmup", str(file)]) == 0

    (trial,) = given
    assert trial.name == ("kn026_phase2" if file == PHASE_II else "smallest_trial")
    assert trial.arms == ()
    assert shown()[0] == "everything is compiled already\n"
