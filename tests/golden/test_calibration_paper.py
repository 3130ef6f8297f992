"""The calibration that ships, against the preparatory study of the paper and the facts held out."""

from pathlib import Path

import pandas as pd
import pytest

from simulate.calibration.tables import FitFolder, read_fit_folder
from simulate.report.calibration_fits import FIRST

SHIPPED = Path(__file__).parents[2] / "scenarios" / "calibrated" / "kn026_phase2"

STUDY = {
    "response_probability": (0.7091, 0.8205, 0.9083),
    "responder_scale": (30.27, 43.89, 72.07),
    "non_responder_median": (4.054, 8.955, 18.98),
    "death_scale": (22.35, 42.65, 89.13),
    "withdrawal_rate": (0.002047, 0.004386, 0.007723),
    "accrual_exponent": (1.808, 2.547, 3.736),
}
"""Posterior of a preparatory study of the same paper, with a simulator and priors of its own."""


def fit(name: str) -> FitFolder:
    found = read_fit_folder(SHIPPED / name)
    assert found.parameters is not None
    assert found.targets is not None
    assert found.diagnostics is not None
    return found


@pytest.mark.parametrize("name", STUDY)
def test_the_posterior_is_near_that_of_the_study(name: str) -> None:
    parameters = fit(FIRST).parameters
    assert parameters is not None
    row = parameters.set_index("parameter").loc[name]
    lower, median, upper = STUDY[name]

    assert row["posterior_median"] == pytest.approx(median, rel=0.1)
    assert lower < row["point"] < upper
    assert row["posterior_lower"] == pytest.approx(lower, rel=0.25)
    assert row["posterior_upper"] == pytest.approx(upper, rel=0.25)


def test_true_survival_is_near_that_of_the_study() -> None:
    truths = fit(FIRST).truths
    assert truths is not None
    row = truths.set_index("truth")
    assert row.loc["pfs_median", "median"] == pytest.approx(25.7, abs=1.5)
    assert row.loc["pfs_rate_24", "median"] == pytest.approx(52.3, abs=2.0)
    assert row.loc["pfs_rate_12", "median"] == pytest.approx(72.6, abs=2.5)


def test_held_out_facts_lie_inside() -> None:
    check = fit("held_out").held_out_check
    assert check is not None
    assert len(check) >= 30
    assert check["inside"].all()
    assert pd.api.types.is_numeric_dtype(check["percentile"])


def test_held_out_and_full_agree() -> None:
    first, other = (fit(name).parameters for name in (FIRST, "held_out"))
    assert first is not None
    assert other is not None
    both = first.merge(other, on="parameter", suffixes=("", "_other"))
    apart = both[both["stage"] == "efficacy"]
    assert len(apart) == 15
    inside = apart["point_other"].between(apart["posterior_lower"], apart["posterior_upper"])
    assert inside.all()
