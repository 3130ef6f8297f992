"""Derived endpoints: what a data cut says of each patient, by the definitions of the protocol.

RECIST 1.1 best overall response with confirmation, progression-free survival, overall survival,
duration of response and time to response, follow-up and exposure. Times are analysis values (AVAL)
in days as people read them: the day of the start counts as 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.cutoff import Snapshot, rows_of
from simulate.distributions import NEVER, IntColumn, IntTable, later
from simulate.exposure import DrugRows, leading_doses
from simulate.known import KnownRows
from simulate.ledger import AssessmentRows, SubjectRows
from simulate.patient.assessment import (
    COMPLETE_RESPONSE,
    MISSED,
    NOT_EVALUABLE,
    PARTIAL_RESPONSE,
    PROGRESSIVE_DISEASE,
    STABLE_DISEASE,
    WATCHED,
    watched_until,
)
from simulate.patient.treatment import NOT_STOPPED
from simulate.records import Columns
from simulate.scenario.trial import Trial

NOT_COUNTED = -1
"""In the place of an event, where a rate is compared: a patient who is not evaluable yet."""


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
    """Day of the last assessment without progression, or the last day watched; 0 if none."""
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


class EndpointRows(NamedTuple):
    """The columns of :data:`ENDPOINT_COLUMNS`, to be filled."""

    patient: IntColumn
    assessed: IntColumn
    best_response: IntColumn
    benefit: IntColumn
    pfs_time: IntColumn
    pfs_event: IntColumn
    pfs_is_death: IntColumn
    os_time: IntColumn
    os_event: IntColumn
    dor_time: IntColumn
    dor_event: IntColumn
    ttr_time: IntColumn
    ttr_event: IntColumn
    exposure: IntColumn
    cycles: IntColumn
    on_treatment: IntColumn
    stop_reason: IntColumn


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
def best_response(
    rules: EndpointRules,
    day: IntTable,
    performed: IntTable,
    response: IntTable,
    start: int,
    end: int,
    until: int,
) -> Response:
    """Sum up the assessments ``start : end`` of one patient, in order of time.

    The finding of one who is watched day by day stands until the day before the next assessment,
    the last one until the day ``until``, as if it were found again on each day.

    A response is confirmed by another at least ``confirmation`` days later, before progression; a
    complete one by another complete one. One that is not confirmed counts as stable disease.
    """
    assessed, last_free, progression = 0, 0, NEVER
    first_response, first_complete, confirmed = NEVER, NEVER, NOT_EVALUABLE
    for row in range(start, end):
        if performed[row] == MISSED:
            continue
        assessed += 1
        today, finding = day[row], response[row]
        if finding == PROGRESSIVE_DISEASE:
            progression = today
            break
        last_free = today
        if performed[row] == WATCHED:
            last_free = day[row + 1] - 1 if row + 1 < end else until
        if finding == COMPLETE_RESPONSE:
            first_complete = min(first_complete, today)
            if last_free >= first_complete + rules.confirmation:
                confirmed = COMPLETE_RESPONSE
        if finding in (COMPLETE_RESPONSE, PARTIAL_RESPONSE):
            first_response = min(first_response, today)
            if confirmed == NOT_EVALUABLE and last_free >= first_response + rules.confirmation:
                confirmed = PARTIAL_RESPONSE
    if confirmed != NOT_EVALUABLE:
        return Response(assessed, confirmed, first_response, 1, last_free, progression)
    best, benefit = without_response(rules, last_free, progression)
    return Response(assessed, best, NEVER, benefit, last_free, progression)


@rule
def without_response(rules: EndpointRules, last_free: int, progression: int) -> tuple[int, int]:
    """Best response without a confirmed one, and whether it is clinical benefit."""
    if last_free > 0 and last_free >= rules.stable_disease:
        return STABLE_DISEASE, int(last_free >= rules.clinical_benefit)
    if progression < NEVER:
        return PROGRESSIVE_DISEASE, 0
    return NOT_EVALUABLE, 0


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


@rule
def known_response(
    rules: EndpointRules, scans: AssessmentRows, known: KnownRows, row: int
) -> Response:
    """Sum up the assessments that a cut knows of the patient in a row."""
    death, contact = known.death_day[row], known.last_contact_day[row]
    return best_response(
        rules,
        scans.day,
        scans.performed,
        scans.response,
        known.first_scan[row],
        known.end_scan[row],
        watched_until(contact, known.assessment_stop_day[row], death),
    )


@rule
def days_before_dose(rules: EndpointRules, known: KnownRows | SubjectRows, row: int) -> int:
    """Days from the start of the endpoints' clock to the first dose."""
    if rules.from_randomisation == 1:
        return known.first_dose_trial_day[row] - known.enrolment_trial_day[row]
    return 0


