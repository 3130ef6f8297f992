"""Exact limits one at a time: scipy's, at any size."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest
from scipy import stats

from simulate.analysis.binomial_limits import (
    log_factorials,
    lower_limit,
    probability_of_at_least,
)
from simulate.analysis.proportions import clopper_pearson


@pytest.mark.parametrize("n", [1, 2, 3, 10, 57, 1500, 20_000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_limits_equal_those_of_scipy(n: int, confidence: float) -> None:
    counts = sorted({0, 1, 2, n // 10, n // 3, n // 2, n - 2, n - 1, n} & set(range(n + 1)))
    table, tail = log_factorials(n).tolist(), 0.5 * (1 - confidence)

    lower = [lower_limit(table, x, n, tail) for x in counts]
    upper = [1.0 - lower_limit(table, n - x, n, tail) for x in counts]

    expected = clopper_pearson(counts, n, confidence=confidence)
    np.testing.assert_allclose(lower, expected.lower, rtol=1e-10)
    np.testing.assert_allclose(upper, expected.upper, rtol=1e-10)


def test_the_sum_is_the_tail_of_the_binomial_distribution() -> None:
    table = log_factorials(200).tolist()
    for x, p in ((60, 0.2), (41, 0.2), (200, 0.99), (1, 1e-9)):
        expected = stats.binom.sf(x - 1, 200, p)
        assert probability_of_at_least(table, x, 200, p) == pytest.approx(expected, rel=1e-11)


def test_nobody_has_no_limit_and_none_of_some_begins_at_zero() -> None:
    assert math.isnan(lower_limit([0.0], 0, 0, 0.025))
    assert lower_limit([0.0, 0.0], 0, 1, 0.025) == 0.0


def test_compiled_limits_are_the_same_to_the_last_bit() -> None:
    table = log_factorials(300)

    @numba.njit(error_model="numpy")
    def compiled(table: np.ndarray, x: int, n: int, tail: float) -> float:
        return lower_limit(table, x, n, tail)

    for x in (0, 1, 7, 150, 299, 300):
        assert compiled(table, x, 300, 0.025) == lower_limit(table.tolist(), x, 300, 0.025)
