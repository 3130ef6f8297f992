"""What happens to the patient, from the baseline scan to death or the end of the simulation."""

from __future__ import annotations

from collections.abc import Iterator

from simulate import clock
from simulate.describe.words import count
from simulate.distributions import NEVER
from simulate.patient.assessment import (
    COMPLETE_RESPONSE,
    PARTIAL_RESPONSE,
    RESPONSE_NAMES,
    UNSCHEDULED,
    WATCHED,
)
from simulate.patient.treatment import COMPLETED, STOP_NAMES
from simulate.records import LogRow
from simulate.story.doses import dose_lines, ended_by_hold, waiting_line
from simulate.story.history import RESPONSES, UNSEEN, History, Line, Row, study_day
from simulate.story.toxicity import adverse_event_lines
from simulate.units import DAYS_PER_WEEK

_SHOWS_RESPONSE = (COMPLETE_RESPONSE, PARTIAL_RESPONSE)

_ON_RECORD = ("dose", "dose omitted", "adverse event", "adverse event resolves")
"""Lines of the log that the tables tell more fully."""


def event_lines(history: History) -> Iterator[Line]:
    """A line for the baseline scan, each dose, adverse event and scan, and other turns of the log.

    Of what happens in the same phase of a day, adverse events come first: they are the causes.
    """
    if history.is_treated:
        day = history.first_dose + history.truth["baseline_scan_day"]
        yield Line(day, clock.SUPPLY, "Baseline scan")
        yield from adverse_event_lines(history)
    yield from _log_lines(history)
    yield from dose_lines(history)


def _log_lines(history: History) -> Iterator[Line]:
    """Lines of the event log, without those of doses and adverse events.

    The log has a line a scan, in the order of the table that holds the rest.
    """
    scans, before = iter(history.scans), ""
    for row in history.records.log:
        if row[2] != history.patient or row[4] in _ON_RECORD:
            continue
        text = _scan(next(scans)) if row[4] in ("scan", "scan missed") else _turn(history, row)
        if text and not (row[4] == "dose waits" and text == before):  # the log has a line a day
            yield Line(row[0], row[1], text)
        before = text


def _turn(history: History, row: LogRow) -> str:
    """A line of the log that is not a scan; empty if it is told elsewhere."""
    _, _, _, site, event, detail = row
    match event:
        case "enrolled":
            names = history.scenario.enrolment.sites.names
            return f"Enrolled at {f'site {site}' if names is None else names[site - 1]}"
        case "randomised":
            return f"Randomised to {history.scenario.title}"
        case "response begins":
            return f"{UNSEEN}Response begins ({detail}): {_sight(history, 'response_day')}"
        case "progression":
            return f"{UNSEEN}Progression: {_sight(history, 'progression_day')}"
        case "dose held" | "dose waits":
            return waiting_line(history, row)
        case "drug stops":
            return ended_by_hold(history, row) if detail.endswith("hold too long") else ""
        case "treatment stops":
            return _stop(history, row)
        case "leaves the study":
            return "Leaves the study: nothing is known from here on"
        case "death" if history.truth["study_withdrawal_day"] < NEVER:
            return f"{UNSEEN}Death, of which the study does not learn"
        case _:
            return event.capitalize() + (f": {detail}" if detail else "")


def _stop(history: History, row: LogRow) -> str:
    """The end of treatment, of tumour assessments, or of both."""
    trial_day, phase = row[:2]
    truth, day = history.truth, trial_day - history.first_dose
    reason = STOP_NAMES[truth["treatment_stop_reason"]]
    if day == truth["treatment_stop_day"] != truth["assessment_stop_day"] and reason != "completed":
        return f"Treatment stops: {reason}; tumour assessments go on"
    if truth["treatment_stop_reason"] != COMPLETED:
        return f"Treatment and tumour assessments stop: {reason}"
    if day == truth["treatment_stop_day"] and phase == clock.DOSE:
        return "Treatment is completed: this was the last planned dose; tumour assessments go on"
    seen = phase == clock.ASSESSMENT
    return f"Tumour assessments stop: {'progression' if seen else 'withdrawal'}"


def _sight(history: History, turn: str) -> str:
    """Who knows of a turn of the disease on its day."""
    truth = history.truth
    day = truth[turn]
    if truth["assessment_stop_day"] < day:
        return "nobody looks any more"
    if turn == "response_day" and any(
        scan["day"] < day and scan["response"] in _SHOWS_RESPONSE for scan in history.scans
    ):
        return "a scan has shown it already"  # it may show some days before it is counted
    return "nobody has seen it yet"


def _scan(scan: Row) -> str:
    finding = RESPONSES[RESPONSE_NAMES[scan["response"]]]
    if scan["performed"] == WATCHED:
        return f"Watched day by day, the patient is found with: {finding}"
    if scan["visit"] == UNSCHEDULED:
        return f"Unscheduled scan after a clinical finding: {finding}"
    planned = scan["planned_day"]
    weeks, rest = divmod(planned, DAYS_PER_WEEK)
    name = f"Scan at week {weeks}" if rest == 0 else f"Scan planned on day {study_day(planned)}"
    if not scan["performed"]:
        return f"{name} is missed"
    return f"{name}{_shift(scan['day'] - planned)}: {finding}"


def _shift(days: int) -> str:
    if days == 0:
        return ""
    return f", {count(abs(days), 'day')} {'late' if days > 0 else 'early'}"
