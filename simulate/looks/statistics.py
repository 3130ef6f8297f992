"""What a look says of a pair of arms: tests, decisions, and estimates, written into its row.

All of it follows from a sample: arm, stratum, day and event of every patient at the cut. Where the
sample comes from, these rules do not ask.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn
from simulate.looks.bounds import NOT_YET, BoundTree, next_node
from simulate.looks.comparison import LogRank, Terms, cox_hazard_ratio, log_rank, log_rank_z
from simulate.looks.curve import (
    Curve,
    Estimate,
    median_of_curve,
    restricted_mean,
    survival_at,
    trace_curve,
)
from simulate.looks.plan import (
    ARM_EVENTS,
    DECISION,
    EFFICACY,
    FIRST_ARM,
    FIRST_RATE,
    FRACTION,
    FUTILE,
    FUTILITY,
    GOES_ON,
    HYPOTHESIS_EVENTS,
    LOG_HR,
    LOG_HR_SE,
    MEDIAN,
    NOT_REJECTED,
    REJECTED,
    RMST_DIFFERENCE,
    RMST_DIFFERENCE_SE,
    LookPlan,
    Z,
)
from simulate.looks.risk_sets import (
    PairRoom,
    RiskRows,
    Sample,
    count_pair,
    first_count,
    last_observed_day,
    second_count,
    split_by_stratum,
)
from simulate.units import DAYS_PER_MONTH


class Tally(NamedTuple):
    """Room for the statistics of a pair, and what has been decided so far."""

    pair: PairRoom
    terms: Terms
    curve: Curve
    node: IntColumn
    """By hypothesis: where its path through the tree of bounds has come to."""
    decision: IntColumn
    """By hypothesis."""
    is_due: IntColumn
    """By hypothesis: 1 if this look tells its estimates."""
    is_told: IntColumn
    """By pair: 1 if this look has told the estimates of its arms."""


class Counted(NamedTuple):
    """A pair as it was counted."""

    pair: int
    n_rows: int
    last_day: int
    """A day beyond which nobody was observed, -1 without patients."""


@rule
def count_arms(
    plan: LookPlan, pair: int, sample: Sample, n: int, last_day: int, tally: Tally
) -> Counted:
    """Count the patients of a pair; the tally keeps them until the next count."""
    first_unit = pair * plan.n_arms
    n_rows = count_pair(sample, n, plan.pairs.units, first_unit, last_day, tally.pair)
    return Counted(pair, n_rows, last_day)


@rule
def look_at_pair(
    plan: LookPlan,
    tree: BoundTree,
    look: int,
    endpoint: int,
    counted: Counted,
    sample: Sample,
    n: int,
    tally: Tally,
    out: FloatColumn,
    at: int,
) -> bool:
    """Test the open hypotheses of a pair, and tell what is due.

    Returns
    -------
    bool
        False if bounds are missing, which are noted: then nothing more can be said.
    """
    events = _tell_arms(plan, endpoint, counted, tally.pair, out, at)
    n_split = _split_if_asked(plan, counted, sample, n, tally)
    pairs, is_known, is_due = plan.pairs, True, plan.estimates.every_look
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        tally.is_due[hypothesis] = plan.estimates.every_look
        if not _is_looked_at(plan, tally, hypothesis):
            continue
        column = at + plan.places.hypothesis[hypothesis]
        out[column + HYPOTHESIS_EVENTS] = float(events)
        out[column + FRACTION] = events / plan.hypotheses.planned_events[hypothesis]
        rows, n_rows = tally.pair.pooled, counted.n_rows
        if plan.hypotheses.stratified[hypothesis] == 1:
            rows, n_rows = tally.pair.by_stratum, n_split
        comparison = log_rank(rows, 0, n_rows, plan.reciprocal)
        if tally.decision[hypothesis] == GOES_ON:
            is_known &= _judge(plan, tree, look, hypothesis, events, comparison, tally, out, column)
            tally.is_due[hypothesis] |= 1 if tally.decision[hypothesis] != GOES_ON else 0
        if tally.is_due[hypothesis] == 1:
            fit = cox_hazard_ratio(rows, 0, n_rows, comparison, tally.terms)
            out[column + LOG_HR] = fit.log_hazard_ratio
            out[column + LOG_HR_SE] = fit.standard_error
            is_due = 1
    tally.is_told[counted.pair] = 0
    if is_due == 1 and is_known:
        estimate_arms(plan, endpoint, counted, tally, out, at)
    return is_known


@rule
def _is_looked_at(plan: LookPlan, tally: Tally, hypothesis: int) -> bool:
    """Whether a look says anything of a hypothesis: while it is open, or at every look."""
    return tally.decision[hypothesis] == GOES_ON or plan.estimates.every_look == 1


@rule
def _split_if_asked(plan: LookPlan, counted: Counted, sample: Sample, n: int, tally: Tally) -> int:
    """Fill the rows by stratum if a hypothesis of the pair needs them; give their number."""
    pairs, is_asked = plan.pairs, False
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        if plan.hypotheses.stratified[hypothesis] == 1 and _is_looked_at(plan, tally, hypothesis):
            is_asked = True
    if not is_asked:
        return 0
    first_unit = counted.pair * plan.n_arms
    return split_by_stratum(sample, n, pairs.units, first_unit, counted.n_rows, tally.pair)


@rule
def _tell_arms(
    plan: LookPlan, endpoint: int, counted: Counted, room: PairRoom, out: FloatColumn, at: int
) -> int:
    """Write patients and events of the arms that a pair reports; give the events of both arms."""
    patients, events = 0, 0
    if counted.last_day >= 0:
        patients = room.at_risk[0]
    for row in range(counted.n_rows):
        events += room.pooled.events[row]
    for place in range(2):
        if (plan.pairs.reports[counted.pair] >> place) & 1 == 1:
            arm = _arm_at(plan, counted.pair, place)
            n_events = first_count(events) if place == 0 else second_count(events)
            column = at + plan.places.endpoint[endpoint]
            out[column] += float(n_events)
            out[column + 1 + arm * plan.places.arm_stride + ARM_EVENTS] = float(n_events)
            if endpoint == 0:
                n = first_count(patients) if place == 0 else second_count(patients)
                out[at + FIRST_ARM + arm] = float(n)
    return first_count(events) + second_count(events)


@rule
def _arm_at(plan: LookPlan, pair: int, place: int) -> int:
    """The first (0) or second (1) arm of a pair."""
    if place == 0:
        return plan.pairs.first_arm[pair]
    return plan.pairs.second_arm[pair]


@rule
def _judge(
    plan: LookPlan,
    tree: BoundTree,
    look: int,
    hypothesis: int,
    events: int,
    comparison: LogRank,
    tally: Tally,
    out: FloatColumn,
    column: int,
) -> bool:
    """Test an open hypothesis, if the look does, and write the decision; False without bounds."""
    out[column + DECISION] = float(GOES_ON)
    if plan.hypotheses.is_tested[hypothesis * plan.n_looks + look] == 0:
        return True
    node = next_node(tree, hypothesis, tally.node[hypothesis], events)
    if node == NOT_YET:
        return False
    tally.node[hypothesis] = node
    z = log_rank_z(comparison)
    decision = decision_on(z, tree.efficacy[node], tree.futility[node], tree.decides[node])
    tally.decision[hypothesis] = decision
    out[column + EFFICACY] = tree.efficacy[node]
    out[column + FUTILITY] = tree.futility[node]
    out[column + Z] = z
    out[column + DECISION] = float(decision)
    return True


@rule
def decision_on(z: float, efficacy: float, futility: float, decides: int) -> int:
    """Decision by the bounds of a look; a Z that is nan, where no event tells, crosses none."""
    if z >= efficacy:
        return REJECTED
    if decides == 1:
        return NOT_REJECTED
    if z <= futility:
        return FUTILE
    return GOES_ON


# ---- estimates ------------------------------------------------------------------------------


@rule
def estimate_arms(
    plan: LookPlan, endpoint: int, counted: Counted, tally: Tally, out: FloatColumn, at: int
) -> None:
    """Write median, rates and restricted mean of the arms, and how the means differ if due."""
    first = _estimate_arm(plan, endpoint, counted, 0, tally, out, at)
    second = Estimate(math.nan, math.nan)
    if plan.pairs.second_arm[counted.pair] >= 0:
        second = _estimate_arm(plan, endpoint, counted, 1, tally, out, at)
    tally.is_told[counted.pair] = 1
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
    arm = _arm_at(plan, counted.pair, place)
    column = at + plan.places.endpoint[endpoint] + 1 + arm * plan.places.arm_stride
    out[column + MEDIAN] = median_of_curve(tally.curve, last) / DAYS_PER_MONTH
    n_landmarks = len(plan.estimates.landmarks)
    for i in range(n_landmarks):
        day = plan.estimates.landmarks[i]
        out[column + FIRST_RATE + i] = survival_at(tally.curve, last, last_day, day)
    if plan.estimates.has_rmst == 1:
        out[column + FIRST_RATE + n_landmarks] = mean.mean / DAYS_PER_MONTH
    return mean
