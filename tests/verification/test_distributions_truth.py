"""Days drawn from words follow their distributions: 200,000 words against scipy.

Each check compares the distribution of the drawn whole days with the truth on every day. On whole
days the Kolmogorov statistic is conservative; 1.95 / sqrt(n) is passed by chance in less than one
of a thousand samples, and the seed is fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import stats

from simulate.distributions import NEVER, TABLE_DAYS, EventTable, day_of
from simulate.patient.disease import event_day
from simulate.scenario.distributions import Time
from simulate.streams import unit_exponentials, words
from simulate.times import time_table

pytestmark = pytest.mark.verify

MONTH = 30.4375
N = 200_000
DAYS = np.arange(TABLE_DAYS + 1)

WEIBULL = {"kind": "weibull", "scale": "42.6 months", "shape": 1.1}


def piecewise_cdf(days: np.ndarray) -> np.ndarray:
    hazard = 0.02 * np.minimum(days, 60) + 0.001 * np.clip(days - 60, 0, None)
    return 1 - np.exp(-hazard)


TIMES: dict[str, tuple[dict[str, Any], Any]] = {
    "exponential": (
        {"kind": "exponential", "rate": "0.05 per month"},
        stats.expon(scale=MONTH / 0.05).cdf,
    ),
    "weibull": (WEIBULL, stats.weibull_min(1.1, scale=42.6 * MONTH).cdf),
    "lognormal": (
        {"kind": "lognormal", "median": "9 months", "sigma": 1.2},
        stats.lognorm(1.2, scale=9 * MONTH).cdf,
    ),
    "uniform": (
        {"kind": "uniform", "low": "0 days", "high": "36.6 days"},
        stats.uniform(0, 36.6).cdf,
    ),
    "piecewise": (
        {
            "kind": "piecewise_exponential",
            "rates": ("0.02 per day", "0.001 per day"),
            "from": ("0 days", "60 days"),
        },
        piecewise_cdf,
    ),
    "piecewise ratio": (
        {
            "kind": "piecewise_hazard_ratio",
            "of": {"kind": "exponential", "rate": "0.02 per day"},
            "hazard_ratios": (1, 0.05),
            "from": ("0 days", "60 days"),
        },
        piecewise_cdf,
    ),
    "cure": (
        {"kind": "cure", "cured": 0.3, "others": WEIBULL},
        lambda d: 0.7 * stats.weibull_min(1.1, scale=42.6 * MONTH).cdf(d),
    ),
    "geometric": (
        {"kind": "geometric", "probability": 0.4, "every": "42 days", "at_most": 200},
        lambda d: stats.geom(0.4).cdf(d // 42),
    ),
}


def table_of(described: dict[str, Any]) -> EventTable:
    return time_table(TypeAdapter(Time).validate_python(described))


def sample(purpose: int) -> np.ndarray:
    return words(20250, range(N // 4), 2**31 + 17, [(purpose, 1)]).ravel()


def distance(days: np.ndarray, truth: np.ndarray) -> float:
    """Largest difference between the distribution of a sample of days and the truth."""
    found = np.searchsorted(np.sort(days), DAYS, side="right") / len(days)
    return float(np.max(np.abs(found - truth)))


CRITICAL = 1.95 / math.sqrt(N)


@pytest.mark.parametrize("name", TIMES)
def test_days_follow_their_distribution(name: str) -> None:
    described, cdf = TIMES[name]
    thresholds = table_of(described).thresholds.tolist()

    days = np.array([day_of(thresholds, word) for word in sample(100).tolist()])

    assert distance(days, cdf(DAYS)) < CRITICAL
    beyond = 1 - cdf(np.array([TABLE_DAYS]))[0]
    assert abs(np.mean(days == NEVER) - beyond) < 4 * math.sqrt(beyond * (1 - beyond) / N) + 1e-9


@pytest.mark.parametrize("factor", [0.4, 1.0, 1.7, 12.0])
def test_days_follow_a_hazard_multiplied_by_a_factor(factor: float) -> None:
    arrays = table_of(WEIBULL)
    table = EventTable(arrays.thresholds.tolist(), arrays.cumulative_hazard.tolist())

    days = np.array([event_day(table, factor, word) for word in sample(101).tolist()])

    truth = stats.weibull_min(1.1, scale=42.6 * MONTH * factor ** (-1 / 1.1)).cdf(DAYS)
    assert distance(days, truth) < CRITICAL


def test_the_check_notices_a_scale_that_is_two_percent_off() -> None:
    thresholds = table_of(WEIBULL).thresholds.tolist()

    days = np.array([day_of(thresholds, word) for word in sample(100).tolist()])

    assert distance(days, stats.weibull_min(1.1, scale=1.02 * 42.6 * MONTH).cdf(DAYS)) > CRITICAL


def test_unit_exponentials_are_unit_exponential() -> None:
    values = unit_exponentials(sample(102))

    assert stats.kstest(values, "expon").statistic < CRITICAL


def test_words_are_uniform_and_their_neighbours_independent() -> None:
    """Lanes, entities, replicates and purposes next to each other must not be alike."""
    uniform = (words(1, range(5000), 0, [(p, 5) for p in (1, 2)]).astype(float) + 0.5) / 2**32
    next_replicate = (words(1, range(5000), 1, [(1, 5), (2, 5)]).astype(float) + 0.5) / 2**32

    assert stats.kstest(uniform.ravel(), "uniform").statistic < 1.95 / math.sqrt(uniform.size)
    pairs = {
        "lane": (uniform[:, :-1], uniform[:, 1:]),
        "entity": (uniform[:-1], uniform[1:]),
        "purpose": (uniform[:, :20], uniform[:, 20:]),
        "replicate": (uniform, next_replicate),
    }
    for name, (a, b) in pairs.items():
        r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        assert abs(r) < 4 / math.sqrt(a.size), name
        counts, _, _ = np.histogram2d(a.ravel(), b.ravel(), bins=16, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4, name
