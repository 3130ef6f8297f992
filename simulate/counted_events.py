"""Which events of endpoints with a rule set count, of patients in cycles and scans.

The rules are those of :mod:`simulate.patient.censoring`; here is what they ask for: the last scan
done before an event, the planned scans between the two that were not done, and new therapy. A scan
that is planned counts as not done once its window is over, whatever the reason, also after
assessments have stopped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.build_plan import HORIZON_MARGIN, nominal_days
from simulate.compiled import rule
from simulate.distributions import NEVER, IntTable, ShortColumn, first_above_within
from simulate.event_cut import death_known_day
from simulate.known import KnownRows
from simulate.ledger import AssessmentRows, Ledger
from simulate.patient.assessment import MISSED, UNSCHEDULED
from simulate.patient.censoring import NO_LIMIT, censored_after, counts_despite
from simulate.scenario.readers import INVESTIGATOR
from simulate.scenario.survival_endpoints import LATENT_READER
from simulate.scenario.trial import Trial
from simulate.scenario.trial_endpoints import TrialEndpoint

DOCUMENTED, SURVIVAL, READ, RULED, LATENT = range(5)
"""Ways to see an endpoint: PFS as the investigator documents it; OS; PFS by another reader, deaths
as for the investigator; PFS by any reader under a rule set; PFS as it is."""


NOTHING, NEW_THERAPY, SCANS_NOT_DONE, LATE_DEATH = range(4)
"""Why PFS is censored although there may be an event."""


class CalendarTables(NamedTuple):
    """Planned scans by the arm's position."""

    start: IntTable
    """An arm's planned days: ``day[start[i] : start[i + 1]]``, the first that of baseline."""
    day: IntTable
    window: IntTable
    """Days from a planned day to the end of its window."""


class EndpointTables(NamedTuple):
    """By endpoint: how it is seen, and by which rules its events count."""

    way: IntTable
    reader: IntTable
    """Whose calls count: 0 the investigator's, then those of the others."""
    most_not_done: IntTable
    censors_therapy: IntTable
    death_window: IntTable
    has_rules: int
    """1 if an endpoint has a rule set."""
    calendars: CalendarTables


class CountedEvents(NamedTuple):
    """Events of endpoints with a rule set, whatever the cut: endpoint after endpoint."""

    day: ShortColumn
    """Patient day of an event that counts, NEVER without one."""
    known_from: ShortColumn
    """Patient day from which a cut knows of it."""
    until: ShortColumn
    """Last patient day up to which scans count, if no event does."""
    reason: ShortColumn
    """Why an event does not count: NOTHING, NEW_THERAPY, SCANS_NOT_DONE or LATE_DEATH."""
    reason_from: ShortColumn
    """Patient day from which a cut knows of that."""


class ScansBefore(NamedTuple):
    """What came of the scans before a day."""

    last: int
    """Day of the last one done; 0, that of baseline, if none was."""
    not_done: int
    """Planned scans since then that were not done."""


def endpoint_tables(trial: Trial) -> EndpointTables:
    """How the endpoints of a scenario are seen, as tables."""
    endpoints = trial.seen_endpoints
    readers = [INVESTIGATOR, *(reader.name for reader in trial.other_readers)]
    rules = [trial.rules_of(each) for each in endpoints]
    return EndpointTables(
        way=np.array([_way(each) for each in endpoints], np.int64),
        reader=np.array(
            [readers.index(each.who) if each.who in readers else 0 for each in endpoints], np.int64
        ),
        most_not_done=np.array([r.missed_visits or NO_LIMIT if r else NO_LIMIT for r in rules]),
        censors_therapy=np.array([int(bool(r and r.new_therapy == "censor")) for r in rules]),
        death_window=np.array([r.death_window or NO_LIMIT if r else NO_LIMIT for r in rules]),
        has_rules=int(any(r is not None for r in rules)),
        calendars=_calendars(trial),
    )


def _way(endpoint: TrialEndpoint) -> int:
    if endpoint.of == "OS":
        return SURVIVAL
    if endpoint.reader == LATENT_READER:
        return LATENT
    if endpoint.rules is not None:
        return RULED
    return DOCUMENTED if endpoint.who == INVESTIGATOR else READ


def _calendars(trial: Trial) -> CalendarTables:
    longest = int(trial.max_study_duration or 0) + HORIZON_MARGIN
    days = [
        nominal_days(own.assessment, longest + own.assessment.window) for own in trial.arm_trials
    ]
    return CalendarTables(
        start=np.cumsum([0, *map(len, days)]),
        day=np.concatenate(days).astype(np.int64),
        window=np.array([own.assessment.window for own in trial.arm_trials], np.int64),
    )


