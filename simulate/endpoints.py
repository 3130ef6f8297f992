"""Derived endpoints: what a data cut says of each patient, by the definitions of the protocol.

RECIST 1.1 best overall response with confirmation, progression-free survival, overall survival,
duration of response and time to response, follow-up and exposure. Times are analysis values (AVAL)
in days as people read them: the day of the start counts as 1.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.cutoff import Snapshot
from simulate.distributions import NEVER, IntTable, later
from simulate.patient.assessment import (
    COMPLETE_RESPONSE,
    NOT_EVALUABLE,
    PARTIAL_RESPONSE,
    PROGRESSIVE_DISEASE,
    STABLE_DISEASE,
)
from simulate.patient.treatment import NOT_STOPPED
from simulate.records import Columns, row_bounds, table
from simulate.scenario.trial import Trial


class EndpointRules(NamedTuple):
    """The protocol's numbers that define endpoints, in days."""

    confirmation: int
    """Shortest time between a response and the scan that confirms it."""
    stable_disease: int
    """Earliest day of a scan that can make stable disease the best response."""
    clinical_benefit: int
    """Stable disease on or after this day is clinical benefit."""
    death_window: int
    """A death this long after assessments stopped still counts for progression-free survival."""
    leading_drug: int
    """Permanent number of the drug whose doses are the cycles and the exposure."""
    cycle_length: int
    """Days that the last dose adds to the exposure."""
    from_randomisation: int
    """1 if times run from enrolment, 0 if from the first dose."""


class Response(NamedTuple):
    """A patient's tumour assessments in sum."""

    assessed: int
    """Assessments done after the first dose."""
    best: int
    """Best overall response, confirmed."""
    first_response_day: int
    """Day of the first complete or partial response, if it was confirmed; else NEVER."""
    benefit: int
    """1 for a confirmed response or stable disease of the demanded length."""
    last_free_day: int
    """Day of the last assessment without progression; 0 if there is none."""
    progression_day: int
    """Day on which progression was documented, or NEVER."""


ENDPOINT_COLUMNS = {
    "patient": "patient number",
    "assessed": "1 with at least one tumour assessment after the first dose: the EAS",
    "best_response": "0 NE, 1 CR, 2 PR, 3 SD, 4 PD; confirmed",
    "benefit": "1 for clinical benefit",
    "pfs_time": "progression-free survival, days",
    "pfs_event": "1 progression or death, 0 censored",
    "pfs_is_death": "1 if the event is a death without documented progression",
    "os_time": "overall survival, days",
    "os_event": "1 dead, 0 censored",
    "dor_time": "duration of confirmed response, days; -1 without one",
    "dor_event": "1 progression or death, 0 censored; -1 without a response",
    "ttr_time": "time to confirmed response, or until last assessed without progression",
    "ttr_event": "1 responded, 0 censored",
    "exposure": "days from the first dose to one cycle after the last",
    "cycles": "cycles of the first drug",
    "on_treatment": "1 if treatment goes on as far as known",
    "stop_reason": "position in simulate.patient.treatment.STOP_NAMES",
}
"""Columns of the derived endpoints, a row a patient."""


def endpoint_rules(trial: Trial) -> EndpointRules:
    """The endpoint definitions of a scenario."""
    return EndpointRules(
        confirmation=trial.assessment.confirmation,
        stable_disease=trial.assessment.stable_disease,
        clinical_benefit=trial.assessment.clinical_benefit,
        death_window=trial.follow_up.death_window,
        leading_drug=trial.treatment.drugs[0].id,
        cycle_length=trial.treatment.cycle_length,
        from_randomisation=int(trial.endpoints.time_zero == "randomisation"),
    )


@rule
def confirmed_response(
    rules: EndpointRules,
    day: IntTable,
    performed: IntTable,
    response: IntTable,
    start: int,
    end: int,
) -> int:
    """Complete or partial response if one is confirmed, else NOT_EVALUABLE.

    A response is confirmed by another at least ``confirmation`` days later, before progression; a
    complete one by another complete one.
    """
    first_response, first_complete, confirmed = NEVER, NEVER, NOT_EVALUABLE
    for row in range(start, end):
        if performed[row] and response[row] == PROGRESSIVE_DISEASE:
            break
        if not performed[row] or response[row] not in (COMPLETE_RESPONSE, PARTIAL_RESPONSE):
            continue
        first_response = min(first_response, day[row])
        if response[row] == COMPLETE_RESPONSE:
            first_complete = min(first_complete, day[row])
            if day[row] >= first_complete + rules.confirmation:
                return COMPLETE_RESPONSE
        if day[row] >= first_response + rules.confirmation:
            confirmed = PARTIAL_RESPONSE
    return confirmed


