"""What happens to the patient, from the baseline scan to death or the end of the simulation."""

from __future__ import annotations

from collections.abc import Iterator

from simulate import clock
from simulate.describe.words import count, listing
from simulate.distributions import NEVER
from simulate.patient.assessment import (
    COMPLETE_RESPONSE,
    PARTIAL_RESPONSE,
    RESPONSE_NAMES,
    UNSCHEDULED,
)
from simulate.records import LogRow
from simulate.story.history import RESPONSES, UNSEEN, History, Line, Row, study_day
from simulate.units import DAYS_PER_WEEK

_SHOWS_RESPONSE = (COMPLETE_RESPONSE, PARTIAL_RESPONSE)


def event_lines(history: History) -> Iterator[Line]:
    """A line for the baseline scan and for each of the patient's lines in the event log.

    The log has a line a scan and a line a cycle, in the order of the tables, which hold the rest.
    """
    truth = history.truth
    day = history.first_dose + truth["baseline_scan_day"]
    yield Line(day, clock.SUPPLY, "Baseline scan")
    scans, cycle = iter(history.scans), 0
    for row in history.records.log:
        if row[2] != history.patient:
            continue
        event = row[4]
        if event in ("scan", "scan missed"):
            text = _scan(next(scans))
        elif event == "dose":
            cycle += 1
            text = _dose(history, cycle)
            if not text:
                continue
        else:
            text = _turn(history, row)
        yield Line(row[0], row[1], text)


def _turn(history: History, row: LogRow) -> str:
    """A line of the log that is neither a scan nor a dose."""
    _, _, _, site, event, detail = row
    match event:
        case "enrolled":
            names = history.scenario.enrolment.sites.names
            return f"Enrolled at {f'site {site}' if names is None else names[site - 1]}"
        case "response begins":
            return f"{UNSEEN}Response begins ({detail}): {_sight(history, 'response_day')}"
        case "progression":
            return f"{UNSEEN}Progression: {_sight(history, 'progression_day')}"
        case "treatment stops":
            return f"Treatment and tumour assessments stop: {detail}"
        case "leaves the study":
            return "Leaves the study: nothing is known from here on"
        case "death" if history.truth["study_withdrawal_day"] < NEVER:
            return f"{UNSEEN}Death, of which the study does not learn"
        case _:
            return event.capitalize() + (f": {detail}" if detail else "")


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
    if scan["visit"] == UNSCHEDULED:
        return f"Unscheduled scan after a clinical finding: {finding}"
    planned = scan["planned_day"]
    weeks, rest = divmod(planned, DAYS_PER_WEEK)
    name = f"Scan at week {weeks}" if rest == 0 else f"Scan planned on day {study_day(planned)}"
    if not scan["performed"]:
        return f"{name} is missed"
    return f"{name}{_lateness(scan['day'] - planned)}: {finding}"


def _dose(history: History, cycle: int) -> str:
    """The drugs given in a cycle, and its delay; empty if there was none to give before it."""
    given = [dose for dose in history.doses if dose["cycle"] == cycle]
    if not given:
        is_first = cycle == 1 or any(dose["cycle"] == cycle - 1 for dose in history.doses)
        return "No dose from here on: all planned cycles are over" if is_first else ""
    names = {drug.id: drug.name for drug in history.scenario.treatment.drugs}
    drugs = listing(names[dose["drug"]] for dose in given)
    return f"Dose {cycle}: {drugs}{_lateness(given[0]['delay'])}"


def _lateness(days: int) -> str:
    if days == 0:
        return ""
    return f", {count(abs(days), 'day')} {'late' if days > 0 else 'early'}"
