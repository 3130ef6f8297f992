"""What readers say of the patient's scans, what therapy follows, and why endpoints are censored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate import clock
from simulate.counted_events import LATE_DEATH, NEW_THERAPY, NOTHING, RULED, SCANS_NOT_DONE
from simulate.describe.words import count, in_months
from simulate.distributions import NEVER
from simulate.look_samples import take_sample
from simulate.patient.assessment import MISSED, PROGRESSIVE_DISEASE
from simulate.scenario.trial_endpoints import TrialEndpoint
from simulate.story.history import UNSEEN, History, Line, Looks

_REASONS = {
    NEW_THERAPY: "new therapy came first",
    SCANS_NOT_DONE: "too many planned scans before the event were not done",
    LATE_DEATH: "death came too long after the last scan",
}


def reader_lines(history: History) -> Iterator[Line]:
    """Errors of the investigator, calls of other readers, and the start of new therapy."""
    if history.looks is None or not history.is_treated:
        return
    yield from _errors(history)
    trial, seen = history.looks.trial, history.looks.seen
    for position, reader in enumerate(trial.other_readers, start=1):
        call = seen.readings.call[position * seen.readings.stride + history.patient]
        if call < NEVER:
            text = f"Reader {reader.name} calls progression on this scan"
            yield Line(history.first_dose + call, clock.ASSESSMENT, text)
    if trial.new_therapy is not None:
        day = seen.later_therapy.therapy[history.patient]
        if history.first_dose + day <= history.horizon:
            text = "New anticancer therapy begins"
            yield Line(history.first_dose + day, clock.LEAVING, text)


def _errors(history: History) -> Iterator[Line]:
    """Where the investigator is wrong about progression."""
    for scan in history.scans:
        has_progressed = history.truth["progression_day"] <= scan["day"]
        called = scan["response"] == PROGRESSIVE_DISEASE
        if scan["performed"] != MISSED and has_progressed != called:
            text = "there is no progression yet" if called else "progression is overlooked"
            day = history.first_dose + scan["day"]
            yield Line(day, clock.ASSESSMENT, f"{UNSEEN}The investigator errs: {text}")


def endpoints_at(history: History, trial_day: int) -> Iterator[str]:
    """The endpoints of the looks as a data cut has them, where there are more than PFS and OS."""
    looks = history.looks
    if looks is None or not (looks.trial.is_read or looks.trial.endpoints.named):
        return
    enrolled = looks.seen.ledger.subjects.enrolment_trial_day
    n = sum(day <= trial_day for day in enrolled)
    for number, endpoint in enumerate(looks.trial.seen_endpoints):
        days, events = np.zeros(n, np.int32), np.zeros(n, np.int32)
        take_sample(looks.seen, number, trial_day, n, days, events)
        day = int(days[history.patient]) + 1
        status = "event"
        if not events[history.patient]:
            status = f"censored{_why(looks, number, history, trial_day)}"
        yield f"{_name(endpoint)} {count(day, 'day')} ({in_months(day)}), {status}"


def _name(endpoint: TrialEndpoint) -> str:
    how = [each for each in (endpoint.who, endpoint.rules) if each is not None]
    return f"endpoint {endpoint.name}" + (f" ({', '.join(how)})" if how else "")


def _why(looks: Looks, endpoint: int, history: History, trial_day: int) -> str:
    """Why an event does not count, if a cut knows of that."""
    seen = looks.seen
    place = endpoint * seen.stride + history.patient
    enrolled = seen.ledger.subjects.enrolment_trial_day[history.patient]
    if seen.event_day[place] <= trial_day - enrolled:
        return ": the interval of its event is not over"
    if seen.rules.endpoints.way[endpoint] != RULED:
        return ""
    reason = seen.counted.reason[place]
    is_known = history.first_dose + seen.counted.reason_from[place] <= trial_day
    return f": {_REASONS[reason]}" if reason != NOTHING and is_known else ""
