"""The looks of one trial, from the first cut to the one that ends it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatColumn, ShortColumn
from simulate.looks.bounds import BoundTree
from simulate.looks.decisions import begin, decide, is_decided
from simulate.looks.estimates import estimate_pair, is_due
from simulate.looks.further import POOLED
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
from simulate.looks.risk_sets import Sample
from simulate.looks.statistics import Counted, Tally, count_arms, look_at_pair
from simulate.looks.triggers import Cuts, enrolled_by, find_cuts

_STATISTICS, _ESTIMATES = range(2)
"""Stages of a look: what decides, and what becomes due by the decisions."""

_NOBODY = -1


class Enrolled(NamedTuple):
    """The patients of a trial, in order of enrolment, as its looks need them."""

    n: int
    trial_day: ShortColumn
    """Day of enrolment."""
    arm: ShortColumn
    stratum: ShortColumn
    event_day: ShortColumn
    """Patient's day on which the event is known, NEVER if it is not: endpoint after endpoint."""
    stride: int
    """Where the next endpoint begins."""


class LookRoom(NamedTuple):
    """Room in which the looks of a trial are made."""

    cuts: Cuts
    day: ShortColumn
    event: ShortColumn
    tally: Tally


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
        event of the first n patients as they are known at the end of a trial day.
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
        enrolled.trial_day,
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
        _tell_overshoot(plan, look, out, row)
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
    """Note whose estimates a look tells whatever it decides; whether that is all of them.

    At the last look every open hypothesis is decided.
    """
    is_last = look + 1 == plan.n_looks
    for hypothesis in range(plan.n_hypotheses):
        is_open = tally.decision[hypothesis] == GOES_ON
        due = plan.estimates.every_look == 1 or (is_last and is_open)
        tally.is_due[hypothesis] = 1 if due else 0
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
    if plan.tests.has_wins == 1:
        _take_all(plan, room.cuts.day[look], n, take, source, room)
    ends, counted = False, Counted(_NOBODY, 0, 0, _NOBODY)
    for stage in range(_STATISTICS + 1 if tells_all else _ESTIMATES + 1):
        for k in range(n_pairs):
            pair = k if stage == _STATISTICS else n_pairs - 1 - k
            if stage == _ESTIMATES and not (ends or is_due(plan, pair, tally)):
                continue
            tells = stage == _ESTIMATES or tells_all
            counted = _count(plan, look, pair, counted, enrolled, n, take, source, room, tells)
            endpoint = plan.pairs.endpoint[pair]
            if stage == _STATISTICS:
                look_at_pair(plan, endpoint, counted, enrolled.arm, n, tally, out, row)
            if tells:
                estimate_pair(plan, endpoint, counted, tally, out, row)
        if stage == _STATISTICS:
            if not decide(plan, tree, look, tally, out, row):
                return False
            ends = is_decided(plan, tally)
    return True


@rule
def _take_all(
    plan: LookPlan,
    cut_day: int,
    n: int,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
) -> None:
    """Keep days and events of all endpoints, for tests that compare pairs of patients by them."""
    wins = room.tally.tests.wins
    for endpoint in range(plan.n_endpoints):
        take(source, endpoint, cut_day, n, room.day, room.event)
        for i in range(n):
            wins.day[endpoint * wins.stride + i] = room.day[i]
            wins.event[endpoint * wins.stride + i] = room.event[i]


@rule
def _count(
    plan: LookPlan,
    look: int,
    pair: int,
    before: Counted,
    enrolled: Enrolled,
    n: int,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
    tells: bool,
) -> Counted:
    """Count a pair, if it is not the one that was counted just before, and so that it will do."""
    if pair == before.pair and (not tells or plan.pairs.ratio_needs[pair] == POOLED):
        return before
    cut_day, endpoint = room.cuts.day[look], plan.pairs.endpoint[pair]
    if before.pair == _NOBODY or plan.pairs.endpoint[before.pair] != endpoint:
        take(source, endpoint, cut_day, n, room.day, room.event)
    last_day = cut_day - enrolled.trial_day[0] if n > 0 else _NOBODY
    sample = Sample(enrolled.arm, enrolled.stratum, room.day, room.event)
    return count_arms(plan, pair, sample, n, last_day, room.tally, tells)


@rule
def _tell_overshoot(plan: LookPlan, look: int, out: FloatColumn, row: int) -> None:
    """Write by how much the events exceed their target; below 0 if it was not reached."""
    condition = plan.triggers.overshooting[look]
    if condition >= 0:
        events = out[row + plan.places.endpoint[plan.triggers.endpoint[condition]]]
        out[row + OVERSHOOT] = events - plan.triggers.number[condition]
