"""From a scenario to the folder of its calibration, and bad input on the way; made small."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scenario_example import spoil
from small_calibration import CALIBRATION, FACTS, FEW, TINY, trial

from simulate import cli
from simulate.calibration import publish
from simulate.calibration.fits import NotConvergedError
from simulate.calibration.publish import Settings, publish_calibration, publish_coverage
from simulate.calibration.simulated import TrialSimulator
from simulate.calibration.tables import PARAMETER_COLUMNS, TARGET_COLUMNS
from simulate.errors import ScenarioError
from simulate.scenario.scenario import Scenario


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small calibration, two fits, two threads."""
    folder = tmp_path_factory.mktemp("calibration")
    scenario = Scenario.from_file(trial(folder))
    settings = Settings(
        seed=1, workers=2, effort=TINY, checked=FEW, command="simulate calibrate small.yaml"
    )
    publish_calibration(scenario, folder / "out", settings)
    return folder


def test_each_fit_has_its_folder_and_nothing_else_is_left(made: Path) -> None:
    assert sorted(p.name for p in (made / "out").iterdir()) == ["constant", "fewer", "full"]
    files = {p.name for p in (made / "out" / "full").iterdir()}
    assert files == {
        "point.yaml", "draws.parquet", "parameters.csv", "covariance.csv", "targets.csv",
        "diagnostics.json",
    }  # fmt: skip


def test_a_scenario_takes_the_point_and_the_draws(made: Path) -> None:
    """The simulated trial has just the values that the files hold, in their units."""
    text = Path(made / "small.yaml").read_text(encoding="utf-8")
    parameters = "parameters: {from: out, use: draws}\n\norigin:"
    taking = made / "taking.yaml"
    taking.write_text(text.replace("origin:", parameters, 1), encoding="utf-8")
    scenario = Scenario.from_file(taking)
    point = yaml.safe_load((made / "out" / "full" / "point.yaml").read_text(encoding="utf-8"))
    values = {row["name"]: row["value"] for row in point["parameters"]}
    draws = pd.read_parquet(made / "out" / "full" / "draws.parquet")
    assert scenario.disease.response.probability == values["response"]
    responders = scenario.disease.progression.responders
    assert responders.scale == pytest.approx(values["scale"] * 30.4375)
    assert list(draws.columns) == ["response", "scale"]
    assert len(draws) == TINY.draws
    third = scenario.of_replicate(3)
    assert third.disease.response.probability == draws["response"][3]


def test_tables_have_their_columns_and_agree_with_each_other(made: Path) -> None:
    folder = made / "out" / "full"
    parameters = pd.read_csv(folder / "parameters.csv")
    assert tuple(parameters.columns) == PARAMETER_COLUMNS
    assert parameters["prior_source"].fillna("").tolist() == ["a guess", ""]
    draws = pd.read_parquet(folder / "draws.parquet")
    median = draws.median()
    assert parameters.set_index("parameter")["posterior_median"].to_dict() == pytest.approx(
        median.to_dict(), rel=0.02
    )
    covariance = pd.read_csv(folder / "covariance.csv", index_col="parameter").to_numpy()
    logit, log = np.log(draws["response"] / (1 - draws["response"])), np.log(draws["scale"])
    assert covariance == pytest.approx(np.cov(logit, log), rel=1e-6)
    targets = pd.read_csv(folder / "targets.csv")
    assert tuple(targets.columns) == TARGET_COLUMNS
    assert targets["target"].tolist() == [
        "orr", "pfs_rate_6", "pfs_rate_12", "pfs_rate_12_interval",
    ]  # fmt: skip
    assert targets["z"].abs().max() < 3


def test_the_point_names_what_was_used_and_what_was_held_out(made: Path) -> None:
    full, fewer, constant = (
        yaml.safe_load((made / "out" / name / "point.yaml").read_text(encoding="utf-8"))
        for name in ("full", "fewer", "constant")
    )
    assert "pfs_rate_12_lower" in full["calibrated"]
    assert full["held_out"] == []
    assert set(fewer["held_out"]) == {"pfs_rate_12_lower", "pfs_rate_12_upper", "cycles_median"}
    assert "pfs_rate_12_lower" not in fewer["calibrated"]
    assert constant["structure"] == {"disease.progression.responders.shape": 1.0}