@rule
def best_response(
    rules: EndpointRules,
    day: IntTable,
    performed: IntTable,
    response: IntTable,
    start: int,
    end: int,
) -> Response:
    """Sum up the assessments ``start : end`` of one patient, in order of time.

    A response that is not confirmed counts as stable disease.
    """
    assessed, last_free, progression, first_response = 0, 0, NEVER, NEVER
    for row in range(start, end):
        if not performed[row]:
            continue
        assessed += 1
        if response[row] == PROGRESSIVE_DISEASE:
            progression = day[row]
            break
        last_free = day[row]
        if response[row] in (COMPLETE_RESPONSE, PARTIAL_RESPONSE):
            first_response = min(first_response, day[row])
    confirmed = confirmed_response(rules, day, performed, response, start, end)
    if confirmed != NOT_EVALUABLE:
        return Response(assessed, confirmed, first_response, 1, last_free, progression)
    best, benefit = NOT_EVALUABLE, 0
    if last_free > 0 and last_free >= rules.stable_disease:
        best = STABLE_DISEASE
        benefit = int(last_free >= rules.clinical_benefit)
    elif progression < NEVER:
        best = PROGRESSIVE_DISEASE
    return Response(assessed, best, NEVER, benefit, last_free, progression)


@rule
def progression_free_survival(
    rules: EndpointRules, response: Response, death_day: int, assessment_stop: int
) -> tuple[int, int, int]:
    """Patient day of progression-free survival, whether it is an event, and whether a death.

    The event is documented progression, or a known death not later than ``death_window`` after
    assessments stopped. Otherwise the patient is censored at the last assessment without
    progression, or on the day of the first dose if there is none.
    """
    if response.progression_day <= death_day and response.progression_day < NEVER:
        return response.progression_day, 1, 0
    if death_day < NEVER and death_day <= later(assessment_stop, rules.death_window):
        return death_day, 1, 1
    return response.last_free_day, 0, 0


def derive(rules: EndpointRules, snapshot: Snapshot) -> Columns:
    """Derive every patient's endpoints from a data cut.

    Returns
    -------
    columns
        As :data:`ENDPOINT_COLUMNS`, a row a patient of the snapshot.
    """
    n_rows = int(snapshot.subjects["patient"][-1]) + 1 if snapshot.n_patients else 0
    scans = _Rows(snapshot.assessments, ("day", "performed", "response"), n_rows)
    leading = (snapshot.doses["drug"] == rules.leading_drug) & (snapshot.doses["given"] == 1)
    doses = _Rows({k: v[leading] for k, v in snapshot.doses.items()}, ("day",), n_rows)
    subjects = zip(*(snapshot.subjects[name].tolist() for name in _SUBJECTS_READ), strict=True)
    return table(ENDPOINT_COLUMNS, [_patient_row(rules, scans, doses, *row) for row in subjects])


_SUBJECTS_READ = (
    "patient",
    "enrolment_trial_day",
    "first_dose_trial_day",
    "last_contact_day",
    "death_day",
    "treatment_stop_reason",
    "assessment_stop_day",
)


class _Rows:
    """Columns of a table as lists, and where each patient's rows begin."""

    def __init__(self, rows: Columns, names: tuple[str, ...], n_patients: int) -> None:
        self.columns = [rows[name].tolist() for name in names]
        self.bounds = row_bounds(rows["patient"], n_patients).tolist()


def _patient_row(
    rules: EndpointRules,
    scans: _Rows,
    doses: _Rows,
    patient: int,
    enrolment: int,
    first_dose: int,
    contact: int,
    death: int,
    reason: int,
    assessment_stop: int,
) -> tuple[int, ...]:
    """One row of :data:`ENDPOINT_COLUMNS`."""
    day, performed, finding = scans.columns
    start, end = scans.bounds[patient], scans.bounds[patient + 1]
    response = best_response(rules, day, performed, finding, start, end)
    pfs_day, pfs_event, is_death = progression_free_survival(
        rules, response, death, assessment_stop
    )
    # AVAL counts the day of the start as 1
    offset = 1 + rules.from_randomisation * (first_dose - enrolment)
    responded = response.first_response_day < NEVER
    first_dose_row, end = doses.bounds[patient], doses.bounds[patient + 1]
    last_dose = doses.columns[0][end - 1] if end > first_dose_row else -rules.cycle_length
    return (
        patient,
        int(response.assessed > 0),
        response.best,
        response.benefit,
        pfs_day + offset,
        pfs_event,
        is_death,
        min(death, contact) + offset,
        int(death < NEVER),
        pfs_day - response.first_response_day + 1 if responded else -1,
        pfs_event if responded else -1,
        min(response.first_response_day, response.last_free_day) + offset,
        int(responded),
        last_dose + rules.cycle_length,
        end - first_dose_row,
        int(reason == NOT_STOPPED),
        reason,
    )
