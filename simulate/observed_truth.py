"""The scan-observed truth: what a trial without dropout and without end would find.

Progression is seen late, at the next scan. So the truth that a Kaplan-Meier curve of documented
progression estimates is not the latent one but this: the same disease, watched by the scenario's
calendar, nobody withdrawing, nobody censored. It has no formula; it is simulated once, on patients
of a reserved range of replicates, by a loop over the same rules that the engines call.

The response rate is different: patients who withdraw before their response is confirmed do count
as non-responders. Its truth is taken with withdrawal, among those with an assessment (the EAS).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulate.compiled import kernel, rule
from simulate.distributions import NEVER, IntArray, IntColumn, ShortArray, ShortColumn
from simulate.endpoints import EndpointRules, Response, best_response
from simulate.packed import pack, unpacked
from simulate.patient.assessment import (
    DONE,
    FIRST_WATCHED_DAY,
    MISSED,
    NOT_EVALUABLE,
    PARTIAL_RESPONSE,
    PROGRESSIVE_DISEASE,
    WATCHED,
    AssessmentPlan,
    clinical_progression_day,
    response_seen_day,
    scan_finding,
    visit_day,
    visit_missed,
    watched_until,
)
from simulate.patient.baseline import BaselinePlan, baseline_level, hazard_factors
from simulate.patient.disease import Course, DiseasePlan, disease_course
from simulate.patient.follow_up import FollowUpPlan, stops_early, withdrawal_day
from simulate.plan import Plan, with_lists
from simulate.streams import RESERVED_REPLICATES, Purpose, philox4x32, word

TRUTH_PATIENTS = 1_000_000
"""Patients simulated for the truth."""

PYTHON_PATIENTS = 2_000
"""Patients up to which plain Python is done before the compiler would be."""

FIRST_REPLICATE = RESERVED_REPLICATES
"""First replicate number of the truth's own range."""

_BLOCK = 1000  # patients a replicate number
_TASK = 20 * _BLOCK  # patients a thread takes on at a time
_KEY = 0xFFFFFFFF

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
    "progression",
    "documented",
)


@dataclass(frozen=True)
class ObservedTruth:
    """Uncensored patients: times in days as people read them (AVAL), -1 where there is none."""

    latent_pfs: ShortArray
    """Time to true progression or death."""
    latent_dor: ShortArray
    """From the true response to true progression or death; -1 for those who never respond."""
    os: ShortArray
    """Time to death."""
    observed_pfs: ShortArray
    """Time to documented progression or death."""
    observed_dor: ShortArray
    """From a confirmed response to documented progression or death; -1 without one."""
    assessed: ShortArray
    """1 with an assessment before withdrawal: the EAS."""
    responder: ShortArray
    """1 with a confirmed response before withdrawal."""
    benefit: ShortArray
    """1 with clinical benefit before withdrawal."""
    progression: ShortArray
    """Day of true progression, NEVER if death comes first."""
    documented: ShortArray
    """Day on which progression is documented, NEVER if it is not before death."""


class _Observer(NamedTuple):
    """What decides the course of an uncensored patient, and what is seen of it."""

    baseline: BaselinePlan
    disease: DiseasePlan
    assessment: AssessmentPlan
    follow_up: FollowUpPlan
    rules: EndpointRules


class _Notes(NamedTuple):
    """Room for what is noted of one patient at a time."""

    levels: IntColumn
    """Baseline levels."""
    day: IntColumn
    """Assessments, one after the other."""
    performed: IntColumn
    finding: IntColumn


def observed_truth(
    plan: Plan,
    rules: EndpointRules,
    *,
    seed: int,
    n_patients: int = TRUTH_PATIENTS,
    workers: int = 1,
) -> ObservedTruth:
    """Simulate the scan-observed truth of a plan.

    Few patients are simulated in plain Python, which is quicker than to wait for the compiler;
    the patients are the same.

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
    workers : int
        Threads.
    """
    observer = _Observer(plan.baseline, plan.disease, plan.assessment, plan.follow_up, rules)
    if n_patients <= PYTHON_PATIENTS:
        out = _observe_in_python(observer, seed, n_patients)
    else:
        out = _observe_compiled(observer, seed, n_patients, workers)
    return ObservedTruth(*out.reshape(len(COLUMNS), n_patients))


