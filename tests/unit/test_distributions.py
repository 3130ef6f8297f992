"""Tables on whole days against scipy, and the rules that look days up in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from simulate import distributions as d
from simulate.streams import WORD_RANGE, unit_exponential

DAYS = np.arange(4001.0)
RESOLUTION = 2.0**-32

FAMILIES: dict[str, tuple[Callable[..., Any], dict[str, Any], Any]] = {
    "exponential": (d.exponential_hazard, {"rate": 0.0046}, stats.expon(scale=1 / 0.0046)),
    "weibull, rising": (
        d.weibull_hazard,
        {"scale": 1296.6, "shape": 1.1},
        stats.weibull_min(1.1, scale=1296.6),
    ),
    "weibull, falling": (
        d.weibull_hazard,
        {"scale": 90.0, "shape": 0.6},
        stats.weibull_min(0.6, scale=90.0),
    ),
    "lognormal": (
        d.lognormal_hazard,
        {"median": 280.0, "sigma": 0.9},
        stats.lognorm(0.9, scale=280.0),
    ),
    "uniform": (d.uniform_hazard, {"low": 0.0, "high": 36.6}, stats.uniform(0, 36.6)),
    "uniform, later": (d.uniform_hazard, {"low": 10.5, "high": 99.0}, stats.uniform(10.5, 88.5)),
}  # fmt: skip

table_words = st.integers(0, WORD_RANGE - 1)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_table_of_a_family_is_its_distribution_to_the_last_bit_of_a_word(name: str) -> None:
    hazard, parameters, truth = FAMILIES[name]

    table = d.event_table(hazard(DAYS, **parameters)).thresholds

    assert np.max(np.abs(table / 2**32 - truth.cdf(DAYS))) <= RESOLUTION
    assert table[0] == 0, "nobody has the event before time has passed"
    assert np.all(np.diff(table) >= 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_cumulative_hazard_is_minus_the_logarithm_of_survival(name: str) -> None:
    hazard, parameters, truth = FAMILIES[name]

    expected = -truth.logsf(DAYS)

    np.testing.assert_allclose(hazard(DAYS, **parameters), expected, rtol=1e-12, atol=1e-15)


def test_the_day_of_the_median_word_is_the_median_rounded_up() -> None:
    table = d.event_table(d.lognormal_hazard(DAYS, median=280.5, sigma=0.9)).thresholds

    assert d.day_of(table, WORD_RANGE // 2 - 1) == 281
    exact = d.event_table(d.exponential_hazard(DAYS, rate=math.log(2) / 100)).thresholds
    assert d.day_of(exact, WORD_RANGE // 2 - 1) == 100  # P(day <= 100) = F(100) = 1/2
    assert d.day_of(exact, WORD_RANGE // 2) == 101


def test_a_piecewise_hazard_is_the_integral_of_its_rates() -> None:
    starts, rates = [0.0, 30.5, 100.0], [0.01, 0.0, 0.003]

    hazard = d.piecewise_hazard(DAYS[:400], starts=starts, rates=rates)

    def rate(t: float) -> float:
        return rates[sum(start <= t for start in starts) - 1]

    for day in (0, 1, 30, 31, 64, 99, 100, 101, 250, 399):
        expected, _ = integrate.quad(rate, 0, day, points=[30.5, 100.0], limit=200)
        assert hazard[day] == pytest.approx(expected, abs=1e-10)
    # by hand: 30.5 days at 0.01, then nothing, then 50 days at 0.003
    assert hazard[150] == pytest.approx(0.305 + 0.15, abs=1e-14)


def test_a_cured_fraction_never_has_the_event() -> None:
    others = d.weibull_hazard(DAYS, scale=200.0, shape=1.3)

    table = d.event_table(d.cure_hazard(others, cured=0.3)).thresholds

    truth = 0.7 * stats.weibull_min(1.3, scale=200.0).cdf(DAYS)
    assert np.max(np.abs(table / 2**32 - truth)) <= RESOLUTION
    assert d.day_of(table, round(0.7 * 2**32) + 1) == d.NEVER
    assert d.day_of(table, round(0.69 * 2**32)) < d.NEVER


@pytest.mark.parametrize("cured", [0.0, 1.0])
def test_a_cured_fraction_of_nobody_or_everybody(cured: float) -> None:
    others = d.uniform_hazard(DAYS, low=0.0, high=50.0)

    table = d.event_table(d.cure_hazard(others, cured=cured)).thresholds

    expected = (1 - cured) * np.clip(DAYS / 50.0, 0, 1)
    assert np.max(np.abs(table / 2**32 - expected)) <= RESOLUTION


def test_a_truncated_normal_table_is_the_conditional_distribution_of_the_rounded_variable() -> None:
    table = d.truncated_normal_table(mean=51.5, sd=8.0, low=30, high=67)

    normal = stats.norm(51.5, 8.0)
    inside = normal.cdf(67.5) - normal.cdf(29.5)
    truth = (normal.cdf(np.arange(30, 68) + 0.5) - normal.cdf(29.5)) / inside
    assert len(table) == 38
    assert table[-1] == 2**32
    assert np.max(np.abs(table / 2**32 - truth)) <= RESOLUTION


def test_a_choice_table_follows_its_weights_and_leaves_nobody_without_a_level() -> None:
    table = d.choice_table([34, 0, 18, 0])

    assert d.first_above(table, 0) == 0
    assert d.first_above(table, round(34 / 52 * 2**32) - 1) == 0
    assert d.first_above(table, round(34 / 52 * 2**32)) == 2
    assert d.first_above(table, WORD_RANGE - 1) == 2


@pytest.mark.parametrize("weights", [[0.1] * 10, [1 / 3] * 3, [1e-9, 1.0], [1, 2, 3, 4, 5, 6, 7]])
def test_every_word_finds_a_level(weights: list[float]) -> None:
    assert d.first_above(d.choice_table(weights), WORD_RANGE - 1) < len(weights)


@pytest.mark.parametrize("probability", [0.0, 0.0315, 0.5, 0.8, 1.0])
def test_a_threshold_is_passed_by_its_share_of_words(probability: float) -> None:
    assert abs(d.threshold(probability) / 2**32 - probability) <= RESOLUTION / 2
    assert d.threshold(0.0) == 0, "never, not even for word 0"
    assert d.threshold(1.0) == 2**32, "always, even for the largest word"


def test_a_gamma_factor_has_the_midpoint_quantiles() -> None:
    table = d.gamma_quantile_table(mean=2.71, shape=2.0)

    levels = (np.arange(4096) + 0.5) / 4096
    np.testing.assert_allclose(table, stats.gamma(2.0, scale=2.71 / 2).ppf(levels), rtol=1e-10)
    assert np.all(np.diff(table) > 0)
    assert table.mean() == pytest.approx(2.71, rel=1e-3)


# ---- lookup -----------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**32), max_size=12), table_words)
def test_first_above_is_the_first_index_above(values: list[int], word: int) -> None:
    thresholds = sorted(values)

    naive = next((i for i, t in enumerate(thresholds) if word < t), len(thresholds))

    assert d.first_above(thresholds, word) == naive
    assert d.first_above(np.array(thresholds, np.int64), word) == naive
    assert d.day_of(thresholds, word) == (naive if naive < len(thresholds) else d.NEVER)


@settings(max_examples=100, deadline=None)
@given(st.data(), table_words)
def test_first_above_within_looks_only_at_its_part(data: st.DataObject, word: int) -> None:
    part = sorted(data.draw(st.lists(st.integers(0, 2**32), max_size=6)))
    before = data.draw(st.lists(st.integers(0, 2**32), max_size=4))
    after = data.draw(st.lists(st.integers(0, 2**32), max_size=4))
    start, end = len(before), len(before) + len(part)

    found = d.first_above_within([*before, *part, *after], word, start, end)

    assert found == next((start + i for i, t in enumerate(part) if word < t), end)


@settings(max_examples=50, deadline=None)
@given(a=table_words, b=table_words)
def test_days_are_monotone_in_the_word(a: int, b: int) -> None:
    low, high = min(a, b), max(a, b)
    table = WEIBULL.thresholds

    assert d.day_of(table, low) <= d.day_of(table, high)


WEIBULL = d.event_table(d.weibull_hazard(np.arange(7306.0), scale=1296.6, shape=1.1))


@settings(max_examples=200, deadline=None)
@given(table_words)
def test_a_factor_of_1_gives_the_day_of_the_thresholds_or_its_neighbour(word: int) -> None:
    by_threshold = d.day_of(WEIBULL.thresholds, word)
    by_hazard = d.first_reaching(WEIBULL.cumulative_hazard, 1.0, unit_exponential(word))

    # A threshold is rounded to a word; only a word on that edge may see a neighbouring day.
    if by_threshold != by_hazard:
        edge = WEIBULL.thresholds[min(by_threshold, by_hazard)]
        assert abs(edge - word) <= 1


def test_a_factor_of_1_differs_from_the_thresholds_for_next_to_no_word() -> None:
    rng = np.random.default_rng(5)
    some = rng.integers(0, WORD_RANGE, 4000).tolist()

    different = sum(
        d.day_of(WEIBULL.thresholds, w)
        != d.first_reaching(WEIBULL.cumulative_hazard, 1.0, unit_exponential(w))
        for w in some
    )

    assert different == 0


def test_a_factor_multiplies_the_hazard() -> None:
    truth = stats.weibull_min(1.1, scale=1296.6 * 1.7 ** (-1 / 1.1))  # its hazard times 1.7
    hazard = WEIBULL.cumulative_hazard

    for u in np.linspace(0.0005, 0.9995, 400):
        word = int(u * 2**32)
        exact = truth.ppf((word + 0.5) / 2**32)
        expected = math.ceil(exact) if exact <= len(hazard) - 1 else d.NEVER
        assert d.first_reaching(hazard, 1.7, unit_exponential(word)) == expected


def test_what_is_not_reached_never_happens() -> None:
    hazard = d.exponential_hazard(np.arange(11.0), rate=0.01)

    assert d.first_reaching(hazard, 1.0, 0.1000001) == d.NEVER
    assert d.first_reaching(hazard, 1.0, 0.0999999) == 10
    assert d.first_reaching(np.zeros(11), 5.0, unit_exponential(0)) == d.NEVER
    assert d.day_of(d.event_table(np.zeros(11)).thresholds, 0) == d.NEVER
    assert d.day_of(np.empty(0, np.int64), 0) == d.NEVER


def test_never_stays_never() -> None:
    assert d.later(d.NEVER, 5) == d.NEVER
    assert d.later(5, d.NEVER) == d.NEVER
    assert d.later(d.NEVER, d.NEVER) == d.NEVER
    assert d.later(5, 37) == 42
    assert d.later(d.NEVER, -7) == d.NEVER
