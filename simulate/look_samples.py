"""What is seen of a trial with patients in cycles and scans, as the statistics of a look take it.

Every patient enrolled by a cut gives day and event, for progression-free and for overall survival,
by the endpoint definitions of the patient's arm, or by the rule set of an endpoint; and, if asked,
whether a confirmed response is known, once enrolled long enough. Days count from the start of the
endpoints' clock, day 0: one less than the analysis values that people read.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from simulate.build_arms import level_strides
from simulate.compiled import keep_apart, rule
from simulate.counted_events import (
    DOCUMENTED,
    LATENT,
    READ,
    RULED,
    SURVIVAL,
    CountedEvents,
    EndpointTables,
    counted_room,
    endpoint_tables,
    judge,
    scans_before,
    take_counted,
)
from simulate.distributions import NEVER, IntTable, ShortColumn, later
from simulate.endpoints import (
    NOT_COUNTED,
    EndpointRules,
    days_before_dose,
    endpoint_rules,
    known_response,
    progression_free_survival,
)
from simulate.event_cut import death_known_day, read_known_from
from simulate.grouped_times import GridTables, grid_tables, grouped
from simulate.known import KnownRows, cut_trial
from simulate.later_therapy import (
    LaterTherapy,
    TherapyTables,
    find_therapy,
    therapy_room,
    therapy_tables,
)
from simulate.ledger import PATIENTS, Ledger
from simulate.patient.censoring import free_until
from simulate.readings import (
    ReaderTables,
    Readings,
    find_calls,
    read_survival,
    reader_tables,
    reading_room,
)
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.randomisation import MOST_ARM_ID
from simulate.scenario.trial import Trial


class ArmRules(NamedTuple):
    """The endpoint definitions of all arms: :class:`EndpointRules` by the arm's position."""

    readers: ReaderTables
    """How those who read the scans beside the investigator err."""
    endpoints: EndpointTables
    grids: GridTables
    therapy: TherapyTables
    response: int
    """Endpoint of the response rate; -1 if it is not compared."""
    evaluable_after: int
    """Days from enrolment from which on a patient is counted in it."""
    group_stride: IntTable
    """What a level of each baseline variable counts in the number of a patient's group."""
    position: IntTable
    """Position of an arm by its permanent number; -1 for none."""
    death_window: IntTable
    """By the permanent number: how long after assessments stopped a death counts for PFS."""
    confirmation: IntTable
    stable_disease: IntTable
    clinical_benefit: IntTable
    death_window_by_position: IntTable
    leading_drug: IntTable
    cycle_length: IntTable
    from_randomisation: IntTable


def arm_rules(trial: Trial) -> ArmRules:
    """The endpoint definitions of a scenario's arms."""
    ids = [arm.id for arm in trial.arms] or [1]
    of_arms = [endpoint_rules(own) for own in trial.arm_trials]
    position = np.full(MOST_ARM_ID + 1, -1, np.int64)
    position[ids] = np.arange(len(ids))
    window = np.zeros(MOST_ARM_ID + 1, np.int64)
    window[ids] = [rules.death_window for rules in of_arms]
    columns = (np.array(column, np.int64) for column in zip(*of_arms, strict=True))
    rates = [i for i, name in enumerate(trial.endpoint_names) if trial.is_rate(name)]
    return ArmRules(
        reader_tables(trial),
        endpoint_tables(trial),
        grid_tables(trial),
        therapy_tables(trial),
        rates[0] if rates else -1,
        trial.endpoints.evaluable_after,
        level_strides(trial.baseline, trial.population_variables),
        position,
        window,
        *columns,
    )


def groups_of(trial: Trial) -> tuple[dict[str, str], ...]:
    """Levels of each group of patients by which subpopulations differ, in the order of numbers."""
    names = trial.population_variables
    variables = [trial.baseline.variable(name) for name in names]
    levels = [v.level_names for v in variables if isinstance(v, LevelsVariable)]
    return tuple(dict(zip(names, each, strict=True)) for each in product(*levels))


class SeenPatients(NamedTuple):
    """A trial with patients in cycles and scans as its looks see it."""

    rules: ArmRules
    ledger: Ledger
    known: KnownRows
    """Room for a cut."""
    arm: ShortColumn
    """Position of each patient's arm."""
    event_day: ShortColumn
    """Days from enrolment until a cut knows of the event, NEVER if none does: by endpoint."""
    stride: int
    """Patients for which an endpoint has room."""
    readings: Readings
    """What readers call."""
    later_therapy: LaterTherapy
    counted: CountedEvents
    group: ShortColumn
    """Group of each patient, by which it belongs to subpopulations."""


