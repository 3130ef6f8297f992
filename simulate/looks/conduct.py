"""The looks of one trial, from the first cut to the one that ends it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatColumn, ShortColumn
from simulate.looks.bounds import BoundTree
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
from simulate.looks.statistics import Tally, count_arms, estimate_arms, look_at_pair
from simulate.looks.triggers import Cuts, enrolled_by, find_cuts


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
    for hypothesis in range(plan.n_hypotheses):
        room.tally.decision[hypothesis] = GOES_ON
        room.tally.node[hypothesis] = hypothesis
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
        if not _look_at_endpoints(plan, tree, look, enrolled, n, take, source, room, out, row):
            return False
        _tell_overshoot(plan, look, out, row)
        ends = look + 1 == plan.n_looks or _is_decided(plan, room.tally)
        out[row + STOPPED] = 1.0 if ends else 0.0
        if ends:
            if plan.estimates.every_look == 0:
                _tell_the_rest(plan, enrolled, n, room.cuts.day[look], take, source, room, out, row)
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
def _look_at_endpoints(
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
    """Test and tell all endpoints; False if bounds are missing."""
    cut_day, is_known = room.cuts.day[look], True
    last_day = cut_day - enrolled.trial_day[0] if n > 0 else -1
    sample = Sample(enrolled.arm, enrolled.stratum, room.day, room.event)
    for endpoint in range(plan.n_endpoints):
        take(source, endpoint, cut_day, n, room.day, room.event)
        for pair in range(
            plan.pairs.first_of_endpoint[endpoint], plan.pairs.first_of_endpoint[endpoint + 1]
        ):
            counted = count_arms(plan, pair, sample, n, last_day, room.tally)
            is_known &= look_at_pair(
                plan, tree, look, endpoint, counted, sample, n, room.tally, out, row
            )
    return is_known


@rule
def _is_decided(plan: LookPlan, tally: Tally) -> bool:
    """Whether every hypothesis is decided; never without any."""
    n_open = 0
    for hypothesis in range(plan.n_hypotheses):
        n_open += 1 if tally.decision[hypothesis] == GOES_ON else 0
    return n_open == 0 and plan.n_hypotheses > 0


@rule
def _tell_overshoot(plan: LookPlan, look: int, out: FloatColumn, row: int) -> None:
    """Write by how much the events exceed their target; below 0 if it was not reached."""
    condition = plan.triggers.overshooting[look]
    if condition >= 0:
        events = out[row + plan.places.endpoint[plan.triggers.endpoint[condition]]]
        out[row + OVERSHOOT] = events - plan.triggers.number[condition]


@rule
def _tell_the_rest(
    plan: LookPlan,
    enrolled: Enrolled,
    n: int,
    cut_day: int,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
    out: FloatColumn,
    row: int,
) -> None:
    """Write the estimates of arms that the last look has not told yet."""
    last_day = cut_day - enrolled.trial_day[0] if n > 0 else -1
    sample = Sample(enrolled.arm, enrolled.stratum, room.day, room.event)
    for endpoint in range(plan.n_endpoints):
        for pair in range(
            plan.pairs.first_of_endpoint[endpoint], plan.pairs.first_of_endpoint[endpoint + 1]
        ):
            if room.tally.is_told[pair] == 0:
                take(source, endpoint, cut_day, n, room.day, room.event)
                counted = count_arms(plan, pair, sample, n, last_day, room.tally)
                estimate_arms(plan, endpoint, counted, room.tally, out, row)
