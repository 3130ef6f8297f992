"""The looks of one trial, from the first cut to the one that ends it."""

from __future__ import annotations

import math
from collections.abc import Callable

from simulate.compiled import rule
from simulate.distributions import FloatColumn, ShortColumn
from simulate.looks.bounds import BoundTree
from simulate.looks.decisions import begin, decide, is_decided
from simulate.looks.estimates import estimate_pair, is_due
from simulate.looks.plan import (
    CUT_DAY,
    DECISION_DAY,
    GOES_ON,
    N_ENROLLED,
    N_ENROLLED_AT_DECISION,
    OVERSHOOT,
    STOPPED,
    TARGET_REACHED,
    LookPlan,
)
from simulate.looks.samples import (
    NOBODY,
    Enrolled,
    LookRoom,
    arms_counted,
    count_again,
    take_beforehand,
)
from simulate.looks.statistics import Counted, Tally, look_at_pair
from simulate.looks.told_rates import estimate_rates, look_at_rates, tell_counts
from simulate.looks.triggers import enrolled_by, events_by, find_cuts

_STATISTICS, _ESTIMATES = range(2)
"""Stages of a look: what decides, and what becomes due by the decisions."""


@rule
def conduct_looks(
    plan: LookPlan,
    tree: BoundTree,
    enrolled: Enrolled,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
    out: FloatColumn,
    at: int,
) -> bool:
    """Make the looks of a trial until it stops, and write a row for each.

    Parameters
    ----------
    plan, tree
        The looks, and the bounds that are known.
    enrolled
        All patients, whenever they come.
    take, source
        ``take(source, endpoint, cut_day, n, day, event)`` is a rule that writes the day and the
        event of the first n patients as they are known at the end of a trial day; of a rate as
        told in :mod:`simulate.looks.rates`.
    room
        Is used.
    out, at
        Where the rows go: `plan.places.n_columns` numbers for each look; nan for looks that are
        not made.

    Returns
    -------
    bool
        False if bounds are missing, which the tree has noted: then the rows mean nothing.
    """
    for column in range(at, at + plan.n_looks * plan.places.n_columns):
        out[column] = math.nan
    begin(plan, room.tally)
    find_cuts(
        plan.triggers,
        plan.populations,
        enrolled.trial_day,
        enrolled.group,
        enrolled.n,
        enrolled.event_day,
        enrolled.stride,
        room.cuts,
    )
    for look in range(plan.n_looks):
        row = at + look * plan.places.n_columns
        n = _describe_look(plan, look, enrolled, room, out, row)
        if not _look_at_pairs(plan, tree, look, enrolled, n, take, source, room, out, row):
            return False
        _tell_overshoot(plan, look, enrolled, n, room, out, row)
        ends = look + 1 == plan.n_looks or is_decided(plan, room.tally)
        out[row + STOPPED] = 1.0 if ends else 0.0
        if ends:
            break
    return True


@rule
def _describe_look(
    plan: LookPlan, look: int, enrolled: Enrolled, room: LookRoom, out: FloatColumn, row: int
) -> int:
    """Write when a look is made and on how many patients; give their number."""
    cut_day = room.cuts.day[look]
    decision_day = cut_day + plan.triggers.cleaning_lag[look]
    n = enrolled_by(enrolled.trial_day, enrolled.n, cut_day)
    out[row + CUT_DAY] = float(cut_day)
    out[row + DECISION_DAY] = float(decision_day)
    out[row + N_ENROLLED] = float(n)
    by_then = enrolled_by(enrolled.trial_day, enrolled.n, decision_day)
    out[row + N_ENROLLED_AT_DECISION] = float(by_then)
    out[row + TARGET_REACHED] = float(room.cuts.is_reached[look])
    for endpoint in range(plan.n_endpoints):
        out[row + plan.places.endpoint[endpoint]] = 0.0
    return n


