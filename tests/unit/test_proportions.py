"""Intervals of proportions against scipy, published intervals and exact sums."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from simulate.analysis import proportions
from simulate.analysis.proportions import (
    clopper_pearson,
    clopper_pearson_at,
    clopper_pearson_coverage,
    clopper_pearson_table,
    clopper_pearson_width,
    probability_lower_exceeds,
    wilson,
)
from simulate.compiled import kernel

# Ma et al. 2025 (doi:10.1002/cac2.12662), Methods 2.5 and Table 2, in per cent.
PUBLISHED = [
    (20, 50, 26.4, 54.8),
    (37, 50, 59.7, 85.4),
    (42, 55, 63.0, 86.8),
    (47, 55, 73.3, 93.5),
]


@pytest.mark.parametrize(("count", "n", "lower", "upper"), PUBLISHED)
def test_published_intervals(count, n, lower, upper):
    interval = clopper_pearson(count, n)
    assert [f"{100 * limit:.1f}" for limit in interval] == [f"{lower:.1f}", f"{upper:.1f}"]


def test_nobody_and_everybody():
    assert clopper_pearson(0, 55).lower == 0
    assert clopper_pearson(0, 55).upper == pytest.approx(1 - 0.025 ** (1 / 55))
    assert clopper_pearson(55, 55).lower == pytest.approx(0.025 ** (1 / 55))
    assert clopper_pearson(55, 55).upper == 1
    assert f"{100 * clopper_pearson(0, 55).upper:.1f}" == "6.5"
    assert f"{100 * clopper_pearson(55, 55).lower:.1f}" == "93.5"


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
def test_no_patients_gives_no_interval(method):
    assert np.isnan(method(0, 0)).all()
    lower, upper = method([0, 1, 0], [0, 1, 2])
    assert np.isnan(lower).tolist() == np.isnan(upper).tolist() == [True, False, False]


@pytest.mark.parametrize(("method", "name"), [(clopper_pearson, "exact"), (wilson, "wilson")])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_equal_to_scipy(method, name, confidence):
    for n in (1, 2, 7, 55, 400):
        counts = np.unique(np.linspace(0, n, 9).astype(int))
        lower, upper = method(counts, n, confidence=confidence)
        for k, count in enumerate(counts):
            theirs = binomtest(int(count), n).proportion_ci(confidence, name)
            assert (lower[k], upper[k]) == pytest.approx(tuple(theirs), abs=1e-10)


def test_counts_and_sizes_are_broadcast():
    lower, upper = clopper_pearson([[0, 1], [2, 3]], [3, 4])
    assert lower.shape == upper.shape == (2, 2)
    assert lower[1, 1] == clopper_pearson(3, 4).lower
    assert upper[0, 0] == clopper_pearson(0, 3).upper


def test_a_table_and_a_direct_calculation_agree(monkeypatch):
    by_table = clopper_pearson(np.arange(56), 55)
    monkeypatch.setattr(proportions, "_LARGEST_TABLE", 10)
    np.testing.assert_array_equal(clopper_pearson(np.arange(56), 55), by_table)


def test_results_do_not_share_memory_with_the_cached_table():
    first = clopper_pearson(np.arange(6), 5)
    first.lower[:] = -1
    assert clopper_pearson(0, 5).lower == 0


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_table_of_every_proportion_holds_the_same_limits(confidence):
    table = clopper_pearson_table(57, confidence)
    assert len(table.lower) == len(table.upper) == 58 * 59 // 2
    for n in range(58):
        limits = clopper_pearson(np.arange(n + 1), n, confidence=confidence)
        for column, expected in zip(table, limits, strict=True):
            found = [clopper_pearson_at(column.tolist(), count, n) for count in range(n + 1)]
            np.testing.assert_array_equal(found, expected)


def test_a_table_of_nobody_holds_one_undefined_interval():
    assert np.isnan(clopper_pearson_table(0, 0.95)).all()
    with pytest.raises(ValueError, match="n must not be negative"):
        clopper_pearson_table(-1, 0.95)
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson_table(5, 95)


@kernel
def _limits(limits: Any, count: Any, n: Any, out: Any) -> None:
    for i in range(len(n)):
        out[i] = clopper_pearson_at(limits, count[i], n[i])


def test_kernels_find_the_same_limits():
    n = np.repeat(np.arange(21), np.arange(1, 22))
    count = np.arange(n.size) - n * (n + 1) // 2
    for limits in clopper_pearson_table(20, 0.95):
        out = np.zeros(n.size)
        _limits(limits, count, n, out)
        assert out.tobytes() == limits.tobytes()


def by_hand(n, p, value):
    """Mean over the binomial distribution by the schoolbook formula."""
    return sum(comb(n, k) * p**k * (1 - p) ** (n - k) * value(k) for k in range(n + 1))


@pytest.mark.parametrize("n", [1, 12, 55])
@pytest.mark.parametrize("p", [0.0, 0.05, 0.6, 0.764, 1.0])
def test_exact_operating_characteristics(n, p):
    def covers(count):
        interval = clopper_pearson(count, n)
        return interval.lower <= p <= interval.upper

    width = by_hand(n, p, lambda k: clopper_pearson(k, n).upper - clopper_pearson(k, n).lower)
    assert clopper_pearson_width(n, p) == pytest.approx(width, abs=1e-12)
    assert clopper_pearson_coverage(n, p) == pytest.approx(by_hand(n, p, covers), abs=1e-12)
    exceeds = by_hand(n, p, lambda k: clopper_pearson(k, n).lower > 0.6)
    assert probability_lower_exceeds(n, p, 0.6) == pytest.approx(exceeds, abs=1e-12)


def test_coverage_is_never_below_the_confidence():
    proportions_true = np.linspace(0, 1, 301)
    assert clopper_pearson_coverage(57, proportions_true).min() >= 0.95
    assert clopper_pearson_coverage(57, proportions_true, confidence=0.8).min() >= 0.8


def test_more_patients_give_narrower_intervals():
    widths = [float(clopper_pearson_width(n, 0.76)) for n in range(50, 61)]
    assert widths == sorted(widths, reverse=True)


def test_the_shape_follows_the_true_proportions():
    assert clopper_pearson_width(10, [[0.1, 0.2, 0.3]]).shape == (1, 3)
    assert np.ndim(probability_lower_exceeds(10, 0.5, 0.1)) == 0


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
@pytest.mark.parametrize(
    ("count", "n", "words"),
    [(-1, 5, "between"), (6, 5, "between"), (1.5, 5, "whole"), (1, 5.5, "whole")],
)
def test_bad_counts_are_refused(method, count, n, words):
    with pytest.raises(ValueError, match=words):
        method(count, n)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 2, confidence=95)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        clopper_pearson_coverage(5, 1.2)
    with pytest.raises(ValueError, match="at least 1"):
        probability_lower_exceeds(0, 0.5, 0.2)
