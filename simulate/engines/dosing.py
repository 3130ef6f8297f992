"""SimPy process of treatment: cycle after cycle, held by toxicity or for want of a slot."""

from __future__ import annotations

from collections.abc import Generator

import simpy

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.adverse_events import LEADING, bring_events, stop_held_drug
from simulate.engines.disease import run_disease
from simulate.engines.intensity import count_dose
from simulate.engines.trial import Moment, Patient, Process, Trial
from simulate.patient import dosing, treatment
from simulate.patient.toxicity import FULL_DOSE, NOT_GIVEN, REDUCED_DOSE


def treat(trial: Trial, patient: Patient) -> Process:
    """Cycle after cycle, each planned from the last dose actually given, and held by toxicity."""
    plan, draws, leading = patient.plan.treatment, patient.draws, patient.drugs[LEADING]
    mean = treatment.mean_delay(plan, draws.delay_mean[0])
    cycle, planned, delay = 1, 0, 0
    while (moment := dose_moment(trial, patient, planned, planned)) is not None:
        yield moment
        if not patient.is_treated:
            return
        hold, wait = 0, 0
        if trial.is_shared or patient.blocked_until > planned:
            hold, wait = yield from put_off(trial, patient, cycle, planned)
            if not patient.is_treated or trial.is_over(patient, planned + hold + wait):
                return
        today = planned + hold + wait
        if trial.is_shared and cycle > 1:
            due = due_drugs(patient, today)
            trial.resources_of(patient.site_id).serve(trial, due)
        give_cycle(trial, patient, cycle, today, (delay, hold, wait))
        patient.shift = today - (cycle - 1) * plan.cycle_length
        if leading.left == 0 and not patient.has_doses_left:
            patient.stop_treatment(today, treatment.COMPLETED)
            trial.note(patient, "treatment stops", treatment.STOP_NAMES[treatment.COMPLETED])
            return
        cycle += 1
        delay = treatment.cycle_delay(mean, draws.delay[cycle])
        planned = treatment.next_dose_day(plan, today, delay)


def dose_moment(trial: Trial, patient: Patient, day: int, planned: int) -> Moment | None:
    """The doses of a patient's day; where patients share resources, in the order of the line."""
    if trial.is_shared:
        return trial.next_in_line(patient, patient.first_dose + day, patient.first_dose + planned)
    return trial.at(patient, day, clock.DOSE)


def put_off(
    trial: Trial, patient: Patient, cycle: int, planned: int
) -> Generator[simpy.Event, None, tuple[int, int]]:
    """Wait until a cycle can be given; days held, and days without a slot or a drug."""
    hold, wait = 0, 0
    while True:
        today = planned + hold + wait
        more_hold, more_wait = postponement(trial, patient, cycle, planned, today)
        if more_hold + more_wait == 0 or not patient.is_treated:
            return hold, wait
        hold, wait = hold + more_hold, wait + more_wait
        if (moment := dose_moment(trial, patient, planned + hold + wait, planned)) is None:
            return hold, wait
        yield moment


def postponement(
    trial: Trial, patient: Patient, cycle: int, planned: int, today: int
) -> tuple[int, int]:
    """Days by which a cycle must be put off: for a held drug, and for want of a slot or a drug."""
    if until := held_until(trial, patient, planned, today):
        trial.note(patient, "dose held", f"cycle {cycle}, until day {until}")
        return until - today, 0
    if trial.is_shared and cycle > 1 and patient.is_treated:  # the first dose has its slot
        site = trial.resources_of(patient.site_id)
        if not site.can_serve(trial.today, due_drugs(patient, today)):
            trial.note(patient, "dose waits", f"cycle {cycle}, no slot or no drug at the site")
            return 0, 1
    return 0, 0


def due_drugs(patient: Patient, today: int) -> list[int]:
    """Positions of the drugs that are given today."""
    return [
        position
        for position, state in enumerate(patient.drugs)
        if state.left and state.blocked_until <= today
    ]


def held_until(trial: Trial, patient: Patient, planned: int, today: int) -> int:
    """Day until which the whole cycle must wait for a held drug, or 0.

    A drug that is still held on the latest day allowed ends for good.
    """
    if patient.blocked_until <= today or not patient.is_treated:
        return 0
    plan = patient.plan.dosing
    wait = 0
    for position, state in enumerate(patient.drugs):
        if not plan.delays_cycle[position] or not state.left:
            continue
        if state.blocked_until > today:
            until = dosing.held_until(plan, position, planned, today, state.blocked_until)
            if dosing.is_hold_too_long(plan, position, planned, until):
                until = dosing.latest_hold_day(plan, position, planned)
            if until <= today:
                stop_held_drug(trial, patient, position, today)
            else:
                wait = max(wait, until)
    return wait if patient.is_treated else 0


def give_cycle(
    trial: Trial,
    patient: Patient,
    cycle: int,
    today: int,
    late: tuple[int, int, int],
) -> None:
    """Give what is due, omit what is held, and let the cycle bring its adverse events."""
    drug_ids, number = patient.plan.treatment.drug_ids, patient.number
    _, hold, wait = late
    planned = today - hold - wait
    states = [NOT_GIVEN] * len(drug_ids)
    for position, drug in enumerate(patient.drugs):
        if not drug.left:
            continue
        given, level = drug.blocked_until <= today, drug.level
        if not given and is_omitted_too_long(trial, patient, position, today):
            if not patient.is_treated:
                return
            continue
        held, infused = int(drug.blocked_until > planned), dosing.WHOLE_DOSE if given else 0
        row = [number, cycle, drug_ids[position], today, *late, held, int(given), level, 0, infused]
        patient.doses.append(row)
        if given:
            drug.left -= 1
            drug.held_since, drug.last_dose = NEVER, row
            states[position] = REDUCED_DOSE if level > 0 else FULL_DOSE
        if trial.log is not None:
            note_dose(trial, patient, row)
    if states.count(NOT_GIVEN) < len(states):
        bring_events(trial, patient, cycle, today, states)
    if patient.plan.disease.intensity_drug >= 0 and count_dose(patient, today):
        trial.env.process(run_disease(trial, patient, since=today))


def is_omitted_too_long(trial: Trial, patient: Patient, position: int, today: int) -> bool:
    """Whether a drug that is held alone has been held too long, and then is stopped for good."""
    state = patient.drugs[position]
    state.held_since = min(state.held_since, today)
    if today < dosing.latest_hold_day(patient.plan.dosing, position, state.held_since):
        return False
    stop_held_drug(trial, patient, position, today)
    return True


def note_dose(trial: Trial, patient: Patient, row: list[int]) -> None:
    """Write a dose into the event log."""
    _, cycle, drug_id, _, delay, hold, wait, _, given, level, *_ = row
    words = [f"cycle {cycle}", f"drug {drug_id}"]
    words += [f"{delay} days late"] if delay else []
    words += [f"held {hold} days"] if hold else []
    words += [f"waited {wait} days"] if wait else []
    words += [f"dose level {level}"] if level else []
    trial.note(patient, "dose" if given else "dose omitted", ", ".join(words))
