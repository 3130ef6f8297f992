"""The scan-observed truth: what a trial without dropout and without end would find.

Progression is seen late, at the next scan. So the truth that a Kaplan-Meier curve of documented
progression estimates is not the latent one but this: the same disease, watched by the scenario's
calendar, nobody withdrawing, nobody censored. It has no formula; it is simulated once, on patients
of a reserved range of replicates, by a compiled loop over the same rules that the engines call.

The response rate is different: patients who withdraw before their response is confirmed do count
as non-responders. Its truth is taken with withdrawal, among those with an assessment (the EAS).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.compiled import kernel
from simulate.distributions import NEVER, IntArray
from simulate.endpoints import EndpointRules, best_response
from simulate.patient.assessment import (
    NOT_EVALUABLE,
    PARTIAL_RESPONSE,
    PROGRESSIVE_DISEASE,
    AssessmentPlan,
    clinical_progression_day,
    scan_finding,
    visit_day,
    visit_missed,
)
from simulate.patient.baseline import BaselinePlan, baseline_level, hazard_factors
from simulate.patient.disease import Course, DiseasePlan, disease_course
from simulate.patient.follow_up import FollowUpPlan, stops_early, withdrawal_day
from simulate.plan import Plan
from simulate.streams import RESERVED_REPLICATES, Purpose, word

TRUTH_PATIENTS = 1_000_000
"""Patients simulated for the truth."""

FIRST_REPLICATE = RESERVED_REPLICATES
"""First replicate number of the truth's own range."""

_BLOCK = 1000  # patients a replicate number

_BASELINE = int(Purpose.BASELINE)
_RESPONSE = int(Purpose.RESPONSE)
_PROGRESSION = int(Purpose.PROGRESSION)
_DEATH_BEFORE = int(Purpose.DEATH_WITHOUT_PROGRESSION)
_DEATH_AFTER = int(Purpose.DEATH_AFTER_PROGRESSION)
_WITHDRAWAL = int(Purpose.WITHDRAWAL)
_VISIT_DAY = int(Purpose.VISIT_DAY)
_VISIT_MISSED = int(Purpose.VISIT_MISSED)
_CLINICAL = int(Purpose.CLINICAL_PROGRESSION)

COLUMNS = (
    "latent_pfs",
    "latent_dor",
    "os",
    "observed_pfs",
    "observed_dor",
    "assessed",
    "responder",
    "benefit",
)


@dataclass(frozen=True)
class ObservedTruth:
    """Uncensored patients: times in days as people read them (AVAL), -1 where there is none."""

    latent_pfs: IntArray
    """Time to true progression or death."""
    latent_dor: IntArray
    """From the true response to true progression or death; -1 for those who never respond."""
    os: IntArray
    """Time to death."""
    observed_pfs: IntArray
    """Time to documented progression or death."""
    observed_dor: IntArray
    """From a confirmed response to documented progression or death; -1 without one."""
    assessed: IntArray
    """1 with an assessment before withdrawal: the EAS."""
    responder: IntArray
    """1 with a confirmed response before withdrawal."""
    benefit: IntArray
    """1 with clinical benefit before withdrawal."""


def observed_truth(
    plan: Plan, rules: EndpointRules, *, seed: int, n_patients: int = TRUTH_PATIENTS
) -> ObservedTruth:
    """Simulate the scan-observed truth of a plan.

    Parameters
    ----------
    plan : Plan
        The trial, its visits planned far beyond its horizon (:func:`simulate.build_plan.build_plan`
        with ``horizon=TABLE_DAYS``).
    rules : EndpointRules
        Definitions of the endpoints.
    seed : int
        Seed of the run.
    n_patients : int
        Patients to simulate.
    """
    out = np.empty((n_patients, len(COLUMNS)), np.int64)
    for start in range(0, n_patients, _BLOCK):
        block = out[start : start + _BLOCK]
        replicate = FIRST_REPLICATE + start // _BLOCK
        _observe_block(
            plan.baseline,
            plan.disease,
            plan.assessment,
            plan.follow_up,
            rules,
            seed,
            replicate,
            block,
        )
    return ObservedTruth(*(np.ascontiguousarray(out[:, i]) for i in range(len(COLUMNS))))


