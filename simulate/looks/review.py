"""Scans as they are read: visits missed, calls of readers, new therapy, changes of treatment.

All of it is found once a trial, from the ledger and from words by address; looks only cut. Where
observation is exact, every day is a visit.
"""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import NEVER
from simulate.guided import guided_number
from simulate.looks.change_treatment import change_treatment
from simulate.looks.chosen import list_chosen
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
        call_by_words(plan, room, ledger, reader, first)
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
def call_by_words(
    plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger, reader: int, first: int
) -> None:
    """Find at which visits a reader would call progression, were they done; `n_visits` if at none.

    Most patients are called at the first visit that shows it, which SIMD finds out.
    """
    n = ledger.n[0]
    for i in range(n):
        room.call[first + i] = room.showing[i]
    for place in range(choose_late(plan, room, ledger, reader)):
        i = room.chosen.number[place]
        room.call[first + i] = late_call(plan, room, reader, ledger.arm[i], i)
    for place in range(choose_early(plan, room, ledger, reader)):
        i = room.chosen.number[place]
        late = room.call[first + i] - room.showing[i]
        early = early_visit(plan, room, reader, ledger.arm[i], i)
        room.call[first + i] = visit_of_call(room.showing[i], late, early)


@rule
def choose_late(plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger, reader: int) -> int:
    """List the patients whose progression a reader overlooks at the first visit that shows it."""
    table, words = error_table(plan, reader, LATE, 0), room.first_word[reader]
    for i in range(ledger.n[0]):
        highest = plan.errors.highest[(table + ledger.arm[i]) << plan.errors.stride_bits]
        is_late = int(room.words[words + i] > highest)
        room.chosen.mark[i] = is_late & int(room.showing[i] < plan.calendars.n_visits)
    return list_chosen(room.chosen, ledger.n[0])


@rule
def late_call(plan: ReviewPlan, room: ReviewRoom, reader: int, arm: int, i: int) -> int:
    """The first visit that shows progression and at which a reader does not overlook it."""
    first, drawn = room.showing[i], room.words[room.first_word[reader] + i]
    table = error_table(plan, reader, LATE, arm) << plan.errors.stride_bits
    late = 1
    while drawn > plan.errors.highest[table + late]:
        late = late + 1
    return min(first + late, plan.calendars.n_visits)


@rule
def choose_early(plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger, reader: int) -> int:
    """List the patients of whom a reader would call progression before there is any.

    And those who progress before any visit, of whom that cannot be.
    """
    table = error_table(plan, reader, EARLY, 0)
    words = room.first_word[reader] + EARLY * room.lane
    for i in range(ledger.n[0]):
        before = ((table + ledger.arm[i]) << plan.errors.stride_bits) + room.showing[i] - 1
        room.chosen.mark[i] = int(room.words[words + i] <= plan.errors.highest[before])
    return list_chosen(room.chosen, ledger.n[0])


@rule
def early_visit(plan: ReviewPlan, room: ReviewRoom, reader: int, arm: int, i: int) -> int:
    """The visit at which a reader would call progression, were there none."""
    drawn = room.words[room.first_word[reader] + EARLY * room.lane + i]
    return guided_number(plan.errors, error_table(plan, reader, EARLY, arm), drawn)


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
