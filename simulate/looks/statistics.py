"""What a look finds of a pair of arms: patients, events and test statistics, written into its row.

All of it follows from a sample: arm, stratum, day and event of every patient at the cut. Where the
sample comes from, these rules do not ask. What follows from the statistics is decided later, of all
hypotheses at once: see :mod:`simulate.looks.decisions`.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn, ShortColumn
from simulate.looks.comparison import Terms, log_rank, log_rank_z
from simulate.looks.curve import Curve
from simulate.looks.further import (
    LOG_RANK,
    POOLED,
    WITH_DAYS,
    TestRoom,
    TwoArms,
    statistic,
)
from simulate.looks.plan import (
    ARM_EVENTS,
    ARMS_BEYOND,
    FIRST_ARM,
    FRACTION,
    GOES_ON,
    HYPOTHESIS_EVENTS,
    LookPlan,
)
from simulate.looks.risk_sets import (
    PairRoom,
    Sample,
    count_pair,
    first_count,
    second_count,
    split_by_stratum,
)
from simulate.looks.strata import split_with_days


class Paths(NamedTuple):
    """What the tests of each hypothesis were so far; see :mod:`simulate.looks.decisions`."""

    root: IntColumn
    """Where the bounds of its level begin in the tree; NOT_YET without alpha."""
    node: IntColumn
    """Where its path through the tree has come to."""
    walked: IntColumn
    """Looks on that path."""
    n_tested: IntColumn
    """Looks that tested it."""
    events: IntColumn
    """By hypothesis and such look: its events."""
    z: FloatColumn
    """Statistic when it was last tested."""
    is_tested: IntColumn
    """1 if this look tests it, or tests it again."""
    is_over: IntColumn
    """1 if it has had its last look."""
    can_be: IntColumn
    """1 if it may still be rejected."""
    rejected: IntColumn
    """One entry: the set of rejected hypotheses; 0 where alpha does not pass on."""


class Tally(NamedTuple):
    """Room for the statistics of a pair, and what is known and decided of each hypothesis."""

    pair: PairRoom
    terms: Terms
    curve: Curve
    tests: TestRoom
    events: IntColumn
    """By hypothesis: events of its arms at this look."""
    difference: FloatColumn
    """By hypothesis: of the log-rank comparison, from which the hazard ratio is searched."""
    variance: FloatColumn
    """By hypothesis: the same."""
    z: FloatColumn
    """By hypothesis: its test statistic at this look, as a standard normal deviate; nan if the data
    say nothing."""
    decision: IntColumn
    """By hypothesis."""
    is_due: IntColumn
    """By hypothesis: 1 if this look tells its estimates."""
    is_kept: IntColumn
    """By hypothesis: 1 if this look tells its statistics whether or not it is decided."""
    path: Paths


class Counted(NamedTuple):
    """A pair as it was counted."""

    pair: int
    n_rows: int
    n_split: int
    """Rows by stratum; 0 if no hypothesis needs them."""
    last_day: int
    """A day beyond which nobody was observed, -1 without patients."""


@rule
def count_arms(
    plan: LookPlan, pair: int, sample: Sample, n: int, last_day: int, tally: Tally, tells: bool
) -> Counted:
    """Count the patients of a pair; the tally keeps them until the next count.

    If estimates are told, it is counted as the hazard ratio of a pair that is not tested needs it.
    """
    first_unit, n_split = 2 * pair * (plan.n_arms + ARMS_BEYOND), 0
    n_rows = count_pair(sample, n, plan.pairs.units, first_unit, last_day, tally.pair)
    needs, units = _needs_of_count(plan, pair, tally, tells), plan.pairs.units
    if needs == WITH_DAYS:
        ends = tally.tests.weighted.ends
        n_split = split_with_days(sample, n, units, first_unit, n_rows, tally.pair, ends)
    elif needs != POOLED:
        n_split = split_by_stratum(sample, n, units, first_unit, n_rows, tally.pair)
    return Counted(pair, n_rows, n_split, last_day)


@rule
def _needs_of_count(plan: LookPlan, pair: int, tally: Tally, tells: bool) -> int:
    """The most that a hypothesis of the pair needs, of those that are looked at."""
    needs = plan.pairs.ratio_needs[pair] if tells else POOLED
    for place in range(plan.pairs.first_hypothesis[pair], plan.pairs.first_hypothesis[pair + 1]):
        hypothesis = plan.pairs.hypotheses[place]
        if is_looked_at(tally, hypothesis):
            needs = max(needs, plan.tests.needs[hypothesis])
    return needs


@rule
def is_looked_at(tally: Tally, hypothesis: int) -> bool:
    """Whether a look says anything of a hypothesis: it is open, its estimates are due, or kept."""
    is_open = tally.decision[hypothesis] == GOES_ON
    return is_open or tally.is_due[hypothesis] == 1 or tally.is_kept[hypothesis] == 1


@rule
def look_at_pair(
    plan: LookPlan,
    endpoint: int,
    counted: Counted,
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    tally: Tally,
    out: FloatColumn,
    at: int,
) -> None:
    """Find the statistics of the hypotheses of a pair that was counted, and tell its events.

    Parameters
    ----------
    plan, endpoint
        The looks, and the endpoint of the pair.
    counted, tally
        The pair; the tally is given statistic and events of each hypothesis.
    arm, stratum, n
        Of all patients of the sample; who is not counted has no arm.
    out, at
        Where the row of the look begins.
    """
    events = _tell_arms(plan, endpoint, counted, tally.pair, out, at)
    pairs = plan.pairs
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        if not is_looked_at(tally, hypothesis):
            continue
        column = at + plan.places.hypothesis[hypothesis]
        out[column + HYPOTHESIS_EVENTS] = float(events)
        out[column + FRACTION] = events / plan.hypotheses.planned_events[hypothesis]
        rows, n_rows = tally.pair.pooled, counted.n_rows
        if plan.hypotheses.stratified[hypothesis] == 1:
            rows, n_rows = tally.pair.by_stratum, counted.n_split
        comparison = log_rank(rows, 0, n_rows, plan.reciprocal)
        tally.events[hypothesis] = events
        tally.difference[hypothesis] = comparison.difference
        tally.variance[hypothesis] = comparison.variance
        tally.z[hypothesis] = log_rank_z(comparison)
        if plan.tests.kind[hypothesis] != LOG_RANK or tally.is_kept[hypothesis] == 1:
            _make_tests(plan, endpoint, hypothesis, counted, arm, stratum, n, tally, out, column)


@rule
def _make_tests(
    plan: LookPlan,
    endpoint: int,
    hypothesis: int,
    counted: Counted,
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    tally: Tally,
    out: FloatColumn,
    column: int,
) -> None:
    """Find the statistic of a hypothesis, if not by the log-rank test, and tell further tests."""
    tests, pairs = plan.tests, plan.pairs
    two = TwoArms(
        counted.n_rows,
        counted.n_split,
        counted.last_day,
        pairs.first_arm[counted.pair],
        pairs.second_arm[counted.pair],
        arm,
        stratum,
        n,
        endpoint,
    )
    for further in range(tests.n_further + 1):
        test = hypothesis if further == 0 else plan.n_hypotheses + further - 1
        if further == 0 and tests.kind[test] == LOG_RANK:
            continue
        if further > 0 and not is_further_made(plan, hypothesis, further - 1, tally):
            continue
        found = statistic(tests, test, two, tally.pair, tally.curve, plan.reciprocal, tally.tests)
        place = column + plan.places.own_test
        if further == 0:
            tally.z[hypothesis] = found.z
        else:
            place = column + place_of_further(plan, hypothesis, further - 1)
            out[place - 1] = found.z
        if tests.n_estimates[test] > 0:
            out[place] = found.estimate
        if tests.n_estimates[test] > 1:
            out[place + 1] = found.standard_error


@rule
def place_of_further(plan: LookPlan, hypothesis: int, further: int) -> int:
    """Column of a hypothesis after that of a further test's statistic; 0 if it has no such test."""
    return plan.places.further_tests[hypothesis * plan.tests.n_further + further]


@rule
def is_further_made(plan: LookPlan, hypothesis: int, further: int, tally: Tally) -> bool:
    """Whether this look makes a further test of a hypothesis."""
    return tally.is_kept[hypothesis] == 1 and place_of_further(plan, hypothesis, further) > 0


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
            arm = arm_at(plan, counted.pair, place)
            n_events = first_count(events) if place == 0 else second_count(events)
            column = at + plan.places.endpoint[endpoint]
            out[column] += float(n_events)
            out[column + 1 + arm * plan.places.arm_stride[endpoint] + ARM_EVENTS] = float(n_events)
            if endpoint == 0:
                n = first_count(patients) if place == 0 else second_count(patients)
                out[at + FIRST_ARM + arm] = float(n)
    return first_count(events) + second_count(events)


@rule
def arm_at(plan: LookPlan, pair: int, place: int) -> int:
    """The first (0) or second (1) arm of a pair."""
    if place == 0:
        return plan.pairs.first_arm[pair]
    return plan.pairs.second_arm[pair]
