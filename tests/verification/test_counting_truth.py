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
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

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


# ---- proportions ---------------------------------------------------------------------------


def test_the_table_of_exact_limits_equals_the_limits_one_size_at_a_time():
    table = clopper_pearson_table(880, 0.95)
    for n in range(881):
        start = n * (n + 1) // 2
        expected = clopper_pearson(np.arange(n + 1), n)
        for limits, theirs in zip(table, expected, strict=True):
            np.testing.assert_array_equal(limits[start : start + n + 1], theirs)
