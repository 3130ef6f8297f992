"""Arrivals and sites: distributions by formula, and naive versions of every rule."""

from __future__ import annotations

import datetime as dt
import math
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.engines.arrivals import arrivals_by_site
from simulate.patient.enrolment import (
    EnrolmentPlan,
    choose_site,
    fails_screening,
    pin_first_and_last,
    poisson_arrival_day,
    power_arrival_day,
    site_factor,
    site_opening_day,
)
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, words


def enrolment(scenario: Scenario, **overrides: Any) -> EnrolmentPlan:
    changes = {f"enrolment.{k.replace('__', '.')}": v for k, v in overrides.items()}
    return build_plan(scenario.with_overrides(changes)).enrolment


def poisson(scenario: Scenario, *, n_sites: int, rate: float, window: int, **more: Any) -> Any:
    accrual = {
        "kind": "poisson_gamma",
        "rate": f"{rate} per day",
        "window": f"{window} days",
        "changes": more.pop("changes", []),
    }
    return enrolment(scenario, accrual=accrual, sites={"count": n_sites} | more)


# ---- power-law accrual --------------------------------------------------------------------------


def test_power_arrivals_follow_the_formula(plan: Plan) -> None:
    sample = words(20250, [0], 5, [(Purpose.ARRIVAL_DAY, 1000)])[0].tolist()

    days = [power_arrival_day(plan.enrolment, word) for word in sample]

    assert days == [math.floor(500 * ((word + 0.5) / 2**32) ** (1 / 2.53)) for word in sample]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_first_and_last_arrival_are_pinned(plan: Plan, n: int) -> None:
    days = [33, 80, 80, 201, 430][:n]

    pin_first_and_last(plan.enrolment, days)

    assert days == {1: [0], 2: [0, 500], 5: [0, 80, 80, 201, 500]}[n]


def test_the_arrivals_of_all_sites_are_the_sorted_pinned_days(plan: Plan) -> None:
    accrual = plan.enrolment
    drawn = words(20250, [0], 3, [(Purpose.ARRIVAL_DAY, 15)])[0, :57].tolist()
    expected = sorted(math.floor(500 * ((word + 0.5) / 2**32) ** (1 / 2.53)) for word in drawn)
    expected[0], expected[-1] = 0, 500

    by_site = [list(days) for days in arrivals_by_site(accrual, seed=20250, replicate=3)]

    assert len(by_site) == 19
    assert all(days == sorted(days) for days in by_site)
    assert sorted(day for days in by_site for day in days) == expected


# ---- sites --------------------------------------------------------------------------------------


def test_sites_open_evenly_over_the_first_eight_months(plan: Plan) -> None:
    sample = words(20250, range(4000), 0, [(Purpose.SITE_ACTIVATION, 1)])[:, 0].tolist()

    days = np.array([site_opening_day(plan.enrolment, 0, word) for word in sample])

    truth = stats.uniform(0, 8 * 30.4375)
    assert days.min() >= 1
    assert days.max() <= 244
    distance = max(abs(np.mean(days <= d) - truth.cdf(d)) for d in range(1, 245))
    assert distance < 1.63 / math.sqrt(len(days))


