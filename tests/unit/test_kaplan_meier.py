"""Kaplan-Meier of one sample: textbook numbers, conventions, edge cases, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from simulate.analysis.kaplan_meier import kaplan_meier, reverse_kaplan_meier

# Remission in weeks under 6-mercaptopurine and placebo (Freireich et al. 1963, Blood 21:699),
# the data set of most textbooks.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_textbook_curve_and_limits():
    curve = kaplan_meier(TREATED, TREATED_EVENT)
    weeks = [6, 7, 10, 13, 16, 22, 23]
    published = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert curve.survival_at(weeks) == pytest.approx(published, abs=5e-5)
    lower, upper = curve.interval_at(weeks)
    assert lower == pytest.approx(
        [0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881], abs=5e-5
    )
    assert upper == pytest.approx(
        [0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801], abs=5e-5
    )
    assert curve.median() == 23
    assert curve.median_interval() == (13, math.inf)


def test_textbook_sample_without_censoring():
    curve = kaplan_meier(PLACEBO, np.ones(21))
    assert curve.median() == 8 == np.median(PLACEBO)
    assert curve.median_interval() == (4, 11)


def test_survival_includes_the_events_of_the_time_itself():
    curve = kaplan_meier([10, 20], [1, 1])
    assert curve.survival_at([9.999, 10, 19.999, 20, 99]).tolist() == [1, 0.5, 0.5, 0, 0]


def test_censored_at_the_time_of_an_event_is_at_risk():
    curve = kaplan_meier([10, 10, 20], [0, 1, 1])
    assert curve.time.tolist() == [10, 20]
    assert curve.at_risk.tolist() == [3, 1]
    assert curve.events.tolist() == [1, 1]
    assert curve.censored.tolist() == [1, 0]
    assert curve.survival_at(10) == pytest.approx(2 / 3)


def test_number_at_risk_counts_those_observed_for_at_least_the_time():
    curve = kaplan_meier([10, 10, 20], [0, 1, 1])
    assert curve.at_risk_at([0, 10, 10.5, 20, 20.5]).tolist() == [3, 3, 1, 1, 0]


def test_median_without_censoring_is_the_sample_median():
    """Also for every even n, where the product of 1 - 1/n may miss one half by an ulp."""
    for n in range(1, 301):
        times = np.random.default_rng(n).permutation(n) + 1.0
        assert kaplan_meier(times, np.ones(n)).median() == np.median(times), n


def test_ten_patients_five_events_then_all_censored():
    """Survival is one half for ever: no later event, so the median is the fifth event time."""
    times = np.arange(1, 11)
    assert kaplan_meier(times, times <= 5).median() == 5
    assert kaplan_meier(times, (times <= 5) | (times == 8)).median() == 6.5


def test_everybody_censored():
    curve = kaplan_meier([3, 5, 5], [0, 0, 0])
    assert curve.survival_at([0, 4, 9]).tolist() == [1, 1, 1]
    assert [limit.tolist() for limit in curve.interval_at([4])] == [[1], [1]]
    assert curve.median() == math.inf
    assert curve.median_interval() == (math.inf, math.inf)


def test_all_events_on_one_day():
    curve = kaplan_meier([7, 7, 7], [1, 1, 1])
    assert curve.survival.tolist() == [0]
    assert np.isnan(curve.lower).all()
    assert np.isnan(curve.upper).all()
    assert curve.median() == 7
    assert curve.median_interval() == (7, math.inf)


def test_the_death_of_the_last_patient_does_not_bound_the_median_from_above():
    """Declared difference: lifelines takes the last death, where the limits are undefined."""
    curve = kaplan_meier([1, 2, 3, 4, 5], np.ones(5))
    assert curve.median() == 3
    assert curve.median_interval() == (1, math.inf)
    assert curve.interval_at(4)[1] > 0.5
    fitted = KaplanMeierFitter().fit([1, 2, 3, 4, 5])
    assert fitted.confidence_interval_.loc[5].tolist() == [0, 0]


def test_one_patient():
    event, censored = kaplan_meier([4], [1]), kaplan_meier([4], [0])
    assert (event.median(), censored.median()) == (4, math.inf)
    assert event.n == censored.n == 1


def test_nobody():
    curve = kaplan_meier([], [])
    assert curve.n == 0
    assert math.isnan(curve.last_time)
    assert np.isnan(curve.survival_at([0, 5])).all()
    assert np.isnan(curve.interval_at(5)).all()
    assert curve.at_risk_at([0]).tolist() == [0]
    assert math.isnan(curve.median())
    assert np.isnan(curve.median_interval()).all()


def test_confidence_widens_the_interval():
    narrow = kaplan_meier(TREATED, TREATED_EVENT, confidence=0.80).interval_at(13)
    wide = kaplan_meier(TREATED, TREATED_EVENT, confidence=0.99).interval_at(13)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_reverse_curve_flips_the_indicator():
    """At a tie the end of follow-up comes first, so the dying patient is still at risk of it."""
    curve = reverse_kaplan_meier([5, 5, 9], [1, 0, 0])
    assert curve.events.tolist() == [1, 1]
    assert curve.survival_at(5) == pytest.approx(2 / 3)
    assert curve.median() == 9


@pytest.mark.parametrize(
    ("time", "event", "words"),
    [
        ([1, 2], [1], "equal length"),
        ([[1, 2]], [[1, 1]], "one-dimensional"),
        ([-1], [1], "not negative"),
        ([math.nan], [1], "finite"),
        ([math.inf], [1], "finite"),
        ([1, 2], [1, 2], "True or False"),
    ],
)
def test_bad_samples_are_refused(time, event, words):
    with pytest.raises(ValueError, match=words):
        kaplan_meier(time, event)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, math.nan])
def test_bad_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence"):
        kaplan_meier([1], [1], confidence=confidence)
