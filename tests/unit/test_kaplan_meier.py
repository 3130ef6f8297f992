"""Kaplan-Meier kernels: textbook numbers, conventions, edge cases, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from simulate.analysis import kaplan_meier_many as many_module
from simulate.analysis.kaplan_meier import (
    kaplan_meier,
    kaplan_meier_many,
    reverse_kaplan_meier,
)

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


# ---- many replicates -----------------------------------------------------------------------


def test_many_by_hand():
    """Three replicates in mixed order: one ordinary, one empty, one with everybody censored."""
    result = kaplan_meier_many(
        day=[20, 5, 10, 7, 10],
        event=[1, 0, 1, 0, 0],
        replicate=[0, 2, 0, 2, 0],
        n_replicates=3,
        landmarks=[9.99, 10, 10.9, 25],
        grid=[0, 20],
    )
    assert result.n.tolist() == [3, 0, 2]
    assert result.events.tolist() == [2, 0, 0]
    np.testing.assert_array_equal(result.last_day, [20, np.nan, 7])
    np.testing.assert_allclose(result.survival[0], [1, 2 / 3, 2 / 3, 0])
    assert result.survival[2].tolist() == [1, 1, 1, 1]
    assert np.isnan(result.survival[1]).all()
    assert result.events_by.tolist() == [[0, 1, 1, 2], [0] * 4, [0] * 4]
    assert result.at_risk.tolist() == [[3, 3, 1, 0], [0] * 4, [0] * 4]
    assert result.beyond_data.tolist() == [[False, False, False, True], [True] * 4, [True] * 4]
    np.testing.assert_array_equal(result.median, [20, np.nan, np.inf])
    np.testing.assert_array_equal(result.survival_on_grid, [[1, 0], [np.nan] * 2, [1, 1]])


def test_landmark_takes_in_whole_days_up_to_it():
    """Six months are 182.625 days: day 182 counts, day 183 does not."""
    result = kaplan_meier_many(
        [182, 183], [1, 1], [0, 0], n_replicates=1, landmarks=[182.625, 183.0]
    )
    assert result.events_by.tolist() == [[1, 2]]
    assert result.at_risk.tolist() == [[1, 1]]


def _random_rows(seed, *, n_replicates=40, most=30, days=25):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, most, n_replicates)
    replicate = rng.permutation(np.repeat(np.arange(n_replicates), sizes))
    return rng.integers(0, days, sizes.sum()), rng.random(sizes.sum()) < 0.6, replicate


def _same(left, right):
    for name, value in vars(left).items():
        np.testing.assert_array_equal(value, getattr(right, name), err_msg=name)


def test_blocks_do_not_change_the_result(monkeypatch):
    day, event, replicate = _random_rows(1)
    options = {"n_replicates": 40, "landmarks": [3, 10.5, 30], "grid": range(26)}
    whole = kaplan_meier_many(day, event, replicate, **options)
    monkeypatch.setattr(many_module, "_BLOCK_BYTES", 1)
    _same(kaplan_meier_many(day, event, replicate, **options), whole)


def test_order_of_rows_does_not_change_the_result():
    day, event, replicate = _random_rows(2)
    options = {"n_replicates": 40, "landmarks": [3, 10.5, 30]}
    order = np.random.default_rng(3).permutation(day.size)
    whole = kaplan_meier_many(day, event, replicate, **options)
    _same(kaplan_meier_many(day[order], event[order], replicate[order], **options), whole)


def test_no_rows_at_all():
    result = kaplan_meier_many([], [], [], n_replicates=2, landmarks=[5])
    assert result.n.tolist() == [0, 0]
    assert np.isnan(result.survival).all()
    assert np.isnan(result.median).all()
    assert result.survival_on_grid.shape == (2, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day": [1.5, 2]}, "whole"),
        ({"day": [-1, 2]}, "negative"),
        ({"replicate": [0, 2]}, "replicates must lie in 0 to 1"),
        ({"replicate": [0, -1]}, "replicates must lie"),
        ({"replicate": [0]}, "shape"),
        ({"n_replicates": 0}, "at least 1"),
        ({"landmarks": [-1]}, "landmarks"),
        ({"grid": [math.inf]}, "grid"),
        ({"confidence": 1.5}, "confidence"),
    ],
)
def test_bad_rows_are_refused(change, words):
    good = {"day": [1, 2], "event": [1, 0], "replicate": [0, 1], "n_replicates": 2}
    with pytest.raises(ValueError, match=words):
        kaplan_meier_many(**{**good, "landmarks": [1], **change})