def counted_room(tables: EndpointTables, n_patients: int) -> CountedEvents:
    """Room for so many patients; none where no endpoint has a rule set."""
    n = len(tables.way) * n_patients * tables.has_rules
    return CountedEvents(*(np.full(n, NEVER, np.int32) for _ in CountedEvents._fields))


@rule
def judge(
    tables: EndpointTables,
    counted: CountedEvents,
    ledger: Ledger,
    endpoint: int,
    patient: int,
    arm: int,
    call: int,
    therapy: int,
    place: int,
) -> None:
    """Find the event of a patient that counts for an endpoint, or until when scans do.

    Parameters
    ----------
    tables, endpoint
        The rules.
    counted, place
        What is filled, and where.
    ledger, patient, arm
        The whole truth of one trial, and the number of a patient and the position of the arm.
    call, therapy
        Patient days of the reader's call and of new therapy, NEVER without.
    """
    subjects = ledger.subjects
    death, known = subjects.death_day[patient], call
    if call == NEVER:
        known = death_known_day(
            death, subjects.contact_lag[patient], subjects.study_withdrawal_day[patient]
        )
    day = min(call, death) if known < NEVER else NEVER
    until, reason = NEVER, NOTHING
    if day < NEVER:
        before = scans_before(tables.calendars, ledger, patient, arm, day)
        most = tables.most_not_done[endpoint]
        window = tables.death_window[endpoint]
        until = censored_after(day, call == NEVER, before.last, before.not_done, most, window)
        if until < NEVER:
            reason = SCANS_NOT_DONE if before.not_done >= most else LATE_DEATH
    counts, since = until == NEVER, known
    if tables.censors_therapy[endpoint] == 1:
        counts = counts and counts_despite(day, therapy)
        if therapy < min(until, day):
            reason, since = NEW_THERAPY, therapy
        until = min(until, therapy)
    counts = counts and day < NEVER
    counted.day[place] = day if counts else NEVER
    counted.known_from[place] = known if counts else NEVER
    counted.until[place] = until
    counted.reason[place] = reason
    counted.reason_from[place] = since if reason != NOTHING else NEVER


@rule
def scans_before(
    calendars: CalendarTables, ledger: Ledger, patient: int, arm: int, event: int
) -> ScansBefore:
    """What came of the scans of a patient before an event."""
    scans, ends = ledger.assessments, ledger.ends.assessments
    first = calendars.start[arm]
    last, visit, shift, planned = 0, 0, 0, NEVER
    for row in range(ends[patient - 1] if patient > 0 else 0, ends[patient]):
        is_planned = scans.visit[row] != UNSCHEDULED
        if scans.day[row] >= event:
            if is_planned and scans.day[row] == event:
                planned = scans.visit[row] - 1  # that of the event itself is not a missed one
            break
        if is_planned:
            shift = scans.planned_day[row] - calendars.day[first + scans.visit[row]]
        if scans.performed[row] != MISSED:
            last = scans.day[row]
            visit = max(visit, scans.visit[row])
            if not is_planned:
                visit = max(visit, visits_by(calendars, arm, last - shift))
    if planned == NEVER:
        planned = visits_by(calendars, arm, event - 1 - calendars.window[arm] - shift)
    return ScansBefore(last, max(planned - visit, 0))


@rule
def visits_by(calendars: CalendarTables, arm: int, day: int) -> int:
    """Number of the last visit planned up to a day; 0, that of baseline, if there is none."""
    first, end = calendars.start[arm], calendars.start[arm + 1]
    return max(first_above_within(calendars.day, day, first, end) - first - 1, 0)


@rule
def take_counted(
    counted: CountedEvents, scans: AssessmentRows, known: KnownRows, row: int, place: int
) -> tuple[int, int]:
    """Patient day of PFS under a rule set, and whether it is an event, as known at a cut.

    Parameters
    ----------
    counted, place
        What counts, and where that of the patient is.
    scans, known, row
        What the cut knows of the patient.
    """
    if counted.known_from[place] <= known.cut_day[row]:
        return counted.day[place], 1
    last = 0
    for scan in range(known.first_scan[row], known.end_scan[row]):
        if scans.performed[scan] != MISSED and scans.day[scan] <= counted.until[place]:
            last = scans.day[scan]
    return last, 0
