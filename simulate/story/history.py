"""One patient of one simulated trial, and the lines in which the history is told.

Study day 1 is the day of the first dose and there is no day 0: the day before is -1. Weeks are
whole weeks since the first dose.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from simulate.build_plan import cut_day
from simulate.describe.words import WIDTH
from simulate.distributions import NEVER
from simulate.look_samples import SeenPatients
from simulate.patient.assessment import RESPONSE_NAMES
from simulate.plan import Plan
from simulate.records import Columns, TrialRecords
from simulate.scenario import Scenario
from simulate.scenario.baseline import NormalVariable
from simulate.scenario.treatment import Drug
from simulate.units import DAYS_PER_WEEK

UNSEEN = "· "
"""How a line begins that tells what nobody has seen."""

RESPONSES = dict(
    zip(
        RESPONSE_NAMES,
        (
            "not evaluable (NE)",
            "complete response (CR)",
            "partial response (PR)",
            "stable disease (SD)",
            "progressive disease (PD)",
        ),
        strict=True,
    )
)
"""An overall response in words, by its abbreviation."""

Row = dict[str, int]
"""One row of a table, by column."""

_COLUMNS = "{:<10} {:>10} {:>5}  "
_TEXT_COLUMN = len(_COLUMNS.format("", "", ""))


@dataclass(frozen=True)
class Looks:
    """A trial with arms as its looks see it."""

    trial: Scenario
    seen: SeenPatients


@dataclass(frozen=True)
class History:
    """One patient with all that is true and recorded.

    Parameters
    ----------
    scenario : Scenario
        The trial; of one with arms, that of the patient's arm.
    records : TrialRecords
        One simulated trial, with its log.
    patient : int
        Number of the patient.
    plan : Plan
        The same as numbers.
    cuts : dict
        Trial day of each data cut, by its name; by default the dates of the trial's analyses.
    looks : Looks
        Of a trial with arms, how its looks see the patients.
    """

    scenario: Scenario
    records: TrialRecords
    patient: int
    plan: Plan
    cuts: dict[str, int] = field(default_factory=dict)
    looks: Looks | None = None

    def __post_init__(self) -> None:
        if not self.cuts:
            self.cuts.update({a.name: cut_day(self.scenario, a) for a in self.scenario.analyses})

    @property
    def horizon(self) -> int:
        """Last trial day simulated."""
        return self.plan.horizon

    @property
    def truth(self) -> Row:
        """The patient's row of ``subjects``."""
        return row_of(self.records.subjects, self.patient)

    @property
    def first_dose(self) -> int:
        """Trial day of the first dose."""
        return self.truth["first_dose_trial_day"]

    @property
    def is_treated(self) -> bool:
        """Whether the first dose is given before the simulation ends."""
        return self.first_dose < NEVER

    @property
    def scans(self) -> list[Row]:
        """The patient's assessments, in order."""
        return rows_of(self.records.assessments, self.patient)

    @property
    def doses(self) -> list[Row]:
        """The patient's doses, in order."""
        return rows_of(self.records.doses, self.patient)

    @property
    def adverse_events(self) -> list[Row]:
        """The patient's adverse events, by onset."""
        return rows_of(self.records.adverse_events, self.patient)

    def ends_by_hold(self, drug_id: int) -> bool:
        """Whether a drug ends because a hold would last too long: on a dose day, not at onset."""
        ended = f"drug {drug_id}, hold too long"
        return any(row[2] == self.patient and row[5] == ended for row in self.records.log)

    @property
    def drugs(self) -> tuple[Drug, ...]:
        """The drugs of the regimen; the first leads."""
        return self.scenario.treatment.drugs

    def position(self, drug_id: int) -> int:
        """Position of a drug in the regimen, by its permanent number."""
        return [drug.id for drug in self.drugs].index(drug_id)

    @property
    def body(self) -> tuple[float, float] | None:
        """Weight in kg and body surface in m2 (Mosteller 1987); None if they are not simulated."""
        body = self.scenario.treatment.body
        if body is None:
            return None
        weight, height = self._number(body.weight), self._number(body.height)
        return weight, math.sqrt(height * weight / 3600.0)

    def _number(self, name: str) -> float:
        """Value of a numeric baseline variable."""
        variable = self.scenario.baseline.variable(name)
        assert isinstance(variable, NormalVariable)  # the scenario's rules demand it
        level = int(self.records.baseline[str(variable.id)][self.patient])
        return float(round(variable.low) + level)

    def date(self, trial_day: int) -> str:
        """Calendar date of a trial day."""
        return (self.scenario.origin + dt.timedelta(days=trial_day)).isoformat()

    def when(self, patient_day: int) -> str:
        """Date and study day of a patient's day."""
        return f"{self.date(self.first_dose + patient_day)} (study day {study_day(patient_day)})"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history: a moment, what happened, and what stands below it."""

    trial_day: int
    phase: int
    text: str
    below: tuple[str, ...] = ()


def study_day(patient_day: int) -> int:
    """Study day of a patient's day: 1 for day 0, the first dose; -1 for the day before."""
    return patient_day + 1 if patient_day >= 0 else patient_day


def table_of(history: History, lines: Iterable[Line]) -> list[str]:
    """The lines in order of time, with date, study day and week."""
    ordered = sorted(lines, key=lambda line: (line.trial_day, line.phase))
    header = _COLUMNS.format("Date", "Study day", "Week") + "What happened"
    return [header, "-" * len(header), *(text for line in ordered for text in _rows(history, line))]


def _rows(history: History, line: Line) -> Iterator[str]:
    day = line.trial_day - history.first_dose
    week = day // DAYS_PER_WEEK if day >= 0 else ""
    shown = study_day(day) if history.is_treated else ""
    start = _COLUMNS.format(history.date(line.trial_day), shown, week)
    first, *rest = _broken(line.text)
    yield start + first
    for text in (*rest, *(part for below in line.below for part in _broken(below))):
        yield " " * _TEXT_COLUMN + text


def _broken(text: str) -> list[str]:
    """Break a text into lines of the last column."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > WIDTH - _TEXT_COLUMN:
            lines.append(line)
            line = f"  {word}"
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def row_of(table: Columns, row: int) -> Row:
    """One row of a table."""
    return {name: int(column[row]) for name, column in table.items()}


def rows_of(table: Columns, patient: int) -> list[Row]:
    """A patient's rows of a table."""
    return [row_of(table, int(row)) for row in np.flatnonzero(table["patient"] == patient)]
