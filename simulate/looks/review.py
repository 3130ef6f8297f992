"""Scans as they are read: visits missed, calls of readers, new therapy, changes of treatment.

All of it is found once a trial, from the ledger and from words by address; looks only cut. Where
observation is exact, every day is a visit.
"""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import NEVER
from simulate.guided import guided_number
from simulate.looks.change_treatment import change_treatment
from simulate.looks.missed_visits import miss_visits, next_done
from simulate.looks.review_plan import Review, ReviewPlan, ReviewRoom, error_table
from simulate.patient.reading import (
    AFTER_PROGRESSION,
    EARLY,
    LATE,
    WITHOUT_PROGRESSION,
    day_of_new_therapy,
    is_called,
    visit_of_call,
)
from simulate.survival_ledger import SurvivalLedger


@rule
def review_trial(review: Review, ledger: SurvivalLedger, stride: int) -> None:
    """Find the visits missed, the calls of all readers and new therapy of all patients.

    The words of the trial are there; `stride` is the number of patients for which there is room.
    """
    plan, room, n = review.plan, review.room, ledger.n[0]
    if plan.misses == 1:
        for i in range(n):
            miss_visits(plan, room, i, stride)
    last, calendars = plan.calendars.n_days - 1, plan.calendars
    for i in range(n):
        at = ledger.arm[i] * calendars.day_step + min(ledger.progression_day[i], last)
        room.showing[i] = calendars.next_visit[at]
    if plan.treating >= 0:
        read(plan, room, ledger, plan.treating, stride)
        for i in range(n):
            room.end[i] = room.call_day[plan.treating * stride + i]
    for reader in range(plan.n_readers + plan.needs_perfect):
        if reader != plan.treating:
            read(plan, room, ledger, reader, stride)
    if plan.therapy.exists == 1:
        begin_therapy(plan, room, ledger)
    if plan.switching.exists == 1:
        change_treatment(plan, room, ledger)


@rule
def read(
    plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger, reader: int, stride: int
) -> None:
    """Find the calls of a reader; those of the treating reader before all others."""
    n, first, calendars = ledger.n[0], reader * stride, plan.calendars
    # short loops, most of which run in SIMD
    if reader == plan.n_readers:
        for i in range(n):
            room.call[first + i] = room.showing[i]
    else:
        for i in range(n):
            room.call[first + i] = erring_call(plan, room, reader, ledger.arm[i], i)
    if plan.misses == 1:
        for i in range(n):
            room.call[first + i] = next_done(plan, room, i, room.call[first + i], stride)
    for i in range(n):
        at = ledger.arm[i] * calendars.visit_step + room.call[first + i]
        room.call_day[first + i] = calendars.visit_day[at]
    for i in range(n):
        day = room.call_day[first + i]
        is_there = is_called(day, ledger.death_day[i], ledger.dropout_day[i])
        room.call_day[first + i] = day if is_there else NEVER
    if plan.treating >= 0 and reader != plan.treating:
        for i in range(n):
            day = room.call_day[first + i]
            room.call_day[first + i] = day if day <= room.end[i] else NEVER


@rule
def erring_call(plan: ReviewPlan, room: ReviewRoom, reader: int, arm: int, i: int) -> int:
    """Visit at which a reader would call progression, were it done; `n_visits` if at none."""
    visit, highest = room.showing[i], plan.errors.highest
    words = room.first_word[reader] + i
    drawn = room.words[words]
    late = error_table(plan, reader, LATE, arm) << plan.errors.stride_bits
    call = visit + int(drawn > highest[late])
    while drawn > highest[late + call - visit]:
        call = call + 1
    table, drawn = error_table(plan, reader, EARLY, arm), room.words[words + EARLY * room.lane]
    early = (table << plan.errors.stride_bits) + visit - 1
    if visit > 0 and drawn <= highest[early]:  # the reader calls it before there is progression
        call = visit_of_call(visit, call - visit, guided_number(plan.errors, table, drawn))
    return min(call, plan.calendars.n_visits)


@rule
def begin_therapy(plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger) -> None:
    """Find the days on which new therapy begins."""
    therapy, n = plan.therapy, ledger.n[0]
    first = room.first_of_therapy
    alone, follows = WITHOUT_PROGRESSION * room.lane, AFTER_PROGRESSION * room.lane
    for i in range(n):
        room.therapy[i] = NEVER
    if therapy.has_alone == 1:
        for i in range(n):
            drawn = room.words[alone + first + i]
            room.therapy[i] = guided_number(therapy.alone, ledger.arm[i], drawn)
    if plan.treating < 0:
        for i in range(n):
            ends = ledger.progression_day[i]
            room.therapy[i] = day_of_new_therapy(room.therapy[i], ends, 0, 0)
    else:
        for i in range(n):
            is_next = 1 if room.words[follows + first + i] < therapy.follows else 0
            room.therapy[i] = day_of_new_therapy(
                room.therapy[i], room.end[i], is_next, therapy.delay
            )
