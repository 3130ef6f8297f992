"""Response rates of two arms against statsmodels, and against a search for likely rates."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import test_proportions_2indep

from simulate.compiled import kernel
from simulate.distributions import FloatColumn, IntArray
from simulate.looks.responses import (
    Responses,
    cochran_mantel_haenszel_z,
    score_limits,
    score_z,
)
from simulate.packed import pack, unpacked

Counts = npt.NDArray[np.int64]
"""By stratum: responders and patients of the experimental arm, and of the control arm."""

test_proportions_2indep.__test__ = False  # of statsmodels: no test of ours


def random_counts(seed: int, how_many: int, n_strata: int) -> list[Counts]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(how_many):
        n = rng.integers(1, rng.choice([4, 40, 300]), (n_strata, 2))
        x = rng.binomial(n, rng.uniform(0, 1, (n_strata, 2)))
        found.append(np.column_stack([x[:, 0], n[:, 0], x[:, 1], n[:, 1]]))
    return found


def arrays(counts: Counts) -> Responses:
    columns = counts.astype(float).T
    return Responses(len(counts), *(column.copy() for column in columns), np.zeros(len(counts)))


def lists(counts: Counts) -> Responses:
    made = arrays(counts)
    return Responses(made.n_strata, *(column.tolist() for column in made[1:]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_score_test_is_that_of_statsmodels() -> None:
    n_known = 0
    for counts in random_counts(61, 200, 1):
        x1, n1, x2, n2 = counts[0].tolist()
        ours = score_z(lists(counts), 0.0)
        if x1 + x2 in (0, n1 + n2):
            assert math.isnan(ours)
            continue
        theirs = test_proportions_2indep(x1, n1, x2, n2, value=0.0, method="score")
        assert ours == pytest.approx(theirs.statistic, abs=1e-8)
        n_known += 1
    assert n_known > 100


# Newcombe 1998 (Stat Med 17:873), table II, Miettinen and Nurminen's method.
PRINTED = {
    (56, 70, 48, 80): (0.0528, 0.3382),
    (9, 10, 3, 10): (0.1700, 0.8406),
    (10, 10, 0, 20): (0.7156, 1.0000),
    (10, 10, 0, 10): (0.6636, 1.0000),
}


@pytest.mark.parametrize("counts", PRINTED)
def test_score_limits_are_as_printed(counts: tuple[int, int, int, int]) -> None:
    limits = score_limits(lists(np.array([counts])), float(stats.norm.isf(0.025)))
    assert limits == pytest.approx(PRINTED[counts], abs=6e-5)


def test_the_likeliest_rates_are_those_of_a_search() -> None:
    """Not of statsmodels 0.15: its cubic has a count in the place of a number of patients."""
    for counts in random_counts(62, 60, 1):
        x1, n1, x2, n2 = counts[0].tolist()
        if not (0 < x1 < n1 and 0 < x2 < n2):
            continue
        for difference in (-0.3, -0.1, 0.15):
            theirs = naive_stratified(counts, difference)
            assert score_z(lists(counts), difference) == pytest.approx(theirs, abs=2e-5)


def test_cochran_mantel_haenszel_is_that_of_statsmodels() -> None:
    n_known = 0
    for counts in random_counts(63, 150, 4):
        tables = [
            np.array([[x1, n1 - x1], [x2, n2 - x2]], float) for x1, n1, x2, n2 in counts.tolist()
        ]
        ours = cochran_mantel_haenszel_z(lists(counts))
        if math.isnan(ours):
            continue
        with np.errstate(all="ignore"):
            theirs = StratifiedTable(tables).test_null_odds(correction=False).statistic
        assert ours**2 == pytest.approx(theirs, rel=1e-9, abs=1e-12)
        assert score_z(lists(counts), 0.0) == pytest.approx(ours, rel=1e-9, abs=1e-12)
        n_known += 1
    assert n_known > 100


def likely_control(row: list[int], difference: float) -> float:
    """The control rate of the largest likelihood, by search."""
    x1, n1, x2, n2 = row

    def loss(rate: float) -> float:
        return -float(
            stats.binom.logpmf(x1, n1, min(max(rate + difference, 0), 1))
            + stats.binom.logpmf(x2, n2, rate)
        )

    low, high = max(0.0, -difference) + 1e-12, min(1.0, 1.0 - difference) - 1e-12
    return float(
        optimize.minimize_scalar(
            loss, bounds=(low, high), method="bounded", options={"xatol": 1e-11}
        ).x
    )


def naive_stratified(counts: Counts, difference: float) -> float:
    """Miettinen and Nurminen's statistic as they print it, with rates found by search."""
    rows = counts.tolist()
    control = np.array([likely_control(row, difference) for row in rows])
    n1, n2 = counts[:, 1], counts[:, 3]
    w = n1 * n2 / (n1 + n2)
    for _ in range(200):
        rate = float(w @ control / w.sum())
        ratio = (rate + difference) * (1 - rate - difference) / (rate * (1 - rate))
        w = 1 / (ratio / n1 + 1 / n2)
    spread = (control + difference) * (1 - control - difference) / n1
    spread = (spread + control * (1 - control) / n2) * (n1 + n2) / (n1 + n2 - 1)
    observed = counts[:, 0] / n1 - counts[:, 2] / n2
    return float(w @ (observed - difference) / math.sqrt(w**2 @ spread))


def test_strata_are_weighted_as_miettinen_and_nurminen_do() -> None:
    n_known = 0
    for counts in random_counts(64, 40, 3):
        inner = (counts[:, [0, 2]] > 0) & (counts[:, [0, 2]] < counts[:, [1, 3]])
        if not inner.all():
            continue
        for difference in (-0.2, 0.05, 0.3):
            assert score_z(lists(counts), difference) == pytest.approx(
                naive_stratified(counts, difference), abs=2e-5
            )
        n_known += 1
    assert n_known > 5


def test_limits_in_strata_are_where_the_test_rejects() -> None:
    counts = np.array([[12, 30, 8, 29], [20, 41, 11, 44], [3, 9, 1, 8]])
    limits = score_limits(lists(counts), 1.96)
    assert score_z(lists(counts), limits.lower) == pytest.approx(1.96, abs=1e-9)
    assert score_z(lists(counts), limits.upper) == pytest.approx(-1.96, abs=1e-9)


def test_arms_without_patients_tell_nothing() -> None:
    empty = np.array([[0, 0, 3, 5]])
    assert math.isnan(score_z(lists(empty), 0.0))
    assert math.isnan(cochran_mantel_haenszel_z(lists(empty)))
    assert math.isnan(score_limits(lists(empty), 1.96).lower)


@kernel
def write_compiled(block: IntArray, out: FloatColumn) -> None:
    counts = unpacked(block, Responses)
    out[0], out[1] = cochran_mantel_haenszel_z(counts), score_z(counts, 0.1)
    limits = score_limits(counts, 1.96)
    out[2], out[3] = limits.lower, limits.upper


def test_python_and_compiled_code_give_the_same_bits() -> None:
    for counts in random_counts(65, 60, 3):
        out, plain = np.zeros(4), lists(counts)
        write_compiled(pack(arrays(counts)).block, out)
        limits = score_limits(plain, 1.96)
        expected = [cochran_mantel_haenszel_z(plain), score_z(plain, 0.1), *limits]
        assert np.array_equal(out, np.array(expected), equal_nan=True)
