"""Events of endpoints that are read: which of them count by the rules, and what a cut knows."""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import NEVER, ShortColumn
from simulate.looks.chosen import list_chosen
from simulate.looks.missed_visits import last_done
from simulate.looks.review_plan import EndpointRules, Review, ReviewPlan, ReviewRoom
from simulate.patient.censoring import censored_after, counts_despite
from simulate.patient.grouping import group_time
from simulate.survival_ledger import SurvivalLedger


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
            is_asked = int(event == ledger.death_day[i]) | plan.misses
            room.chosen.mark[i] = int(event < NEVER) & is_asked
        for place in range(list_chosen(room.chosen, n)):
            i = room.chosen.number[place]
            limit = judge_event(plan, room, ledger, endpoint, i, stride)
            event_day[first + i] = event_day[first + i] if limit == NEVER else NEVER
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
    day, is_death, last_scan, not_done = before_event(plan, room, ledger, endpoint, i, stride)
    return censored_after(
        day,
        is_death,
        last_scan,
        not_done,
        plan.rules.most_not_done[endpoint],
        plan.rules.death_window[endpoint],
    )


@rule
def before_event(
    plan: ReviewPlan,
    room: ReviewRoom,
    ledger: SurvivalLedger,
    endpoint: int,
    i: int,
    stride: int,
) -> tuple[int, bool, int, int]:
    """Day of an event, whether it is a death, the last scan done before it, and scans not done.

    The last are the planned ones between these two days.
    """
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
    last_scan = calendars.visit_day[arm * calendars.visit_step + done]
    return day, death < room.call_day[own + i], last_scan, planned - done


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
    """Move events to the end of their interval, and censoring to the start."""
    for i in range(n):
        start, end = rules.last_edge[grid + day[i]], rules.next_edge[grid + day[i]]
        today = cut_day - ledger.enrolment_trial_day[i]
        day[i], event[i] = group_time(day[i], event[i], start, end, 0, today)
