"""Scans as they are read: visits missed, calls of readers, new therapy, and what counts by rules.

All of it is found once a trial, from the ledger and from words by address; looks only cut. Where
observation is exact, every day is a visit.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import (
    NEVER,
    IntColumn,
    IntTable,
    ShortColumn,
    WordColumn,
)
from simulate.guided import GuidedTables, guided_number
from simulate.patient.censoring import censored_after, counts_despite
from simulate.patient.reading import (
    AFTER_PROGRESSION,
    EARLY,
    LATE,
    WITHOUT_PROGRESSION,
    day_of_new_therapy,
    is_called,
    visit_of_call,
)
from simulate.streams import Purpose, philox4x32
from simulate.survival_ledger import SurvivalLedger

VISITS = int(Purpose.VISITS)
MASK_BITS = 32
"""Visits in a number of the mask of those that are missed."""


class Calendars(NamedTuple):
    """Planned scans, by the arm's position times `arm_step`; 0 where all arms have the same."""

    n_visits: int
    """Visits of an arm, the first on day 0; their number stands for none."""
    n_days: int
    """Days of an arm in the tables."""
    day_step: int
    """Where the days of the next arm begin; 0 where all arms have the same."""
    visit_step: int
    next_visit: ShortColumn
    """By day: the first visit on or after it, `n_visits` if none; the last entry of an arm so."""
    last_visit: ShortColumn
    """By day: the last visit up to it."""
    last_scan: ShortColumn
    """By day: that of the last visit up to it."""
    visit_day: ShortColumn
    """By visit; NEVER after the last."""


class Therapy(NamedTuple):
    """When new anticancer therapy begins."""

    exists: int
    """1 if there is any."""
    has_alone: int
    """1 if some begins without progression."""
    alone: GuidedTables
    """By arm: days to new therapy without progression."""
    follows: int
    """Words of it that make therapy follow progression: those below."""
    delay: int


class EndpointRules(NamedTuple):
    """By endpoint: how it is seen, and by which rules its events count."""

    is_reviewed: IntTable
    """1 if it is seen as is said here."""
    reader: IntTable
    """Position of the reader; the last one errs never."""
    most_not_done: IntTable
    censors_therapy: IntTable
    death_window: IntTable
    grid: IntTable
    """Where the days of the endpoint begin in the tables of its grid; -1 without one."""
    next_edge: ShortColumn
    """By day: the end of the interval in which it lies; NEVER if it lies in none."""
    last_edge: ShortColumn
    """By day: the last end of an interval up to it."""


class Pairs(NamedTuple):
    """What looks tell of readers and treatment."""

    first: IntTable
    """First reader of each pair whose calls are compared."""
    second: IntTable
    counts_switched: int
    """1 if patients who change treatment are counted."""


class ReviewPlan(NamedTuple):
    """How scans are read, as numbers."""

    is_needed: int
    """0 if no endpoint is seen so."""
    n_readers: int
    """Readers who err; one more never does."""
    needs_perfect: int
    """1 if an endpoint is read by that one."""
    blocks: IntTable
    """Blocks of words of the readers, of whom two share one, each once."""
    treating: int
    """Position of the reader at whose call scans end; -1 if they go on."""
    errors: GuidedTables
    """Visits by reader, kind of error and arm: see :func:`error_table`."""
    n_arms: int
    misses: int
    """1 if visits are missed."""
    gaps: GuidedTables
    """Visits from one that is missed, or from baseline, to the next that is."""
    calendars: Calendars
    therapy: Therapy
    rules: EndpointRules
    pairs: Pairs


class ReviewRoom(NamedTuple):
    """Room in which the scans of a trial are read. Columns hold a patient an entry."""

    words: WordColumn
    """Words of a patient: by lane, and in it the blocks of readers, of visits and of therapy."""
    lane: int
    """Entries of a lane."""
    slot: int
    """Entries of a lane that belong to one block of words."""
    first_word: IntTable
    """By reader: where the first of two words of the patients begins; the other is a lane on."""
    first_of_visits: int
    """The same for visits, and for new therapy."""
    first_of_therapy: int
    address: IntColumn
    """Two halves of the seed, and the replicate."""
    missed: WordColumn
    """Bits of the visits that are missed, `MASK_BITS` of them at a time."""
    showing: ShortColumn
    """First visit on or after progression, `n_visits` without one."""
    call: ShortColumn
    """By reader: the visit of the call, if its day is one on which a scan is done."""
    call_day: ShortColumn
    """By reader: its day, NEVER without one."""
    end: ShortColumn
    """Last day on which scans are done because treatment has not changed; NEVER if it does not."""
    therapy: ShortColumn
    """Day on which new therapy begins, or NEVER."""
    until: ShortColumn
    """By endpoint: the last day up to which scans count."""


class Review(NamedTuple):
    """How scans are read, and room for it."""

    plan: ReviewPlan
    room: ReviewRoom


