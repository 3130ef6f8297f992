"""Tests beside the log-rank test, as a look makes them: which there are, and how each is found.

Each of them, as the log-rank test, ends in a standard normal deviate that is positive where the
experimental arm is better, and nan where the data say nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.compiled import keep_apart, rule
from simulate.distributions import FloatTable, IntTable, ShortColumn
from simulate.looks.comparison import log_rank, log_rank_z
from simulate.looks.curve import Curve, Estimate, restricted_mean, trace_curve
from simulate.looks.curve_tests import (
    Milestone,
    log_log_milestone_z,
    mean_difference,
    milestone_difference,
    milestone_of,
)
from simulate.looks.effect import effect_z
from simulate.looks.interval_censored import (
    IntervalRoom,
    Intervals,
    compare_intervals,
    interval_z,
    one_step_log_hazard_ratio,
)
from simulate.looks.largest import Quadrature
from simulate.looks.rates import RateRoom, response_z
from simulate.looks.risk_sets import PairRoom, last_observed_day
from simulate.looks.weighted import (
    WeightRoom,
    Weights,
    largest_weight,
    max_combo_z,
    weighted_log_rank,
)
from simulate.looks.win_ratio import WinRoom, count_wins, log_win_ratio, net_benefit
from simulate.units import DAYS_PER_MONTH

LOG_RANK, WEIGHTED, RMST, MILESTONE, LOG_LOG_MILESTONE = range(5)
WIN_RATIO, NET_BENEFIT, RESPONSE, INTERVAL_CENSORED = range(5, 9)
"""Kinds of tests; a weighted one of several weights is their combination."""

POOLED, SPLIT, WITH_DAYS = range(3)
"""What a hypothesis needs of a count: rows of all patients; also by stratum; also with days."""


class Tests(NamedTuple):
    """All tests: one for each hypothesis, and then those that are told beside them."""

    kind: IntTable
    stratified: IntTable
    first_weight: IntTable
    """By test, and one beyond: where its weights begin in the table of weights."""
    day: FloatTable
    """Patient's day of a milestone, or up to which a mean is restricted."""
    first_endpoint: IntTable
    """By test, and one beyond: where the endpoints of a win ratio begin in the next table."""
    order: IntTable
    n_further: int
    """Tests told beside those of the hypotheses: the last ones."""
    has_wins: int
    """1 if a test compares pairs of patients."""
    has_intervals: int
    """1 if a test takes progression to lie between two scans."""
    is_by_scans: IntTable
    """By endpoint: 1 if its progression does."""
    response: int
    """Endpoint of the response rates that a test compares; -1 if none does."""
    needs: IntTable
    """By hypothesis: POOLED, SPLIT or WITH_DAYS."""
    n_estimates: IntTable
    """By test: numbers that it tells beside its statistic, as `Found` has them."""
    weights: Weights
    by: Quadrature


class Found(NamedTuple):
    """What a test finds."""

    z: float
    """Its statistic."""
    estimate: float
    """Difference of restricted means in months or of rates at a milestone, log of the win ratio,
    net benefit, or log hazard ratio after one step; of a combination, the number (from 1) of the
    weight with the largest statistic."""
    standard_error: float
    """Of the estimate; nan of a combination."""


class TestRoom(NamedTuple):
    """Room in which the tests are made."""

    weighted: WeightRoom
    wins: WinRoom
    """Holds days and events of all endpoints, for intervals too."""
    rates: RateRoom
    intervals: IntervalRoom


class TwoArms(NamedTuple):
    """A pair of arms as it was counted, and all patients of the sample."""

    n_rows: int
    """Pooled rows."""
    n_split: int
    last_day: int
    first: int
    """The experimental arm."""
    second: int
    arm: ShortColumn
    stratum: ShortColumn
    n: int
    endpoint: int


