"""Kaplan-Meier of one sample against lifelines, and what holds for any sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from simulate.analysis.kaplan_meier import kaplan_meier


def random_sample(rng):
    """A small sample with many ties; now and then without events, or without censoring."""
    size = int(rng.integers(1, 40))
    time = rng.integers(0, rng.choice([1, 5, 15, 50]), size)
    return time, rng.random(size) < rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])


def assert_equals_lifelines(time, event, confidence):
    ours = kaplan_meier(time, event, confidence=confidence)
    theirs = KaplanMeierFitter(alpha=1 - confidence).fit(time, event)
    survival = theirs.survival_function_.iloc[:, 0]
    limits = theirs.confidence_interval_
    days = survival.index.to_numpy()
    np.testing.assert_allclose(ours.survival_at(days), survival, atol=1e-9)
    alive = survival.to_numpy() > 0  # where survival is 0 the limits are undefined, not (0, 0)
    for mine, column in zip(ours.interval_at(days), limits, strict=True):
        np.testing.assert_allclose(mine[alive], limits[column][alive], atol=1e-9)
        assert np.isnan(mine[~alive]).all()
    np.testing.assert_array_equal(
        ours.at_risk_at(theirs.event_table.index), theirs.event_table["at_risk"]
    )
    lower, upper = ours.median_interval()
    assert lower == median_survival_times(limits.iloc[:, [0]])
    # The death of the last patient does not bound the median from above; in lifelines it does.
    assert upper == (median_survival_times(limits.iloc[:, [1]][alive]) if alive.any() else math.inf)
    if not np.any(np.abs(survival - 0.5) < 1e-9):  # there we take SAS's midpoint
        assert ours.median() == theirs.median_survival_time_


def test_one_sample_equals_lifelines():
    rng = np.random.default_rng(11)
    for _ in range(150):
        assert_equals_lifelines(*random_sample(rng), 0.95)
    for confidence in (0.5, 0.8, 0.9, 0.99):
        assert_equals_lifelines(*random_sample(rng), confidence)


@pytest.mark.verify
def test_thousands_of_samples_equal_lifelines():
    rng = np.random.default_rng(12)
    for _ in range(3000):
        assert_equals_lifelines(*random_sample(rng), 0.95)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=25))
@settings(deadline=None)
def test_any_sample(rows):
    time, event = [row[0] for row in rows], [row[1] for row in rows]
    single = kaplan_meier(time, event)
    assert np.all(np.diff(single.survival) <= 0)
    alive = single.survival > 0
    assert np.all(single.lower[alive] <= single.survival[alive])
    assert np.all(single.survival[alive] <= single.upper[alive])
    lower, upper = single.median_interval()
    assert math.isnan(lower) or lower <= single.median() <= upper


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25))
@settings(deadline=None)
def test_changing_the_unit_of_time_changes_only_the_times(rows):
    time, event = np.array([row[0] for row in rows]), [row[1] for row in rows]
    days, months = kaplan_meier(time, event), kaplan_meier(time / 32, event)
    np.testing.assert_array_equal(days.survival, months.survival)
    np.testing.assert_array_equal(days.upper, months.upper)
    assert days.median() == 32 * months.median()
