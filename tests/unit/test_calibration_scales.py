"""Published statistics on their scales, and parameters on their links."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from simulate.calibration.links import natural, prior_moments, written
from simulate.calibration.scales import Target, on_scale
from simulate.calibration.targets import observed_targets
from simulate.errors import ScenarioError
from simulate.facts import Fact
from simulate.scenario.calibration_design import Parameter, Prior, read_calibration
from simulate.scenario.scenario import Scenario

GOLDEN = Path(__file__).parents[1] / "golden" / "kn026_pseudo_ipd.csv"


def value_of(target: Target, **columns: float) -> float:
    return float(
        on_scale(target, {k: np.array([v]) for k, v in columns.items()}.__getitem__, 57)[0]
    )


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        (Target("arcsine", "x", True), 0.25, np.pi / 6),
        (Target("arcsine", "x", True), 1.0, np.pi / 2),
        (Target("arcsine", "x", False), 57, np.arcsin(np.sqrt(57.375 / 57.75))),
        (Target("arcsine", "x", False), 0, np.arcsin(np.sqrt(0.375 / 57.75))),
        (Target("root", "x", False), 0, np.sqrt(0.375)),
        (Target("log", "x", False), 100, np.log(100)),
    ],
)
def test_values_by_hand(target: Target, value: float, expected: float) -> None:
    assert value_of(target, x=value) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 0.0])
def test_what_has_no_logarithm_is_not_defined(value: float) -> None:
    assert np.isnan(value_of(Target("log", "x", False), x=value))


def test_an_interval_is_the_standard_error_that_greenwood_gives() -> None:
    """From lifelines' limits: log of 2 * 1.96 standard errors of log(-log S)."""
    data = pd.read_csv(GOLDEN, comment="#")
    pfs = data[data["endpoint"] == "pfs"]
    fitter = KaplanMeierFitter().fit(pfs["time_months"], pfs["event"])
    at = fitter.confidence_interval_.index[fitter.confidence_interval_.index <= 12][-1]
    lower, upper = fitter.confidence_interval_.loc[at]
    times = fitter.event_table
    before = times[(times.index <= 12) & (times["observed"] > 0)]
    d, n = before["observed"], before["at_risk"]
    variance = (d / (n * (n - d))).sum()
    error = np.sqrt(variance) / -np.log(fitter.survival_function_at_times(12).iloc[0])
    target = Target("interval", "pfs_rate_12", True)
    found = value_of(target, pfs_rate_12_lower=lower, pfs_rate_12_upper=upper)
    assert found == pytest.approx(np.log(2 * 1.959964 * error), abs=1e-5)


def test_a_share_is_multiplied_and_an_equal_is_copied() -> None:
    prior = Prior(median=0.5, sd=1.0)
    rate = Parameter(name="rate", label="r", field="a", link="log", prior=Prior(median=2.0, sd=0.5))
    share = Parameter(name="share", label="s", field="b", link="logit", prior=prior, times="rate")
    same = Parameter(name="same", label="c", field="c", equals="rate")
    parameters = (rate, share, same)
    mean, sd = prior_moments(parameters)
    assert mean == pytest.approx([np.log(2), 0])
    assert sd == pytest.approx([0.5, 1])
    values = natural(parameters, np.array([[np.log(3.0), 0.0], [0.0, 50.0]]))
    assert values["rate"] == pytest.approx([3, 1])
    assert values["share"] == pytest.approx([1.5, 1])
    assert values["same"] == pytest.approx([3, 1])
    assert values["share"][1] < 1  # a probability never reaches its end
    assert written(1.5, "months") == "1.5 months"
    assert written(1.5, None) == 1.5


def test_a_fact_that_cannot_be_used_on_its_scale_is_told_with_its_line(scenario: Scenario) -> None:
    assert scenario.calibration_path is not None
    file = read_calibration(scenario.calibration_path)
    stage = file.content.stages[0]
    facts = [Fact(s, s, 10.0, "%", None, "calibrated", "made up") for _, s in stage.targets.pairs()]
    with pytest.raises(ScenarioError) as caught:
        observed_targets(scenario, facts, stage, file)
    told = [p for p in caught.value.problems if "has no limits" in p.message]
    assert len(told) == 2
    assert all(p.line is not None and p.key.startswith("stages.efficacy.targets") for p in told)
