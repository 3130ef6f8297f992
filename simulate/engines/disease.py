"""SimPy process of the disease: it responds, progresses, kills, unseen until somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.adverse_events import record_fatal_event
from simulate.engines.assessment import notice_progression, notice_response
from simulate.engines.trial import Patient, Process, Trial
from simulate.patient import treatment
from simulate.patient.disease import Course

Turn = Callable[[Trial, Patient], None]


def run_disease(trial: Trial, patient: Patient, *, since: int = -1) -> Process:
    """Live through the turns of a patient's course after a day, as long as it is not moved."""
    course = patient.course
    for day, turn in turns(course):
        if day <= since:
            continue
        if (moment := trial.at(patient, day, clock.DISEASE)) is None:
            return
        yield moment
        if patient.course is not course:
            return  # a dose has moved it, and another process follows it
        turn(trial, patient)


def turns(course: Course) -> Iterator[tuple[int, Turn]]:
    """What happens in a course, and when, in order."""
    if course.response_day < min(course.progression_day, course.death_day):
        yield course.response_day, respond
    if course.progression_day < NEVER:
        yield course.progression_day, progress
    yield course.death_day, die


def respond(trial: Trial, patient: Patient) -> None:
    """A response begins."""
    kind = "complete" if patient.course.complete else "partial"
    trial.note(patient, "response begins", kind)
    notice_response(trial, patient)


def progress(trial: Trial, patient: Patient) -> None:
    """The disease progresses, and may be noticed before the next visit."""
    trial.note(patient, "progression", "not seen yet")
    notice_progression(trial, patient)


def die(trial: Trial, patient: Patient) -> None:
    """The patient dies."""
    trial.note(patient, "death")
    record_fatal_event(trial, patient)
    patient.stop(patient.course.death_day, treatment.DEATH)
