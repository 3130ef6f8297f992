"""What follows in SimPy once progression is called: some change treatment."""

from __future__ import annotations

from functools import partial

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.disease import run_disease
from simulate.engines.trial import Patient, Trial
from simulate.patient.switching import day_of_switch, death_after_switch


def change_treatment(trial: Trial, patient: Patient, call: int) -> None:
    """A patient whose progression is called on a day may change treatment, which moves death."""
    plan, draws, course = patient.plan.switching, patient.draws, patient.course
    day = day_of_switch(plan.switches, plan.delay, draws.switch[0], call, course.death_day)
    if day == NEVER:
        return
    note = partial(trial.note, patient, "changes treatment")
    trial.when(patient, day, clock.LEAVING, note)
    words = (draws.death_without_progression[0], draws.death_after_progression[0])
    death = death_after_switch(plan, patient.plan.disease, course, patient.factors, words, day)
    if death != course.death_day:
        patient.course = course._replace(death_day=death)
        trial.env.process(run_disease(trial, patient, since=call))
