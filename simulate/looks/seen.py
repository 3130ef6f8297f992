"""What is seen of a survival trial: the days on which events are known, and the sample at a cut.

Progression is known on its day, or at the first scan from then on; a patient who has dropped out or
died before that scan never has it. Whoever has no event by the cut is censored at the cut or the
dropout, if the first was progression-free by scans at the last scan before these.

That is what is seen without error. What readers, missed visits and rules of censoring make of it
is found in :mod:`simulate.looks.review`.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import keep_apart, rule
from simulate.distributions import NEVER, IntTable, ShortColumn
from simulate.endpoints import NOT_COUNTED
from simulate.looks.review import review_trial
from simulate.looks.review_events import before_event, judge_endpoint, take_reviewed
from simulate.looks.review_plan import Review
from simulate.patient.censoring import free_until
from simulate.survival_ledger import SurvivalLedger

LATENT, RESPONSE_RATE = 2, 3
"""In the place of `is_death`: progression is known on its day; the endpoint is a response rate."""


class Observation(NamedTuple):
    """How events become known."""

    is_death: IntTable
    """By endpoint: 1 if only death is its event (OS), 0 if progression is too (PFS), and 2 if that
    is known on its day whatever the scans; 3 if it is a response rate."""
    by_scans: int
    """1 if progression is seen at scans, 0 if on its day."""
    next_scan: ShortColumn
    """By patient's day: the first scan from that day on, NEVER if none; the last entry is NEVER."""
    last_scan: ShortColumn
    """By patient's day: the last scan up to that day, 0 before the first."""
    evaluable_day: int = 0
    """Patient's day from which on it is known who has responded."""


class Seen(NamedTuple):
    """A trial as its looks see it."""

    observation: Observation
    ledger: SurvivalLedger
    event_day: ShortColumn
    """Patient's day on which the event is known, NEVER if it is not: endpoint after endpoint."""
    stride: int
    """Patients for which an endpoint has room."""
    review: Review
    """How scans are read, where that is not without error."""


@rule
def find_event_days(seen: Seen) -> None:
    """Fill the days on which events are known, whatever the cut.

    An event on the day of the dropout still counts.
    """
    n, dropout = seen.ledger.n[0], seen.ledger.dropout_day
    death, progression = seen.ledger.death_day, seen.ledger.progression_day
    next_scan = seen.observation.next_scan
    beyond = len(next_scan) - 1
    if seen.review.plan.is_needed == 1:
        review_trial(seen.review, seen.ledger, seen.stride)
    for endpoint in range(len(seen.observation.is_death)):
        first = endpoint * seen.stride
        if seen.observation.is_death[endpoint] == 1:
            for i in range(n):
                seen.event_day[first + i] = death[i] if death[i] <= dropout[i] else NEVER
        elif seen.observation.is_death[endpoint] == RESPONSE_RATE:
            _find_responses(seen, first)
        elif seen.review.plan.rules.is_reviewed[endpoint] == 1:
            judge_endpoint(seen.review, seen.ledger, endpoint, seen.event_day, seen.stride)
        elif seen.observation.by_scans == 0 or seen.observation.is_death[endpoint] == LATENT:
            for i in range(n):
                day = min(progression[i], death[i])
                seen.event_day[first + i] = day if day <= dropout[i] else NEVER
        else:
            for i in range(n):
                scan = next_scan[min(progression[i], beyond)]
                day = min(scan, death[i])  # no scan comes before the progression that it sees
                seen.event_day[first + i] = day if day <= dropout[i] else NEVER


@rule
def _find_responses(seen: Seen, first: int) -> None:
    """Fill the days on which responses are known, from an entry on."""
    for i in range(seen.ledger.n[0]):
        seen.event_day[first + i] = seen.ledger.response_day[i]


@rule
def find_free_days(seen: Seen, is_by_scans: IntTable, free_day: ShortColumn) -> None:
    """Fill the last day on which who has an event was known to be free of it, whatever the cut.

    By :func:`simulate.patient.censoring.free_until`.
    """
    keep_apart()
    for endpoint in range(len(is_by_scans)):
        if is_by_scans[endpoint] == 1:
            for i in range(seen.ledger.n[0]):
                place = endpoint * seen.stride + i
                if seen.event_day[place] < NEVER:
                    free_day[place] = _free_before(seen, endpoint, i, seen.event_day[place])


@rule
def _free_before(seen: Seen, endpoint: int, i: int, event: int) -> int:
    """The last day on which a patient was known to be free of an event."""
    if seen.review.plan.rules.is_reviewed[endpoint] == 1:
        plan, room = seen.review.plan, seen.review.room
        last_scan = before_event(plan, room, seen.ledger, endpoint, i, seen.stride)[2]
    else:
        last_scan = seen.observation.last_scan[max(event - 1, 0)]
    return free_until(event, event == seen.ledger.death_day[i], last_scan)


@rule
def take_sample(
    seen: Seen, endpoint: int, cut_day: int, n: int, day: ShortColumn, event: ShortColumn
) -> None:
    """Write day and event of the first n patients, all enrolled by the cut, as known at its end.

    Of a response rate as told in :mod:`simulate.looks.rates`.
    """
    enrolled, dropout = seen.ledger.enrolment_trial_day, seen.ledger.dropout_day
    last_scan = seen.observation.last_scan
    first = endpoint * seen.stride
    if seen.observation.is_death[endpoint] == RESPONSE_RATE:
        for i in range(n):
            followed = cut_day - enrolled[i]
            responds = 1 if seen.event_day[first + i] <= followed else 0
            day[i] = 0
            event[i] = responds if followed >= seen.observation.evaluable_day else NOT_COUNTED
    elif seen.review.plan.rules.is_reviewed[endpoint] == 1:
        take_reviewed(
            seen.review, seen.ledger, endpoint, cut_day, n, seen.event_day, seen.stride, day, event
        )
    elif seen.observation.by_scans == 0 or seen.observation.is_death[endpoint] >= 1:
        for i in range(n):
            known_until = min(cut_day - enrolled[i], dropout[i])
            has_event = seen.event_day[first + i] <= known_until
            day[i] = min(seen.event_day[first + i], known_until)
            event[i] = 1 if has_event else 0
    else:
        # three loops, of which the first and the last run in SIMD
        for i in range(n):
            event[i] = min(cut_day - enrolled[i], dropout[i])
        for i in range(n):
            day[i] = last_scan[event[i]]
        for i in range(n):
            has_event = seen.event_day[first + i] <= event[i]
            day[i] = seen.event_day[first + i] if has_event else day[i]
            event[i] = 1 if has_event else 0
