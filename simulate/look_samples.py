"""What is seen of a trial with patients in cycles and scans, as the statistics of a look take it.

Every patient enrolled by a cut gives day and event, for progression-free and for overall survival,
by the endpoint definitions of the patient's arm; and, if asked, whether a confirmed response is
known, once enrolled long enough. Days count from the start of the endpoints' clock,
day 0: one less than the analysis values that people read.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from simulate.build_arms import level_strides
from simulate.compiled import rule
from simulate.distributions import NEVER, IntTable, ShortColumn, later
from simulate.endpoints import (
    NOT_COUNTED,
    EndpointRules,
    days_before_dose,
    endpoint_rules,
    known_response,
    progression_free_survival,
)
from simulate.event_cut import known_from, read_known_from
from simulate.known import KnownRows, cut_trial
from simulate.ledger import PATIENTS, Ledger
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

PFS, OS = range(2)
"""Endpoints; PFS by each reader beside the investigator follows."""

FIRST_READ = 2
"""The first of these. The response rate follows them, if it is compared."""


class ArmRules(NamedTuple):
    """The endpoint definitions of all arms: :class:`EndpointRules` by the arm's position."""

    readers: ReaderTables
    """How those who read the scans beside the investigator err."""
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
    """What readers beside the investigator call."""
    group: ShortColumn
    """Group of each patient, by which it belongs to subpopulations."""


def seen_patients(rules: ArmRules, ledger: Ledger, n_patients: int) -> SeenPatients:
    """Room in which looks see a ledger of arrays, for so many patients."""
    known = KnownRows(*(np.zeros(n_patients, np.int64) for _ in KnownRows._fields))
    n_times = FIRST_READ + len(rules.readers.block)
    n_endpoints = n_times + (1 if rules.response >= 0 else 0)
    arm, event_day = np.zeros(n_patients, np.int32), np.zeros(n_endpoints * n_patients, np.int32)
    event_day[n_times * n_patients :] = NEVER  # no day is asked of the response rate
    readings = reading_room(rules.readers, n_patients)
    group = np.zeros(n_patients, np.int32)
    return SeenPatients(rules, ledger, known, arm, event_day, n_patients, readings, group)


@rule
def find_event_days(seen: SeenPatients) -> None:
    """Fill each patient's arm, and the days on which events are known, whatever the cut."""
    subjects = seen.ledger.subjects
    for patient in range(seen.ledger.size[PATIENTS]):
        entry = subjects.enrolment_trial_day[patient]
        pfs, os = known_from(seen.ledger, patient, seen.rules.death_window)
        seen.arm[patient] = seen.rules.position[subjects.arm[patient]]
        seen.event_day[patient] = later(pfs, -entry)
        seen.event_day[seen.stride + patient] = later(os, -entry)
    if len(seen.rules.readers.block) > 0:
        find_read_days(seen)
    n_variables = len(seen.rules.group_stride)
    for patient in range(seen.ledger.size[PATIENTS]):
        group = 0
        for variable in range(n_variables):
            level = seen.ledger.levels[patient * n_variables + variable]
            group += seen.rules.group_stride[variable] * level
        seen.group[patient] = group


@rule
def find_read_days(seen: SeenPatients) -> None:
    """The same for PFS by readers beside the investigator, whose calls are found first."""
    find_calls(seen.readings, seen.ledger, seen.arm)
    for reader in range(len(seen.rules.readers.block)):
        calls, days = (reader + 1) * seen.readings.stride, (FIRST_READ + reader) * seen.stride
        for patient in range(seen.ledger.size[PATIENTS]):
            entry = seen.ledger.subjects.enrolment_trial_day[patient]
            call = seen.readings.call[calls + patient]
            known = read_known_from(seen.ledger, patient, call, seen.rules.death_window)
            seen.event_day[days + patient] = later(known, -entry)


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
        PFS, OS, PFS by a reader, or the response rate.
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
        patient, death = known.patient[row], known.death_day[row]
        own = rules_of_arm(seen.rules, seen.arm[patient])
        before = days_before_dose(own, known, row)
        if is_rate:
            response = known_response(own, ledger.assessments, known, row)
            if event[patient] != NOT_COUNTED and response.first_response_day < NEVER:
                event[patient] = 1
        elif endpoint == OS:
            day[patient] = min(death, known.last_contact_day[row]) + before
            event[patient] = int(death < NEVER)
        elif endpoint >= FIRST_READ:
            place = (endpoint - FIRST_READ + 1) * seen.readings.stride + patient
            call = seen.readings.call[place]
            last, occurred, _ = read_survival(own, ledger.assessments, known, row, call)
            day[patient] = last + before
            event[patient] = occurred
        else:
            response = known_response(own, ledger.assessments, known, row)
            last, occurred, _ = progression_free_survival(
                own, response, death, known.assessment_stop_day[row]
            )
            day[patient] = last + before
            event[patient] = occurred
