"""Pseudo data from printed rates: every order of departures tried by hand, and textbook cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from naive_landmarks import all_counts, lines, printed

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.reconstruct.demands import Landmark
from simulate.reconstruct.landmarks import CannotBeMetError, reconstruct_landmarks


def found_counts(made):
    return [
        {c.events: (c.fewest_censored, c.most_censored) for c in counts.possible}
        for counts in made.counts
    ]


def landmarks(rates):
    return [Landmark.printed(6.0 * (k + 1), *rate) for k, rate in enumerate(rates)]


def figures(order, places, *, limits):
    """What a paper would print of one order of departures."""
    shown = lines(order)
    return [tuple(map(printed, shown[place][: 3 if limits else 1])) for place in places]


ORDERS = [
    ((1, 0, 1, 1, 0, 1, 0, 0, 0), (3, 6)),
    ((0, 1, 1, 0, 0, 1, 0, 1, 0, 0), (2, 4, 8)),
    ((1, 1, 1, 0, 0, 0, 0, 0), (3,)),
    ((0, 0, 0, 1, 0, 0, 1, 0, 0, 0), (5, 7)),
    ((1, 0, 1, 0, 1, 0, 1, 0, 1), (9,)),
    ((0, 0, 0, 0), (2,)),
]


@pytest.mark.parametrize("limits", [True, False])
@pytest.mark.parametrize(("order", "places"), ORDERS)
def test_counts_are_those_of_all_orders_of_departures(order, places, limits) -> None:
    rates = figures(order, places, limits=limits)
    made = reconstruct_landmarks(len(order), landmarks(rates))
    assert found_counts(made) == all_counts(len(order), rates)


@pytest.mark.parametrize("limits", [True, False])
@pytest.mark.parametrize(("order", "places"), ORDERS[:4])
def test_total_events_and_a_median_that_is_not_reached_narrow_them(order, places, limits) -> None:
    rates = figures(order, places, limits=limits)
    shown = lines(order)
    above = [k for k in (0, 1, 2) if min(line[k] for line in shown) > 0.5]
    names = ("median", "median_lower", "median_upper")
    not_reached = {names[k]: "NR" for k in above}
    made = reconstruct_landmarks(
        len(order), landmarks(rates), total_events=sum(order), **not_reached
    )
    wanted = all_counts(len(order), rates, total_events=sum(order), not_reached=above)
    assert found_counts(made) == wanted
    assert int(made.event.sum()) == sum(order)


def test_by_hand_without_censoring() -> None:
    """Ten patients: 90% and 70% are one and three events, and nobody can be censored between."""
    made = reconstruct_landmarks(10, landmarks([("90.0%",), ("70.0%",)]))
    assert found_counts(made)[0] == {1: (0, 0)}
    assert min(found_counts(made)[1]) == 3
    assert made.event.tolist() == [True, True, True, *[False] * 7]
    assert made.time[:3].tolist() == [3.0, 8.0, 10.0]
    assert made.time[-1] == pytest.approx(14.4)  # 1.2 times the last landmark


def test_by_hand_with_censoring() -> None:
    """87.5% of ten patients is 7/8: two are censored, then one of eight has the event."""
    made = reconstruct_landmarks(10, landmarks([("87.5%",)]))
    assert found_counts(made)[0][1] == (2, 9)
    assert made.event.tolist()[:3] == [False, False, True]


def test_impossible_rates_are_refused_with_how_far_they_came() -> None:
    with pytest.raises(CannotBeMetError) as caught:
        reconstruct_landmarks(10, landmarks([("90.0%",), ("88.0%",)]))
    assert caught.value.found.furthest == 1


def test_limits_of_another_kind_are_impossible() -> None:
    """At 12 months of the KN026 trial plain limits would be 65.0% to 87.6%."""
    plain = [("87.4%", "75.4%", "93.8%"), ("76.3%", "65.0%", "87.6%")]
    with pytest.raises(CannotBeMetError):
        reconstruct_landmarks(57, landmarks(plain))


@pytest.mark.parametrize(
    ("n", "median", "rates"),
    [
        (10, "7.0", [("90.0%",), ("40.0%",)]),
        (10, "7.0", [("90.0%",), ("50.0%",)]),  # five of ten: exactly one half
        (11, "6.0", [("45.5%",)]),  # at the landmark itself
        (11, "6.0", [("54.5%",), ("45.5%",)]),  # and just after it
    ],
)
def test_the_median_is_given_back(n, median, rates) -> None:
    made = reconstruct_landmarks(n, landmarks(rates), median=median)
    curve = kaplan_meier(made.time, made.event)
    assert f"{curve.median():.1f}" == median
    shown = [printed(s) for s in curve.survival_at([6.0, 12.0][: len(rates)])]
    assert shown == [rate[0] for rate in rates]


def test_one_half_is_nothing_special_without_a_median() -> None:
    """Found by Hypothesis: times were pulled together around a survival of exactly one half."""
    made = reconstruct_landmarks(8, landmarks([("33.3%",), ("33.3%",)]))
    curve = kaplan_meier(made.time, made.event)
    assert [printed(s) for s in curve.survival_at([6.0, 12.0])] == ["33.3%", "33.3%"]


def test_numbers_that_are_printed_are_given_back() -> None:
    marks = [
        Landmark.printed(6, "90.0%", at_risk=15),
        Landmark.printed(12, "72.0%", events=5, at_risk=10),
    ]
    made = reconstruct_landmarks(20, marks, total_events=9, first_censoring=2.0, last_time=20.0)
    curve = kaplan_meier(made.time, made.event)
    assert [printed(s) for s in curve.survival_at([6, 12])] == ["90.0%", "72.0%"]
    assert curve.at_risk_at([6, 12]).tolist() == [15, 10]
    assert int(made.event[made.time <= 12].sum()) == 5
    assert int(made.event.sum()) == 9
    assert made.time[~made.event].min() > 2.0
    assert made.time.max() == 20.0


def test_nobody_is_censored_before_the_first_censoring() -> None:
    with pytest.raises(CannotBeMetError):
        reconstruct_landmarks(10, landmarks([("87.5%",)]), first_censoring=6.0)


@pytest.mark.parametrize("n", [57, 90])
def test_lifelines_prints_what_a_random_trial_printed(n) -> None:
    """Figures of random data, reconstructed; lifelines prints every one of them again."""
    random = np.random.default_rng(n)
    death, leave = random.exponential(24, n), random.uniform(6, 40, n)
    months = [6, 12, 18, 24]

    def figures_of(time, event):
        fitted = KaplanMeierFitter().fit(time, event)
        limits = fitted.confidence_interval_
        at = limits.index.searchsorted(months, side="right") - 1
        shown = np.column_stack([fitted.predict(months), limits.iloc[at]])
        medians = [fitted.median_survival_time_]
        medians += [median_survival_times(limits.iloc[:, [side]]) for side in (0, 1)]
        texts = ["NR" if math.isinf(m) else f"{m:.1f}" for m in medians]
        return [tuple(map(printed, row)) for row in shown], texts

    rates, medians = figures_of(np.minimum(death, leave), death <= leave)
    names = ("median", "median_lower", "median_upper")
    made = reconstruct_landmarks(
        n,
        [Landmark.printed(m, *rate) for m, rate in zip(months, rates, strict=True)],
        total_events=int((death <= leave).sum()),
        **dict(zip(names, medians, strict=True)),
    )
    assert figures_of(made.time, made.event) == (rates, medians)


@pytest.mark.parametrize("n", [0, 1001])
def test_a_number_of_patients_that_cannot_be_searched_for(n) -> None:
    with pytest.raises(ValueError, match="patients and a landmark"):
        reconstruct_landmarks(n, landmarks([("90.0%",)]))