def seen_patients(rules: ArmRules, ledger: Ledger, n_patients: int) -> SeenPatients:
    """Room in which looks see a ledger of arrays, for so many patients."""
    known = KnownRows(*(np.zeros(n_patients, np.int64) for _ in KnownRows._fields))
    n_times = len(rules.endpoints.way)
    n_endpoints = n_times + (1 if rules.response >= 0 else 0)
    event_day = np.zeros(n_endpoints * n_patients, np.int32)
    event_day[n_times * n_patients :] = NEVER  # no day is asked of the response rate
    return SeenPatients(
        rules=rules,
        ledger=ledger,
        known=known,
        arm=np.zeros(n_patients, np.int32),
        event_day=event_day,
        stride=n_patients,
        readings=reading_room(rules.readers, n_patients),
        later_therapy=therapy_room(rules.therapy, n_patients),
        counted=counted_room(rules.endpoints, n_patients),
        group=np.zeros(n_patients, np.int32),
    )


@rule
def find_event_days(seen: SeenPatients) -> None:
    """Fill each patient's arm, and the days on which events are known, whatever the cut.

    Calls of readers and new therapy are found before, as they decide on events.
    """
    rules, subjects = seen.rules, seen.ledger.subjects
    for patient in range(seen.ledger.size[PATIENTS]):
        seen.arm[patient] = rules.position[subjects.arm[patient]]
    find_calls(seen.readings, seen.ledger, seen.arm)
    if rules.therapy.exists == 1:
        find_therapy(
            seen.later_therapy, seen.readings.address, seen.ledger, seen.arm, seen.readings.call
        )
    for endpoint in range(len(rules.endpoints.way)):
        find_days_of(seen, endpoint)
    if len(rules.group_stride) > 0:
        find_groups(seen)


@rule
def find_groups(seen: SeenPatients) -> None:
    """Fill the groups of patients, by which they belong to subpopulations."""
    n_variables = len(seen.rules.group_stride)
    for patient in range(seen.ledger.size[PATIENTS]):
        group = 0
        for variable in range(n_variables):
            level = seen.ledger.levels[patient * n_variables + variable]
            group += seen.rules.group_stride[variable] * level
        seen.group[patient] = group


@rule
def find_days_of(seen: SeenPatients, endpoint: int) -> None:
    """Fill the days from enrolment until events of an endpoint are known."""
    tables, ledger, readings = seen.rules.endpoints, seen.ledger, seen.readings
    way, calls = tables.way[endpoint], tables.reader[endpoint] * readings.stride
    for patient in range(ledger.size[PATIENTS]):
        place = endpoint * seen.stride + patient
        call, first_dose = readings.call[calls + patient], ledger.subjects.first_dose_trial_day
        if way in (DOCUMENTED, READ):
            known = read_known_from(ledger, patient, call, seen.rules.death_window)
        elif way == RULED:
            therapy = NEVER
            if seen.rules.therapy.exists == 1:
                therapy = seen.later_therapy.therapy[patient]
            arm = seen.arm[patient]
            judge(tables, seen.counted, ledger, endpoint, patient, arm, call, therapy, place)
            known = later(first_dose[patient], seen.counted.known_from[place])
        else:
            known = later(first_dose[patient], latent_known_day(ledger, patient, way))
        seen.event_day[place] = later(known, -ledger.subjects.enrolment_trial_day[patient])


@rule
def latent_known_day(ledger: Ledger, patient: int, way: int) -> int:
    """Patient day from which a cut knows of a death or, of PFS as it is, of progression."""
    subjects = ledger.subjects
    left, progression = subjects.study_withdrawal_day[patient], subjects.progression_day[patient]
    known = death_known_day(subjects.death_day[patient], subjects.contact_lag[patient], left)
    if way == LATENT and progression <= left:
        return min(known, progression)
    return known