@kernel
def _observe_block(
    baseline: BaselinePlan,
    disease: DiseasePlan,
    assessment: AssessmentPlan,
    follow_up: FollowUpPlan,
    rules: EndpointRules,
    seed: int,
    replicate: int,
    out: IntArray,
) -> None:
    """Fill a block of patients; columns as :data:`COLUMNS`."""
    most_rows = len(assessment.nominal_days) + 1
    day = np.zeros(most_rows, np.int64)
    performed = np.zeros(most_rows, np.int64)
    finding = np.zeros(most_rows, np.int64)
    levels = np.zeros(len(baseline.variable_ids), np.int64)
    for patient in range(len(out)):
        course = _course(baseline, disease, levels, seed, replicate, patient)
        rows = _scan(disease, assessment, course, seed, replicate, patient, day, performed, finding)
        seen = best_response(rules, day, performed, finding, 0, rows)
        latent = min(course.progression_day, course.death_day)
        event = min(seen.progression_day, course.death_day)
        out[patient, 0] = latent + 1
        out[patient, 1] = latent - course.response_day + 1 if course.response_day < latent else -1
        out[patient, 2] = course.death_day + 1
        out[patient, 3] = event + 1
        confirmed = seen.first_response_day < NEVER
        out[patient, 4] = event - seen.first_response_day + 1 if confirmed else -1
        last = _withdrawal(follow_up, seed, replicate, patient)
        while rows > 0 and day[rows - 1] > last:
            rows -= 1
        known = best_response(rules, day, performed, finding, 0, rows)
        out[patient, 5] = known.assessed > 0
        out[patient, 6] = NOT_EVALUABLE < known.best <= PARTIAL_RESPONSE
        out[patient, 7] = known.benefit


@kernel
def _course(
    baseline: BaselinePlan,
    disease: DiseasePlan,
    levels: IntArray,
    seed: int,
    replicate: int,
    patient: int,
) -> Course:
    """Latent course of a patient at an address."""
    if len(baseline.hazard_ratio_level) > 0:
        for variable in range(len(levels)):
            index = baseline.variable_ids[variable]
            levels[variable] = baseline_level(
                baseline, variable, levels, word(seed, patient, replicate, _BASELINE, index)
            )
    return disease_course(
        disease,
        hazard_factors(baseline, levels),
        (
            word(seed, patient, replicate, _RESPONSE, 0),
            word(seed, patient, replicate, _RESPONSE, 1),
            word(seed, patient, replicate, _RESPONSE, 2),
        ),
        word(seed, patient, replicate, _PROGRESSION, 0),
        (
            word(seed, patient, replicate, _DEATH_BEFORE, 0),
            word(seed, patient, replicate, _DEATH_AFTER, 0),
        ),
    )


@kernel
def _scan(
    disease: DiseasePlan,
    assessment: AssessmentPlan,
    course: Course,
    seed: int,
    replicate: int,
    patient: int,
    day: IntArray,
    performed: IntArray,
    finding: IntArray,
) -> int:
    """Assess a patient by the calendar until progression is documented; give the rows filled."""
    clinical = clinical_progression_day(
        assessment,
        course.progression_day,
        word(seed, patient, replicate, _CLINICAL, 0),
        word(seed, patient, replicate, _CLINICAL, 1),
    )
    rows = 0
    for visit in range(1, len(assessment.nominal_days)):
        today = visit_day(assessment, visit, word(seed, patient, replicate, _VISIT_DAY, visit))
        unscheduled = clinical < today
        if unscheduled:
            today = clinical
        if today >= course.death_day:
            return rows
        day[rows] = today
        missed = word(seed, patient, replicate, _VISIT_MISSED, visit)
        if not unscheduled and visit_missed(assessment, missed):
            performed[rows] = 0
            finding[rows] = NOT_EVALUABLE
        else:
            performed[rows] = 1
            finding[rows] = scan_finding(
                today,
                course.response_day,
                disease.visible_before,
                course.complete,
                course.progression_day,
            )
        rows += 1
        if finding[rows - 1] == PROGRESSIVE_DISEASE:
            return rows
    return rows


@kernel
def _withdrawal(follow_up: FollowUpPlan, seed: int, replicate: int, patient: int) -> int:
    """Day on which a patient at an address would withdraw."""
    early = stops_early(follow_up, word(seed, patient, replicate, _WITHDRAWAL, 0))
    return withdrawal_day(
        follow_up,
        early,
        word(seed, patient, replicate, _WITHDRAWAL, 1),
        word(seed, patient, replicate, _WITHDRAWAL, 2),
    )