def test_a_sites_factor_is_the_quantile_of_its_word(plan: Plan) -> None:
    gamma = stats.gamma(1.2, scale=1 / 1.2)
    for word in (0, 2**20 - 1, 2**20, 2**31, 2**32 - 1):
        slice_middle = (word // 2**20 + 0.5) / 4096
        assert site_factor(plan.enrolment, word) == pytest.approx(gamma.ppf(slice_middle))


sites = st.lists(st.tuples(st.floats(0.01, 10.0), st.integers(0, 50)), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(sites=sites, day=st.integers(0, 60), word=st.integers(0, 2**32 - 1))
def test_a_site_is_chosen_by_weight_among_those_open(
    sites: list[tuple[float, int]], day: int, word: int
) -> None:
    factors = [factor for factor, _ in sites]
    openings = [opening for _, opening in sites]

    chosen = choose_site(factors, openings, day, word)

    is_open = [i for i, opening in enumerate(openings) if opening <= day]
    if not is_open:
        assert chosen == openings.index(min(openings))
        return
    assert chosen in is_open
    u = (word + 0.5) / 2**32
    below = sum(factors[i] for i in is_open if i < chosen) / sum(factors[i] for i in is_open)
    above = below + factors[chosen] / sum(factors[i] for i in is_open)
    assert below - 1e-12 <= u <= above + 1e-12


def test_closed_sites_get_nobody_and_open_ones_their_share() -> None:
    factors, openings = [1.0, 3.0, 5.0, 2.0], [0, 10, 99, 0]
    sample = words(1, [0], 0, [(Purpose.ARRIVAL_SITE, 5000)])[0].tolist()

    counts = np.bincount([choose_site(factors, openings, 20, w) for w in sample], minlength=4)

    assert counts[2] == 0
    expected = np.array([1.0, 3.0, 2.0]) / 6 * len(sample)
    assert stats.chisquare(counts[[0, 1, 3]], expected).pvalue > 0.001


def test_screening_failures_are_their_share_of_words(scenario: Scenario) -> None:
    rate = {"kind": "poisson_gamma", "rate": "1 per month", "window": "1 year"}
    accrual = enrolment(scenario, accrual=rate, screening_failure=0.2)

    assert fails_screening(accrual, round(0.2 * 2**32) - 1)
    assert not fails_screening(accrual, round(0.2 * 2**32))
    assert not fails_screening(enrolment(scenario), 0), "by default never"


# ---- Poisson-gamma accrual ----------------------------------------------------------------------

CHANGES = [
    {"from": "40 days", "to": "60 days", "factor": 0},
    {"from": "100 days", "to": "150 days", "factor": 3},
]


def pace(day: float) -> float:
    return 0.0 if 40 <= day < 60 else 3.0 if 100 <= day < 150 else 1.0


@settings(max_examples=150, deadline=None)
@given(
    opening=st.integers(0, 260),
    factor=st.floats(0.05, 5.0),
    spent=st.floats(0.001, 30.0),
)
def test_an_arrival_comes_on_the_day_its_exposure_is_used_up(
    opening: int, factor: float, spent: float
) -> None:
    accrual = DISTURBED[0]

    day = poisson_arrival_day(accrual, opening, factor, spent)

    # the sum of the exposures is exact to 1e-9 only: on that edge either day is right
    assert day in {walk(opening, factor, spent - 1e-9), walk(opening, factor, spent + 1e-9)}


def walk(opening: int, factor: float, spent: float) -> int:
    """The day on which a site has used up an exposure, one day after the other."""
    exposure = 0.0
    for today in range(opening, 200):
        exposure += 0.05 * factor * pace(today)
        if exposure >= spent:
            return today + 1
    return NEVER


DISTURBED: list[EnrolmentPlan] = []


@pytest.fixture(autouse=True, scope="module")
def disturbed(scenario: Scenario) -> EnrolmentPlan:
    """A site with a pause and a quick time, over 200 days."""
    DISTURBED.append(poisson(scenario, n_sites=1, rate=0.05, window=200, changes=CHANGES))
    return DISTURBED[0]


def test_the_number_of_arrivals_is_the_rate_times_the_exposure(disturbed: EnrolmentPlan) -> None:
    counts = np.array(
        [len(list(arrivals_by_site(disturbed, seed=4, replicate=i)[0])) for i in range(1500)]
    )

    expected = 0.05 * sum(pace(day) for day in range(200))
    assert abs(counts.mean() - expected) < 4 * math.sqrt(expected / len(counts))
    # a Poisson count: variance equals mean
    assert abs(counts.var(ddof=1) / expected - 1) < 4 * math.sqrt(2 / len(counts))


def test_nobody_arrives_during_a_pause(disturbed: EnrolmentPlan) -> None:
    days = np.concatenate(
        [list(arrivals_by_site(disturbed, seed=5, replicate=i)[0]) for i in range(300)]
    )

    # an arrival at a time in (d - 1, d] is on day d: the pause is days 41 to 60
    assert not np.any((days > 40) & (days <= 60))
    assert days.max() <= 200
    quick, usual = np.mean((days > 100) & (days <= 150)), np.mean((days > 150) & (days <= 200))
    assert quick / usual == pytest.approx(3, rel=0.15)


def test_the_days_between_arrivals_are_exponential(scenario: Scenario) -> None:
    accrual = poisson(scenario, n_sites=1, rate=0.02, window=20_000)
    gaps = np.concatenate(
        [
            np.diff([0, *islice(arrivals_by_site(accrual, seed=6, replicate=i)[0], 60)])
            for i in range(50)
        ]
    )

    assert gaps.mean() == pytest.approx(50, abs=4 * 50 / math.sqrt(len(gaps)))
    grid = np.arange(1, 300)  # whole days: compare between two days, as both ends are rounded
    truth = stats.expon(scale=50).cdf(grid - 0.5)
    found = np.searchsorted(np.sort(gaps), grid - 0.5) / len(gaps)
    assert np.max(np.abs(found - truth)) < 1.63 / math.sqrt(len(gaps)) + 0.005


def test_the_rates_of_sites_vary_as_a_gamma(scenario: Scenario) -> None:
    accrual = poisson(scenario, n_sites=400, rate=0.02, window=1000, rate_shape=1.2)

    counts = np.array([len(list(s)) for s in arrivals_by_site(accrual, seed=8, replicate=0)])

    # negative binomial: mean m = 20, variance m + m^2 / shape
    variance = 20 + 20**2 / 1.2
    assert abs(counts.mean() - 20) < 4 * math.sqrt(variance / 400)
    assert counts.var(ddof=1) / variance == pytest.approx(1, abs=0.35)


def test_a_site_receives_nobody_before_it_opens(scenario: Scenario) -> None:
    activation = {"kind": "dates", "dates": [dt.date(2020, 1, 13), dt.date(2020, 6, 1)]}
    accrual = poisson(scenario, n_sites=2, rate=0.1, window=300, activation=activation)

    first, second = (
        np.concatenate(
            [list(arrivals_by_site(accrual, seed=9, replicate=i)[site]) for i in range(40)]
        )
        for site in (0, 1)
    )

    assert first.min() < 10
    assert second.min() > 140  # 1 June 2020
    assert second.min() < 150


def test_more_arrivals_than_prepared_words_go_on_one_by_one(scenario: Scenario) -> None:
    accrual = poisson(scenario, n_sites=1, rate=1.0, window=100)

    days = list(arrivals_by_site(accrual, seed=10, replicate=0)[0])

    assert len(days) > 60
    assert days == sorted(days)


def test_a_site_that_opens_after_the_end_receives_nobody(disturbed: EnrolmentPlan) -> None:
    assert poisson_arrival_day(disturbed, 200, 5.0, 0.001) == NEVER
    assert poisson_arrival_day(disturbed, 7306, 5.0, 0.001) == NEVER
    assert poisson_arrival_day(disturbed, 199, 5.0, 0.001) == 200


def test_adding_a_site_leaves_the_arrivals_at_the_others(scenario: Scenario) -> None:
    two, three = (poisson(scenario, n_sites=n, rate=0.05, window=300) for n in (2, 3))

    before = [list(s) for s in arrivals_by_site(two, seed=11, replicate=0)]
    after = [list(s) for s in arrivals_by_site(three, seed=11, replicate=0)]

    assert after[:2] == before
