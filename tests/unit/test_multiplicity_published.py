"""Graphs against printed examples, recomputed by others.

The diabetes trial of Maurer and Bretz (Statistics in Biopharmaceutical Research 2013;5:311, section
4): two doses against placebo, each with HbA1c and then body weight; O'Brien and Fleming's type of
spending at a third and two thirds of the information. The p-values are theirs; bounds, repeated and
adjusted p-values are printed by the documentation of the R package graphicalMCP 0.3 ("Group
sequential design with graphical approaches"), as are the p-values adjusted in a graph of Bretz et
al. (Statistics in Medicine 2009;28:586) of the same shape ("Sequentially rejective graphical
multiple comparison procedures").
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from simulate.multiplicity.family_wise import OwnLooks, bounds_by_look
from simulate.multiplicity.graph import FloatArray, Graph
from simulate.multiplicity.looks import rejection_looks
from simulate.multiplicity.p_values import adjusted_p_values, rejected_at
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import GroupSequential
from simulate.sequential.spending import OBrienFlemingType

ALPHA = 0.025
FRACTIONS = (1 / 3, 2 / 3, 1.0)

TWO_DOSES = Graph(
    np.array([0.5, 0.5, 0.0, 0.0]),
    np.array([[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]]),
)

OBSERVED = np.array([[0.0062, 0.0002], [0.017, 0.0035], [0.009, 0.002], [0.13, 0.06]])
"""One-sided p-values of the four hypotheses at the two looks that were held."""


def nominal_levels(level: float) -> FloatArray:
    """One-sided p-values at the bounds of the first two looks."""
    bounds = find_design_bounds(GroupSequential(FRACTIONS, OBrienFlemingType(level)))
    return np.asarray(norm.sf(bounds.efficacy_z[:2]))


def repeated_p_value(observed: float, look: int) -> float:
    """The level at which the bound of a look is just the observed p-value."""
    return float(brentq(lambda level: nominal_levels(level)[look] - observed, 1e-5, 0.49))


def test_p_values_adjusted_in_a_printed_graph() -> None:
    p = [0.018, 0.01, 0.105, 0.006]
    adjusted = adjusted_p_values(TWO_DOSES, p)
    np.testing.assert_allclose(adjusted, [0.024, 0.020, 0.105, 0.024], atol=1e-12)
    assert sorted(rejected_at(TWO_DOSES, p, ALPHA)) == [0, 1, 3]
    after = TWO_DOSES.after({0, 1})
    assert after.weights[[2, 3]].tolist() == [0.5, 0.5]
    assert after.transitions[[2, 3], [3, 2]] == pytest.approx([1.0, 1.0], abs=1e-12)
    assert TWO_DOSES.after({1, 3}).weights.tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("weight", "printed"),
    [
        (0.25, (2.179070e-06, 0.0008105098)),
        (0.5, (1.517362e-05, 0.0022149021)),
        (0.75, (4.678687e-05, 0.003976335)),
        (1.0, (1.035057e-04, 0.0060121995)),
    ],
)
def test_bounds_at_every_part_of_alpha(weight: float, printed: tuple[float, float]) -> None:
    np.testing.assert_allclose(nominal_levels(weight * ALPHA), printed, rtol=2e-6)


def test_repeated_p_values_and_what_the_graph_makes_of_them() -> None:
    repeated = [[repeated_p_value(p, look) for look, p in enumerate(row)] for row in OBSERVED]
    printed = [[0.1141, 0.0024], [0.1682, 0.0172], [0.1315, 0.0116], [0.3820, 0.1285]]
    np.testing.assert_allclose(repeated, printed, atol=6e-5)
    adjusted = adjusted_p_values(TWO_DOSES, [row[1] for row in repeated])
    np.testing.assert_allclose(adjusted, [0.004787, 0.022881, 0.023297, 0.128460], atol=2e-6)


def test_three_of_four_are_rejected_at_the_second_look() -> None:
    levels = TWO_DOSES.weights_by_set * ALPHA
    tests = [
        OwnLooks(
            (0, 1),
            np.array(FRACTIONS[:2]),
            np.array(
                [
                    norm.isf(nominal_levels(level)) if level > 0 else np.full(2, np.inf)
                    for level in levels[:, hypothesis]
                ]
            ),
        )
        for hypothesis in range(4)
    ]
    z = norm.isf(OBSERVED)[np.newaxis]
    assert rejection_looks(z, bounds_by_look(tests, 2)).tolist() == [[1, 1, 1, 2]]
