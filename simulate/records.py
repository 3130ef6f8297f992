"""The tables of one simulated trial: the contract that every engine signs.

Tables are columns of whole numbers, sorted by patient and then in time. They hold the whole truth
up to the horizon of the plan; what was known at a data cut is decided later, by the cut. Days are
patient days (0 = first dose) except where the name says ``trial_day`` (0 = origin of the scenario).
NEVER stands for what does not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from simulate.distributions import IntArray

Columns = dict[str, IntArray]

SUBJECT_COLUMNS = {
    "site": "permanent number of the site",
    "arm": "permanent number of the arm; 1 in a trial of one arm",
    "stratum": "number of the stratum of the randomisation, from 0",
    "enrolment_trial_day": "trial day of enrolment",
    "first_dose_trial_day": "trial day of the first dose, patient day 0",
    "baseline_scan_day": "day of the baseline scan, 0 or negative",
    "responder": "1 for a latent responder",
    "complete": "1 if a response is a complete one",
    "response_day": "day the response begins",
    "progression_day": "day of true progression; NEVER if death comes first",
    "death_day": "day of death",
    "treatment_stop_day": "day treatment stopped for good",
    "treatment_stop_reason": "position in simulate.patient.treatment.STOP_NAMES",
    "assessment_stop_day": "day after which no tumour assessment is done",
    "study_withdrawal_day": "day the patient left the study",
    "contact_lag": "days from a data cut back to the last contact before it",
}
"""Columns of ``subjects``, a row a patient in order of number, before the baseline variables."""

ASSESSMENT_COLUMNS = {
    "patient": "patient number",
    "visit": "visit of the calendar; 0 for an unscheduled assessment",
    "planned_day": "day planned by the calendar",
    "day": "day the assessment was done, or planned if it was missed",
    "performed": "1 done, 0 missed; 2 done, and what is found stands day by day until the next",
    "response": "0 NE, 1 CR, 2 PR, 3 SD, 4 PD",
}
"""Columns of ``assessments``, a row an assessment after the first dose."""

DOSE_COLUMNS = {
    "patient": "patient number",
    "cycle": "cycle, from 1",
    "drug": "permanent number of the drug",
    "day": "day of the dose",
    "delay": "days later than planned from the last dose, for other reasons than toxicity",
    "hold": "further days later because an adverse event held the dose",
    "wait": "further days later because the site had no slot or no drug",
    "held": "1 if an adverse event held this drug on its planned day",
    "given": "1 given, 0 omitted because an adverse event held this drug alone",
    "level": "dose level, 0 for the full dose",
    "interrupted": "1 if the infusion was interrupted by an adverse event",
    "infused": "thousandths of the dose infused: 1000, less if an interrupted infusion was not "
    "resumed; 0 if omitted",
}
"""Columns of ``doses``, a row a drug given or omitted."""

ADVERSE_EVENT_COLUMNS = {
    "patient": "patient number",
    "cycle": "cycle that brought it, from 1",
    "term": "permanent number of the term",
    "grade": "CTCAE grade, 1 to 5",
    "onset_day": "day it began",
    "end_day": "day it had resolved to grade 1 or better",
    "serious": "1 for a serious adverse event",
    "related": "drugs it was judged related to: bit d for the drug at position d",
    "action": "what was done: bit 4 d + action (0 hold, 1 reduce, 2 discontinue, 3 interrupt)",
}
"""Columns of ``adverse_events``, a row an event, by patient and onset."""

DRUG_STOP_COLUMNS = {
    "patient": "patient number",
    "position": "position of the drug in the regimen",
    "day": "day on which it ended because it had been held too long",
}
"""Columns of ``drug_stops``: the event that held the drug carries the discontinuation."""

EVENT_COLUMNS = ("trial_day", "phase", "patient", "site", "event", "detail")
"""Columns of the event log."""

LogRow = tuple[int, int, int, int, str, str]


@dataclass(frozen=True)
class TrialRecords:
    """One simulated trial, whole truth up to the horizon."""

    subjects: Columns
    baseline: Columns
    """Level of each baseline variable, by the variable's permanent number as text."""
    assessments: Columns
    doses: Columns
    adverse_events: Columns
    drug_stops: Columns = field(
        default_factory=lambda: {name: np.empty(0, np.int64) for name in DRUG_STOP_COLUMNS}
    )
    log: tuple[LogRow, ...] = ()
    """What happened, in order; empty unless asked for."""
    screening_days: tuple[int, ...] = ()
    """Trial day of each patient screened, enrolled or not."""

    @property
    def n_patients(self) -> int:
        """Number of enrolled patients."""
        return len(self.subjects["site"])


def table(names: Iterable[str], rows: Sequence[Sequence[int]]) -> Columns:
    """Columns from rows of whole numbers."""
    names = tuple(names)
    if not rows:
        return {name: np.empty(0, np.int64) for name in names}
    matrix = np.fromiter(chain.from_iterable(rows), np.int64).reshape(len(rows), len(names))
    return {name: np.ascontiguousarray(matrix[:, i]) for i, name in enumerate(names)}


def row_bounds(patient: IntArray, n_patients: int) -> IntArray:
    """Start of each patient's rows in a table sorted by patient; one more entry for the end."""
    return np.searchsorted(patient, np.arange(n_patients + 1))
