"""Graphs with looks: the procedure against the closed test, and errors against normal integrals."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from test_multiplicity_graphs import random_graph

from simulate.multiplicity.family_wise import OwnLooks, family_wise_errors, null_statistics
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
