"""Bounds of weighted tests and combinations at several looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from survival_files import THREE_LOOKS

from simulate.distributions import FloatArray
from simulate.looks.combined import CombinedBounds
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.sequential.actual import BoundTable
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import GroupSequential, NoFutility
from simulate.sequential.spending import OBrienFlemingType
from simulate.theory.combination import covariance_without_formula
from simulate.theory.course import NULL, ExpectedTrial, Truth
from simulate.theory.joint_bounds import covariances

COUNTS, PLANNED, ALPHA = (254, 381, 508), 508, 0.025
SPENDING = OBrienFlemingType(ALPHA)


def spent(path: tuple[int, ...]) -> float:
    return float(SPENDING.spent(np.array([min(path[-1] / PLANNED, 1.0)]))[0])


def paths() -> list[tuple[int, ...]]:
    return [COUNTS[: look + 1] for look in range(len(COUNTS))]


def early_and_late(events: float) -> FloatArray:
    """Covariance of weights 1, 1 - S and S if S falls evenly with events, in closed form."""
    d = events / 900
    return np.array(
        [
            [d, d**2 / 2, d - d**2 / 2],
            [d**2 / 2, d**3 / 3, d**2 / 2 - d**3 / 3],
            [d - d**2 / 2, d**2 / 2 - d**3 / 3, d - d**2 + d**3 / 3],
        ]
    )


def two_of_them(events: float) -> FloatArray:
    """The first two, which no third one makes singular."""
    return early_and_late(events)[:2, :2]


def test_one_weight_in_proportion_to_events_has_the_bounds_of_a_log_rank_test() -> None:
    ours = CombinedBounds(lambda d: np.array([[float(d)]]), 1, 3, spent)
    design = GroupSequential((0.5, 0.75, 1.0), SPENDING, NoFutility(), False)
    theirs = BoundTable(find_design_bounds(design), PLANNED).bounds([COUNTS]).efficacy_z[0]
    assert [ours.efficacy(path) for path in paths()] == pytest.approx(theirs.tolist(), abs=1e-3)


def test_a_combination_spends_its_alpha() -> None:
    """By drawing all statistics at all looks; within 4 standard errors of what is to be spent."""
    ours = CombinedBounds(two_of_them, 2, 3, spent)
    limits = []
    for path in paths():
        bound = ours.efficacy(path)
        one = two_of_them(path[-1])
        sd = np.sqrt(np.diag(one))
        # the largest Z that has this p-value, by scipy
        grid = np.linspace(bound, bound + 0.6, 601)
        pair = stats.multivariate_normal([0, 0], one / np.outer(sd, sd))
        p = 1 - pair.cdf(np.column_stack([grid, grid]))
        limits.append(float(np.interp(-stats.norm.sf(bound), -p, grid)))
    rng, n = np.random.default_rng(1), 300_000
    crossed, total, before = np.zeros(n, bool), np.zeros((n, 2)), np.zeros((2, 2))
    for path, limit in zip(paths(), limits, strict=True):
        whole = two_of_them(path[-1])
        total += rng.standard_normal((n, 2)) @ np.linalg.cholesky(whole - before).T
        crossed |= (total / np.sqrt(np.diag(whole))).max(axis=1) >= limit
        before, wanted = whole, spent(path)
        assert crossed.mean() == pytest.approx(wanted, abs=4 * math.sqrt(wanted / n) + 5e-5)


def test_looks_without_new_events_or_without_alpha_have_no_bound() -> None:
    ours = CombinedBounds(early_and_late, 3, 3, spent)
    assert ours.efficacy((254, 254)) == math.inf
    assert ours.efficacy((5,)) == math.inf  # hardly anything is to be spent
    assert ours.efficacy((254, 254, 508)) == pytest.approx(ours.efficacy((254, 508)), abs=1e-6)


def test_a_weight_that_is_0_so_far_counts_for_nothing() -> None:
    def late_is_0(events: float) -> FloatArray:
        d = events / 900
        late = max(d - 0.4, 0.0)
        return np.array([[d, late / 2], [late / 2, late / 3]])

    assert CombinedBounds(late_is_0, 2, 1, spent).efficacy((254,)) == pytest.approx(
        float(stats.norm.isf(spent((254,)))), abs=1e-9
    )


def test_bounds_are_the_same_in_any_order() -> None:
    one, other = (CombinedBounds(early_and_late, 3, 3, spent) for _ in range(2))
    wanted = [(254, 381, 508), (250, 381, 509), (254, 390, 508)]
    first = [one.efficacy(path) for path in wanted]
    assert [other.efficacy(path) for path in reversed(wanted)] == first[::-1]


# ---- what is expected -----------------------------------------------------------------------


def combined(*overrides: str) -> SurvivalScenario:
    weights = "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}, {rho: 1}]}"
    return SurvivalScenario.from_file(THREE_LOOKS, (f"hypotheses.pfs.test={weights}", *overrides))


def test_the_variance_without_weight_is_in_proportion_to_expected_events() -> None:
    scenario = combined()
    (found,) = covariances(scenario).values()
    hypothesis = scenario.hypotheses[0]
    events = ExpectedTrial(scenario).events("PFS", Truth(NULL, hypothesis)).sum(axis=0)
    assert found.events[-1] == pytest.approx(events[-1], rel=1e-9)
    per_event = [found(d)[0, 0] / d for d in (100, 254, 508, 2 * found.events[-1])]
    assert per_event == pytest.approx([per_event[0]] * 4, rel=1e-3)
    assert np.linalg.eigvalsh(found(508) - found(381)).min() > -1e-9


def test_what_is_expected_does_not_depend_on_the_effect() -> None:
    without = combined("survival.effects=[]")
    (one,), (other,) = covariances(combined()).values(), covariances(without).values()
    assert np.array_equal(one(300), other(300))


def test_without_formula_survival_falls_evenly() -> None:
    hypothesis = combined().hypotheses[0]
    found = covariance_without_formula(hypothesis, 900.0)
    ratio = found(300) / early_and_late(300)
    assert ratio == pytest.approx(np.full((3, 3), ratio[0, 0]), rel=1e-5)
