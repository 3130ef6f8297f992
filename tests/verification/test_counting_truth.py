"""Statistics by counting on whole days against other programs, on thousands of random data sets.

Among them: nobody, one patient, no events, no censoring, everything on one day, survival of exactly
one half, and trials of hundreds of patients. Programs agree to 1e-9. The rules run compiled here;
that Python gives the same bits is tested beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from simulate.analysis.counting import (
    FIRST_LANDMARK,
    LANDMARK_SIZE,
    SurvivalRules,
    clear_days,
    count_days,
    median_survival,
    summarise_survival,
    table_length,
)
from simulate.analysis.product_limit import normal_quantile
from simulate.analysis.proportions import clopper_pearson, clopper_pearson_table
from simulate.analysis.restricted_mean import restricted_mean, restricted_mean_variance
from simulate.analysis.two_samples import ArmDays, cox_hazard_ratio, log_rank
from simulate.compiled import kernel

pytestmark = pytest.mark.verify

LAST_DAY = 1340
LANDMARKS = np.array([0.0, 3.0, 8.5, 14.99, 31.0, 182.625, 365.25, 1400.0])
CLOSE = {"rtol": 0, "atol": 1e-9}

Sample = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def random_sample(rng: np.random.Generator) -> Sample:
    """Times and events of up to 60, now and then of up to 900 patients, with few or many ties."""
    size = int(rng.integers(0, 60) if rng.random() < 0.97 else rng.integers(100, 900))
    span = int(rng.choice([0, 4, 15, 64, LAST_DAY]))
    time = np.minimum(rng.exponential(rng.choice([0.3, 1.0, 3.0]) * span, size), span)
    event = rng.random(size) < rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
    return time.astype(np.int64), event.astype(np.int64)


def random_samples(seed: int, how_many: int) -> Iterator[Sample]:
    rng = np.random.default_rng(seed)
    for _ in range(how_many):
        yield random_sample(rng)


@kernel
def _one_arm(
    rules: Any, tau: float, time: Any, event: Any, exits: Any, events: Any, out: Any
) -> None:
    n = len(time)
    last = count_days(time, event, n, exits, events)
    out[0] = restricted_mean(exits, events, n, last, tau)
    out[1] = restricted_mean_variance(exits, events, n, last, tau)
    out[2] = median_survival(exits, events, n, last)
    summarise_survival(rules, exits, events, n, last, out, 3)
    clear_days(exits, events, last)


@kernel
def _two_arms(
    time: Any, event: Any, other_time: Any, other_event: Any, tables: Any, odds: Any, out: Any
) -> None:
    exits, events, other_exits, other_events = tables
    last = count_days(time, event, len(time), exits, events)
    other_last = count_days(other_time, other_event, len(other_time), other_exits, other_events)
    experimental = ArmDays(exits, events, len(time))
    control = ArmDays(other_exits, other_events, len(other_time))
    out[0], out[1] = log_rank(experimental, control, max(last, other_last))
    out[2], out[3] = cox_hazard_ratio(experimental, control, max(last, other_last), odds)
    clear_days(exits, events, last)
    clear_days(other_exits, other_events, other_last)


class OneArm:
    """The compiled statistics of one sample after the other, over the same tables."""

    def __init__(self, confidence: float = 0.95) -> None:
        self.rules = SurvivalRules(normal_quantile(confidence), LANDMARKS)
        self.tables = np.zeros(table_length(LAST_DAY), np.int64), np.zeros(LAST_DAY + 1, np.int64)

    def __call__(self, sample: Sample, tau: float = 10.0) -> dict[str, Any]:
        out = np.zeros(3 + FIRST_LANDMARK + LANDMARK_SIZE * len(LANDMARKS))
        _one_arm(self.rules, tau, *sample, *self.tables, out)
        names = ("mean", "variance", "alone", "events", "median", "median_lower", "median_upper")
        found: dict[str, Any] = dict(zip(names, out.tolist(), strict=False))
        for k, name in enumerate(("survival", "lower", "upper", "events_by", "at_risk")):
            found[name] = out[len(names) + k :: LANDMARK_SIZE]
        return found


class TwoArms:
    """The compiled comparison of two samples."""

    def __init__(self) -> None:
        self.tables = tuple(np.zeros(table_length(LAST_DAY), np.int64) for _ in range(4))
        self.odds = np.zeros(2000)

    def __call__(self, experimental: Sample, control: Sample) -> tuple[float, float, float, float]:
        out = np.zeros(4)
        _two_arms(*experimental, *control, self.tables, self.odds, out)
        return tuple(out.tolist())


# ---- one arm -------------------------------------------------------------------------------


def assert_equals_lifelines(found: dict[str, Any], sample: Sample, confidence: float) -> None:
    time, event = sample
    fitted = KaplanMeierFitter(alpha=1 - confidence).fit(time, event)
    survival = fitted.survival_function_.iloc[:, 0]
    step = np.searchsorted(survival.index, LANDMARKS, side="right") - 1
    np.testing.assert_allclose(found["survival"], survival.to_numpy()[step], **CLOSE)
    alive = found["survival"] > 0  # at 0 limits are undefined; lifelines prints (0, 0)
    limits = fitted.confidence_interval_
    for name, column in zip(("lower", "upper"), limits, strict=True):
        theirs = limits[column].to_numpy()[step]
        np.testing.assert_allclose(found[name][alive], theirs[alive], **CLOSE)
        assert np.isnan(found[name][~alive]).all()
    at_risk = [np.sum(time >= mark) for mark in LANDMARKS]
    np.testing.assert_array_equal(found["at_risk"], at_risk)
    np.testing.assert_array_equal(
        found["events_by"], [event[time <= mark].sum() for mark in LANDMARKS]
    )
    # The death of the last patient bounds the median from below, not from above.
    above = survival > 0
    assert found["median_lower"] == first_at_half(limits.iloc[:, 0])
    assert found["median_upper"] == first_at_half(limits.iloc[:, 1][above])
    assert found["median"] == found["alone"] == median_by_definition(survival, time, event)


def first_at_half(limit: pd.Series) -> float:
    """First day on which a limit is one half or less; with few events a limit may rise again."""
    reached = limit.index[limit <= 0.5 + 1e-12]
    return float(reached[0]) if len(reached) else math.inf


def median_by_definition(
    survival: pd.Series, time: npt.NDArray[np.int64], event: npt.NDArray[np.int64]
) -> float:
    """First day at one half or below; at one half itself, midway to the next event (SAS)."""
    reached = survival.index[survival <= 0.5 + 1e-9]
    if not len(reached):
        return math.inf
    later = time[(event == 1) & (time > reached[0])]
    if abs(survival[reached[0]] - 0.5) < 1e-9 and later.size:
        return 0.5 * (reached[0] + later.min())
    return float(reached[0])


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_kaplan_meier_equals_lifelines(confidence):
    one_arm = OneArm(confidence)
    halves = 0
    for sample in random_samples(21, 1000):
        found = one_arm(sample)
        if len(sample[0]):
            assert_equals_lifelines(found, sample, confidence)
            halves += found["median"] % 1 == 0.5
        else:
            assert np.isnan(found["survival"]).all()
            assert math.isnan(found["median"])
    assert halves > 5  # midpoints were among them


def test_restricted_mean_equals_lifelines():
    """The variance from lifelines' own table of events by the textbook sum."""
    one_arm = OneArm()
    rng = np.random.default_rng(22)
    for sample in random_samples(23, 1000):
        if not len(sample[0]):
            continue
        tau = float(rng.uniform(0, 1.2) * (sample[0].max() + 1))
        found = one_arm(sample, tau)
        fitted = KaplanMeierFitter().fit(*sample)
        mean = restricted_mean_survival_time(fitted, tau)
        assert found["mean"] == pytest.approx(mean, rel=1e-9, abs=1e-9)
        table = fitted.event_table
        variance = 0.0
        for day in table.index[(table.observed > 0) & (table.index <= tau)]:
            d, m = table.observed[day], table.at_risk[day]
            if d < m:
                area = mean - restricted_mean_survival_time(fitted, float(day))
                variance += area**2 * d / (m * (m - d))
        assert found["variance"] == pytest.approx(variance, rel=1e-9, abs=1e-9)


