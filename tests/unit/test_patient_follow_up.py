"""Who leaves and when, and until when a patient is known to be alive."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulate.distributions import NEVER, TABLE_DAYS
from simulate.patient import follow_up
from simulate.plan import Plan
from simulate.streams import words

days = st.integers(0, 1000)
day_or_never = st.one_of(days, st.just(NEVER))


def sample(n: int) -> list[int]:
    return words(20250, range(n // 4), 2, [(98, 1)]).ravel().tolist()


def test_withdrawal_is_exponential(plan: Plan) -> None:
    for word in sample(2000):
        time = -math.log1p(-(word + 0.5) / 2**32) * 30.4375 / 0.0046
        expected = math.ceil(time) if math.ceil(time) <= TABLE_DAYS else NEVER
        assert follow_up.withdrawal_day(plan.follow_up, False, 0, word) == expected


def test_an_early_stop_is_uniform_over_the_first_cycle(plan: Plan) -> None:
    found = [follow_up.withdrawal_day(plan.follow_up, True, word, 0) for word in sample(20_000)]

    assert set(found) == set(range(1, 21))
    assert stats.chisquare(np.bincount(found)[1:]).pvalue > 0.001


def test_shares_of_words(plan: Plan) -> None:
    own = sample(20_000)

    early = sum(follow_up.stops_early(plan.follow_up, word) for word in own)
    lost = sum(follow_up.leaves_study(plan.follow_up, word) for word in own)

    assert stats.binomtest(early, len(own), 0.0315).pvalue > 0.001
    assert stats.binomtest(lost, len(own), 0.20).pvalue > 0.001


def test_the_lag_of_contact_is_uniform_rounded_up(plan: Plan) -> None:
    for word in sample(1000):
        assert follow_up.contact_lag(plan.follow_up, word) == math.ceil(36.6 * (word + 0.5) / 2**32)


@pytest.mark.parametrize(
    ("cut", "lag", "last_record", "withdrawal", "contact"),
    [
        (1000, 20, 900, NEVER, 980),
        (1000, 20, 995, NEVER, 995),  # a scan is a contact
        (1000, 20, 900, 950, 950),  # nothing is known after leaving the study
        (1000, 20, 900, 1000, 1000),
        (1000, 20, 900, 1001, 980),  # leaves tomorrow: not known yet
        (5, 20, 0, NEVER, 0),  # never before the first dose
        (0, 0, 0, NEVER, 0),
    ],
)
def test_last_contact(cut: int, lag: int, last_record: int, withdrawal: int, contact: int) -> None:
    assert follow_up.last_contact(cut, lag, last_record, withdrawal) == contact


@settings(max_examples=200, deadline=None)
@given(cut=days, lag=days, last_record=days, withdrawal=day_or_never, more=st.integers(0, 300))
def test_contact_lies_between_the_last_record_and_the_cut_and_never_goes_back(
    cut: int, lag: int, last_record: int, withdrawal: int, more: int
) -> None:
    last_record = min(last_record, cut, withdrawal)

    contact = follow_up.last_contact(cut, lag, last_record, withdrawal)

    assert last_record <= contact <= min(cut, withdrawal)
    assert follow_up.last_contact(cut + more, lag, last_record, withdrawal) >= contact


def test_an_event_is_known_if_it_happened_by_the_last_contact() -> None:
    assert follow_up.is_event_known(10, 10)
    assert not follow_up.is_event_known(11, 10)
    assert not follow_up.is_event_known(NEVER, NEVER)