@rule
def error_table(plan: ReviewPlan, reader: int, kind: int, arm: int) -> int:
    """Table of a reader's errors in an arm."""
    return (2 * reader + kind) * plan.n_arms + arm


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


# ---- endpoints ------------------------------------------------------------------------------


@rule
def judge_endpoint(
    review: Review, ledger: SurvivalLedger, endpoint: int, event_day: ShortColumn, stride: int
) -> None:
    """Fill the days on which events of an endpoint count, and up to when scans do."""
    plan, room, n = review.plan, review.room, ledger.n[0]
    first, own = endpoint * stride, plan.rules.reader[endpoint] * stride
    for i in range(n):
        event, dropout = min(room.call_day[own + i], ledger.death_day[i]), ledger.dropout_day[i]
        event_day[first + i] = event if event <= dropout else NEVER
        room.until[first + i] = min(dropout, room.end[i])
    if plan.rules.most_not_done[endpoint] < NEVER or plan.rules.death_window[endpoint] < NEVER:
        for i in range(n):
            event = event_day[first + i]
            # without missed visits no scan is missing before one that is done
            if event < NEVER and (plan.misses == 1 or event == ledger.death_day[i]):
                limit = judge_event(plan, room, ledger, endpoint, i, stride)
                event_day[first + i] = event if limit == NEVER else NEVER
                room.until[first + i] = min(room.until[first + i], limit)
    if plan.rules.censors_therapy[endpoint] == 1 and plan.therapy.exists == 1:
        for i in range(n):
            event, therapy = event_day[first + i], room.therapy[i]
            event_day[first + i] = event if counts_despite(event, therapy) else NEVER
            room.until[first + i] = min(room.until[first + i], therapy)


@rule
def judge_event(
    plan: ReviewPlan,
    room: ReviewRoom,
    ledger: SurvivalLedger,
    endpoint: int,
    i: int,
    stride: int,
) -> int:
    """Day after which no scan counts because the event of a patient does not; NEVER if it does."""
    calendars, rules = plan.calendars, plan.rules
    arm, own = ledger.arm[i], rules.reader[endpoint] * stride
    day, death = room.call_day[own + i], ledger.death_day[i]
    planned = room.call[own + i] - 1
    if death < day:
        day = death
        before = min(max(death - 1, 0), calendars.n_days - 1)
        planned = calendars.last_visit[arm * calendars.day_step + before]
    done = max(planned, 0)
    if plan.treating >= 0:
        done = min(done, room.call[plan.treating * stride + i])
    done = last_done(plan, room, i, done, stride)
    return censored_after(
        day,
        death < room.call_day[own + i],
        calendars.visit_day[arm * calendars.visit_step + done],
        planned - done,
        rules.most_not_done[endpoint],
        rules.death_window[endpoint],
    )


@rule
def take_reviewed(
    review: Review,
    ledger: SurvivalLedger,
    endpoint: int,
    cut_day: int,
    n: int,
    event_day: ShortColumn,
    stride: int,
    day: ShortColumn,
    event: ShortColumn,
) -> None:
    """Write day and event of the first n patients as known at the end of a trial day."""
    plan, room = review.plan, review.room
    calendars, first = plan.calendars, endpoint * stride
    enrolled = ledger.enrolment_trial_day
    for i in range(n):
        event[i] = min(cut_day - enrolled[i], room.until[first + i])
    if calendars.day_step == 0:
        for i in range(n):
            day[i] = calendars.last_scan[event[i]]
    else:
        for i in range(n):
            day[i] = calendars.last_scan[ledger.arm[i] * calendars.day_step + event[i]]
    if plan.misses == 1:
        for i in range(n):
            arm = ledger.arm[i]
            visit = calendars.last_visit[arm * calendars.day_step + event[i]]
            done = last_done(plan, room, i, visit, stride)
            day[i] = calendars.visit_day[arm * calendars.visit_step + done]
    for i in range(n):
        has_event = event_day[first + i] <= cut_day - enrolled[i]
        day[i] = event_day[first + i] if has_event else day[i]
        event[i] = 1 if has_event else 0
    if plan.rules.grid[endpoint] >= 0:
        group_times(plan.rules, plan.rules.grid[endpoint], ledger, cut_day, n, day, event)


@rule
def group_times(
    rules: EndpointRules,
    grid: int,
    ledger: SurvivalLedger,
    cut_day: int,
    n: int,
    day: ShortColumn,
    event: ShortColumn,
) -> None:
    """Move events to the end of their interval, and censoring to the start.

    An event whose interval is not over at the cut does not count yet: of those without an event
    in that interval nothing is counted either.
    """
    for i in range(n):
        edge = rules.next_edge[grid + day[i]]
        is_over = edge <= cut_day - ledger.enrolment_trial_day[i]
        counts = event[i] == 1 and is_over
        day[i] = edge if counts else rules.last_edge[grid + day[i]]
        event[i] = 1 if counts else 0