# ---- two arms ------------------------------------------------------------------------------


def random_pairs(seed: int, how_many: int) -> Iterator[tuple[Sample, Sample]]:
    """Two arms on one scale of time."""
    rng = np.random.default_rng(seed)
    while how_many:
        time, event = random_sample(rng)
        if len(time) > 1:
            arm = rng.random(len(time)) < rng.choice([0.1, 0.5])
            time = np.where(arm, time, (time * rng.choice([0.5, 1.0])).astype(np.int64))
            yield (time[arm], event[arm]), (time[~arm], event[~arm])
            how_many -= 1


def columns(experimental: Sample, control: Sample) -> tuple[npt.NDArray[np.int64], ...]:
    """Times, events and arm (1 experimental) of all patients."""
    time, event = (np.concatenate(both) for both in zip(experimental, control, strict=True))
    return time, event, np.repeat([1, 0], [len(experimental[0]), len(control[0])])


def test_log_rank_equals_lifelines_and_statsmodels():
    two_arms = TwoArms()
    compared = 0
    for experimental, control in random_pairs(24, 3000):
        difference, variance, _, _ = two_arms(experimental, control)
        if variance > 0:
            found = pytest.approx(difference**2 / variance, rel=1e-9, abs=1e-18)
            chi_square, _ = survdiff(*columns(experimental, control))
            assert chi_square == found
            compared += 1
            if compared % 4 == 0:  # lifelines is slow
                theirs = logrank_test(experimental[0], control[0], experimental[1], control[1])
                assert theirs.test_statistic == found
    assert compared > 1500


