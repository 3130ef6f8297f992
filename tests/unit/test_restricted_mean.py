"""Restricted mean survival time: by hand, without censoring, and against lifelines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time

from simulate.analysis.counting import count_days, table_length
from simulate.analysis.restricted_mean import restricted_mean, restricted_mean_variance

LAST_DAY = 150


def tables(time: list[int], event: list[int]) -> tuple[list[int], list[int], int, int]:
    """A sample counted: exits, events, patients, last day."""
    exits, events = [0] * table_length(LAST_DAY), [0] * (LAST_DAY + 1)
    last = count_days(time, event, len(time), exits, events)
    return exits, events, len(time), last


def test_restricted_mean_by_hand():
    """Survival is 1 up to day 2, 3/4 up to day 4, then 3/8; one patient is censored on day 3."""
    sample = tables([2, 4, 3, 9], [1, 1, 0, 0])
    assert restricted_mean(*sample, 2.0) == 2
    assert restricted_mean(*sample, 7.5) == pytest.approx(2 + 2 * 0.75 + 3.5 * 0.375)
    areas = [2 * 0.75 + 3.5 * 0.375, 3.5 * 0.375]
    expected = areas[0] ** 2 / (4 * 3) + areas[1] ** 2 / (2 * 1)
    assert restricted_mean_variance(*sample, 7.5) == pytest.approx(expected)


@pytest.mark.parametrize("tau", [0.0, 5.0, 33.3, 140.0])
def test_without_censoring_it_is_the_mean_with_its_own_variance(tau):
    rng = np.random.default_rng(3)
    for n in (1, 2, 30):
        time = rng.integers(0, 60, n)
        sample = tables(time.tolist(), [1] * n)
        within = np.minimum(time, tau)
        assert restricted_mean(*sample, tau) == pytest.approx(within.mean(), rel=1e-12)
        variance = restricted_mean_variance(*sample, tau)
        assert variance == pytest.approx(within.var() / n, rel=1e-12, abs=1e-12)


def test_restricted_mean_equals_lifelines():
    rng = np.random.default_rng(4)
    for tau in np.linspace(0.25, 120, 40):  # also beyond the data
        time = rng.integers(0, 90, int(rng.integers(1, 40)))
        event = (rng.random(time.size) < 0.6).astype(int)
        ours = restricted_mean(*tables(time.tolist(), event.tolist()), tau)
        fitted = KaplanMeierFitter().fit(time, event)
        assert ours == pytest.approx(restricted_mean_survival_time(fitted, tau), abs=1e-9)


def test_nobody_has_no_restricted_mean():
    for tau in (0.0, 5.0):
        assert math.isnan(restricted_mean(*tables([], []), tau))
        assert math.isnan(restricted_mean_variance(*tables([], []), tau))