@rule
def _find_what_is_due(plan: LookPlan, look: int, tally: Tally) -> bool:
    """Note what a look tells whatever it decides; whether that is the estimates of all hypotheses.

    At the last look every open hypothesis is decided.
    """
    is_last = look + 1 == plan.n_looks
    for hypothesis in range(plan.n_hypotheses):
        is_open = tally.decision[hypothesis] == GOES_ON
        due = plan.estimates.every_look == 1 or (is_last and is_open)
        tally.is_due[hypothesis] = 1 if due else 0
        tally.is_kept[hypothesis] = plan.hypotheses.is_kept[hypothesis * plan.n_looks + look]
    return plan.estimates.every_look == 1 or is_last


@rule
def _look_at_pairs(
    plan: LookPlan,
    tree: BoundTree,
    look: int,
    enrolled: Enrolled,
    n: int,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
    out: FloatColumn,
    row: int,
) -> bool:
    """Test, decide and tell; False if bounds are missing.

    First come the statistics of all pairs, then the decisions on all hypotheses, then the estimates
    that have become due by them. For these a pair is counted once more, unless it was the last one;
    where it is known before that all are due, they are told with the statistics.
    """
    tally, n_pairs = room.tally, len(plan.pairs.endpoint)
    tells_all = _find_what_is_due(plan, look, tally)
    take_beforehand(plan, room.cuts.day[look], n, take, source, room)
    ends, counted = False, Counted(NOBODY, 0, 0, NOBODY)
    for stage in range(_STATISTICS + 1 if tells_all else _ESTIMATES + 1):
        for k in range(n_pairs):
            pair = k if stage == _STATISTICS else n_pairs - 1 - k
            if stage == _ESTIMATES and not (ends or is_due(plan, pair, tally)):
                continue
            tells = stage == _ESTIMATES or tells_all
            counted = count_again(plan, look, pair, counted, enrolled, n, take, source, room, tells)
            endpoint = plan.pairs.endpoint[pair]
            arm = arms_counted(plan, pair, enrolled, room)
            if stage == _STATISTICS:
                _look_at(plan, endpoint, counted, arm, enrolled.stratum, n, tally, out, row)
            if tells:
                _estimate(plan, endpoint, counted, arm, enrolled.stratum, n, tally, out, row)
        if stage == _STATISTICS:
            if not decide(plan, tree, look, tally, out, row):
                return False
            ends = is_decided(plan, tally)
    return True


@rule
def _look_at(
    plan: LookPlan,
    endpoint: int,
    counted: Counted,
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    tally: Tally,
    out: FloatColumn,
    row: int,
) -> None:
    """Find the statistics of a pair, of times or of a rate, and tell who was counted if asked."""
    if plan.is_rate[endpoint] == 1:
        look_at_rates(plan, endpoint, counted, arm, stratum, n, tally, out, row)
    else:
        look_at_pair(plan, endpoint, counted, arm, stratum, n, tally, out, row)
    if plan.places.counts > 0:
        tell_counts(plan, counted, tally, out, row)


@rule
def _estimate(
    plan: LookPlan,
    endpoint: int,
    counted: Counted,
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    tally: Tally,
    out: FloatColumn,
    row: int,
) -> None:
    """Tell the estimates of a pair, of times or of a rate."""
    if plan.is_rate[endpoint] == 1:
        estimate_rates(plan, counted, arm, stratum, n, tally, out, row)
    else:
        estimate_pair(plan, endpoint, counted, tally, out, row)


@rule
def _tell_overshoot(
    plan: LookPlan,
    look: int,
    enrolled: Enrolled,
    n: int,
    room: LookRoom,
    out: FloatColumn,
    row: int,
) -> None:
    """Write by how much the events exceed their target; below 0 if it was not reached."""
    triggers = plan.triggers
    condition = triggers.overshooting[look]
    if condition < 0:
        return
    endpoint, population = triggers.endpoint[condition], triggers.population[condition]
    events = out[row + plan.places.endpoint[endpoint]]
    if population >= 0:
        first = endpoint * enrolled.stride
        days = enrolled.event_day
        events = float(
            events_by(
                plan.populations,
                population,
                enrolled.trial_day,
                enrolled.group,
                n,
                days,
                first,
                room.cuts.day[look],
            )
        )
    out[row + OVERSHOOT] = events - triggers.number[condition]