def test_hazard_ratio_equals_statsmodels():
    """Our estimate is where statsmodels' score vanishes, to 1e-9 of a log hazard ratio."""
    two_arms = TwoArms()
    finite = one_sided = 0
    for experimental, control in random_pairs(25, 3000):
        _, variance, log_ratio, error = two_arms(experimental, control)
        time, event, arm = columns(experimental, control)
        if not variance > 0:
            continue
        model = PHReg(time, arm[:, np.newaxis].astype(float), status=event, ties="efron")
        if math.isfinite(log_ratio):
            at = np.array([log_ratio])
            information = -model.hessian(at)[0, 0]
            assert model.score(at)[0] / information == pytest.approx(0, abs=1e-9)
            assert error == pytest.approx(information**-0.5, rel=1e-9)
            finite += 1
        elif math.isinf(log_ratio):  # the likelihood still rises far out on that side
            far = np.array([math.copysign(12.0, log_ratio)])
            assert math.copysign(1.0, model.score(far)[0]) == math.copysign(1.0, log_ratio)
            one_sided += 1
    assert finite > 1000
    assert one_sided > 50


def test_hazard_ratio_equals_lifelines():
    two_arms = TwoArms()
    fitted = 0
    for experimental, control in random_pairs(26, 400):
        _, _, log_ratio, error = two_arms(experimental, control)
        if abs(log_ratio) < 3 and error < 1:  # lifelines warns where the fit is nearly one-sided
            time, event, arm = columns(experimental, control)
            frame = pd.DataFrame({"time": time, "event": event, "arm": arm})
            options = {"precision": 1e-20, "r_precision": 0}
            theirs = CoxPHFitter().fit(frame, "time", "event", fit_options=options)
            assert log_ratio == pytest.approx(theirs.params_["arm"], abs=1e-9)
            assert error == pytest.approx(theirs.standard_errors_["arm"], abs=1e-9)
            fitted += 1
    assert fitted > 100


# ---- proportions ---------------------------------------------------------------------------


def test_the_table_of_exact_limits_equals_the_limits_one_size_at_a_time():
    table = clopper_pearson_table(880, 0.95)
    for n in range(881):
        start = n * (n + 1) // 2
        expected = clopper_pearson(np.arange(n + 1), n)
        for limits, theirs in zip(table, expected, strict=True):
            np.testing.assert_array_equal(limits[start : start + n + 1], theirs)