def _observe_in_python(observer: _Observer, seed: int, n_patients: int) -> ShortArray:
    out = [0] * (len(COLUMNS) * n_patients)
    size = len(observer.assessment.nominal_days) + 1
    notes = _Notes([0] * len(observer.baseline.variable_ids), *([0] * size for _ in range(3)))
    _observe(with_lists(observer), notes, seed, 0, n_patients, n_patients, out)
    return np.array(out, np.int32)


def _observe_compiled(observer: _Observer, seed: int, n_patients: int, workers: int) -> ShortArray:
    out = np.zeros(len(COLUMNS) * n_patients, np.int32)
    size = len(observer.assessment.nominal_days) + 1
    packed = pack(observer)

    def observe(first: int) -> None:
        levels = np.zeros(len(observer.baseline.variable_ids), np.int64)
        notes = _Notes(levels, *(np.zeros(size, np.int64) for _ in range(3)))
        last = min(first + _TASK, n_patients)
        observe_kernel(packed.block, pack(notes).block, seed, first, last, n_patients, out)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(observe, range(0, n_patients, _TASK)))
    return out


@rule
def _observe(
    observer: _Observer,
    notes: _Notes,
    seed: int,
    first: int,
    last: int,
    n_patients: int,
    out: ShortColumn,
) -> None:
    """Fill in some patients; ``out`` holds :data:`COLUMNS` one after the other."""
    for number in range(first, last):
        replicate, patient = FIRST_REPLICATE + number // _BLOCK, number % _BLOCK
        course = _course(observer, notes, seed, replicate, patient)
        rows = _scan(observer, notes, course, seed, replicate, patient)
        seen = _best_response(observer, notes, rows, watched_until(NEVER, NEVER, course.death_day))
        latent = min(course.progression_day, course.death_day)
        event = min(seen.progression_day, course.death_day)
        out[number] = latent + 1
        responds = course.response_day < latent
        out[n_patients + number] = latent - course.response_day + 1 if responds else -1
        out[2 * n_patients + number] = course.death_day + 1
        out[3 * n_patients + number] = event + 1
        confirmed = seen.first_response_day < NEVER
        out[4 * n_patients + number] = event - seen.first_response_day + 1 if confirmed else -1
        withdrawn = _withdrawal(observer.follow_up, seed, replicate, patient)
        while rows > 0 and notes.day[rows - 1] > withdrawn:
            rows -= 1
        until = watched_until(NEVER, withdrawn, course.death_day)
        known = _best_response(observer, notes, rows, until)
        out[5 * n_patients + number] = 1 if known.assessed > 0 else 0
        out[6 * n_patients + number] = 1 if NOT_EVALUABLE < known.best <= PARTIAL_RESPONSE else 0
        out[7 * n_patients + number] = known.benefit
        out[8 * n_patients + number] = course.progression_day
        out[9 * n_patients + number] = seen.progression_day


@kernel
def observe_kernel(
    observer: IntArray,
    notes: IntArray,
    seed: int,
    first: int,
    last: int,
    n_patients: int,
    out: ShortArray,
) -> None:
    """Compiled :func:`_observe`, of packed tables."""
    _observe(
        unpacked(observer, _Observer),
        unpacked(notes, _Notes),
        seed,
        first,
        last,
        n_patients,
        out,
    )


@rule
def _words(
    seed: int, patient: int, replicate: int, purpose: int, block: int
) -> tuple[int, int, int, int]:
    """Words ``4 * block`` to ``4 * block + 3`` of a purpose."""
    return philox4x32(patient, replicate, purpose, block, seed & _KEY, (seed >> 32) & _KEY)


