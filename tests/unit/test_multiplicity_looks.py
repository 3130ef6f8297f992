"""Graphs with looks: the procedure against the closed test, and errors against normal integrals."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from test_multiplicity_graphs import random_graph

from simulate.multiplicity.family_wise import (
    OwnLooks,
    bounds_by_look,
    family_wise_errors,
    null_statistics,
)
from simulate.multiplicity.graph import FloatArray, Graph, bonferroni, fixed_sequence, holm
from simulate.multiplicity.looks import earliest_sets, rejection_looks
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import GroupSequential
from simulate.sequential.spending import OBrienFlemingType, PocockType, Spending

ALPHA = 0.025
FRACTIONS = (0.4, 0.7, 1.0)


def bounds_at(level: float, spending: type[Spending] = OBrienFlemingType) -> FloatArray:
    if level <= 0.0:
        return np.full(len(FRACTIONS), np.inf)
    return find_design_bounds(GroupSequential(FRACTIONS, spending(level))).efficacy_z


def looks_of_each(graph: Graph) -> list[OwnLooks]:
    """Every hypothesis at all three looks."""
    looks = tuple(range(len(FRACTIONS)))
    return [
        OwnLooks(
            looks,
            np.array(FRACTIONS),
            np.array([bounds_at(ALPHA * weight) for weight in graph.weights_by_set[:, h]]),
        )
        for h in range(len(graph))
    ]


def closed_test(graph: Graph, z: FloatArray) -> list[set[int]]:
    """By look, what is rejected: every intersection with it is, at this look or by one of before.

    An intersection is rejected by a Bonferroni test with its own weights, each part of alpha spent
    over the looks; and where one of its hypotheses is rejected already.
    """
    n, everyone, found = len(graph), set(range(len(graph))), []
    rejected: set[int] = set()
    for look in range(z.shape[1]):
        local = {}
        for size in range(1, n + 1):
            for subset in combinations(range(n), size):
                weights = graph.after(everyone - set(subset)).weights
                crossed = any(z[i, look] >= bounds_at(ALPHA * weights[i])[look] for i in subset)
                local[subset] = crossed or bool(rejected & set(subset))
        rejected = rejected | {
            i for i in range(n) if all(yes for subset, yes in local.items() if i in subset)
        }
        found.append(set(rejected))
    return found


def test_the_procedure_is_the_closed_test_look_by_look() -> None:
    rng = np.random.default_rng(11)
    sizes = set()
    for _ in range(12):
        graph = random_graph(rng, int(rng.integers(2, 4)))
        tests = looks_of_each(graph)
        bounds = np.array([each.bounds for each in tests])
        gains = np.sqrt(np.diff(FRACTIONS, prepend=0.0))
        steps = gains * rng.normal(0.0, 1.0, (5, len(graph), 3)) + 2.4 * gains**2
        z = np.cumsum(steps, axis=2) / np.sqrt(FRACTIONS)
        looks = rejection_looks(z, bounds)
        for trial in range(5):
            for look, expected in enumerate(closed_test(graph, z[trial])):
                found = {h for h in range(len(graph)) if looks[trial, h] <= look}
                assert found == expected
                sizes.add(len(found))
    assert sizes >= {0, 1, 2}


def test_more_alpha_never_raises_a_bound() -> None:
    """Without that the procedure would not be the shortcut of a closed test."""
    for spending in (OBrienFlemingType, PocockType):
        tables = [bounds_at(ALPHA * part, spending) for part in (0.1, 0.25, 0.5, 0.9, 1.0)]
        assert np.all(np.diff(tables, axis=0) < 0)


def test_a_hypothesis_past_its_last_look_is_tested_again_when_its_level_rises() -> None:
    graph = holm(2)
    bounds = np.array([each.bounds for each in looks_of_each(graph)])
    bounds[0, :, 2] = math.inf
    z = np.array([[[0.5, 2.6, math.nan], [0.5, 0.5, 2.5]]])
    assert bounds[0, 0, 1] > 2.6
    assert bounds[0, 2, 1] < 2.6
    assert rejection_looks(z, bounds).tolist() == [[2, 2]]
    z[0, 1, 2] = 1.0
    assert rejection_looks(z, bounds).tolist() == [[3, 3]]


def test_sure_rejections_come_as_soon_as_alpha_does() -> None:
    graph = fixed_sequence([0, 1, 2])
    tested = [(1,), (0, 2), (0,)]
    assert earliest_sets(graph.weights_by_set, tested, [0], 3) == [0, 1, 1]
    # the second is tested at looks 0 and 2; the third had its last look, and is tested again
    assert earliest_sets(graph.weights_by_set, tested, [0, 1, 2], 3) == [0, 1, 7]
    assert earliest_sets(graph.weights_by_set, tested, [1, 2], 3) == [0, 0, 0]


@pytest.mark.parametrize("graph", [holm(3), fixed_sequence([1, 0, 2]), bonferroni([0.5, 0.3, 0.2])])
def test_family_wise_error_of_every_set_of_true_hypotheses_is_at_most_alpha(graph: Graph) -> None:
    found = family_wise_errors(graph.weights_by_set, looks_of_each(graph), 3, n=20_000)
    assert [each.true for each in found] == [*((0,), (1,), (0, 1), (2,), (0, 2), (1, 2), (0, 1, 2))]
    for each in found:
        assert each.at_most <= ALPHA * (1 + 1e-9)
        assert each.independent <= each.at_most + 1e-12
        assert each.correlated <= ALPHA + 3 * each.mcse
        false = set(range(3)) - set(each.true)
        weights = graph.after(false).weights
        np.testing.assert_allclose(each.each, ALPHA * weights[list(each.true)], atol=1e-9)


@pytest.mark.parametrize("graph", [holm(3), fixed_sequence([1, 0, 2]), bonferroni([0.5, 0.3, 0.2])])
def test_family_wise_error_is_that_of_the_procedure_itself(graph: Graph) -> None:
    """The false ones are surely rejected; on the same statistics, within 3 standard errors."""
    n, tests = 40_000, looks_of_each(graph)
    z = null_statistics(tests, 3, correlation=0.5, seed=20130313, n=n)
    for each in family_wise_errors(graph.weights_by_set, tests, 3, n=n):
        surely = z.copy()
        for h in set(range(3)) - set(each.true):
            surely[:, h, list(tests[h].looks)] = 1e6
        rejected = rejection_looks(surely, bounds_by_look(tests, 3))[:, list(each.true)] < 3
        share = float(rejected.any(axis=1).mean())
        assert each.correlated == pytest.approx(share, abs=3 * math.sqrt(share / n))
        assert each.mcse < 0.5 * math.sqrt(share / n)


def test_family_wise_error_is_the_normal_integral() -> None:
    """Two hypotheses with a look each: one bivariate normal probability."""
    graph, half = holm(2), norm.isf(ALPHA / 2)
    levels = ALPHA * graph.weights_by_set
    with np.errstate(divide="ignore"):
        tests = [OwnLooks((0,), np.ones(1), norm.isf(levels[:, h])[:, None]) for h in range(2)]
    both = next(
        each
        for each in family_wise_errors(graph.weights_by_set, tests, 1, correlation=0.7, n=100_000)
        if each.true == (0, 1)
    )
    joint = multivariate_normal(cov=[[1, 0.7], [0.7, 1]]).cdf([half, half])
    assert abs(both.correlated - (1 - joint)) < 3 * both.mcse
    assert both.independent == pytest.approx(1 - norm.cdf(half) ** 2, rel=1e-9)
    assert both.at_most == pytest.approx(ALPHA, rel=1e-9)


def test_statistics_of_different_looks_share_what_both_have_seen() -> None:
    """With the same information at each look: the root of the ratio of the two informations."""
    information = np.array([100.0, 400.0])
    looks = [(0, 1), (1,), (0,)]
    tests = [
        OwnLooks(own, information[list(own)], np.empty((1, len(own))), information) for own in looks
    ]
    z = null_statistics(tests, 2, correlation=0.5, seed=6, n=200_000)
    assert np.corrcoef(z[:, 0, 1], z[:, 1, 1])[0, 1] == pytest.approx(0.5, abs=0.01)
    assert np.corrcoef(z[:, 2, 0], z[:, 1, 1])[0, 1] == pytest.approx(0.25, abs=0.01)
    assert np.corrcoef(z[:, 2, 0], z[:, 0, 0])[0, 1] == pytest.approx(0.5, abs=0.01)


def test_information_grows_with_events_between_own_looks_and_stays_after_them() -> None:
    own = OwnLooks((1, 2), np.array([50.0, 100.0]), np.empty((1, 2)))
    assert own.so_far(4).tolist() == [25.0, 50.0, 100.0, 100.0]
    counted = own._replace(counts=np.array([10.0, 40.0, 90.0, 120.0]))
    assert counted.so_far(4).tolist() == [12.5, 50.0, 100.0, 100.0]


def test_what_is_passed_on_after_the_last_look_is_tested_there_too() -> None:
    """Two hypotheses, a look each of their own, half of alpha each, all of it passed on."""
    graph = bonferroni([0.5, 0.5])
    graph = Graph(graph.weights, np.array([[0.0, 1.0], [1.0, 0.0]]))
    with np.errstate(divide="ignore"):
        bounds = norm.isf(ALPHA * graph.weights_by_set)
    tests = [OwnLooks((h,), np.ones(1), bounds[:, [h]]) for h in range(2)]
    found = {each.true: each for each in family_wise_errors(graph.weights_by_set, tests, 2, n=1000)}
    assert found[0,].each[0] == pytest.approx(ALPHA, rel=1e-9)
    assert found[1,].each[0] == pytest.approx(ALPHA, rel=1e-9)


def test_null_statistics_have_the_canonical_joint_distribution() -> None:
    tests = [
        OwnLooks((0, 1, 2), np.array([100.0, 200.0, 400.0]), np.empty((1, 3))),
        OwnLooks((1, 2), np.array([50.0, 150.0]), np.empty((1, 2))),
    ]
    z = null_statistics(tests, 3, correlation=0.6, seed=5, n=200_000)
    assert np.isnan(z[:, 1, 0]).all()
    own = np.corrcoef(z[:, 0].T)
    np.testing.assert_allclose(own[0], [1, math.sqrt(0.5), 0.5], atol=0.01)
    np.testing.assert_allclose(z[:, 0].std(axis=0), 1, atol=0.01)
    assert np.corrcoef(z[:, 0, 2], z[:, 1, 2])[0, 1] > 0.4
