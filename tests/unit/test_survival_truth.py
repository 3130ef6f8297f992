"""True survival by formula against closed forms, loops over days, and scipy's bivariate normal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import expon, multivariate_normal

from simulate.bivariate_normal import both_above
from simulate.build_survival_plan import all_cells, daily_means, scan_days
from simulate.distributions import FloatArray
from simulate.scenario.recruitment import AccrualRow
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_truth import cell_weights, survival_truth, truth_by_cell

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"
PROGRESSION, BEFORE, AFTER = 0.004, 0.0007, 0.0021


def rate(value: float) -> dict[str, Any]:
    return {"kind": "exponential", "rate": f"{value} per day"}


def illness_death(**changes: Any) -> SurvivalScenario:
    """One arm, no effects, no factors: three constant hazards."""
    return SurvivalScenario.from_file(TO_COPY).with_overrides(
        {
            "survival": {
                "kind": "illness_death",
                "progression": rate(PROGRESSION),
                "death_without_progression": rate(BEFORE),
                "death_after_progression": rate(AFTER),
            },
            **changes,
        }
    )


SCANS = {"survival.observation": "scans", "survival.calendar": [{"every": "40 days"}]}


def given(survival: FloatArray | None) -> FloatArray:
    """The survival of an endpoint that the model has."""
    assert survival is not None
    return survival


def test_illness_death_has_its_closed_form() -> None:
    """A patient who progresses waits half a day longer, on average: days are whole on both clocks.

    So overall survival lies between its closed form and that form a day earlier.
    """
    truth = survival_truth(illness_death())[0]
    days = np.arange(len(truth.in_study), dtype=float)
    total = PROGRESSION + BEFORE

    def closed(t: np.ndarray) -> np.ndarray:
        chain = PROGRESSION / (total - AFTER) * (np.exp(-AFTER * t) - np.exp(-total * t))
        return np.exp(-total * t) + chain

    assert truth.pfs is not None
    assert truth.os is not None
    np.testing.assert_allclose(given(truth.pfs), np.exp(-total * days), rtol=1e-12)
    assert (truth.os >= closed(days) - 1e-12).all()
    assert (truth.os[1:] <= closed(days[:-1])).all()


@pytest.mark.parametrize("changes", [{}, SCANS], ids=["exact", "scans"])
def test_illness_death_is_that_of_a_loop_over_days(changes: dict[str, Any]) -> None:
    """Every pair of a day of progression and a day of death, one by one."""
    last = 130
    truth = survival_truth(illness_death(**changes), last_day=last)[1]
    first, alone, after = (expon(scale=1 / r) for r in (PROGRESSION, BEFORE, AFTER))
    scans = range(0, last + 1, 40) if changes else range(last + 1)
    assert truth.os is not None
    assert truth.pfs_seen is not None
    for day in (0, 1, 39, 40, 41, 85, 130):
        alive = first.sf(day) * alone.sf(day)
        unseen = alive
        seen_until = max(scan for scan in scans if scan <= day)
        for p in range(1, day + 1):
            still = (first.cdf(p) - first.cdf(p - 1)) * alone.sf(p) * after.sf(day - p)
            alive += still
            unseen += still if p > seen_until else 0.0
        assert truth.os[day] == pytest.approx(alive, rel=1e-12), day
        assert truth.pfs_seen[day] == pytest.approx(unseen, rel=1e-12), day


def test_scans_daily_see_what_is_true() -> None:
    daily = {"survival.observation": "scans", "survival.calendar": [{"every": "1 day"}]}
    truth = survival_truth(illness_death(**daily))[0]

    np.testing.assert_allclose(given(truth.pfs_seen), given(truth.pfs), rtol=1e-12)


def test_a_single_endpoint_is_its_distribution_and_scans_make_steps() -> None:
    single = {"kind": "single", "endpoint": "PFS", "event": rate(0.01)}
    calendar = [{"every": "6 weeks", "until": "12 weeks"}, {"every": "12 weeks"}]
    scenario = illness_death(survival=single | {"observation": "scans", "calendar": calendar})
    truth = survival_truth(scenario, last_day=400)[0]

    assert truth.os is None
    assert truth.pfs is not None
    assert truth.pfs_seen is not None
    np.testing.assert_allclose(given(truth.pfs), np.exp(-0.01 * np.arange(401)), rtol=1e-13)
    assert scan_days(scenario, 400).tolist() == [0, 42, 84, 168, 252, 336]
    np.testing.assert_array_equal(truth.pfs_seen[84:168], np.full(84, truth.pfs[84]))
    assert (truth.in_study == 1).all()


@pytest.mark.parametrize("correlation", [-0.95, -0.3, 0.0, 0.5, 0.99])
def test_both_above_is_that_of_scipy(correlation: float) -> None:
    one = np.array([-3.0, -1.0, 0.0, 0.5, 2.0, 1.0])
    other = np.array([1.0, -1.0, 0.0, 0.7, -2.5, 6.0])
    cov = [[1.0, correlation], [correlation, 1.0]]

    found = both_above(one, other, correlation)

    expected = [multivariate_normal.cdf([-x, -y], cov=cov) for x, y in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-14)
    infinite = both_above(np.array([-np.inf, np.inf]), np.array([0.3, 0.3]), correlation)
    np.testing.assert_allclose(infinite, [1.0 - 0.6179114221889526, 0.0], atol=1e-15)


def test_a_copula_without_correlation_is_a_product() -> None:
    copula = {"kind": "copula", "progression": rate(0.004), "death": rate(0.001)}
    scenario = illness_death(survival=copula | {"correlation": 0.0})
    truth = survival_truth(scenario)[0]
    days = np.arange(len(truth.in_study))

    np.testing.assert_allclose(given(truth.pfs), np.exp(-0.005 * days), rtol=1e-12)
    np.testing.assert_allclose(given(truth.os), np.exp(-0.001 * days), rtol=1e-12)


VARIABLES = [
    {"id": 1, "name": "sex", "levels": {"f": 3, "m": 1}},
    {
        "id": 2,
        "name": "visceral",
        "cases": [
            {"when": {"sex": ["f"]}, "levels": {"yes": 1, "no": 1}},
            {"levels": {"yes": 1, "no": 4}},
        ],
    },
]


def test_cells_are_mixed_by_their_probability() -> None:
    """The stratum depends on a variable that makes no cells of its own."""
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(
        {"baseline": {"variables": VARIABLES}}
    )
    assert all_cells(scenario) == [{"visceral": "yes"}, {"visceral": "no"}]
    weights = cell_weights(scenario)
    np.testing.assert_allclose(weights, [0.75 * 0.5 + 0.25 * 0.2, 0.75 * 0.5 + 0.25 * 0.8])

    mixed, by_cell = survival_truth(scenario), truth_by_cell(scenario)

    for arm in (0, 1):
        expected = sum(
            weight * given(cell.pfs) for weight, cell in zip(weights, by_cell[arm], strict=True)
        )
        np.testing.assert_allclose(given(mixed[arm].pfs), expected, rtol=1e-13)
    assert (given(by_cell[0][0].pfs)[1:] < given(by_cell[0][1].pfs)[1:]).all()


def test_arrivals_add_up_to_the_integral_of_the_rate() -> None:
    rows = [
        AccrualRow.model_validate(row)
        for row in (
            {"from": "0 days", "rate": "1 per day", "to_rate": "3 per day"},
            {"from": "10.5 days", "rate": "0 per day"},
            {"from": "20 days", "rate": "0.5 per day"},
        )
    ]
    means = daily_means(rows, 30)

    assert means[0] == pytest.approx(1 + 2 / 10.5 / 2)
    assert means[:11].sum() == pytest.approx(2 * 10.5)
    assert (means[11:20] == 0).all()
    assert (means[20:] == 0.5).all()
