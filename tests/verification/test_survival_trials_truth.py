"""Simulated survival trials against the truth: curves by formula, counts, blocks and coins.

Large samples with a fixed seed. On whole days the Kolmogorov statistic is conservative; 1.95 /
sqrt(n) is passed by chance in less than one of a thousand samples. Other tolerances are four
standard errors.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulate.build_survival_plan import all_cells, build_survival_plan, scan_days
from simulate.distributions import NEVER, ShortArray
from simulate.engines.batch.survival import BatchSurvivalEngine
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import ledger_columns
from simulate.survival_truth import cell_weights, survival_truth, truth_by_cell

pytestmark = pytest.mark.verify

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"
SEED = 20250
N = 65_000  # looks count 65,535 patients at most
FAST = {"accrual": [{"from": "0 days", "rate": "100 per day"}]}
MONTHS = {"kind": "exponential", "median": "9 months"}
ON = {"arm": "experimental", "on": "progression"}

MODELS: dict[str, dict[str, Any]] = {
    "illness_death": {
        "survival.effects": [
            {**ON, "kind": "delayed", "hazard_ratio": 0.5, "delay": "3 months"},
            {
                "arm": "experimental",
                "on": "death_after_progression",
                "kind": "proportional",
                "hazard_ratio": 1.3,
                "when": {"visceral": ["yes"]},
            },
        ]
    },
    "copula": {
        "survival": {
            "kind": "copula",
            "progression": MONTHS,
            "death": {"kind": "weibull", "shape": 1.3, "median": "14 months"},
            "correlation": 0.7,
            "effects": [
                {
                    **ON,
                    "kind": "diminishing",
                    "hazard_ratio": 0.4,
                    "from": "0 days",
                    "until": "1 year",
                }
            ],
            "dropout": {"kind": "exponential", "rate": "0.2 per year"},
        }
    },
    "single": {
        "survival": {
            "kind": "single",
            "endpoint": "PFS",
            "event": {"kind": "cure", "cured": 0.2, "others": MONTHS},
            "effects": [
                {
                    "arm": "experimental",
                    "on": "event",
                    "kind": "piecewise",
                    "from": ["0 days", "200 days"],
                    "hazard_ratios": [1.6, 0.5],
                }
            ],
            "prognostic_factors": [
                {"variable": "visceral", "level": "yes", "hazard_ratios": {"event": 1.8}}
            ],
        }
    },
}


def simulated(changes: dict[str, Any], *, n: int = N, replicate: int = 0) -> tuple[Any, Any]:
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(
        {
            "sample_size": n,
            "enrolment": FAST,
            "max_study_duration": "6 years",
            "hypotheses": [],
            "analyses": [{"id": 1, "name": "only", "cut": {"enrolled": {"count": 1}}}],
            **changes,
        }
    )
    engine = BatchSurvivalEngine(build_survival_plan(scenario))
    return scenario, ledger_columns(engine.simulate(seed=SEED, replicate=2**31 + replicate))


def assert_survives_as(days: ShortArray, curve: np.ndarray) -> None:
    """No more than chance lies between the simulated days and the curve, on any day."""
    counts = np.bincount(days[days < len(curve)], minlength=len(curve))
    empirical = 1.0 - np.cumsum(counts) / len(days)
    assert np.abs(empirical - curve).max() < 1.95 / np.sqrt(len(days))


@pytest.mark.parametrize("name", MODELS)
def test_simulated_arms_follow_their_formulas(name: str) -> None:
    scenario, columns = simulated(MODELS[name])
    scans = scan_days(scenario, 3000) if scenario.survival.calendar else np.arange(3000)
    for arm, truth in enumerate(survival_truth(scenario)):
        own = {key: values[columns["arm"] == arm] for key, values in columns.items()}
        pfs = np.minimum(own["progression_day"], own["death_day"])
        assert_survives_as(pfs, truth.pfs)
        assert_survives_as(own["dropout_day"], truth.in_study)
        if truth.os is not None:
            assert_survives_as(own["death_day"], truth.os)
        progressed = own["progression_day"] < NEVER
        seen = own["progression_day"].copy()
        seen[progressed] = scans[np.searchsorted(scans, own["progression_day"][progressed])]
        assert_survives_as(np.minimum(seen, own["death_day"]), truth.pfs_seen)


def test_cells_and_their_curves() -> None:
    scenario, columns = simulated(MODELS["illness_death"])
    weights, truth = cell_weights(scenario), truth_by_cell(scenario)
    counts = np.bincount(columns["cell"], minlength=len(weights))

    assert np.abs(counts / N - weights).max() < 4 * np.sqrt(0.25 / N)
    for arm in range(2):
        for cell in range(len(all_cells(scenario))):
            own = (columns["arm"] == arm) & (columns["cell"] == cell)
            assert_survives_as(columns["death_day"][own], truth[arm][cell].os)


def test_a_copula_is_correlated_as_it_says() -> None:
    """Joint survival at pairs of days against scipy's bivariate normal."""
    _, columns = simulated(MODELS["copula"])
    control = columns["arm"] == 0
    progression, death = columns["progression_day"][control], columns["death_day"][control]
    n = int(control.sum())
    first = stats.expon(scale=9 * 30.4375 / np.log(2))
    second = stats.weibull_min(1.3, scale=14 * 30.4375 * np.log(2) ** (-1 / 1.3))
    cov = [[1.0, 0.7], [0.7, 1.0]]
    for early, late in ((50, 60), (100, 400), (300, 310), (300, 900), (5, 1500)):
        z = [stats.norm.isf(first.sf(early)), stats.norm.isf(second.sf(late))]
        expected = stats.multivariate_normal.cdf([-z[0], -z[1]], cov=cov)
        found = ((progression > early) & (death > late)).mean()
        assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_arrivals_are_poisson() -> None:
    rows = [{"from": "0 days", "rate": "3.7 per day"}]
    counts = []
    for replicate in range(10):
        _, columns = simulated({"enrolment": {"accrual": rows}}, n=7000, replicate=replicate)
        day = columns["enrolment_trial_day"]
        counts.append(np.bincount(day, minlength=day[-1])[: day[-1]])  # the last is cut off
    found = np.bincount(np.minimum(np.concatenate(counts), 10), minlength=11)

    chances = stats.poisson.pmf(np.arange(10), 3.7)
    expected = found.sum() * np.append(chances, 1 - chances.sum())
    assert stats.chisquare(found, expected).pvalue > 1e-3


