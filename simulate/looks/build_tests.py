"""From the tests of a scenario to their tables, and the room in which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from simulate.distributions import IntArray
from simulate.looks.columns import estimate_columns
from simulate.looks.design import LookDesign
from simulate.looks.further import (
    INTERVAL_CENSORED,
    LOG_LOG_MILESTONE,
    LOG_RANK,
    MILESTONE,
    NET_BENEFIT,
    POOLED,
    RESPONSE,
    RMST,
    SPLIT,
    WEIGHTED,
    WIN_RATIO,
    WITH_DAYS,
    TestRoom,
    Tests,
)
from simulate.looks.interval_censored import interval_room
from simulate.looks.largest import quadrature
from simulate.looks.rates import rate_room
from simulate.looks.weighted import (
    FLEMING_HARRINGTON,
    MODEST_BY_DELAY,
    MODEST_BY_SURVIVAL,
    Weights,
    weight_room,
)
from simulate.looks.win_ratio import win_room
from simulate.scenario import testing
from simulate.scenario.testing import (
    TestBlock,
    TestName,
    compares_curves,
    is_of_rates,
    is_stratified,
)

AnyTest = TestName | TestBlock


class Weight(NamedTuple):
    """A weight as its table has it."""

    kind: int
    one: float
    other: float


def tests_of(design: LookDesign) -> tuple[AnyTest, ...]:
    """The test of each hypothesis, and then those that are told beside them."""
    further = [each.test for each in design.estimates.tests]
    return (*(hypothesis.test for hypothesis in design.hypotheses), *further)


def look_tests(design: LookDesign) -> Tests:
    """The tests of a scenario as tables."""
    every, n = tests_of(design), len(design.hypotheses)
    weights = [weights_of(test) for test in every]
    flat = [weight for of_test in weights for weight in of_test]
    orders = [_order(test, design.endpoints) for test in every]
    kinds = [_kind(test) for test in every]
    return Tests(
        kind=_table(kinds),
        stratified=_table(map(is_stratified, every)),
        first_weight=_starts(map(len, weights)),
        day=np.array([_day(test) for test in every], np.float64),
        first_endpoint=_starts(map(len, orders)),
        order=_table(endpoint for order in orders for endpoint in order),
        n_further=len(every) - n,
        has_wins=int(any(kind in (WIN_RATIO, NET_BENEFIT) for kind in kinds)),
        has_intervals=int(INTERVAL_CENSORED in kinds),
        is_by_scans=_table(endpoint in design.seen_at_scans for endpoint in design.endpoints),
        response=_response(design, kinds),
        needs=_table(
            max(_need(each) for each in (h.test, *(t.test for t in design.further_tests(h))))
            for h in design.hypotheses
        ),
        n_estimates=_table(len(estimate_columns(test)) for test in every),
        weights=Weights(
            kind=_table(weight.kind for weight in flat),
            one=np.array([weight.one for weight in flat], np.float64),
            other=np.array([weight.other for weight in flat], np.float64),
        ),
        by=quadrature(),
    )


def weights_of(test: AnyTest) -> tuple[Weight, ...]:
    """The weights of a weighted log-rank test or of a combination; none of other tests."""
    match test:
        case testing.FlemingHarrington(rho=rho, gamma=gamma):
            return (Weight(FLEMING_HARRINGTON, rho, gamma),)
        case testing.ModestlyWeighted(delay=delay, survival=survival):
            return (_weight(0.0, 0.0, delay, survival),)
        case testing.MaxCombo(weights=weights):
            return tuple(_weight(w.rho, w.gamma, w.delay, w.survival) for w in weights)
        case _:
            return ()


def jointly_normal(test: AnyTest) -> int:
    """Statistics of a look whose joint distribution at all looks gives the bounds of a test.

    None of tests whose looks are correlated as their events are.
    """
    return 1 if compares_curves(test) else len(weights_of(test))


def _weight(
    rho: float | None, gamma: float | None, delay: float | None, survival: float | None
) -> Weight:
    if delay is not None:
        return Weight(MODEST_BY_DELAY, delay, 0.0)
    if survival is not None:
        return Weight(MODEST_BY_SURVIVAL, survival, 0.0)
    return Weight(FLEMING_HARRINGTON, rho or 0.0, gamma or 0.0)


def _kind(test: AnyTest) -> int:
    match test:
        case testing.RestrictedMean():
            return RMST
        case testing.Milestone(scale=scale):
            return MILESTONE if scale == "linear" else LOG_LOG_MILESTONE
        case testing.WinRatio(measure=measure):
            return WIN_RATIO if measure == "win_ratio" else NET_BENEFIT
        case testing.IntervalCensored():
            return INTERVAL_CENSORED
        case testing.ResponseTest():
            return RESPONSE
        case _:
            return WEIGHTED if weights_of(test) else LOG_RANK


def _day(test: AnyTest) -> float:
    match test:
        case testing.RestrictedMean(until=day) | testing.Milestone(time=day):
            return day
        case _:
            return 0.0


def _order(test: AnyTest, endpoints: Sequence[str]) -> list[int]:
    if isinstance(test, testing.WinRatio):
        return [endpoints.index(name) for name in test.order]
    return []


def _response(design: LookDesign, kinds: Sequence[int]) -> int:
    if RESPONSE not in kinds:
        return -1
    return next(i for i, name in enumerate(design.endpoints) if name in design.rates)


def _need(test: AnyTest) -> int:
    if not is_stratified(test) or is_of_rates(test):
        return POOLED
    return WITH_DAYS if weights_of(test) else SPLIT


def test_room(
    tests: Tests, n_patients: int, n_strata: int, n_endpoints: int, last_day: int
) -> TestRoom:
    """Room for a trial of at most so many patients; next to none for what no test needs."""
    weighted = n_patients if len(tests.weights.kind) else 0
    wins = n_patients if tests.has_wins or tests.has_intervals else 0
    rates = n_patients if tests.response >= 0 else 0
    bounded, end = (n_patients, last_day) if tests.has_intervals else (0, 0)
    return TestRoom(
        weight_room(weighted, n_strata),
        win_room(wins, n_endpoints),
        rate_room(rates, n_strata),
        interval_room(bounded, n_endpoints, end),
    )


def _table(values: Iterable[int]) -> IntArray:
    return np.array(list(values), np.int64)


def _starts(sizes: Iterable[int]) -> IntArray:
    return _table(accumulate(sizes, initial=0))