def test_diagnostics_say_from_what_it_was_made(made: Path) -> None:
    content = json.loads((made / "out" / "full" / "diagnostics.json").read_text(encoding="utf-8"))
    assert content["seed"] == 1
    assert content["command"] == "simulate calibrate small.yaml"
    assert content["scenario"] == "small"
    assert content["stages"][0]["largest_rhat"] < 1.05


def test_the_same_command_gives_the_same_bytes_with_one_thread(made: Path, tmp_path: Path) -> None:
    scenario = Scenario.from_file(made / "small.yaml")
    settings = Settings(
        seed=1, workers=1, effort=TINY, checked=FEW, command="simulate calibrate small.yaml"
    )
    publish_calibration(scenario, tmp_path / "out", settings, fits=["full"])
    for name in ("point.yaml", "draws.parquet", "parameters.csv", "covariance.csv", "targets.csv"):
        here, there = (f / "out" / "full" / name for f in (tmp_path, made))
        assert here.read_bytes() == there.read_bytes(), name


def test_an_interrupted_calibration_goes_on_without_simulating_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Path
) -> None:
    """Stopped when all trials are there: the second call simulates none of them."""
    scenario = Scenario.from_file(made / "small.yaml")
    settings = Settings(seed=1, effort=TINY, checked=FEW)

    def stop(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publish, "write_fit", stop)
        with pytest.raises(KeyboardInterrupt):
            publish_calibration(scenario, tmp_path, settings, fits=["full"])
    simulated: list[int] = []
    block = TrialSimulator._block

    def counted(self: TrialSimulator, *arguments: object) -> object:
        before = len(list((tmp_path / ".parts").rglob("*.npy")))
        found = block(self, *arguments)  # type: ignore[arg-type]
        simulated.append(len(list((tmp_path / ".parts").rglob("*.npy"))) - before)
        return found

    monkeypatch.setattr(TrialSimulator, "_block", counted)
    publish_calibration(scenario, tmp_path, settings, fits=["full"])
    assert len(simulated) >= 5
    assert sum(simulated) == 0
    same = (made / "out" / "full" / "draws.parquet").read_bytes()
    assert (tmp_path / "full" / "draws.parquet").read_bytes() == same