def test_every_arrangement_of_a_block_is_equally_likely() -> None:
    _, columns = simulated({"randomisation": {"block_sizes": [4]}})
    found = Counter(map(tuple, columns["arm"].reshape(-1, 4).tolist()))

    assert len(found) == 6
    assert stats.chisquare(list(found.values())).pvalue > 1e-3


def test_blocks_of_both_sizes_are_equally_likely() -> None:
    """Sizes show where the arms are level for the first time, in trials of a block or two."""
    level_after_two = 0
    n = 2000
    scenario, _ = simulated({"randomisation": {"block_sizes": [2, 6]}}, n=6)
    engine = BatchSurvivalEngine(build_survival_plan(scenario))
    for replicate in range(n):
        arms = ledger_columns(engine.simulate(seed=SEED, replicate=2**31 + replicate))["arm"]
        level_after_two += int(arms[0] != arms[1])
    # a block of two is level after two places, one of six in three of five cases
    expected = 0.5 + 0.5 * 0.6
    assert abs(level_after_two / n - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


ARMS_2_3 = [
    {"id": 1, "name": "control", "allocation": 2},
    {"id": 2, "name": "experimental", "allocation": 3},
]


@pytest.mark.parametrize("method", ["simple", "minimisation"])
def test_the_allocation_ratio_is_kept(method: str) -> None:
    randomisation = {"method": method, "strata": ["visceral"]}
    _, columns = simulated({"arms": ARMS_2_3, "randomisation": randomisation}, n=60_000)
    share = columns["arm"].mean()

    assert abs(share - 0.6) < 4 * np.sqrt(0.24 / 60_000)


def test_minimisation_reduces_imbalance() -> None:
    """Mean absolute difference of arms within strata, of 100 patients in 300 trials."""
    difference = {}
    for method in ("simple", "minimisation"):
        randomisation = {"method": method, "strata": ["visceral"]}
        scenario, _ = simulated({"randomisation": randomisation}, n=100)
        engine = BatchSurvivalEngine(build_survival_plan(scenario))
        found = []
        for replicate in range(300):
            columns = ledger_columns(engine.simulate(seed=SEED, replicate=2**31 + replicate))
            sign = 2 * columns["arm"].astype(int) - 1
            found.append(abs(sign[columns["stratum"] == 0].sum()))
        difference[method] = np.mean(found)

    # by chance alone E|difference| of about 60 patients is sqrt(2 * 60 / pi) = 6.2
    assert difference["simple"] == pytest.approx(6.2, abs=1.0)
    assert difference["minimisation"] < 0.3 * difference["simple"]
