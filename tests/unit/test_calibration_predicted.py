"""What fits that are there predict: held-out facts over their draws, and survival by formula."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from calibrated_example import write_fit
from scenario_example import GOOD, write
from small_calibration import CALIBRATION, FEW, TINY, trial

from simulate import cli
from simulate.calibration import publish
from simulate.calibration.predicted import Checked, check_fit, fits_in, truth_table
from simulate.calibration.publish import Settings, publish_calibration, publish_checks
from simulate.calibration.tables import HELD_OUT_CHECK, TRUTH_COLUMNS, TRUTHS
from simulate.errors import UsageError
from simulate.replicates import run_replicates
from simulate.scenario.scenario import Scenario
from simulate.scorecard import SCORECARD_COLUMNS
from simulate.steps import silent

HELD_OUT = "held_out: [cycles_median, pfs_rate_12_lower]"
FACTS_OF_IT = """\
  - {statistic: pfs_rate_12_lower, label: a limit, value: 48.0, unit: '%', count: null,
     denominator: 40, lower: null, upper: null, role: check, at: made up}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small calibration; one of its fits holds out two facts."""
    folder = tmp_path_factory.mktemp("predicted")
    text = CALIBRATION.replace("held_out: [cycles_median]", HELD_OUT)
    path = Path(trial(folder, calibration=text))
    with (folder / "facts.yaml").open("a", encoding="utf-8") as file:
        file.write(FACTS_OF_IT)
    settings = Settings(seed=1, effort=TINY, checked=FEW)
    publish_calibration(Scenario.from_file(path), folder / "out", settings)
    return folder


def test_only_a_fit_with_held_out_facts_is_held_against_them(made: Path) -> None:
    holding = [
        name for name in fits_in(made / "out") if (made / "out" / name / HELD_OUT_CHECK).is_file()
    ]
    assert holding == ["fewer"]
    assert fits_in(made / "out") == ["constant", "fewer", "full"]


def test_held_out_facts_lie_where_trials_over_the_draws_put_them(made: Path) -> None:
    check = pd.read_csv(made / "out" / "fewer" / HELD_OUT_CHECK)
    assert list(check.columns) == ["statistic", *SCORECARD_COLUMNS]
    assert sorted(check["statistic"]) == ["cycles_median", "pfs_rate_12_lower"]
    assert set(check["role"]) == {"held_out"}
    assert set(check["parameters"]) == {"draws"}

    chosen = {"from": str(made / "out"), "fit": "fewer", "use": "draws"}
    drawn = Scenario.from_file(made / "small.yaml").with_overrides({"parameters": chosen})
    table = run_replicates(drawn, replicates=FEW.replicates, seed=1)["final"].table
    row = check.set_index("statistic").loc["pfs_rate_12_lower"]
    values = 100 * table["pfs_rate_12_lower"].dropna()
    expected = np.quantile(values, (0.025, 0.5, 0.975), method="inverted_cdf")
    assert [row["lower"], row["median"], row["upper"]] == pytest.approx(expected.tolist())
    assert row["percentile"] == pytest.approx(
        100 * ((values < 48.0).mean() + (values == 48.0).mean() / 2)
    )
    assert row["n_replicates"] == len(values)


def test_the_same_command_gives_the_same_bytes(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made / "out" / "fewer" / HELD_OUT_CHECK
    before = path.read_bytes()
    path.unlink()
    point = (made / "out" / "fewer" / "point.yaml").read_bytes()
    monkeypatch.setattr(publish, "Settings", lambda **o: Settings(**{**o, "checked": FEW}))

    words = ["calibrate", str(made / "small.yaml"), "--out", str(made / "out"), "--seed", "1"]
    assert cli.main([*words, "--check-held-out"]) == 0

    assert capsys.readouterr().out == f"written: {path}\n"
    assert path.read_bytes() == before
    assert (made / "out" / "fewer" / "point.yaml").read_bytes() == point
    assert not list((made / "out" / "fewer").glob(".*"))


def test_fits_that_are_not_there_are_told(made: Path, tmp_path: Path) -> None:
    scenario = Scenario.from_file(made / "small.yaml")
    with pytest.raises(UsageError, match=r"holds no fit other \(fits: constant, fewer, full\)"):
        publish_checks(scenario, made / "out", Settings(seed=1), fits=["other"])
    with pytest.raises(UsageError, match="run simulate calibrate first"):
        publish_checks(scenario, tmp_path, Settings(seed=1))
    assert not list(tmp_path.iterdir())


def test_two_checks_at_once_are_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["calibrate", str(made / "small.yaml"), "--check-held-out", "--coverage", "5"]
    assert cli.main(words) == 2
    assert "give one of them" in capsys.readouterr().err


# ---- survival by formula ------------------------------------------------------------------------

ONE_LAW = """\
fit: one_law
title: One exponential law
scenario: small
structure:
  disease.progression: {everyone: {kind: weibull, scale: 20 months, shape: 1}}
  disease.prognostic_factors: []
  disease.death_without_progression: {kind: exponential, rate: 0.0000001 per month}