def test_what_did_not_converge_is_told_and_leaves_an_earlier_fit_alone(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = Scenario.from_file(made / "small.yaml")
    publish_calibration(
        scenario, tmp_path, Settings(seed=1, effort=TINY, checked=FEW), fits=["full"]
    )
    before = (tmp_path / "full" / "point.yaml").read_bytes()
    monkeypatch.setattr("simulate.calibration.fits.MOST_RHAT", 1.0)
    with pytest.raises(NotConvergedError, match="R-hat of"):
        publish_calibration(
            scenario, tmp_path, Settings(seed=2, effort=TINY, checked=FEW), fits=["full"]
        )
    assert (tmp_path / "full" / "point.yaml").read_bytes() == before
    monkeypatch.setattr(
        publish, "Settings", lambda **o: Settings(**{**o, "effort": TINY, "checked": FEW})
    )
    words = ["calibrate", str(made / "small.yaml"), "--fit", "full", "--out", str(tmp_path)]
    assert cli.main(words) == 1
    assert "did not converge" in capsys.readouterr().err


def test_the_command_prints_a_table_and_where_it_is(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        publish, "Settings", lambda **o: Settings(**{**o, "effort": TINY, "checked": FEW})
    )
    words = ["calibrate", str(made / "small.yaml"), "--fit", "full", "--out", str(tmp_path)]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "response" in out
    assert f"written: {tmp_path / 'full'}" in out


def test_a_parameter_that_no_target_informs_is_named_with_its_line(tmp_path: Path) -> None:
    idle = (
        "      - {name: death, label: Death, field: disease.death_without_progression.rate, "
        "unit: per month, link: log, prior: {median: 0.000001, sd: 0.5}}\n"
    )
    text = CALIBRATION.replace("    targets:\n", idle + "    targets:\n", 1)
    scenario = Scenario.from_file(trial(tmp_path, calibration=text))
    told: list[str] = []
    settings = Settings(seed=1, effort=TINY, checked=FEW)
    publish_calibration(scenario, tmp_path / "out", settings, fits=["full"], tell=told.append)
    (warning,) = [line for line in told if "warning" in line]
    assert "calibration.yaml:9:" in warning
    assert "death" in warning


def test_coverage_is_counted_for_every_parameter_and_level(made: Path, tmp_path: Path) -> None:
    scenario = Scenario.from_file(made / "small.yaml")
    path = publish_coverage(
        scenario, tmp_path, Settings(seed=1, effort=TINY, checked=FEW), datasets=6
    )
    table = pd.read_csv(path)
    assert len(table) == 2 * 3
    assert (table["n"] <= 6).all()
    assert (table["covered"] <= table["n"]).all()


BAD = [
    ("name: scale,", "name: »response,", "given twice"),
    ("field: disease.response.probability", "»field: disease.response.propability", "unknown key"),
    ("prior: {median: 0.7,", "»prior: {median: 1.7,", "between 0 and 1"),
    ("prior: {median: 30,", "»prior: {median: -30,", "above 0"),
    ("sd: 0.5}", "sd: »0}", "must be more than 0"),
    ("sd: 0.6, ", "sd: 0.6, »spread: 1, ", "unknown key"),
    ("arcsine: [orr,", "arcsine: [»orrr,", "no published fact"),
    ("[pfs_rate_12]\nfits", "[pfs_rate_12, »cycles_median]\nfits", "no limits"),
    ("leave_out: {interval: [pfs_rate_12]}", "leave_out: {interval: [»orr]}", "no such target"),
    ("stage: efficacy\n    leave_out", "stage: »safety\n    leave_out", "allowed: efficacy"),
    ("set: {disease.progression.responders.shape: 1.0}", "»set: {sample_size: 0}", "sample_size"),
    ("unit: months", "unit: »fortnights", "must be one of"),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD, ids=[message for *_, message in BAD])
def test_a_mistake_is_told_with_its_line_and_nothing_is_written(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text, line, _ = spoil(old, new, CALIBRATION)
    scenario = Scenario.from_file(trial(tmp_path, calibration=text))
    with pytest.raises(ScenarioError) as caught:
        publish_calibration(scenario, tmp_path / "out", Settings(seed=1, effort=TINY, checked=FEW))
    assert any(p.line == line and message in p.message for p in caught.value.problems), caught.value
    assert not (tmp_path / "out").exists()


IMPOSSIBLE = [
    ("lower: 53.5", "»lower: 73.5", "lower limit 73.5 is above the estimate"),
    ("upper: 83.4", "»upper: 60.0", "upper limit 60 is below the estimate"),
    ("count: 28", "»count: 48", "48 of 40 patients"),
    ("value: 65.0", "»value: 85.0", "cannot follow 80%"),
]


@pytest.mark.parametrize(("old", "new", "message"), IMPOSSIBLE)
def test_facts_that_cannot_be_true_are_told_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    text, line, _ = spoil(old, new, FACTS)
    file = trial(tmp_path, facts=text)
    assert cli.main(["calibrate", file, "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert f"facts.yaml:{line}:" in err
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("key", ["facts", "calibration"])
def test_a_scenario_without_facts_or_calibration_is_told_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    assert cli.main(["calibrate", trial(tmp_path), "--set", f"{key}=null"]) == 2
    assert f"names no file of {key}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-5"], "the seed must lie between 0 and 2^63 - 1 (given: -5)"),
        (["--workers", "0"], "at least one worker is needed (given: 0)"),
        (["--coverage", "5", "--workers", "-3"], "at least one worker is needed (given: -3)"),
        (["--coverage", "5", "--fit", "full"], "leave --fit out"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert cli.main(["calibrate", trial(tmp_path), "--out", str(tmp_path / "out"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_fit_is_told_with_those_that_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["calibrate", trial(tmp_path), "--fit", "ful"]) == 2
    assert "allowed: full, fewer, constant" in capsys.readouterr().err
