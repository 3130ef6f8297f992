"""Does the calibration tell its uncertainty rightly, and is what ships what it gives?"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from linear_trials import LinearTrials

from simulate.calibration.coverage import EFFORT, LEVELS, check_coverage
from simulate.calibration.files import PARAMETERS
from simulate.calibration.inference import Effort
from simulate.calibration.publish import Settings, publish_calibration, publish_coverage
from simulate.scenario.scenario import Scenario
from simulate.steps import silent

pytestmark = pytest.mark.verify

KN026 = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"
SHIPPED = KN026.parent / "calibrated" / "kn026_phase2"
DATASETS = 200
LINEAR = Effort(
    designs=200, trials=20, local_designs=100, local_trials=20, mode_trials=500,
    covariance_trials=2000, steps=300, draws=1000,
)  # fmt: skip


def test_coverage_is_right_where_the_posterior_is_known_and_wrong_where_it_is_wrong() -> None:
    """300 data sets: an 80% interval covers 240 of them with a standard error of 7."""
    good = check_coverage(LinearTrials(), datasets=300, seed=5, effort=LINEAR, step=silent)
    table = good.table(["a", "b", "c"]).set_index(["parameter", "level"])["covered"]
    for name in "abc":
        assert abs(table[name, 0.8] - 240) < 3 * 7
    small = LinearTrials(wrong=0.4)  # the calibration believes in too little noise
    bad = check_coverage(small, datasets=300, seed=5, effort=LINEAR, step=silent)
    table = bad.table(["a", "b", "c"]).set_index(["parameter", "level"])["covered"]
    assert table["a", 0.8] < 200
    assert table["b", 0.8] < 200


def counted(folder: Path, *, near_posterior: bool) -> pd.DataFrame:
    """Check the coverage on simulated trials and print the counts."""
    scenario = Scenario.from_file(KN026)
    shutil.copytree(SHIPPED / "full", folder / "full")
    settings = Settings(seed=scenario.seed, workers=2, effort=EFFORT)
    path = publish_coverage(
        scenario, folder, settings, datasets=DATASETS, near_posterior=near_posterior
    )
    table = pd.read_csv(path)
    print(table.pivot(index="parameter", columns="level", values="covered").to_string())
    return table


def test_intervals_cover_as_they_should_on_trials_like_the_published_one(tmp_path: Path) -> None:
    """The truth from the posterior, where the intervals are used; the prior of the fit is the same.

    The mean share over the parameters lies within three standard errors of one parameter.
    """
    table = counted(tmp_path, near_posterior=True)
    for level in LEVELS:
        mean = table[table["level"] == level]["share"].mean()
        assert abs(mean - level) < 3 * np.sqrt(level * (1 - level) / DATASETS)


def test_intervals_cover_as_they_should_on_trials_of_every_kind(tmp_path: Path) -> None:
    """The truth from the whole prior, whose far corners hold trials unlike the published one."""
    table = counted(tmp_path, near_posterior=False)
    for level in LEVELS:
        mean = table[table["level"] == level]["share"].mean()
        assert abs(mean - level) < 3 * np.sqrt(level * (1 - level) / DATASETS)


def test_the_command_gives_again_what_ships(tmp_path: Path) -> None:
    """Another seed than the one that ships: point values within a third of a posterior sd.

    What differs is Monte Carlo error: of the emulator, of the covariance, of 1,000 draws.
    """
    scenario = Scenario.from_file(KN026)
    effort = replace(Effort(), check_draws=50)
    settings = Settings(seed=scenario.seed + 1, workers=2, effort=effort)
    (folder,) = publish_calibration(scenario, tmp_path, settings, fits=["full"])
    again, shipped = (pd.read_csv(f / PARAMETERS) for f in (folder, SHIPPED / "full"))
    assert again["parameter"].tolist() == shipped["parameter"].tolist()
    sd = (shipped["posterior_upper"] - shipped["posterior_lower"]) / 4
    apart = (again["point"] - shipped["point"]).abs() / sd
    assert apart.max() < 0.35
