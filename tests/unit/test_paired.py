"""Paired differences: their errors against closed forms and against a bootstrap of the pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulate.paired import (
    COMPARE_COLUMNS,
    _levels_near_median,
    _median_difference,
    _resampled_medians,
    paired_differences,
)
from simulate.replicates import run_replicates
from simulate.scenario.scenario import Scenario


def naive_error(a: np.ndarray, b: np.ndarray, resamples: int = 3000) -> float:
    """Bootstrap error of a difference of medians, drawing whole pairs."""
    rng = np.random.default_rng(8)
    middle = math.ceil(0.5 * len(a)) - 1
    differences = []
    for _ in range(resamples):
        rows = rng.integers(0, len(a), len(a))
        differences.append(np.sort(a[rows])[middle] - np.sort(b[rows])[middle])
    return float(np.std(differences, ddof=1))


def correlated(n: int, *, step: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Pairs that share most of their noise, on a grid of some step if there is one."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(20, 4, n)
    pair = shared + rng.normal(0, 1, n), shared + 1 + rng.normal(0, 1, n)
    return (pair[0], pair[1]) if step == 0 else (pair[0] // step * step, pair[1] // step * step)


@pytest.mark.parametrize(("n", "step"), [(15, 0.0), (15, 1.4), (400, 0.0), (400, 1.4), (400, 6.0)])
def test_the_error_of_a_difference_of_medians_is_the_bootstraps(n: int, step: float) -> None:
    a, b = correlated(n, step=step)
    found = _median_difference(a, b, n)
    # 400 resamples against 3,000: the ratio has a standard error of about 4%
    assert found.mcse == pytest.approx(naive_error(a, b), rel=0.16)


def test_pairs_make_the_error_small() -> None:
    a, b = correlated(2000, step=0)
    apart = np.random.default_rng(3).permutation(b)
    assert _median_difference(a, b, 2000).mcse < 0.6 * _median_difference(a, apart, 2000).mcse


def test_medians_of_resamples_have_the_known_spread_of_a_normal_median() -> None:
    a, b = correlated(20_000, step=0)
    spread = math.sqrt(math.pi / 2 * (4**2 + 1) / 20_000)
    for medians, values in zip(_resampled_medians(a, b), (a, b), strict=True):
        assert medians.std() == pytest.approx(spread, rel=0.12)  # three standard errors
        assert medians.mean() == pytest.approx(np.median(values), abs=spread)


def test_what_lies_far_from_the_median_shares_a_level() -> None:
    values = np.random.default_rng(2).normal(size=10_000)
    levels, code = _levels_near_median(values)
    assert len(levels) < 700
    kept = (values > levels[0]) & (values < levels[-1])
    assert (levels[code[kept]] == values[kept]).all()
    # six standard errors of the rank on either side
    assert np.mean(values < levels[0]) == pytest.approx(0.5 - 6 * 0.5 / 100, abs=0.001)


def test_a_median_that_is_not_reached_in_some_resamples_has_no_error() -> None:
    a = np.concatenate([np.arange(55.0), np.full(45, np.inf)])
    found = _median_difference(a, np.arange(100.0), 100)
    assert found.estimate == 0.0
    assert math.isnan(found.mcse)


def test_differences_are_those_of_pairs(scenario: Scenario) -> None:
    base = scenario.with_overrides({"sample_size": 12, "sweep": []})
    other = base.with_overrides({"assessment.calendar": [{"every": "12 weeks"}]})
    first, second = run_replicates(base, replicates=9), run_replicates(other, replicates=7)
    table = paired_differences(base, first, other, second)
    assert tuple(table.columns) == COMPARE_COLUMNS
    row = table[table["statistic"] == "orr"].iloc[0]
    pairs = first["final"].column("orr")[:7] - second["final"].column("orr")
    assert (row["n_pairs"], row["n_failed"]) == (7, 0)
    assert row["difference"] == pytest.approx(pairs.mean(), abs=1e-12)
    assert row["mcse"] == pytest.approx(pairs.std(ddof=1) / math.sqrt(7), rel=1e-12)
