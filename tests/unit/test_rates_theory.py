"""Theory of response rates: power against statsmodels and exact binomial sums, and patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import power_proportions_2indep
from survival_files import ROOT, survival_scenario

from simulate.design_theory import design_theory
from simulate.looks.responses import Responses, score_z
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import GroupSequential
from simulate.sequential.spending import OBrienFlemingType
from simulate.theory.course import RatesOfStratum
from simulate.theory.planned_bounds import planned_bounds
from simulate.theory.rates import performance_of_rates, rates_of

GRAPH = ROOT / "scenarios" / "orr_pfs_os_graph.yaml"


def one_look(alpha: float) -> Hypothesis:
    return Hypothesis.model_validate(
        {
            "id": 1,
            "name": "orr",
            "endpoint": "ORR",
            "experimental": "a",
            "control": "b",
            "test": {"kind": "response"},
            "alpha": alpha,
        }
    )


@pytest.mark.parametrize(
    ("one", "other", "n", "ratio"),
    [(0.55, 0.40, 150, 1.0), (0.30, 0.15, 90, 2.0), (0.85, 0.75, 300, 0.5)],
)
def test_power_is_that_of_statsmodels(one: float, other: float, n: int, ratio: float) -> None:
    """n in the control arm, and ratio experimental patients for each."""
    rates = rates_of((RatesOfStratum(1.0, one, other),), ratio / (1 + ratio))
    patients = n * (1 + ratio)
    bounds = planned_bounds(one_look(0.025), [patients])
    ours = performance_of_rates(bounds, rates, (patients,)).power
    theirs = power_proportions_2indep(
        diff=other - one,
        prop2=one,
        nobs1=n,
        ratio=ratio,
        alpha=0.025,
        alternative="smaller",
    )
    assert ours == pytest.approx(theirs.power, abs=1e-8)
    assert rates.patients_for(ours, 0.025) == pytest.approx(patients, rel=1e-9)


def test_power_is_near_that_of_all_pairs_of_counts() -> None:
    """The exact power of the score test, by both binomial distributions."""
    n, p1, p2 = 100, 0.55, 0.35
    counts = np.arange(n + 1)
    z = np.array([[_z(x1, n, x2, n) for x2 in counts] for x1 in counts])
    chance = np.outer(stats.binom.pmf(counts, n, p1), stats.binom.pmf(counts, n, p2))
    exact = float(chance[np.nan_to_num(z, nan=-9.0) >= 1.959964].sum())
    rates = rates_of((RatesOfStratum(1.0, p1, p2),), 0.5)
    bounds = planned_bounds(one_look(0.025), [2 * n])
    assert performance_of_rates(bounds, rates, (2.0 * n,)).power == pytest.approx(exact, abs=0.015)
    null = np.outer(stats.binom.pmf(counts, n, p2), stats.binom.pmf(counts, n, p2))
    size = float(null[np.nan_to_num(z, nan=-9.0) >= 1.959964].sum())
    assert size == pytest.approx(0.025, abs=0.004)


def _z(x1: int, n1: int, x2: int, n2: int) -> float:
    columns = ([float(value)] for value in (x1, n1, x2, n2, 0))
    return score_z(Responses(1, *columns), 0.0)


def test_strata_take_their_own_rates() -> None:
    """Two strata with one odds ratio, by simulation of the Cochran-Mantel-Haenszel statistic."""
    rng, n, draws = np.random.default_rng(8), np.array([60, 140]), 40_000
    one, other = np.array([0.7, 0.4]), np.array([0.55, 0.25])
    x1, x2 = (rng.binomial(n, p, (draws, 2)) for p in (one, other))
    total = x1 + x2
    difference = ((x1 - x2) / 2.0).sum(axis=1)
    variance = (n * n * total * (2 * n - total) / ((2 * n) ** 2 * (2 * n - 1))).sum(axis=1)
    z = difference / np.sqrt(variance)
    strata = tuple(RatesOfStratum(w, a, b) for w, a, b in zip(n / n.sum(), one, other, strict=True))
    rates = rates_of(strata, 0.5)
    assert rates.mean_z(np.array([400.0]))[0] == pytest.approx(z.mean(), abs=0.02)
    assert rates.spread == pytest.approx(z.std(), abs=0.015)
    assert (rates.experimental, rates.control) == pytest.approx((0.49, 0.34))


def test_two_looks_are_those_of_simulated_binomials() -> None:
    rng, draws, half = np.random.default_rng(9), 200_000, 100
    design = GroupSequential((0.5, 1.0), OBrienFlemingType(0.025))
    bounds = find_design_bounds(design)
    x1, x2 = (rng.binomial(half, p, (draws, 2)).cumsum(axis=1) for p in (0.45, 0.32))
    n = np.array([half, 2 * half])
    both = (x1 + x2) / (2 * n)
    z = (x1 - x2) / n / np.sqrt(both * (1 - both) * 2 / n)
    first = z[:, 0] >= bounds.efficacy_z[0]
    second = ~first & (z[:, 1] >= bounds.efficacy_z[1])
    rates = rates_of((RatesOfStratum(1.0, 0.45, 0.32),), 0.5)
    found = performance_of_rates(bounds, rates, (2.0 * half, 4.0 * half))
    assert found.efficacy == pytest.approx([first.mean(), second.mean()], abs=0.008)


def test_the_tables_tell_rates_and_patients() -> None:
    theory = design_theory(survival_scenario(GRAPH, "sweep=[]"))
    row = theory.table[(theory.table.hypothesis == "orr") & (theory.table.truth == "assumed")]
    (found,) = row.to_dict("records")
    # 400 patients are enrolled 18 weeks before; the last of them in the middle of a day
    assert found["planned_events"] == pytest.approx(400, abs=1.0)
    assert found["experimental_rate"] == pytest.approx(0.55 * 0.58 + 0.45 * 0.46)
    assert found["control_rate"] == 0.4
    assert found["information_fraction"] == pytest.approx(1.0, abs=0.005)
    null = theory.table[(theory.table.hypothesis == "orr") & (theory.table.truth == "null")]
    assert null.efficacy.tolist() == pytest.approx([0.005])
    others = theory.table[theory.table.hypothesis != "orr"]
    assert others.experimental_rate.isna().all()