@rule
def find_free_days(seen: SeenPatients, is_by_scans: IntTable, free_day: ShortColumn) -> None:
    """Fill the last day on which who has an event was known to be free of it, whatever the cut.

    By :func:`simulate.patient.censoring.free_until`, on the clock of the samples. Events are found
    before.
    """
    keep_apart()
    for endpoint in range(len(is_by_scans)):
        if is_by_scans[endpoint] == 1:
            for patient in range(seen.ledger.size[PATIENTS]):
                place = endpoint * seen.stride + patient
                if seen.event_day[place] < NEVER:
                    free_day[place] = free_before(seen, endpoint, patient)


@rule
def free_before(seen: SeenPatients, endpoint: int, patient: int) -> int:
    """Day of an endpoint up to which a patient who has an event was known to be free of it."""
    tables, readings, subjects = seen.rules.endpoints, seen.readings, seen.ledger.subjects
    call = readings.call[tables.reader[endpoint] * readings.stride + patient]
    death, arm = subjects.death_day[patient], seen.arm[patient]
    event = min(call, death)
    last_scan = scans_before(tables.calendars, seen.ledger, patient, arm, event).last
    own = rules_of_arm(seen.rules, arm)
    return free_until(event, death < call, last_scan) + days_before_dose(own, subjects, patient)


@rule
def rules_of_arm(rules: ArmRules, arm: int) -> EndpointRules:
    """The endpoint definitions of the arm at a position."""
    return EndpointRules(
        rules.confirmation[arm],
        rules.stable_disease[arm],
        rules.clinical_benefit[arm],
        rules.death_window_by_position[arm],
        rules.leading_drug[arm],
        rules.cycle_length[arm],
        rules.from_randomisation[arm],
    )


@rule
def take_sample(
    seen: SeenPatients, endpoint: int, cut_day: int, n: int, day: ShortColumn, event: ShortColumn
) -> None:
    """Tell day and event of the first n patients, all enrolled by a cut, as known at its end.

    Parameters
    ----------
    seen
        One trial.
    endpoint
        Its number, in the order of the scenario; after the times the response rate.
    cut_day
        Trial day of the cut; not beyond the engine's horizon.
    n
        Patients enrolled by then.
    day, event
        What is filled, an entry a patient. Somebody who waits for the first dose is censored on day
        0. Of the response rate, the event is a confirmed response, and day 0; NOT_COUNTED for who
        is not evaluable.
    """
    known, ledger = seen.known, seen.ledger
    enrolled, is_rate = ledger.subjects.enrolment_trial_day, endpoint == seen.rules.response
    for i in range(n):
        day[i] = 0
        is_late = is_rate and cut_day - enrolled[i] < seen.rules.evaluable_after
        event[i] = NOT_COUNTED if is_late else 0
    for row in range(cut_trial(ledger, cut_day, known)):
        patient = known.patient[row]
        own = rules_of_arm(seen.rules, seen.arm[patient])
        if is_rate:
            response = known_response(own, ledger.assessments, known, row)
            if event[patient] != NOT_COUNTED and response.first_response_day < NEVER:
                event[patient] = 1
        else:
            last, occurred = take_patient(seen, own, endpoint, row)
            today = known.cut_day[row]
            last, occurred = grouped(seen.rules.grids, endpoint, last, occurred, today)
            day[patient] = last + days_before_dose(own, known, row)
            event[patient] = occurred


@rule
def take_patient(
    seen: SeenPatients, own: EndpointRules, endpoint: int, row: int
) -> tuple[int, int]:
    """Patient day of an endpoint and whether it is an event, as known of the patient in a row."""
    known, ledger, tables = seen.known, seen.ledger, seen.rules.endpoints
    patient, death, way = known.patient[row], known.death_day[row], tables.way[endpoint]
    if way == SURVIVAL:
        return min(death, known.last_contact_day[row]), int(death < NEVER)
    if way == LATENT:
        progression = ledger.subjects.progression_day[patient]
        if progression <= min(known.cut_day[row], ledger.subjects.study_withdrawal_day[patient]):
            return progression, 1
        return min(death, known.last_contact_day[row]), int(death < NEVER)
    if way == RULED:
        place = endpoint * seen.stride + patient
        return take_counted(seen.counted, ledger.assessments, known, row, place)
    if way == READ:
        call = seen.readings.call[tables.reader[endpoint] * seen.readings.stride + patient]
        last, occurred, _ = read_survival(own, ledger.assessments, known, row, call)
        return last, occurred
    response = known_response(own, ledger.assessments, known, row)
    last, occurred, _ = progression_free_survival(
        own, response, death, known.assessment_stop_day[row]
    )
    return last, occurred
