"""Monte Carlo errors against simulation, closed forms and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulate.monte_carlo import (
    Estimate,
    Z,
    mean,
    percentile_of,
    proportion,
    quantile,
    quantiles,
    share_not_reached,
    standard_deviation,
)

NAN, INF = math.nan, math.inf


def test_mean_and_its_error_are_those_of_scipy() -> None:
    values = np.random.default_rng(1).normal(3, 2, 200)
    found = mean(values)
    assert found.estimate == pytest.approx(values.mean(), rel=1e-12)
    assert found.mcse == pytest.approx(stats.sem(values), rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 7, 30, 1000])
def test_the_mean_of_a_constant_is_known(n: int) -> None:
    days = 700 / 30.4375
    found = mean([days] * n)
    assert (found.estimate, found.mcse, found.lower, found.upper) == (days, 0.0, days, days)


def test_undefined_replicates_are_counted_as_failed() -> None:
    found = mean([1.0, NAN, 3.0])
    assert (found.estimate, found.n_requested, found.n_analysed, found.n_failed) == (2.0, 3, 2, 1)


def test_nothing_defined_gives_nothing() -> None:
    for measure in (mean, proportion, standard_deviation, lambda v: quantile(v, 0.5)):
        assert math.isnan(measure([NAN, NAN]).estimate)


def test_the_error_of_a_standard_deviation_is_its_spread_over_repeats() -> None:
    rng = np.random.default_rng(2)
    repeats = [standard_deviation(rng.normal(0, 1, 400)) for _ in range(400)]
    spread = np.std([r.estimate for r in repeats])
    assert np.mean([r.mcse for r in repeats]) == pytest.approx(spread, rel=0.12)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_proportion_at_the_edge_has_wilsons_interval(share: float) -> None:
    found = proportion(np.full(50, share))
    reference = stats.binomtest(round(50 * share), 50).proportion_ci(method="wilson")
    assert (found.lower, found.upper) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_a_proportion_in_between() -> None:
    found = proportion(np.repeat([0.0, 1.0], [30, 70]))
    assert (found.estimate, found.mcse) == pytest.approx((0.7, math.sqrt(0.7 * 0.3 / 100)))


def test_not_reached_counts_as_later_than_all_others() -> None:
    values = [INF, 1.0, 2.0, INF, 3.0]
    assert quantile(values, 0.5).estimate == 3.0
    assert quantile(values, 0.975).estimate == INF
    assert quantile([INF, INF], 0.5).estimate == INF


def test_a_difference_from_the_truth_has_the_errors_of_both() -> None:
    apart = Estimate(5.0, 0.3, 4.4, 5.6, 12, 10).less(Estimate(3.0, 0.4, 2.2, 3.8, 99, 99))
    assert apart.row[:4] == pytest.approx((2.0, 0.5, 2 - 0.5 * Z, 2 + 0.5 * Z))
    assert apart.row[4:] == (12, 10, 2)


def test_the_share_not_reached_leaves_out_what_is_not_defined() -> None:
    share = share_not_reached([1.0, np.inf, np.nan, np.inf, 2.0])
    assert share.row[0] == 0.5
    assert share.row[4:] == (5, 4, 1)


def test_the_interval_of_a_quantile_covers_it() -> None:
    rng = np.random.default_rng(3)
    for probability in (0.025, 0.5, 0.9):
        true = stats.expon.ppf(probability)
        hits = 0
        for _ in range(600):
            found = quantile(rng.exponential(1, 300), probability)
            hits += found.lower <= true <= found.upper
        assert 0.93 <= hits / 600 <= 0.995


@pytest.mark.parametrize("n", [1, 2, 3, 19, 20, 1000])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.975])
def test_the_interval_of_a_quantile_is_that_of_the_binomial_distribution(
    n: int, probability: float
) -> None:
    values = np.random.default_rng(n).permutation(n).astype(float)
    below = stats.binom.cdf(np.arange(n + 1), n, probability)
    low = max(int(np.argmax(below >= 0.025)) - 1, 0)
    high = min(int(np.argmax(below >= 0.975)) + 1, n - 1)
    found = quantile(values, probability)
    assert (found.lower, found.upper) == (low, high)
    assert found.mcse == pytest.approx((high - low) / (2 * Z), rel=1e-12)


def test_several_quantiles_are_those_taken_one_by_one() -> None:
    values = np.array([3.0, NAN, INF, 1.0, 2.0, 2.0, INF])
    before = values.copy()
    probabilities = (0.975, 0.025, 0.5)
    assert quantiles(values, probabilities) == tuple(quantile(values, p) for p in probabilities)
    assert values.tobytes() == before.tobytes()


def test_a_percentile_counts_half_of_the_ties() -> None:
    assert percentile_of([1, 2, 2, 3], 2) == 50.0
    assert percentile_of([1, 2, 2, 3], 0) == 0.0
    assert percentile_of([1, INF], INF) == 75.0
