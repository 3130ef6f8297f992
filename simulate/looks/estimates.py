"""What a look estimates of a pair of arms: hazard ratios and curves, written into its row."""

from __future__ import annotations

import math

from simulate.compiled import rule
from simulate.distributions import FloatColumn
from simulate.looks.comparison import LogRank, cox_hazard_ratio, log_rank
from simulate.looks.curve import (
    Estimate,
    median_of_curve,
    restricted_mean,
    survival_at,
    trace_curve,
)
from simulate.looks.further import POOLED
from simulate.looks.plan import (
    FIRST_RATE,
    LOG_HR,
    LOG_HR_SE,
    MEDIAN,
    RMST_DIFFERENCE,
    RMST_DIFFERENCE_SE,
    LookPlan,
)
from simulate.looks.risk_sets import RiskRows, last_observed_day
from simulate.looks.statistics import Counted, Tally, arm_at
from simulate.units import DAYS_PER_MONTH


@rule
def estimate_pair(
    plan: LookPlan, endpoint: int, counted: Counted, tally: Tally, out: FloatColumn, at: int
) -> None:
    """Write the estimates of a pair that was counted last: of its arms, and of what is due.

    Parameters
    ----------
    plan, endpoint
        The looks, and the endpoint of the pair.
    counted, tally
        The pair, with the statistics of this look.
    out, at
        Where the row of the look begins.
    """
    pairs = plan.pairs
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        if tally.is_due[hypothesis] == 1:
            rows, n_rows = tally.pair.pooled, counted.n_rows
            if plan.hypotheses.stratified[hypothesis] == 1:
                rows, n_rows = tally.pair.by_stratum, counted.n_split
            comparison = LogRank(tally.difference[hypothesis], tally.variance[hypothesis])
            fit = cox_hazard_ratio(rows, 0, n_rows, comparison, tally.terms)
            column = at + plan.places.hypothesis[hypothesis]
            out[column + LOG_HR] = fit.log_hazard_ratio
            out[column + LOG_HR_SE] = fit.standard_error
    if pairs.ratio[counted.pair] > 0:
        _tell_ratio(plan, counted, tally, out, at + pairs.ratio[counted.pair])
    _estimate_arms(plan, endpoint, counted, tally, out, at)


@rule
def _tell_ratio(
    plan: LookPlan, counted: Counted, tally: Tally, out: FloatColumn, column: int
) -> None:
    """Write the hazard ratio of a pair that no hypothesis compares."""
    rows, n_rows = tally.pair.pooled, counted.n_rows
    if plan.pairs.ratio_needs[counted.pair] != POOLED:
        rows, n_rows = tally.pair.by_stratum, counted.n_split
    comparison = log_rank(rows, 0, n_rows, plan.reciprocal)
    fit = cox_hazard_ratio(rows, 0, n_rows, comparison, tally.terms)
    out[column] = fit.log_hazard_ratio
    out[column + 1] = fit.standard_error


@rule
def is_due(plan: LookPlan, pair: int, tally: Tally) -> bool:
    """Whether a hypothesis of the pair is due to be told."""
    n_due = 0
    for place in range(plan.pairs.first_hypothesis[pair], plan.pairs.first_hypothesis[pair + 1]):
        n_due += tally.is_due[plan.pairs.hypotheses[place]]
    return n_due > 0


@rule
def _estimate_arms(
    plan: LookPlan, endpoint: int, counted: Counted, tally: Tally, out: FloatColumn, at: int
) -> None:
    """Write median, rates and restricted mean of the arms, and how the means differ if due."""
    first = _estimate_arm(plan, endpoint, counted, 0, tally, out, at)
    second = Estimate(math.nan, math.nan)
    if plan.pairs.second_arm[counted.pair] >= 0:
        second = _estimate_arm(plan, endpoint, counted, 1, tally, out, at)
    if plan.estimates.has_rmst == 0:
        return
    error = math.sqrt(
        first.standard_error * first.standard_error + second.standard_error * second.standard_error
    )
    pairs = plan.pairs
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        if tally.is_due[pairs.hypotheses[place]] == 1:
            column = at + plan.places.hypothesis[pairs.hypotheses[place]]
            out[column + RMST_DIFFERENCE] = (first.mean - second.mean) / DAYS_PER_MONTH
            out[column + RMST_DIFFERENCE_SE] = error / DAYS_PER_MONTH


@rule
def _estimate_arm(
    plan: LookPlan,
    endpoint: int,
    counted: Counted,
    place: int,
    tally: Tally,
    out: FloatColumn,
    at: int,
) -> Estimate:
    """Write the estimates of an arm, if its pair reports it; give its restricted mean in days."""
    last_day = last_observed_day(tally.pair, counted.last_day, place)
    if last_day < 0:
        return Estimate(math.nan, math.nan)
    rows: RiskRows = tally.pair.pooled
    last = trace_curve(rows, counted.n_rows, place, plan.reciprocal, tally.curve)
    mean = Estimate(math.nan, math.nan)
    if plan.estimates.has_rmst == 1:
        mean = restricted_mean(tally.curve, last, last_day, plan.estimates.tau)
    if (plan.pairs.reports[counted.pair] >> place) & 1 == 0:
        return mean
    arm = arm_at(plan, counted.pair, place)
    column = at + plan.places.endpoint[endpoint] + 1 + arm * plan.places.arm_stride[endpoint]
    out[column + MEDIAN] = median_of_curve(tally.curve, last) / DAYS_PER_MONTH
    n_landmarks = len(plan.estimates.landmarks)
    for i in range(n_landmarks):
        day = plan.estimates.landmarks[i]
        out[column + FIRST_RATE + i] = survival_at(tally.curve, last, last_day, day)
    if plan.estimates.has_rmst == 1:
        out[column + FIRST_RATE + n_landmarks] = mean.mean / DAYS_PER_MONTH
    return mean
