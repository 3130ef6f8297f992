"""Crossing probabilities: published constants, the multivariate normal of scipy, closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulate.sequential import crossing as crossing_module
from simulate.sequential import search
from simulate.sequential.crossing import crossing
from simulate.sequential.integration import most_nodes, normal_cdf, normal_density
from simulate.sequential.refusals import DesignError
from simulate.sequential.spending import HwangShihDeCani, OBrienFlemingType

NOWHERE = -math.inf


def rectangle(info, means, low, high) -> float:
    """Probability that all Z lie between their bounds, by scipy."""
    root = np.sqrt(np.asarray(info, float))
    covariance = np.minimum.outer(root, root) / np.maximum.outer(root, root)
    return float(
        stats.multivariate_normal.cdf(
            high, means, covariance, lower_limit=low, abseps=1e-10, releps=1e-10, maxpts=2_000_000
        )
    )


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [
        (1, 1.960, 1.960),
        (2, 2.178, 1.977),
        (3, 2.289, 2.004),
        (4, 2.361, 2.024),
        (5, 2.413, 2.040),
        (10, 2.555, 2.087),
    ],
)
def test_constants_of_jennison_and_turnbull_keep_the_level(looks, pocock, obrien_fleming) -> None:
    """Two-sided level 0.05, tables 2.1 and 2.3; three decimals of a constant are 2e-4 of level."""
    info = np.arange(1, looks + 1)
    for upper in (np.full(looks, pocock), obrien_fleming * np.sqrt(looks / info)):
        found = crossing(info, np.zeros(looks), -upper, upper)
        assert found.above.sum() + found.below.sum() == pytest.approx(0.05, abs=1.5e-4)
        assert found.above == pytest.approx(found.below, abs=1e-12)


def test_level_spent_by_bounds_of_rpact() -> None:
    """O'Brien-Fleming, and Wang-Tsiatis with binding futility, to the digits that rpact tests."""
    upper = [3.4710914, 2.4544323, 2.0040356]
    found = crossing([1, 2, 3], [0, 0, 0], [NOWHERE] * 3, upper)
    assert found.above.cumsum() == pytest.approx([0.00025917372, 0.0071600594, 0.025], abs=1e-8)

    upper = [2.3284312, 2.1725031, 2.0861776, 2.0270171]
    found = crossing([1, 2, 3, 4], [0] * 4, [0.5244] * 3 + [NOWHERE], upper)
    expected = [0.0099446089, 0.020756912, 0.029001537, 0.035]
    assert found.above.cumsum() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("drift", [0.0, 1.0, 3.24, -2.0])
@pytest.mark.parametrize("first", [0.05, 0.5, 0.9, 0.998])
def test_two_looks_are_those_of_scipy(drift: float, first: float) -> None:
    """However near the looks are; a bivariate normal is exact in scipy."""
    info = [first, 1.0]
    means = drift * np.sqrt(info)
    low, high = [-0.7, 0.1], [2.5, 1.98]
    found = crossing(info, means, low, high)
    inside = ([low[0], -np.inf], [high[0], np.inf])
    above = rectangle(info, means, [inside[0][0], high[1]], inside[1])
    below = rectangle(info, means, inside[0], [inside[1][0], low[1]])
    assert found.above == pytest.approx([stats.norm.sf(high[0] - means[0]), above], abs=1e-9)
    assert found.below == pytest.approx([stats.norm.cdf(low[0] - means[0]), below], abs=1e-9)


def test_three_looks_of_any_means_are_those_of_scipy() -> None:
    """Means that no constant drift has; scipy is right to about 1e-7 in three dimensions."""
    info, means = [254, 381, 508], np.array([0.3, 2.0, 2.9])
    low, high = np.array([-0.5, 0.4, 1.2]), np.array([2.9, 2.4, 2.0])
    found = crossing(info, means, low, high)
    goes_on = rectangle(info[:2], means[:2], low[:2], high[:2])
    inside = rectangle(info, means, low, high)
    assert 1.0 - found.above[:2].sum() - found.below[:2].sum() == pytest.approx(goes_on, abs=1e-9)
    assert 1.0 - found.above.sum() - found.below.sum() == pytest.approx(inside, abs=1e-6)