@rule
def _course(observer: _Observer, notes: _Notes, seed: int, replicate: int, patient: int) -> Course:
    """Latent course of a patient at an address."""
    baseline = observer.baseline
    if len(baseline.hazard_ratio_level) > 0:
        for variable in range(len(notes.levels)):
            index = baseline.variable_ids[variable]
            drawn = word(seed, patient, replicate, _BASELINE, index)
            notes.levels[variable] = baseline_level(baseline, variable, notes.levels, drawn)
    response = _words(seed, patient, replicate, _RESPONSE, 0)
    return disease_course(
        observer.disease,
        hazard_factors(baseline, notes.levels),
        (response[0], response[1], response[2]),
        word(seed, patient, replicate, _PROGRESSION, 0),
        (
            word(seed, patient, replicate, _DEATH_BEFORE, 0),
            word(seed, patient, replicate, _DEATH_AFTER, 0),
        ),
    )


@rule
def _scan(
    observer: _Observer, notes: _Notes, course: Course, seed: int, replicate: int, patient: int
) -> int:
    """Assess a patient by the calendar until progression is documented; give the rows filled."""
    plan = observer.assessment
    if plan.continuous == 1:
        return _watch(observer, notes, course)
    occurs = _words(seed, patient, replicate, _CLINICAL, 0)
    clinical = clinical_progression_day(plan, course.progression_day, occurs[0], occurs[1])
    days = _words(seed, patient, replicate, _VISIT_DAY, 0)
    misses = _words(seed, patient, replicate, _VISIT_MISSED, 0)
    rows = 0
    for visit in range(1, len(plan.nominal_days)):
        if visit & 3 == 0:
            days = _words(seed, patient, replicate, _VISIT_DAY, visit >> 2)
            misses = _words(seed, patient, replicate, _VISIT_MISSED, visit >> 2)
        today = visit_day(plan, visit, days[visit & 3])
        unscheduled = clinical < today
        if unscheduled:
            today = clinical
        if today >= course.death_day:
            return rows
        missed = visit_missed(plan, misses[visit & 3]) and not unscheduled
        notes.day[rows] = today
        notes.performed[rows] = MISSED if missed else DONE
        notes.finding[rows] = NOT_EVALUABLE if missed else _finding(observer, course, today)
        rows += 1
        if notes.finding[rows - 1] == PROGRESSIVE_DISEASE:
            return rows
    return rows


@rule
def _watch(observer: _Observer, notes: _Notes, course: Course) -> int:
    """Watch a patient day by day until progression; give the rows filled."""
    response = response_seen_day(
        observer.assessment, course.response_day, course.progression_day, course.death_day
    )
    rows, today = 0, FIRST_WATCHED_DAY
    while today < course.death_day:
        notes.day[rows] = today
        notes.performed[rows] = WATCHED
        notes.finding[rows] = _finding(observer, course, today)
        rows += 1
        if notes.finding[rows - 1] == PROGRESSIVE_DISEASE:
            return rows
        today = response if today < response < NEVER else course.progression_day
    return rows


@rule
def _best_response(observer: _Observer, notes: _Notes, rows: int, until: int) -> Response:
    """Sum up what is noted of a patient."""
    return best_response(observer.rules, notes.day, notes.performed, notes.finding, 0, rows, until)


@rule
def _finding(observer: _Observer, course: Course, day: int) -> int:
    """What a scan on a day shows of a course."""
    return scan_finding(
        day,
        course.response_day,
        observer.disease.visible_before,
        course.complete,
        course.progression_day,
    )


@rule
def _withdrawal(follow_up: FollowUpPlan, seed: int, replicate: int, patient: int) -> int:
    """Day on which a patient at an address would withdraw."""
    words = _words(seed, patient, replicate, _WITHDRAWAL, 0)
    return withdrawal_day(follow_up, stops_early(follow_up, words[0]), words[1], words[2])
