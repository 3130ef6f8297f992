"""SimPy process of tumour assessment: scans by the calendar, and those between visits."""

from __future__ import annotations

from simulate import clock
from simulate.distributions import IntTable, first_above_within
from simulate.engines.trial import Patient, Process, Trial
from simulate.patient import assessment as scans
from simulate.patient import reading, treatment


def notice_progression(trial: Trial, patient: Patient) -> None:
    """Progression may show itself between visits, and an unscheduled scan documents it."""
    occurs, delay = patient.draws.clinical_progression[:2]
    day = scans.clinical_progression_day(
        patient.plan.assessment, patient.course.progression_day, occurs, delay
    )

    def scan() -> None:
        if patient.is_assessed:
            record_scan(trial, patient, scans.UNSCHEDULED, day, day)

    trial.when(patient, day, clock.ASSESSMENT, scan, channel=1)


def notice_response(trial: Trial, patient: Patient) -> None:
    """A response shows itself on its day, where patients are watched day by day."""
    course = patient.course
    day = scans.response_seen_day(
        patient.plan.assessment, course.response_day, course.progression_day, course.death_day
    )

    def scan() -> None:
        if patient.is_assessed:
            record_scan(trial, patient, scans.UNSCHEDULED, day, day)

    trial.when(patient, day, clock.ASSESSMENT, scan)


def assess(trial: Trial, patient: Patient) -> Process:
    """Scans by the calendar, until progression is seen or assessments stop."""
    plan, draws = patient.plan.assessment, patient.draws
    for visit in range(1, len(plan.nominal_days)):
        day, shift = scans.visit_day(plan, visit, draws.visit_day[visit]), -1
        while shift != (shift := patient.shift * plan.moves_with_cycles):
            # a delayed dose moves the visits that follow the cycles, also while one is awaited
            if (moment := trial.at(patient, day + shift, clock.ASSESSMENT)) is None:
                return
            yield moment
            if not patient.is_assessed:
                return
        day, planned = day + shift, plan.nominal_days[visit] + shift
        if scans.visit_missed(plan, draws.visit_missed[visit]):
            row = (patient.number, visit, planned, day, scans.MISSED, scans.NOT_EVALUABLE)
            patient.assessments.append(row)
            trial.note(patient, "scan missed", f"visit {visit}")
        else:
            record_scan(trial, patient, visit, planned, day)


def stops(patient: Patient) -> str:
    """What ends when a patient's assessments end."""
    return "treatment stops" if patient.is_treated else "assessments stop"


def record_scan(trial: Trial, patient: Patient, visit: int, planned: int, day: int) -> None:
    """Read a scan, and act on progression if it is called."""
    finding = read_scan(patient, day)
    done = scans.WATCHED if patient.plan.assessment.continuous == 1 else scans.DONE
    patient.assessments.append((patient.number, visit, planned, day, done, finding))
    trial.note(patient, "scan", scans.RESPONSE_NAMES[finding])
    if finding == scans.PROGRESSIVE_DISEASE and not patient.is_called:
        call_progression(trial, patient, day)


def call_progression(trial: Trial, patient: Patient, day: int) -> None:
    """The investigator calls progression: treatment ends, and scans unless they go on."""
    patient.is_called = True
    if patient.plan.assessment.goes_on == 0:
        trial.note(patient, stops(patient), "progression")
        patient.stop(day, treatment.PROGRESSION)
    elif patient.is_treated:
        trial.note(patient, "treatment stops", "progression")
        patient.stop_treatment(day, treatment.PROGRESSION)
    if trial.after_call is not None:
        trial.after_call(trial, patient, day)


def read_scan(patient: Patient, day: int) -> int:
    """Overall response that the investigator documents of a scan."""
    course, plan = patient.course, patient.plan
    visible_before = plan.disease.visible_before
    if patient.is_called:
        return scans.PROGRESSIVE_DISEASE
    if plan.investigator.errs == 0:
        return scans.scan_finding(
            day, course.response_day, visible_before, course.complete, course.progression_day
        )
    patient.n_scans += 1
    patient.n_showing += int(course.progression_day <= day)
    late, early = errors_of_investigator(patient)
    calls = reading.is_call(patient.n_scans, patient.n_showing, late, early)
    return reading.finding_as_read(calls, day, course.response_day, visible_before, course.complete)


def errors_of_investigator(patient: Patient) -> tuple[int, int]:
    """At how many scans progression is overlooked, and at which it would be called without any."""
    plan = patient.plan.investigator
    late_word, early_word = patient.draws.reading[plan.first_word : plan.first_word + 2]
    return first_of(plan.late, late_word), first_of(plan.early, early_word)


def first_of(table: IntTable, word: int) -> int:
    """The number that a word stands for."""
    return first_above_within(table, word, 0, len(table))