@rule
def statistic(
    tests: Tests,
    test: int,
    arms: TwoArms,
    pair: PairRoom,
    curve: Curve,
    reciprocal: FloatTable,
    room: TestRoom,
) -> Found:
    """The statistic of a test, and what it estimates.

    Parameters
    ----------
    tests, test
        Which test.
    arms, pair
        The pair as it was counted.
    curve, room
        Room to use.
    reciprocal
        Table of :func:`simulate.looks.comparison.reciprocals`.
    """
    keep_apart()
    kind = tests.kind[test]
    if kind == LOG_RANK:
        rows, n_rows = pair.pooled, arms.n_rows
        if tests.stratified[test] == 1:
            rows, n_rows = pair.by_stratum, arms.n_split
        z = log_rank_z(log_rank(rows, 0, n_rows, reciprocal))
        return Found(z, math.nan, math.nan)
    if kind == WEIGHTED:
        return _weighted(tests, test, arms, pair, reciprocal, room.weighted)
    if kind == RESPONSE:
        strata = tests.stratified[test]
        z = response_z(arms.arm, arms.stratum, arms.n, arms.first, arms.second, room.rates, strata)
        return Found(z, math.nan, math.nan)
    if kind == INTERVAL_CENSORED:
        n_strata = pair.n_strata if tests.stratified[test] == 1 else 0
        return _by_intervals(tests, arms, n_strata, room)
    if kind >= WIN_RATIO:
        return _by_pairs(tests, test, arms, room.wins)
    return _by_curves(kind, tests.day[test], arms, pair, curve, reciprocal)


@rule
def _weighted(
    tests: Tests,
    test: int,
    arms: TwoArms,
    pair: PairRoom,
    reciprocal: FloatTable,
    room: WeightRoom,
) -> Found:
    first = tests.first_weight[test]
    n_weights = tests.first_weight[test + 1] - first
    rows, n_strata, weights = pair.pooled, 1, tests.weights
    if tests.stratified[test] == 1:
        rows, n_strata = pair.by_stratum, pair.n_strata
    end = room.ends[0]
    if tests.stratified[test] == 0:
        room.ends[0] = arms.n_rows
    weighted_log_rank(rows, n_strata, weights, first, n_weights, reciprocal, room)
    room.ends[0] = end
    if n_weights == 1:
        return Found(room.z[0], math.nan, math.nan)
    strongest = largest_weight(n_weights, room)
    number = strongest + 1.0 if strongest >= 0 else math.nan
    return Found(max_combo_z(n_weights, room, tests.by), number, math.nan)


@rule
def _by_pairs(tests: Tests, test: int, arms: TwoArms, room: WinRoom) -> Found:
    wins = count_wins(
        arms.arm,
        arms.n,
        arms.first,
        arms.second,
        tests.order,
        tests.first_endpoint[test],
        tests.first_endpoint[test + 1],
        room,
    )
    effect = log_win_ratio(wins) if tests.kind[test] == WIN_RATIO else net_benefit(wins)
    return Found(effect_z(effect), effect.size, effect.standard_error)


@rule
def _by_intervals(tests: Tests, arms: TwoArms, n_strata: int, room: TestRoom) -> Found:
    if tests.is_by_scans[arms.endpoint] == 0:
        return Found(math.nan, math.nan, math.nan)
    own = arms.endpoint * room.wins.stride
    some = Intervals(
        arms.arm,
        arms.stratum,
        room.wins.day,
        room.wins.event,
        room.intervals.free_day,
        own,
        arms.n,
        arms.first,
        arms.second,
    )
    score = compare_intervals(some, n_strata, room.intervals.pieces)
    estimate = one_step_log_hazard_ratio(score)
    return Found(interval_z(score), estimate.size, estimate.standard_error)


@rule
def _by_curves(
    kind: int, day: float, arms: TwoArms, pair: PairRoom, curve: Curve, reciprocal: FloatTable
) -> Found:
    nothing, nowhere = Estimate(math.nan, math.nan), Milestone(math.nan, math.nan)
    first, mean, here, milestone = nothing, nothing, nowhere, nowhere
    for place in range(2):
        first, here = mean, milestone
        mean, milestone = nothing, nowhere
        last_day = last_observed_day(pair, arms.last_day, place)
        if last_day >= 0:
            point = trace_curve(pair.pooled, arms.n_rows, place, reciprocal, curve)
            if kind == RMST:
                mean = restricted_mean(curve, point, last_day, day)
            else:
                milestone = milestone_of(curve, point, last_day, day)
    if kind == RMST:
        effect = mean_difference(first, mean)
        months = effect.size / DAYS_PER_MONTH
        return Found(effect_z(effect), months, effect.standard_error / DAYS_PER_MONTH)
    effect = milestone_difference(here, milestone)
    z = effect_z(effect) if kind == MILESTONE else log_log_milestone_z(here, milestone)
    return Found(z, effect.size, effect.standard_error)