def test_one_look_is_a_normal_tail() -> None:
    found = crossing([7.0], [1.5], [-1.0], [1.96])
    assert found.above == pytest.approx(stats.norm.sf(0.46), rel=1e-13)
    assert found.below == pytest.approx(stats.norm.cdf(-2.5), rel=1e-13)
    assert normal_cdf(-9.0) == pytest.approx(stats.norm.cdf(-9.0), rel=1e-12)
    assert normal_density(1.3) == pytest.approx(stats.norm.pdf(1.3), rel=1e-14)


def test_many_looks_without_bounds_change_nothing() -> None:
    """Forty looks that cannot stop, then one that can: the last is a single test."""
    info = np.arange(1, 41)
    upper = np.full(40, np.inf)
    upper[-1] = 1.959963984540054
    found = crossing(info, np.zeros(40), np.full(40, NOWHERE), upper)
    assert found.above[-1] == pytest.approx(0.025, abs=1e-10)


def test_a_trial_ends_where_the_bounds_meet() -> None:
    found = crossing([1, 2], [0, 0], [1.0, 1.0], [1.0, 1.0])
    assert found.above[0] + found.below[0] == pytest.approx(1.0, abs=1e-14)
    assert (found.above[1], found.below[1]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (([1, 1], [0, 0], [0, 0], [2, 2]), "information"),
        (([0, 1], [0, 0], [0, 0], [2, 2]), "information"),
        (([1e-17, 1], [0, 0], [0, 0], [2, 2]), "information"),
        (([10, 10 + 1e-6], [0, 0], [0, 0], [2, 2]), "information"),
        (([1, 2], [0], [0, 0], [2, 2]), "bounds"),
        (([1, 2], [0, 0], [3, 0], [2, 2]), "bounds"),
        (([1, 2], [0, math.nan], [0, 0], [2, 2]), "bounds"),
    ],
)
def test_looks_that_cannot_be_are_refused(arguments, part) -> None:
    with pytest.raises(DesignError) as refusal:
        crossing(*arguments)
    assert refusal.value.part == part


# ---- the same in Python and in a kernel ------------------------------------------------------


def test_python_and_kernels_cross_alike() -> None:
    info, means = np.array([0.4, 0.45, 1.0]), np.array([0.5, 1.0, 2.0])
    low, high = np.array([-1.0, 0.0, 1.9]), np.array([3.0, 2.5, 2.0])
    compiled = crossing(info, means, low, high)
    room, above, below = np.empty((4, most_nodes(info))), np.zeros(3), np.zeros(3)
    getattr(crossing_module._cross, "py_func", crossing_module._cross)(
        info, means, low, high, room, above, below
    )
    np.testing.assert_allclose(above, compiled.above, rtol=1e-12)
    np.testing.assert_allclose(below, compiled.below, rtol=1e-12)


def test_python_and_kernels_find_the_same_bounds() -> None:
    info = np.array([[0.3, 0.7, 1.0], [0.3, 0.3, 1.0]])
    alpha, beta = OBrienFlemingType(0.025).spent(info), HwangShihDeCani(0.1, gamma=-2.0).spent(info)
    for spends in (False, True):
        task = search.Task(info, 3.4 * np.sqrt(info), alpha, beta, spends, not spends)
        given = np.array([[0.1, 0.5, NOWHERE]] * 2)
        compiled = search.find_bounds(task, given)
        found = search.Found(*(np.copy(given) for _ in range(4)))
        kernel = getattr(search._find_all, "py_func", search._find_all)
        kernel(task, found, np.empty((8, most_nodes(info))))
        for ours, theirs in zip(found, compiled, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-14)
