"""New anticancer therapy, and who changes treatment, of patients in cycles and scans.

Neither changes anything that engines put on record but the day of death, so both are found from the
whole truth of a trial and from words by address.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.build_reading import switch_plan
from simulate.compiled import rule
from simulate.distributions import (
    NEVER,
    IntColumn,
    IntTable,
    ShortColumn,
    first_above_within,
    later,
    threshold,
)
from simulate.ledger import PATIENTS, Ledger
from simulate.patient.reading import AFTER_PROGRESSION, WITHOUT_PROGRESSION, day_of_new_therapy
from simulate.patient.switching import day_of_switch
from simulate.scenario.trial import Trial
from simulate.streams import Purpose, philox4x32
from simulate.times import day_table

NEW_THERAPY, SWITCH = int(Purpose.NEW_THERAPY), int(Purpose.SWITCH)


class TherapyTables(NamedTuple):
    """When new therapy begins, and who changes treatment; by the arm's position."""

    exists: int
    """1 if there is any of either."""
    counts_switched: int
    """1 if some change treatment."""
    start: IntTable
    """An arm's thresholds of days from the end of treatment: ``alone[start[i] : start[i + 1]]``."""
    alone: IntTable
    follows: int
    """Words of those who get new therapy after the call of progression; those below."""
    delay: int
    """Days from that call to new therapy."""
    switches: IntTable
    """As of :class:`simulate.patient.switching.SwitchPlan`."""
    switch_delay: IntTable


class LaterTherapy(NamedTuple):
    """What becomes of the patients of a trial, and what it is found with."""

    tables: TherapyTables
    therapy: ShortColumn
    """Patient day on which new therapy begins, or NEVER."""
    switch: ShortColumn
    """Patient day of the change of treatment, or NEVER."""


def therapy_tables(trial: Trial) -> TherapyTables:
    """New therapy and changes of treatment of a scenario, as tables."""
    block, start = trial.new_therapy, [0]
    tables = [np.zeros(0, np.int64)]
    for arm in trial.arms:
        law = None if block is None else block.by_arm.get(arm.name, block.time)
        tables.append(np.zeros(0, np.int64) if law is None else day_table(law))
        start.append(start[-1] + len(tables[-1]))
    after = None if block is None else block.after_progression
    switching = [switch_plan(trial, arm.name) for arm in trial.arms]
    return TherapyTables(
        exists=int(trial.has_new_therapy),
        counts_switched=int(bool(trial.switching)),
        start=np.array(start, np.int64),
        alone=np.concatenate(tables),
        follows=0 if after is None else threshold(after.probability),
        delay=0 if after is None else math.ceil(after.delay),
        switches=np.array([each.switches for each in switching], np.int64),
        switch_delay=np.array([each.delay for each in switching], np.int64),
    )


def therapy_room(tables: TherapyTables, n_patients: int) -> LaterTherapy:
    """Room for so many patients; none where nobody has new therapy."""
    n = n_patients * tables.exists
    return LaterTherapy(tables, np.full(n, NEVER, np.int32), np.full(n, NEVER, np.int32))


@rule
def find_therapy(
    later_therapy: LaterTherapy,
    address: IntColumn,
    ledger: Ledger,
    arm: ShortColumn,
    call: ShortColumn,
) -> None:
    """Fill the days on which new therapy begins and on which treatment is changed.

    Parameters
    ----------
    later_therapy
        What is filled.
    address
        Two halves of the seed, and the replicate.
    ledger
        The whole truth of one trial.
    arm
        Position of each patient's arm.
    call
        Patient day on which the investigator calls progression, NEVER without a call.
    """
    tables, subjects = later_therapy.tables, ledger.subjects
    low, high, replicate = address[0], address[1], address[2]
    for patient in range(ledger.size[PATIENTS]):
        own, death = arm[patient], subjects.death_day[patient]
        words = philox4x32(patient, replicate, NEW_THERAPY, 0, low, high)
        day = therapy_day(
            tables,
            own,
            subjects.treatment_stop_day[patient],
            call[patient],
            words[WITHOUT_PROGRESSION],
            words[AFTER_PROGRESSION],
        )
        later_therapy.therapy[patient] = day if day < death else NEVER
        words = philox4x32(patient, replicate, SWITCH, 0, low, high)
        later_therapy.switch[patient] = day_of_switch(
            tables.switches[own], tables.switch_delay[own], words[0], call[patient], death
        )


@rule
def therapy_day(
    tables: TherapyTables, arm: int, treatment_stop: int, call: int, alone: int, follows: int
) -> int:
    """Day on which new therapy begins, were the patient to live so long; NEVER without any.

    Parameters
    ----------
    tables, arm
        When it begins, and the position of the patient's arm.
    treatment_stop, call
        Day on which treatment ends, and that of the investigator's call; NEVER without one.
    alone, follows
        Words: of the time from the end of treatment, and of what follows progression.
    """
    first, end = tables.start[arm], tables.start[arm + 1]
    day = NEVER
    if first < end:
        table_day = first_above_within(tables.alone, alone, first, end)
        day = later(treatment_stop, table_day - first if table_day < end else NEVER)
    return day_of_new_therapy(day, call, 1 if follows < tables.follows else 0, tables.delay)
