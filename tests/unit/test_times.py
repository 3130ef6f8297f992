"""The times and counts that a scenario names become the tables of their distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import stats

from simulate.distributions import NEVER, TABLE_DAYS, day_of
from simulate.scenario.distributions import Count, Time
from simulate.streams import WORD_RANGE
from simulate.times import count_table, cumulative_hazard, day_table, time_table

DAYS = np.arange(TABLE_DAYS + 1.0)
RESOLUTION = 2.0**-32
MONTH = 30.4375


def time(**fields: Any) -> Time:
    frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    return TypeAdapter(Time).validate_python(frozen)


def count(**fields: Any) -> Count:
    return TypeAdapter(Count).validate_python(fields)


CONTINUOUS = {
    "exponential by rate": (
        time(kind="exponential", rate="0.0046 per month"),
        stats.expon(scale=MONTH / 0.0046),
    ),
    "exponential by median": (
        time(kind="exponential", median="14 weeks"),
        stats.expon(scale=98 / math.log(2)),
    ),
    "exponential by mean": (time(kind="exponential", mean="100 days"), stats.expon(scale=100)),
    "exponential by survival": (
        time(kind="exponential", survival={"at": "12 months", "value": 0.76}),
        stats.expon(scale=-12 * MONTH / math.log(0.76)),
    ),
    "weibull by scale": (
        time(kind="weibull", scale="42.6 months", shape=1.1),
        stats.weibull_min(1.1, scale=42.6 * MONTH),
    ),
    "weibull by median": (
        time(kind="weibull", median="9.2 months", shape=1.05),
        stats.weibull_min(1.05, scale=9.2 * MONTH / math.log(2) ** (1 / 1.05)),
    ),
    "lognormal": (
        time(kind="lognormal", median="9 months", sigma=1.2),
        stats.lognorm(1.2, scale=9 * MONTH),
    ),
    "uniform": (
        time(kind="uniform", low="0 days", high="8 months"),
        stats.uniform(0, 8 * MONTH),
    ),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_table_of_a_time_is_its_distribution(name: str) -> None:
    described, truth = CONTINUOUS[name]

    table = time_table(described)

    assert len(table.thresholds) == len(table.cumulative_hazard) == TABLE_DAYS + 1
    assert np.max(np.abs(table.thresholds / 2**32 - truth.cdf(DAYS))) <= RESOLUTION
    assert np.all(np.diff(table.thresholds) >= 0)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_median_is_where_half_have_had_the_event(name: str) -> None:
    described, truth = CONTINUOUS[name]

    expected = math.ceil(truth.median() - 1e-9)

    in_table = expected <= TABLE_DAYS
    assert day_of(time_table(described).thresholds, WORD_RANGE // 2 - 1) == (
        expected if in_table else NEVER
    )


def test_a_hazard_ratio_multiplies_the_hazard() -> None:
    described, _ = CONTINUOUS["weibull by scale"]

    table = time_table(described, hazard_ratio=1.4918).thresholds

    truth = stats.weibull_min(1.1, scale=42.6 * MONTH * 1.4918 ** (-1 / 1.1))
    assert np.max(np.abs(table / 2**32 - truth.cdf(DAYS))) <= RESOLUTION


def test_a_piecewise_hazard_is_integrated_over_its_intervals() -> None:
    described = time(
        kind="piecewise_exponential",
        rates=["0.02 per day", "0 per day", "0.005 per day"],
        **{"from": ["0 days", "10 days", "2 weeks"]},
    )

    hazard = cumulative_hazard(described, DAYS[:40])

    daily = [0.02] * 10 + [0.0] * 4 + [0.005] * 25
    np.testing.assert_allclose(hazard, np.concatenate([[0], np.cumsum(daily)]), atol=1e-15)


def test_a_hazard_ratio_that_changes_multiplies_the_hazard_of_each_interval() -> None:
    constant = {"kind": "exponential", "rate": "0.02 per day"}
    starts = {"from": ["0 days", "10 days", "2 weeks"]}
    ratios = {"hazard_ratios": [1, 0.5, 3], **starts}
    pieces = {"rates": ["0.02 per day", "0.01 per day", "0.06 per day"], **starts}

    described = time(kind="piecewise_hazard_ratio", of=constant, **ratios)

    same = time(kind="piecewise_exponential", **pieces)
    np.testing.assert_allclose(
        cumulative_hazard(described, DAYS), cumulative_hazard(same, DAYS), rtol=1e-12
    )


def test_a_late_hazard_ratio_leaves_the_survival_before_it_alone() -> None:
    of = {"kind": "weibull", "scale": "20 months", "shape": 1.3}

    table = time_table(
        time(
            kind="piecewise_hazard_ratio",
            of=of,
            hazard_ratios=[1, 0.6],
            **{"from": ["0 days", "183 days"]},
        )
    ).thresholds

    law = stats.weibull_min(1.3, scale=20 * MONTH)
    late = law.sf(183) * (law.sf(DAYS) / law.sf(183)) ** 0.6
    truth = 1 - np.where(DAYS <= 183, law.sf(DAYS), late)
    assert np.max(np.abs(table / 2**32 - truth)) <= RESOLUTION


def test_a_cure_leaves_its_fraction_without_the_event() -> None:
    others = {"kind": "weibull", "scale": "10 months", "shape": 1.3}

    table = time_table(time(kind="cure", cured="40%", others=others)).thresholds

    truth = 0.6 * stats.weibull_min(1.3, scale=10 * MONTH).cdf(DAYS)
    assert np.max(np.abs(table / 2**32 - truth)) <= RESOLUTION
    assert day_of(table, round(0.61 * 2**32)) == NEVER


def test_a_geometric_number_of_scans_is_capped_at_the_last() -> None:
    table = day_table(time(kind="geometric", probability=0.68, every="42 days", at_most=7))

    steps = stats.geom(0.68).cdf(np.arange(len(table)) // 42)
    steps[294:] = 1.0  # the seventh step takes all who are left
    assert len(table) == 7 * 42 + 1
    assert np.max(np.abs(table / 2**32 - steps)) <= RESOLUTION
    assert {day_of(table, w) for w in np.linspace(0, WORD_RANGE - 1, 4000, dtype=int).tolist()} == {
        42 * k for k in range(1, 8)
    }


def test_a_discrete_time_takes_its_values_by_their_weights() -> None:
    table = day_table(
        time(
            kind="discrete", values=["0 days", "5 days", "9 days", "12 days"], weights=[1, 2, 5, 0]
        )
    )

    assert day_of(table, 0) == 0
    assert day_of(table, 2**29 - 1) == 0
    assert day_of(table, 2**29) == 5
    assert day_of(table, 3 * 2**29 - 1) == 5
    assert day_of(table, 3 * 2**29) == 9
    assert day_of(table, WORD_RANGE - 1) == 9, "a weight of 0 is never drawn"


@pytest.mark.parametrize("seed", range(5))
def test_a_last_weight_of_0_never_gives_an_impossible_probability(seed: int) -> None:
    weights = [*np.random.default_rng(seed).random(9).tolist(), 0.0]

    table = day_table(
        time(kind="discrete", values=[f"{i} days" for i in range(10)], weights=weights)
    )

    assert table[8] == 2**32
    assert np.all(np.diff(table) >= 0)


def test_a_hazard_of_0_never_comes() -> None:
    table = day_table(time(kind="exponential", rate="0 per month"))

    assert day_of(table, 0) == day_of(table, WORD_RANGE - 1) == NEVER


def test_a_day_table_ends_where_everybody_has_had_the_event() -> None:
    described = time(kind="uniform", low="3 days", high="36.6 days")

    table = day_table(described)

    assert table[-1] == 2**32
    assert table[-2] < 2**32
    assert len(table) == 38
    assert table.tolist() == time_table(described).thresholds[:38].tolist()


def test_a_count_is_lognormal_rounded_and_kept_within_its_limits() -> None:
    fewest, table = count_table(
        count(kind="lognormal", median=9.2, sigma=0.22, at_least=4, at_most=18)
    )

    truth = stats.lognorm(0.22, scale=9.2).cdf(np.arange(4, 19) + 0.5)
    truth[-1] = 1.0
    assert fewest == 4
    assert np.max(np.abs(table / 2**32 - truth)) <= RESOLUTION


def test_a_count_may_be_0() -> None:
    fewest, table = count_table(
        count(kind="lognormal", median=1.0, sigma=1.0, at_least=0, at_most=3)
    )

    assert fewest == 0
    assert table[0] / 2**32 == pytest.approx(stats.lognorm(1.0).cdf(0.5), abs=1e-9)


def test_a_fixed_count_is_the_same_for_everybody() -> None:
    fewest, table = count_table(count(kind="fixed", value=6))

    assert fewest == 6
    assert table.tolist() == [2**32]
