"""Expected patients, events and looks: against closed form, enumeration and naive trials."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats
from survival_files import THREE_LOOKS, TWO_ARMS, survival_scenario

from simulate.theory.accrual import Accrual, accrual_of
from simulate.theory.course import ExpectedTrial, Truth
from simulate.theory.performance import expected_looks

MONTH = 30.4375


def one_region(mean_by_day: list[float], sample_size: int) -> Accrual:
    return Accrual(sample_size, np.array([2.0**31]), np.array([mean_by_day]))


def poisson(number: int, mean: float) -> float:
    return math.exp(-mean) * mean**number / math.factorial(number)


# ---- accrual ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample_size", [1, 2, 30])
def test_enrolled_patients_are_the_mean_of_a_capped_poisson_number(sample_size: int) -> None:
    means = [0.5, 7.0, 29.0, 60.0]
    numbers = np.arange(400)
    by_hand = [
        np.minimum(numbers, sample_size) @ stats.poisson.pmf(numbers, mean) for mean in means
    ]

    assert one_region(means, sample_size).entered() == pytest.approx(by_hand, abs=1e-11)


def test_regions_with_caps_are_enumerated() -> None:
    means = np.array([[1.0, 3.0, 5.0], [0.5, 1.0, 4.0], [2.0, 3.0, 4.0]])
    accrual = Accrual(9, np.array([4.0, 3.0, 2.0**31]), means)
    entered, below_six = [], []
    for column in means.T:
        mean = below = 0.0
        for numbers in product(range(26), repeat=3):
            p = math.prod(poisson(n, m) for n, m in zip(numbers, column, strict=True))
            total = min(min(numbers[0], 4) + min(numbers[1], 3) + numbers[2], 9)
            mean += p * total
            below += p * (total < 6)
        entered.append(mean)
        below_six.append(below)

    assert accrual.entered() == pytest.approx(entered, abs=1e-9)
    assert accrual.not_reached(6) == pytest.approx(below_six, abs=1e-9)


def test_a_region_that_is_surely_full_is_a_constant() -> None:
    both = Accrual(9, np.array([4.0, 2.0**31]), np.array([[200.0], [3.0]]))
    alone = one_region([3.0], 5)

    assert both.entered() == pytest.approx(4.0 + alone.entered(), abs=1e-12)
    assert both.not_reached(7) == pytest.approx(stats.poisson.cdf(2, 3.0), abs=1e-12)


def test_last_place_is_taken_when_a_gamma_time_has_passed() -> None:
    trial = survival_scenario(THREE_LOOKS)
    rate = 36.66667 / MONTH
    accrual = accrual_of(trial, 2000)
    # the 880th arrival comes on the day into which its time falls
    arrival = stats.gamma(880, scale=1 / rate)

    assert accrual.day_reaching(880) == pytest.approx(
        arrival.sf(np.arange(1, 2002)).sum(), abs=1e-6
    )
    assert accrual.quantile(880, 0.9) == math.floor(arrival.ppf(0.9))


def test_a_ramp_brings_as_many_as_its_triangle() -> None:
    accrual = accrual_of(survival_scenario(TWO_ARMS), 300)
    half = 3 * MONTH
    day = 90  # its end is time 91, just before three months
    slope = 20 / MONTH / (6 * MONTH)

    assert accrual.means[0, day] == pytest.approx(5 / MONTH * 91 + slope * 91**2 / 2, rel=1e-6)
    assert half > 91


def test_expected_numbers_by_region_fill_the_trial() -> None:
    regions = (
        "enrolment={regions: ["
        "{id: 2, name: east, cap: 300, accrual: [{from: 0 months, rate: 30 per month}]}, "
        "{id: 1, name: west, accrual: [{from: 0 months, rate: 10 per month}]}]}"
    )
    accrual = accrual_of(survival_scenario(THREE_LOOKS, regions), 2000)

    # in the order of their numbers; the east is full after ten months
    assert accrual.by_region() == pytest.approx([580.0, 300.0])


# ---- events ---------------------------------------------------------------------------------


def test_expected_events_are_those_of_the_closed_form() -> None:
    trial = survival_scenario(THREE_LOOKS)
    expected = ExpectedTrial(trial)
    rate, day = 36.66667 / MONTH, 500  # long before the trial is full
    for place, ratio in enumerate((1.0, 0.75)):
        event = ratio * math.log(2) / (18.5 * MONTH)
        lost = 0.05 / 365.25
        # on each day at risk with probability p the event, else with the other probability lost
        p, q = -math.expm1(-event), math.exp(-event - lost)
        waiting = (1 - q ** (day + 1)) / (1 - q)
        by_hand = rate / 2 * p / (1 - q) * (day + 1 - waiting)
        # in continuous time, where on average nothing waits for the end of its day
        both, time = event + lost, day + 1.0
        smooth = rate / 2 * event / both * (time - (1 - math.exp(-both * time)) / both)

        known = expected.events("PFS")[place, day]
        assert known == pytest.approx(by_hand, rel=1e-6)
        assert known == pytest.approx(smooth, rel=0.005)


def test_looks_come_when_naive_trials_have_their_events() -> None:
    expected = ExpectedTrial(survival_scenario(THREE_LOOKS))
    looks = expected_looks(expected, Truth())
    random = np.random.default_rng(7)
    n_trials, n = 1500, 880
    entry = np.floor(np.cumsum(random.exponential(MONTH / 36.66667, (n_trials, n)), axis=1))
    hazard = np.where(np.arange(n) % 2, 0.75, 1.0) * math.log(2) / (18.5 * MONTH)
    event = np.ceil(random.exponential(1 / hazard, (n_trials, n)))
    lost = np.ceil(random.exponential(365.25 / 0.05, (n_trials, n)))
    day = np.sort(np.where(event <= lost, entry + event, np.inf), axis=1)
    for look, count in zip(looks, (254, 381, 508), strict=True):
        cuts = day[:, count - 1]
        error = cuts.std() / math.sqrt(n_trials)

        # a day's rounding, and the curve of expected events is bent
        assert look.day == pytest.approx(cuts.mean(), abs=4 * error + 1.5)
        enrolled = (entry <= cuts[:, np.newaxis]).sum(axis=1).mean()
        assert np.interp(look.day, np.arange(3000), expected.entered[:3000]) == pytest.approx(
            enrolled, abs=4
        )


def test_scans_delay_known_events_and_the_truth_of_the_null_is_the_control_arm() -> None:
    trial = survival_scenario(TWO_ARMS)
    scanned = ExpectedTrial(trial)
    exact = ExpectedTrial(
        survival_scenario(TWO_ARMS, "survival.observation=exact", "survival.calendar=[]")
    )
    null = scanned.events("PFS", Truth("null", trial.hypotheses[0]))

    assert np.all(scanned.events("PFS")[:, 60:] < exact.events("PFS")[:, 60:])
    assert null[1] == pytest.approx(null[0], abs=1e-9)
    assert null[0] == pytest.approx(scanned.events("PFS")[0], abs=1e-9)


@pytest.mark.parametrize(
    ("cut", "day"),
    [
        ("{date: 2028-01-01}", 730.0),
        ("{enrolled: {count: 880, after: 100 days}}", 830.0),
        ("{follow_up: 200 days}", 930.0),
        ("{all: [{date: 2028-01-01}, {follow_up: 200 days}]}", 930.0),
        ("{any: [{date: 2028-01-01}, {follow_up: 200 days}]}", 730.0),
        ("{any: [{events: {endpoint: PFS, count: 20}}, {date: 2030-01-01}]}", None),
    ],
)
def test_each_trigger_has_its_expected_day(cut: str, day: float | None) -> None:
    scenario = survival_scenario(
        THREE_LOOKS, f"analyses=[{{id: 1, name: only, cut: {cut}}}]", "hypotheses=[]"
    )
    expected = ExpectedTrial(scenario)
    (look,) = expected_looks(expected, Truth())
    if day is None:
        events = expected.events("PFS").sum(axis=0)
        day = float(np.interp(20, events, np.arange(len(events))))

    assert look.is_reached
    assert look.day == pytest.approx(day, abs=1e-3)


def test_a_target_out_of_reach_is_cut_at_the_end() -> None:
    scenario = survival_scenario(THREE_LOOKS, "max_study_duration=30 months", "estimates.rmst=null")
    looks = expected_looks(ExpectedTrial(scenario), Truth())

    assert [look.is_reached for look in looks] == [True, False, False]
    assert [look.day for look in looks[1:]] == [913.0, 913.0]


def test_no_look_is_before_the_one_above_it() -> None:
    scenario = survival_scenario(
        THREE_LOOKS,
        "analyses=[{id: 1, name: first, cut: {date: 2028-01-01}}, "
        "{id: 2, name: second, cut: {events: {endpoint: PFS, count: 5}}}]",
        "hypotheses=[]",
    )

    assert [look.day for look in expected_looks(ExpectedTrial(scenario), Truth())] == [730, 730]
