"""Grouped times on a common grid: by hand, against a table test by interval, and without bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from statsmodels.duration.survfunc import survdiff
from statsmodels.stats.contingency_tables import StratifiedTable
from test_review import BASE, MODEL, TO_COPY

from simulate.build_observation import observation, review_plan, review_room
from simulate.distributions import NEVER
from simulate.looks.review_plan import Review
from simulate.looks.seen import Seen, find_event_days, take_sample
from simulate.plan import with_lists
from simulate.reading_words import read_words
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import survival_ledger

LAST_DAY, GRID = 800, 84
ENDPOINTS = [
    {"id": 1, "name": "LOCAL", "of": "PFS"},
    {"id": 2, "name": "GROUPED", "of": "PFS", "grid": [{"every": "12 weeks"}]},
]
Sample = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def scenario_of(every: dict[str, str], **errors: float) -> SurvivalScenario:
    """Scans by arm, every so often, and a reader with errors; `visits` is how many are missed."""
    calendars = {arm: [{"every": often}] for arm, often in every.items()}
    model: dict[str, Any] = MODEL | {"calendar_by_arm": calendars}
    model["visits"] = {"missed": errors.pop("visits", 0)}
    model["readers"] = [{"id": 1, "name": "one", "missed": 0, "early": 0} | errors]
    endpoints = [endpoint | {"reader": "one"} for endpoint in ENDPOINTS]
    return SurvivalScenario.from_file(TO_COPY).with_overrides(
        BASE | {"survival": model, "rule_sets": [], "endpoints": endpoints}
    )


def samples(
    scenario: SurvivalScenario, columns: dict[str, np.ndarray[Any, Any]], cut: int, seed: int = 1
) -> list[Sample]:
    """Both endpoints of given patients at a cut; the seed is that of their readers."""
    n = len(columns["arm"])
    ledger = with_lists(survival_ledger(columns))
    plan = review_plan(scenario, LAST_DAY)
    review = with_lists(Review(plan, review_room(scenario, plan, n)))
    read_words(review, seed=seed, replicate=0)
    event_day: Any = [0] * (2 * n)
    seen = Seen(with_lists(observation(scenario, LAST_DAY)), ledger, event_day, n, review)
    find_event_days(seen)
    found = []
    for endpoint in range(2):
        day: Any = [0] * n
        event: Any = [0] * n
        take_sample(seen, endpoint, cut, n, day, event)
        found.append((np.array(day), np.array(event)))
    return found


def patients(n: int, seed: int, rates: tuple[float, float]) -> dict[str, np.ndarray[Any, Any]]:
    """Patients of two arms with constant hazards of progression, who do not die."""
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    progression = np.ceil(rng.exponential(1.0, n) / np.array(rates)[arm]).astype(np.int64)
    return {
        "region": np.zeros(n, np.int64),
        "cell": np.zeros(n, np.int64),
        "stratum": np.zeros(n, np.int64),
        "arm": arm,
        "enrolment_trial_day": np.sort(rng.integers(0, 300, n)),
        "progression_day": progression,
        "death_day": np.full(n, NEVER),
        "dropout_day": np.where(rng.random(n) < 0.2, rng.integers(1, 700, n), NEVER),
    }


@pytest.mark.parametrize(
    ("progression", "cut", "day", "event"),
    [
        (40, 800, 84, 1),  # seen on day 42, in the interval that ends on day 84
        (40, 83, 0, 0),  # an interval that is not over says nothing
        (40, 84, 84, 1),
        (85, 800, 168, 1),
        (84, 800, 84, 1),
        (NEVER, 200, 168, 0),  # the last scan up to day 200 is on day 168
        (NEVER, 167, 84, 0),  # scans on days 84 and 126
    ],
)
def test_times_are_the_edges_of_the_grid(progression: int, cut: int, day: int, event: int) -> None:
    columns = patients(1, 1, (0.01, 0.01)) | {
        "enrolment_trial_day": np.array([0]),
        "progression_day": np.array([progression]),
        "dropout_day": np.array([NEVER]),
    }
    scenario = scenario_of({"control": "6 weeks", "experimental": "6 weeks"})
    _, (found_day, found_event) = samples(scenario, columns, cut)
    assert (int(found_day[0]), int(found_event[0])) == (day, event)


def test_its_log_rank_test_is_the_table_test_by_interval() -> None:
    scenario = scenario_of({"control": "6 weeks", "experimental": "12 weeks"})
    columns = patients(400, 3, (0.003, 0.002))
    _, (day, event) = samples(scenario, columns, 700)
    arm, tables = columns["arm"], []
    for edge in range(GRID, LAST_DAY, GRID):
        at_risk = day >= edge
        had = (day == edge) & (event == 1)
        tables.append(
            [[(had & (arm == a)).sum(), (at_risk & ~had & (arm == a)).sum()] for a in (0, 1)]
        )
    tables = [table for table in tables if np.sum(table) > 1]
    by_table = StratifiedTable(np.array(tables, float).transpose(1, 2, 0)).test_null_odds()
    chi2, _ = survdiff(day, event, arm)
    assert chi2 == pytest.approx(by_table.statistic, rel=1e-9)
    assert chi2 > 1


N_TRIALS = 12
ERROR = 1 / math.sqrt(N_TRIALS)
"""Standard error of a mean Z."""


def mean_scores(**errors: float) -> tuple[float, float]:
    """Mean Z of the usual and the grouped test without any effect.

    One arm is scanned every 6 weeks, the other every 12.
    """
    scenario = scenario_of({"control": "6 weeks", "experimental": "12 weeks"}, **errors)
    scores = []
    for seed in range(N_TRIALS):
        columns = patients(1200, seed, (0.004, 0.004))
        found = samples(scenario, columns, 700, seed)
        scores.append([z_of(*sample, columns["arm"]) for sample in found])
    usual, grouped = np.mean(scores, axis=0)
    return float(usual), float(grouped)


def test_unequal_calendars_bias_the_usual_test_and_not_the_grouped_one() -> None:
    """Where scans are read without error and none is missed."""
    usual, grouped = mean_scores()
    assert usual > 6 * ERROR, "the arm that is scanned more often looks worse"
    assert abs(grouped) < 4 * ERROR


@pytest.mark.parametrize(
    "errors", [{"early": 0.02}, {"missed": 0.3}, {"visits": 0.3}], ids=lambda errors: str(errors)
)
def test_errors_and_missed_scans_bias_the_grouped_test_too(errors: dict[str, float]) -> None:
    usual, grouped = mean_scores(**errors)
    assert usual > 6 * ERROR
    assert grouped > 4 * ERROR, "more scans in an interval are more chances"


def z_of(
    day: np.ndarray[Any, Any], event: np.ndarray[Any, Any], arm: np.ndarray[Any, Any]
) -> float:
    """Log-rank Z; above 0 the first arm has more events than expected."""
    score = variance = 0.0
    for time in np.unique(day[event == 1]):
        at_risk, had = day >= time, (day == time) & (event == 1)
        n, m, d = at_risk.sum(), (at_risk & (arm == 0)).sum(), had.sum()
        score += (had & (arm == 0)).sum() - d * m / n
        if n > 1:
            variance += d * (m / n) * (1 - m / n) * (n - d) / (n - 1)
    return float(score / math.sqrt(variance))