parameters:
  - {name: scale, label: Scale, field: disease.progression.everyone.scale, unit: months, value: 20}
"""
SCALES = [10.0 + i for i in range(21)]


@pytest.fixture
def one_law(tmp_path: Path) -> Path:
    """The small scenario, and a fit in which everyone progresses at a constant rate."""
    write_fit(tmp_path / "fits", ONE_LAW, {"scale": SCALES})
    write(tmp_path, GOOD)
    return tmp_path


def test_survival_by_formula_is_the_closed_form(one_law: Path) -> None:
    scenario = Scenario.from_file(one_law / "small.yaml")
    (path,) = check_fit(scenario, one_law / "fits" / "one_law", seed=1, checked=Checked(draws=99))

    assert path.name == TRUTHS
    table = pd.read_csv(path).set_index("truth")
    assert list(table.reset_index().columns) == list(TRUTH_COLUMNS)
    months = 6.0
    ends = [SCALES[0], SCALES[len(SCALES) // 2], SCALES[-1]]  # of 21 draws the outermost
    row = table.loc["pfs_rate_6"]
    assert row["n_draws"] == len(SCALES)
    for column, scale in zip(("lower", "median", "upper"), ends, strict=True):
        # an event on the day after a landmark is not within it: a day of a month makes 0.3 points
        assert row[column] == pytest.approx(100 * math.exp(-months / scale), abs=0.35)
    median = table.loc["pfs_median"]
    assert median["unit"] == "months"
    assert median["point"] == pytest.approx(20 * math.log(2), abs=2 / 30.4375)
    assert median["upper"] == pytest.approx(SCALES[-1] * math.log(2), abs=2 / 30.4375)


def test_draws_are_taken_evenly_from_all(one_law: Path) -> None:
    scenario = Scenario.from_file(one_law / "small.yaml")
    chosen = {"from": str(one_law / "fits"), "fit": "one_law", "use": "draws"}
    drawn = scenario.with_overrides({"parameters": chosen})

    every, few = (truth_table(drawn, n, step=silent) for n in (21, 3))

    assert every is not None
    assert few is not None
    assert few["n_draws"].tolist() == [3] * len(few)
    assert few["median"].tolist() == every["median"].tolist()  # the middle one of 21 is among them
    assert few["lower"].tolist() == every["lower"].tolist()


def test_no_truths_are_told_where_there_is_no_formula(one_law: Path) -> None:
    text = ONE_LAW.replace("  disease.prognostic_factors: []\n", "").replace("one_law", "factors")
    write_fit(one_law / "fits", text, {"scale": SCALES})
    scenario = Scenario.from_file(one_law / "small.yaml")
    assert scenario.disease.prognostic_factors  # else there is a formula

    assert check_fit(scenario, one_law / "fits" / "factors", seed=1) == []
    assert not (one_law / "fits" / "factors" / TRUTHS).exists()
