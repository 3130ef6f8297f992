"""The patients of a look: what is known of each, who is counted, and pairs of arms counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import ShortColumn
from simulate.endpoints import NOT_COUNTED
from simulate.looks.further import POOLED
from simulate.looks.plan import ARMS_BEYOND, LookPlan
from simulate.looks.risk_sets import Sample
from simulate.looks.statistics import Counted, Tally, count_arms
from simulate.looks.triggers import Cuts

NOBODY = -1


class Enrolled(NamedTuple):
    """The patients of a trial, in order of enrolment, as its looks need them."""

    n: int
    trial_day: ShortColumn
    """Day of enrolment."""
    arm: ShortColumn
    stratum: ShortColumn
    group: ShortColumn
    """By which a patient belongs to subpopulations."""
    event_day: ShortColumn
    """Patient's day on which the event is known, NEVER if it is not: endpoint after endpoint."""
    stride: int
    """Where the next endpoint begins."""


class LookRoom(NamedTuple):
    """Room in which the looks of a trial are made."""

    cuts: Cuts
    day: ShortColumn
    event: ShortColumn
    arm: ShortColumn
    """The arm of each patient who is counted, and one that does not exist of the others."""
    tally: Tally


@rule
def take_beforehand(
    plan: LookPlan,
    cut_day: int,
    n: int,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
) -> None:
    """Keep what tests need of endpoints beside the hypothesis's own."""
    if plan.tests.has_wins == 1 or plan.tests.has_intervals == 1:
        _take_all(plan, cut_day, n, take, source, room)
    if plan.tests.response >= 0:
        take(source, plan.tests.response, cut_day, n, room.day, room.tally.tests.rates.event)


@rule
def _take_all(
    plan: LookPlan,
    cut_day: int,
    n: int,
    take: Callable[..., None],
    source: object,
    room: LookRoom,
) -> None:
    """Keep days and events of all endpoints, for tests that compare patients by them."""
    wins = room.tally.tests.wins
    for endpoint in range(plan.n_endpoints):
        take(source, endpoint, cut_day, n, room.day, room.event)
        for i in range(n):
            wins.day[endpoint * wins.stride + i] = room.day[i]
            wins.event[endpoint * wins.stride + i] = room.event[i]


@rule
def count_again(
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
    if before.pair == NOBODY or plan.pairs.endpoint[before.pair] != endpoint:
        take(source, endpoint, cut_day, n, room.day, room.event)
    last_day = cut_day - enrolled.trial_day[0] if n > 0 else NOBODY
    if plan.is_rate[endpoint] == 1:
        last_day = min(last_day, 0)
    if plan.pairs.is_masked[pair] == 1:
        _mask(plan, pair, enrolled, n, room)
    arm = arms_counted(plan, pair, enrolled, room)
    sample = Sample(arm, enrolled.stratum, room.day, room.event)
    return count_arms(plan, pair, sample, n, last_day, room.tally, tells)


@rule
def _mask(plan: LookPlan, pair: int, enrolled: Enrolled, n: int, room: LookRoom) -> None:
    """Write the arms of the patients that a pair counts, and an arm too many for the others."""
    population = plan.pairs.population[pair]
    for i in range(n):
        is_counted = room.event[i] != NOT_COUNTED
        if population >= 0:
            member = population * plan.populations.n_groups + enrolled.group[i]
            is_counted = is_counted and plan.populations.member[member] == 1
        room.arm[i] = enrolled.arm[i] if is_counted else plan.n_arms + ARMS_BEYOND - 1


@rule
def arms_counted(plan: LookPlan, pair: int, enrolled: Enrolled, room: LookRoom) -> ShortColumn:
    """Arms as a pair counts them."""
    return room.arm if plan.pairs.is_masked[pair] == 1 else enrolled.arm
