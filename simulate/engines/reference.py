"""The SimPy engine: the trial as people live it, and its definition.

One process is one subject and one verb: a site enrols, a disease runs its course, a patient is
assessed, treated, and may withdraw. A process asks a rule for one decision when its day comes; it
does not read the future, so that whatever delays a dose delays what follows.

Order of things on one day, for all patients before the next line begins (``simulate.clock``):

1. enrolment, by site and then by the order of arrival there;
2. the disease: a response begins, progression occurs, a patient dies;
3. tumour assessments: first the visit of the calendar, then an unscheduled one;
4. doses, held or given, and whether the cycle brings adverse events;
5. adverse events begin, and act on later doses;
6. withdrawal from treatment and from the study.

So a patient whose scan shows progression gets no dose that day, one who dies is not scanned, and a
dose on the day of withdrawal is given.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.adverse_events import record_stop_event
from simulate.engines.arrivals import arrivals_by_site
from simulate.engines.assessment import assess
from simulate.engines.disease import run_disease
from simulate.engines.dosing import treat
from simulate.engines.draws import most_cycles
from simulate.engines.switching import change_treatment
from simulate.engines.toxicity_draws import ToxicitySource
from simulate.engines.trial import DrugState, Moment, Patient, Process, Trial
from simulate.patient import assessment as scans
from simulate.patient import baseline, disease, enrolment, follow_up, treatment
from simulate.plan import AnyPlan, trial_plan, with_lists
from simulate.records import (
    ADVERSE_EVENT_COLUMNS,
    ASSESSMENT_COLUMNS,
    DOSE_COLUMNS,
    DRUG_STOP_COLUMNS,
    SUBJECT_COLUMNS,
    TrialRecords,
    table,
)
from simulate.streams import Purpose, word

# ---- processes ----------------------------------------------------------------------------------


def enrol_at_site(trial: Trial, position: int, days: Iterator[int]) -> Process:
    """A site screens whoever arrives, until the trial is full or enrolment ends."""
    plan = trial.plan.enrolment
    site_id = int(plan.site_ids[position])
    for sequence, day in enumerate(days):
        if day > trial.plan.horizon:
            return
        yield Moment(trial.env, clock.moment(day, clock.ENROLMENT), position)
        if trial.is_full:
            return
        trial.screening_days.append(day)
        if is_ineligible(trial, site_id, sequence):
            if trial.log is not None:
                trial.log.append((day, clock.ENROLMENT, -1, site_id, "screening failure", ""))
            continue
        enrol_patient(trial, position, day)


def is_ineligible(trial: Trial, site_id: int, sequence: int) -> bool:
    """Whether an arrival at a site fails screening."""
    plan = trial.plan.enrolment
    if plan.screening_failure == 0:
        return False
    address = (trial.seed, site_id, trial.replicate, Purpose.SITE_SCREENING, sequence)
    return enrolment.fails_screening(plan, word(*address))


def enrol_patient(trial: Trial, site_position: int, day: int) -> None:
    """A patient takes the next number and is given an arm, and a life begins."""
    number, site_id = len(trial.patients), int(trial.plan.enrolment.site_ids[site_position])
    draws = trial.draws[number]
    levels: list[int] = []
    for variable, index in enumerate(trial.plan.baseline.variable_ids):
        levels.append(
            baseline.baseline_level(trial.plan.baseline, variable, levels, draws.baseline[index])
        )
    arm, stratum = trial.randomisation.assign(number, site_position, levels)
    plan = trial.arms[arm]
    factors = baseline.hazard_factors(plan.baseline, levels)
    course = disease.disease_course(
        plan.disease,
        factors,
        draws.response,
        draws.progression[0],
        (draws.death_without_progression[0], draws.death_after_progression[0]),
    )
    planned = [
        treatment.planned_cycles(plan.treatment, position, draws.planned_cycles[drug_id])
        for position, drug_id in enumerate(plan.treatment.drug_ids)
    ]
    drugs = [DrugState(limit=doses, left=doses) for doses in planned]
    life = (draws, trial.toxicity[arm][number], levels, factors, course, drugs)
    patient = Patient(number, site_id, day, day, arm, stratum, plan, *life)
    trial.patients.append(patient)
    trial.note(patient, "enrolled")
    if len(trial.arms) > 1:
        trial.note(patient, "randomised", f"arm {trial.arm_ids[arm]}")
    if trial.is_shared:
        trial.env.process(await_first_dose(trial, patient))
    else:
        begin_life(trial, patient)


def begin_life(trial: Trial, patient: Patient) -> None:
    """The day of the first dose has come: the processes of a patient's life start."""
    for process in (run_disease, assess, treat):
        trial.env.process(process(trial, patient))
    await_withdrawal(trial, patient)


def await_first_dose(trial: Trial, patient: Patient) -> Process:
    """A patient waits for a slot and for the drugs; the patient's clock starts with the dose."""
    site = trial.resources_of(patient.site_id)
    drugs = list(range(len(patient.drugs)))
    day = patient.enrolled
    while (moment := trial.next_in_line(patient, day, patient.enrolled)) is not None:
        yield moment
        if site.can_serve(day, drugs):
            site.serve(trial, drugs)
            patient.first_dose = day
            begin_life(trial, patient)
            return
        trial.note(patient, "dose waits", "cycle 1, no slot or no drug at the site")
        day += 1
    patient.first_dose = NEVER


