"""Graphs of hypotheses against closed tests over all subsets, and against statsmodels."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from simulate.multiplicity.graph import (
    Graph,
    GraphError,
    bonferroni,
    fallback,
    fixed_sequence,
    holm,
)
from simulate.multiplicity.p_values import adjusted_p_values, rejected_at

ALPHA = 0.025


def random_graph(rng: np.random.Generator, n: int) -> Graph:
    """Any graph: some weights and transitions are 0, and rows may sum to less than 1."""
    weights = rng.dirichlet(np.ones(n)) * rng.choice([1.0, 0.8]) * (rng.random(n) < 0.8)
    ways = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    np.fill_diagonal(ways, 0.0)
    sums = ways.sum(axis=1, keepdims=True)
    scale = rng.choice([1.0, 0.7], (n, 1))
    return Graph(weights, np.divide(ways, sums, out=np.zeros_like(ways), where=sums > 0) * scale)


def random_p(rng: np.random.Generator, n: int) -> list[float]:
    return (rng.random(n) ** rng.choice([1, 4])).tolist()


def closed_test(graph: Graph, p: list[float], alpha: float) -> set[int]:
    """Rejected if every intersection with it is, by a Bonferroni test with its own weights."""
    n, everyone = len(graph), set(range(len(graph)))
    local = {}
    for size in range(1, n + 1):
        for subset in combinations(range(n), size):
            weights = graph.after(everyone - set(subset)).weights
            local[subset] = any(p[i] <= alpha * weights[i] > 0 for i in subset)
    return {i for i in range(n) if all(r for subset, r in local.items() if i in subset)}


def test_the_shortcut_is_the_closed_test() -> None:
    rng = np.random.default_rng(1)
    sizes = set()
    for _ in range(150):
        graph = random_graph(rng, int(rng.integers(2, 5)))
        p, alpha = random_p(rng, len(graph)), float(rng.choice([0.025, 0.2, 0.5]))
        found = set(rejected_at(graph, p, alpha))
        assert found == closed_test(graph, p, alpha)
        sizes.add(len(found))
    assert sizes == {0, 1, 2, 3, 4}


def test_adjusted_p_values_tell_what_is_rejected_at_every_level() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        graph = random_graph(rng, int(rng.integers(1, 6)))
        p = random_p(rng, len(graph))
        adjusted = adjusted_p_values(graph, p)
        for alpha in (0.01, 0.025, 0.1, 0.3, 0.7):
            assert set(rejected_at(graph, p, alpha)) == set(np.flatnonzero(adjusted <= alpha))


def test_the_order_of_rejections_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        graph = random_graph(rng, 4)
        for size in (2, 3):
            for subset in combinations(range(4), size):
                found = []
                for order in permutations(subset):
                    left = graph
                    for each in order:
                        left = left.without(each)
                    found.append(left.weights)
                np.testing.assert_allclose(found, found[:1] * len(found), atol=1e-12)
                mask = sum(1 << i for i in subset)
                np.testing.assert_allclose(graph.weights_by_set[mask], found[0], atol=1e-12)


def test_no_rejection_makes_the_weights_more_than_one() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        weights = random_graph(rng, 5).weights_by_set
        assert np.all(weights >= 0)
        assert np.all(weights.sum(axis=1) <= 1 + 1e-12)
        for mask in range(32):
            for i in range(5):
                others = [j for j in range(5) if j != i and not mask >> j & 1]
                more = weights[mask | 1 << i, others] - weights[mask, others]
                assert mask >> i & 1 or np.all(more >= -1e-12)


def test_holm_is_that_of_statsmodels() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        p = random_p(rng, int(rng.integers(2, 7)))
        _, expected, _, _ = multipletests(p, method="holm")
        np.testing.assert_allclose(adjusted_p_values(holm(len(p)), p), expected, rtol=1e-12)


def test_equal_weights_without_ways_are_bonferroni_of_statsmodels() -> None:
    rng = np.random.default_rng(6)
    p = random_p(rng, 4)
    _, expected, _, _ = multipletests(p, method="bonferroni")
    np.testing.assert_allclose(adjusted_p_values(bonferroni([0.25] * 4), p), expected, rtol=1e-12)


def test_a_fixed_sequence_has_the_largest_p_value_so_far() -> None:
    p = [0.01, 0.004, 0.2, 0.001]
    order = [1, 0, 3, 2]
    expected = np.empty(4)
    expected[order] = np.maximum.accumulate([p[i] for i in order])
    np.testing.assert_array_equal(adjusted_p_values(fixed_sequence(order), p), expected)


def test_fallback_hands_weights_down_the_line() -> None:
    """Wiens (2003): who is rejected leaves its level to the next one; else the next has its own."""
    graph = fallback([0.5, 0.3, 0.2])
    alpha = 0.1
    assert rejected_at(graph, [0.04, 0.07, 0.11], alpha) == (0, 1)
    assert rejected_at(graph, [0.04, 0.09, 0.02], alpha) == (0, 2)
    assert rejected_at(graph, [0.06, 0.03, 0.05], alpha) == (1, 2)
    assert rejected_at(graph, [0.06, 0.04, 0.021], alpha) == ()


def test_one_step_of_the_algorithm_by_hand() -> None:
    """Two primaries that pass half to each other and half to their own secondaries."""
    graph = Graph(
        np.array([0.5, 0.5, 0.0, 0.0]),
        np.array([[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]], float),
    )
    after = graph.without(0)
    np.testing.assert_allclose(after.weights, [0, 0.75, 0.25, 0])
    # g_13: 0 + 1/2 * 1/2, over 1 - 1/4; g_14: (1/2 + 0) over 1 - 1/4
    np.testing.assert_allclose(after.transitions[1], [0, 0, 1 / 3, 2 / 3])
    # g_21: 1; g_31: 0 + 1 * 1/2 and g_32: 0 + 1 * 1/2
    np.testing.assert_allclose(after.transitions[2], [0, 1, 0, 0])
    np.testing.assert_allclose(after.transitions[3], [0, 0.5, 0.5, 0])


@pytest.mark.parametrize(
    ("weights", "ways", "words"),
    [
        ([0.6, 0.5], [[0, 1], [1, 0]], "sum to 1.1"),
        ([0.5, 0.5], [[0, 1.2], [1, 0]], "more than 1"),
        ([0.5, 0.5], [[0.5, 0.5], [1, 0]], "nothing to itself"),
        ([1.5, -0.5], [[0, 1], [1, 0]], "not negative"),
        ([0.5, 0.5], [[0, 1]], "2 by 2"),
    ],
)
def test_graphs_that_spend_more_than_alpha_are_refused(
    weights: list[float], ways: list[list[float]], words: str
) -> None:
    with pytest.raises(GraphError, match=words):
        Graph(np.array(weights), np.array(ways, float))
