"""Visits that a patient misses, from gap to gap, and the scans that are done around a visit."""

from __future__ import annotations

from simulate.compiled import rule
from simulate.guided import guided_number
from simulate.looks.review_plan import MASK_BITS, ReviewPlan, ReviewRoom
from simulate.streams import Purpose, philox4x32

VISITS = int(Purpose.VISITS)


@rule
def miss_visits(plan: ReviewPlan, room: ReviewRoom, i: int, stride: int) -> None:
    """Mark the visits that a patient misses, from gap to gap."""
    n_visits = plan.calendars.n_visits
    for part in range((n_visits + MASK_BITS - 1) // MASK_BITS):
        room.missed[part * stride + i] = 0
    visit, number = 0, 0
    while visit < n_visits:
        visit = visit + guided_number(plan.gaps, 0, word_of_visits(room, i, number))
        number = number + 1
        if visit < n_visits:
            place = (visit >> 5) * stride + i
            room.missed[place] = room.missed[place] | (1 << (visit & 31))


@rule
def word_of_visits(room: ReviewRoom, i: int, number: int) -> int:
    """The word of a gap: the first four were looked up, more are rarely needed."""
    if number < 4:
        return room.words[number * room.lane + room.first_of_visits + i]
    low, high, replicate = room.address[0], room.address[1], room.address[2]
    block = philox4x32(i, replicate, VISITS, number >> 2, low, high)
    if number & 3 == 0:
        return block[0]
    if number & 3 == 1:
        return block[1]
    return block[2] if number & 3 == 2 else block[3]


@rule
def is_missed(room: ReviewRoom, i: int, visit: int, stride: int) -> bool:
    """Whether a patient misses a visit."""
    return (room.missed[(visit >> 5) * stride + i] >> (visit & 31)) & 1 == 1


@rule
def next_done(plan: ReviewPlan, room: ReviewRoom, i: int, visit: int, stride: int) -> int:
    """The first visit from one on that is not missed; `n_visits` if none is left."""
    if plan.misses == 1:
        while visit < plan.calendars.n_visits and is_missed(room, i, visit, stride):
            visit = visit + 1
    return visit


@rule
def last_done(plan: ReviewPlan, room: ReviewRoom, i: int, visit: int, stride: int) -> int:
    """The last visit up to one that is not missed; baseline never is."""
    if plan.misses == 1:
        while is_missed(room, i, visit, stride):
            visit = visit - 1
    return visit