def await_withdrawal(trial: Trial, patient: Patient) -> None:
    """The day on which a patient would withdraw is set; it is one step, so needs no process."""
    plan = patient.plan.follow_up
    early_word, early_day, time, _ = patient.draws.withdrawal
    early = follow_up.stops_early(plan, early_word)
    day = follow_up.withdrawal_day(plan, early, early_day, time)
    trial.when(patient, day, clock.LEAVING, partial(withdraw, trial, patient, day, early))


def withdraw(trial: Trial, patient: Patient, day: int, early: bool) -> None:
    """A patient stops treatment before progression, and may leave the study."""
    if not patient.is_assessed:
        return
    if not patient.is_treated:
        patient.stop(day, treatment.WITHDRAWAL)
        trial.note(patient, "assessments stop", "withdrawal")
    elif (term := stop_term(patient, early)) >= 0:
        record_stop_event(trial, patient, term, day, related=early)
        patient.stop(day, treatment.ADVERSE_EVENT)
        trial.note(patient, "treatment stops", treatment.STOP_NAMES[treatment.ADVERSE_EVENT])
    else:
        patient.stop(day, treatment.EARLY_STOP if early else treatment.WITHDRAWAL)
        trial.note(patient, "treatment stops", treatment.STOP_NAMES[patient.treatment_stop_reason])
    if follow_up.leaves_study(patient.plan.follow_up, patient.draws.withdrawal[3]):
        patient.study_withdrawal_day = day
        trial.note(patient, "leaves the study")


def stop_term(patient: Patient, early: bool) -> int:
    """Position of the adverse event that makes a patient withdraw, or -1."""
    plan = patient.plan.toxicity
    if early:
        return plan.early_stop_term
    if follow_up.is_caused_by_event(plan.withdrawal_share, patient.draws.withdrawal_cause[0]):
        return plan.withdrawal_term
    return -1


# ---- one trial ----------------------------------------------------------------------------------


class ReferenceEngine:
    """The SimPy engine of one plan.

    Parameters
    ----------
    plan : Plan or TrialPlan
        The trial as numbers.
    """

    name = "reference"

    def __init__(self, plan: AnyPlan) -> None:
        self.plan = with_lists(trial_plan(plan))
        self._toxicity = [ToxicitySource(arm, most_cycles(arm)) for arm in self.plan.arms]

    def simulate(self, *, seed: int, replicate: int, log: bool = False) -> TrialRecords:
        """Run one trial.

        Parameters
        ----------
        seed : int
            64-bit seed.
        replicate : int
            Replicate number, 0 to 2**32 - 1.
        log : bool
            Whether to keep the event log.

        Returns
        -------
        TrialRecords
            The whole truth up to the plan's horizon.
        """
        with _nothing_collected():
            trial = Trial(self.plan, self._toxicity, seed=seed, replicate=replicate, log=log)
            if any(arm.switching.switches for arm in self.plan.arms):
                trial.after_call = change_treatment
            arrivals = arrivals_by_site(self.plan.shared.enrolment, seed=seed, replicate=replicate)
            for position, days in enumerate(arrivals):
                trial.env.process(enrol_at_site(trial, position, days))
            trial.env.run()
            return _records(trial)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Do without Python's garbage collector: a trial leaves no cycles, and looking takes time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _records(trial: Trial) -> TrialRecords:
    """The patients' records as tables."""
    plan = trial.plan
    subjects = table(SUBJECT_COLUMNS, [_subject_row(trial, p) for p in trial.patients])
    levels = table(map(str, plan.baseline.variable_ids), [tuple(p.levels) for p in trial.patients])
    return TrialRecords(
        subjects=subjects,
        baseline=levels,
        assessments=table(ASSESSMENT_COLUMNS, [r for p in trial.patients for r in p.assessments]),
        doses=table(DOSE_COLUMNS, [r for p in trial.patients for r in p.doses]),
        adverse_events=table(
            ADVERSE_EVENT_COLUMNS,
            [r for p in trial.patients for r in _event_rows(p)],
        ),
        log=tuple(trial.log or ()),
        drug_stops=table(DRUG_STOP_COLUMNS, [r for p in trial.patients for r in p.drug_stops]),
        screening_days=tuple(sorted(trial.screening_days)),
    )


def _event_rows(patient: Patient) -> list[list[int]]:
    """A patient's adverse events in order; one that death came before had no end."""
    death = patient.course.death_day
    for row in patient.adverse_events:
        if row[5] > death:
            row[5] = NEVER
    return sorted(patient.adverse_events, key=_by_onset)


def _by_onset(row: list[int]) -> tuple[int, int, int]:
    """Order of adverse events within a patient: onset, cycle, term."""
    return row[4], row[1], row[2]


def _subject_row(trial: Trial, patient: Patient) -> tuple[int, ...]:
    """One row of ``subjects``."""
    course, plan = patient.course, patient.plan
    return (
        patient.site_id,
        trial.arm_ids[patient.arm],
        patient.stratum,
        patient.enrolled,
        patient.first_dose,
        scans.baseline_scan_day(plan.assessment, patient.draws.baseline_scan[0]),
        course.responder,
        course.complete,
        course.response_day,
        course.progression_day,
        course.death_day,
        patient.treatment_stop_day,
        patient.treatment_stop_reason,
        patient.assessment_stop_day,
        patient.study_withdrawal_day,
        follow_up.contact_lag(plan.follow_up, patient.draws.last_contact[0]),
    )