@rule
def derive_endpoints(
    rules: EndpointRules,
    scans: AssessmentRows,
    leading: DrugRows,
    known: KnownRows,
    n: int,
    out: EndpointRows,
) -> None:
    """Derive the endpoints of the ``n`` patients whom a cut knows, a row each.

    ``leading`` holds the doses of the leading drug, which come first among those of all drugs.
    """
    for row in range(n):
        death, contact = known.death_day[row], known.last_contact_day[row]
        response = known_response(rules, scans, known, row)
        pfs_day, pfs_event, is_death = progression_free_survival(
            rules, response, death, known.assessment_stop_day[row]
        )
        offset = 1 + days_before_dose(rules, known, row)  # AVAL counts the day of the start as 1
        responded = int(response.first_response_day < NEVER)
        out.patient[row] = known.patient[row]
        out.assessed[row] = int(response.assessed > 0)
        out.best_response[row] = response.best
        out.benefit[row] = response.benefit
        out.pfs_time[row] = pfs_day + offset
        out.pfs_event[row] = pfs_event
        out.pfs_is_death[row] = is_death
        out.os_time[row] = min(death, contact) + offset
        out.os_event[row] = int(death < NEVER)
        out.dor_time[row] = pfs_day - response.first_response_day + 1 if responded == 1 else -1
        out.dor_event[row] = pfs_event if responded == 1 else -1
        out.ttr_time[row] = min(response.first_response_day, response.last_free_day) + offset
        out.ttr_event[row] = responded
        cycles, last_dose = leading.given[row], leading.last_dose[row]
        out.exposure[row] = last_dose + rules.cycle_length if cycles > 0 else 0
        out.cycles[row] = cycles
        out.on_treatment[row] = int(known.treatment_stop_reason[row] == NOT_STOPPED)
        out.stop_reason[row] = known.treatment_stop_reason[row]


# ---- tables for people --------------------------------------------------------------------------


def derive(rules: EndpointRules, snapshot: Snapshot) -> Columns:
    """Derive every patient's endpoints from a data cut.

    Returns
    -------
    columns
        As :data:`ENDPOINT_COLUMNS`, a row a patient of the snapshot.
    """
    n = snapshot.n_patients
    known, scans, doses = rows_of(snapshot)
    leading = leading_doses(
        doses, known, n, drug_id=rules.leading_drug, cycle_length=rules.cycle_length
    )
    out = EndpointRows(*([0] * n for _ in EndpointRows._fields))
    derive_endpoints(rules, scans, leading, known, n, out)
    return {name: np.array(column, np.int64) for name, column in out._asdict().items()}


def derive_trial(trial: Trial, snapshot: Snapshot) -> Columns:
    """Derive every patient's endpoints, each by the definitions of the patient's arm."""
    if not trial.arms:
        return derive(endpoint_rules(trial), snapshot)
    derived: Columns = {}
    for arm, own in zip(trial.arms, trial.arm_trials, strict=True):
        by_own = derive(endpoint_rules(own), snapshot)
        derived = {
            name: np.where(snapshot.arm == arm.id, column, derived.get(name, column))
            for name, column in by_own.items()
        }
    return derived
