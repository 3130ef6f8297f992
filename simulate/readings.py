"""When readers call progression of patients in cycles and scans.

The documented progression is the investigator's: it ends scans and treatment. Others read the scans
that were done, and change nothing. Where a reader has not called progression by the last of them,
progression-free survival is censored there, which tells of the patient's future.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.build_reading import early_scan, first_word_of, late_scans, most_scans
from simulate.compiled import rule
from simulate.distributions import (
    NEVER,
    FloatArray,
    IntColumn,
    IntTable,
    ShortColumn,
    first_above_within,
    thresholds,
)
from simulate.endpoints import EndpointRules, Response, progression_free_survival
from simulate.event_cut import progression_known_day
from simulate.known import KnownRows
from simulate.ledger import PATIENTS, AssessmentRows, Ledger
from simulate.patient.assessment import MISSED, NOT_EVALUABLE
from simulate.patient.reading import EARLY, LATE, visit_of_call
from simulate.scenario.trial import Trial
from simulate.streams import Purpose, philox4x32

READING = int(Purpose.READING)
_KEY = 2**32 - 1


class ReaderTables(NamedTuple):
    """How the readers beside the investigator err."""

    block: IntTable
    """By reader: the block of words in which two are the reader's."""
    lane: IntTable
    """By reader: the first of these two."""
    n_arms: int
    n_scans: int
    """Entries of a table: more than a patient has scans."""
    errors: IntTable
    """Thresholds of a number of scans, by reader, kind of error, and arm."""


class Readings(NamedTuple):
    """The calls of all readers of a trial, and what they are found with."""

    tables: ReaderTables
    address: IntColumn
    """Two halves of the seed, and the replicate."""
    call: ShortColumn
    """Patient day on which progression is called, or NEVER: by the investigator, then by others."""
    stride: int
    """Patients for which a reader has room."""


def reader_tables(trial: Trial) -> ReaderTables:
    """How the readers of a scenario err, as tables."""
    n_scans = most_scans(trial)
    errors: list[FloatArray] = [np.zeros(0)]
    for reader in trial.other_readers:
        by_arm = [reader.of_arm(arm.name) for arm in trial.arms]
        errors += [late_scans(missed, n_scans) for missed, _ in by_arm]
        errors += [early_scan(early, n_scans) for _, early in by_arm]
    words = [divmod(first_word_of(reader.id), 4) for reader in trial.other_readers]
    return ReaderTables(
        block=np.array([block for block, _ in words], np.int64),
        lane=np.array([lane for _, lane in words], np.int64),
        n_arms=len(trial.arms),
        n_scans=n_scans,
        errors=thresholds(np.concatenate(errors)),
    )


def reading_room(tables: ReaderTables, n_patients: int) -> Readings:
    """Room for the calls of so many patients."""
    n = n_patients
    call = np.full((1 + len(tables.block)) * n, NEVER, np.int32)
    return Readings(tables, np.zeros(3, np.int64), call, n)


def at_address(readings: Readings, *, seed: int, replicate: int) -> None:
    """Say of which trial the words are."""
    address = readings.address
    address[0], address[1], address[2] = seed & _KEY, (seed >> 32) & _KEY, replicate


@rule
def find_calls(readings: Readings, ledger: Ledger, arm: ShortColumn) -> None:
    """Fill the days on which progression is called, whatever the cut.

    Parameters
    ----------
    readings
        With the address of the trial.
    ledger
        The whole truth of one trial.
    arm
        Position of each patient's arm.
    """
    scans, ends = ledger.assessments, ledger.ends.assessments
    for patient in range(ledger.size[PATIENTS]):
        start, end = ends[patient - 1] if patient > 0 else 0, ends[patient]
        readings.call[patient] = progression_known_day(scans, start, end)
        showing = scan_on_or_after(scans, start, end, ledger.subjects.progression_day[patient])
        for reader in range(len(readings.tables.block)):
            scan = scan_of_call(readings, reader, patient, arm[patient], showing)
            place = (reader + 1) * readings.stride + patient
            readings.call[place] = day_of_scan(scans, start, end, scan)


@rule
def scan_on_or_after(scans: AssessmentRows, start: int, end: int, day: int) -> int:
    """Number of the first scan done on or after a day, counted from 1; NEVER if there is none."""
    number = 0
    for row in range(start, end):
        if scans.performed[row] != MISSED:
            number = number + 1
            if scans.day[row] >= day:
                return number
    return NEVER


@rule
def day_of_scan(scans: AssessmentRows, start: int, end: int, number: int) -> int:
    """Day of the scan done of a number, NEVER if there are not so many."""
    left = number
    for row in range(start, end):
        if scans.performed[row] != MISSED:
            left = left - 1
            if left == 0:
                return scans.day[row]
    return NEVER


@rule
def scan_of_call(readings: Readings, reader: int, patient: int, arm: int, showing: int) -> int:
    """Number of the scan at which a reader calls progression, were there as many.

    `showing` is that of the first scan on or after progression.
    """
    tables, address = readings.tables, readings.address
    words = philox4x32(patient, address[2], READING, tables.block[reader], address[0], address[1])
    late_word, early_word = words[0], words[1]
    if tables.lane[reader] == 2:
        late_word, early_word = words[2], words[3]
    late = number_of_scans(tables, reader, LATE, arm, late_word)
    early = number_of_scans(tables, reader, EARLY, arm, early_word)
    return visit_of_call(showing, late, early)


@rule
def number_of_scans(tables: ReaderTables, reader: int, kind: int, arm: int, drawn: int) -> int:
    """At how many scans progression is overlooked, or at which it would be called without any."""
    first = ((2 * reader + kind) * tables.n_arms + arm) * tables.n_scans
    return first_above_within(tables.errors, drawn, first, first + tables.n_scans) - first


@rule
def read_survival(
    rules: EndpointRules, scans: AssessmentRows, known: KnownRows, row: int, call: int
) -> tuple[int, int, int]:
    """Progression-free survival by a reader, as :func:`simulate.endpoints` tells that of all.

    Parameters
    ----------
    rules
        The endpoint definitions of the patient's arm.
    scans, known, row
        What a cut knows of the patient.
    call
        Patient day on which the reader calls progression, known or not.
    """
    last_free = 0
    for scan in range(known.first_scan[row], known.end_scan[row]):
        if scans.performed[scan] != MISSED and scans.day[scan] < call:
            last_free = scans.day[scan]
    progression = call if call <= known.cut_day[row] else NEVER
    response = Response(0, NOT_EVALUABLE, NEVER, 0, last_free, progression)
    return progression_free_survival(
        rules, response, known.death_day[row], known.assessment_stop_day[row]
    )
