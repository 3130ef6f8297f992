"""The what-if that lost dose intensity makes the disease progress sooner, in SimPy.

The hazard of progression is multiplied, from dose to dose, by a factor of the dose intensity lost
so far. Progression comes on the day on which the hazard accrued in that way reaches the patient's
own unit exponential, so that each dose may move it, and the death after it.
"""

from __future__ import annotations

from simulate.distributions import EventTable, later
from simulate.engines.trial import Patient
from simulate.patient import disease, dosing
from simulate.records import DOSE_COLUMNS
from simulate.streams import unit_exponential

DAY, LEVEL, INFUSED = (tuple(DOSE_COLUMNS).index(name) for name in ("day", "level", "infused"))


def count_dose(patient: Patient, today: int) -> bool:
    """Count what was given today, and move progression; whether the course has changed."""
    plan, course = patient.plan.disease, patient.course
    state, drug = patient.accrual, plan.intensity_drug
    state.given += share_given(patient, drug, today)
    if course.progression_day <= today:
        return False
    table, origin = progression_clock(patient)
    state.hazard += state.factor * disease.hazard_between(
        table, state.since - origin, today - origin
    )
    state.since = today
    due = today / patient.plan.treatment.cycle_length + 1.0
    planned = min(due, float(patient.drugs[drug].limit))  # doses after the last are not lost
    state.factor = disease.intensity_factor(plan, state.given, planned)
    target = unit_exponential(patient.draws.progression[0]) / patient.factors[0] - state.hazard
    day = disease.day_of_target(table, today - origin, state.factor, max(target, 0.0))
    changed = disease.later_course(
        plan,
        later(origin, day),
        patient.factors,
        patient.draws.response,
        (patient.draws.death_without_progression[0], patient.draws.death_after_progression[0]),
    )
    if changed == course:
        return False
    patient.course = changed
    return True


def share_given(patient: Patient, drug: int, today: int) -> float:
    """The drug's dose of today, a full one being 1."""
    row = patient.drugs[drug].last_dose
    if row is None or row[DAY] != today:
        return 0.0
    return dosing.dose_share(patient.plan.dosing, drug, row[LEVEL])


def discount(patient: Patient, drug: int, dose: list[int], infused: int) -> None:
    """Take back what an interruption leaves of a dose; the next dose counts it."""
    if drug == patient.plan.disease.intensity_drug:
        change = (dose[LEVEL], dose[INFUSED], infused)
        patient.accrual.given -= dosing.share_lost(patient.plan.dosing, drug, *change)


def progression_clock(patient: Patient) -> tuple[EventTable, int]:
    """Table of a patient's time to progression, and the patient day at which it starts."""
    plan, course = patient.plan.disease, patient.course
    origin = disease.progression_origin(plan, course.responder, course.response_day)
    return (plan.progression_responder if course.responder else plan.progression_other), origin
