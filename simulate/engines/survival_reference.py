"""The SimPy engine of randomised survival trials: the trial as it goes on, and its definition.

One process is one subject and one verb: a region enrols, a disease runs its course, a patient drops
out. Order of things on one day, for all patients before the next line begins (``simulate.clock``):

1. enrolment and randomisation, region by region in the order of their numbers;
2. progression and death;
3. dropout: what happens on that day still counts.

Scans are read later, by the rules of :mod:`simulate.looks`. Where patients change treatment at a
reader's call, that is when it is found, and the days here are those without a change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.draws import blocks
from simulate.engines.survival_draws import SurvivalDraws, draw_survival_patients
from simulate.engines.survival_randomiser import Randomiser
from simulate.engines.trial import Moment, Process, Schedule
from simulate.patient.accrual import admitted, arrivals_on
from simulate.patient.baseline import baseline_level
from simulate.patient.response import day_of_response, response_word
from simulate.patient.survival import DROPOUT, SINGLE_PFS, course_of, transition_day
from simulate.patient.switching import day_of_switch
from simulate.plan import with_lists
from simulate.records import LogRow
from simulate.streams import Purpose, words
from simulate.survival_ledger import COLUMNS, SurvivalLedger, survival_ledger
from simulate.survival_plan import SurvivalPlan


@dataclass(slots=True)
class SurvivalPatient:
    """One enrolled patient: what is true, and whether the trial still hears of it."""

    number: int
    region: int
    cell: int
    stratum: int
    arm: int
    enrolled: int
    """Trial day of enrolment and randomisation."""
    progression_day: int
    """Days since randomisation, as all that follow."""
    death_day: int
    dropout_day: int
    switch_day: int
    response_day: int
    is_followed: bool = True

    @property
    def row(self) -> tuple[int, ...]:
        """The patient's entries of the ledger, in the order of its columns."""
        return (
            *(self.region, self.cell, self.stratum, self.arm, self.enrolled),
            *(self.progression_day, self.death_day, self.dropout_day),
            *(self.switch_day, self.response_day),
        )


class SurvivalTrialRun:
    """One running trial: the clock, the plan, and the patients so far."""

    def __init__(self, plan: SurvivalPlan, *, seed: int, replicate: int, log: bool) -> None:
        self.plan = plan
        self.seed = seed
        self.replicate = replicate
        self.env = Schedule()
        self.patients: list[SurvivalPatient] = []
        self.places = list(plan.accrual.caps)
        """Places that are left in each region."""
        self.randomiser = Randomiser(plan.randomisation, seed=seed, replicate=replicate)
        self.draws: list[SurvivalDraws] = draw_survival_patients(
            plan, seed=seed, replicate=replicate
        )
        self.log: list[LogRow] | None = [] if log else None

    @property
    def is_full(self) -> bool:
        """Whether every place is taken."""
        return len(self.patients) == self.plan.accrual.sample_size

    def at(self, patient: SurvivalPatient, day: int, phase: int) -> Moment | None:
        """A phase of a patient's day, to wait for; None beyond the end of the trial."""
        trial_day = patient.enrolled + day
        if trial_day > self.plan.horizon:
            return None
        return Moment(self.env, clock.moment(trial_day, phase), patient.number)

    def note(self, patient: SurvivalPatient, event: str, detail: str = "") -> None:
        """Write a line into the event log, if one is kept."""
        if self.log is not None:
            day, phase = divmod(int(self.env.now), clock.PHASES_PER_DAY)
            region_id = self.plan.accrual.region_ids[patient.region]
            self.log.append((day, phase, patient.number, region_id, event, detail))


# ---- processes ------------------------------------------------------------------------------


def enrol_in_region(trial: SurvivalTrialRun, region: int) -> Process:
    """A region enrols whoever arrives, until it or the trial is full."""
    accrual = trial.plan.accrual
    layout = [(Purpose.REGION_ARRIVALS, blocks(accrual.n_days))]
    address = (trial.seed, [accrual.region_ids[region]], trial.replicate)
    drawn = words(*address, layout)[0].tolist()
    for day in range(accrual.n_days):
        arrived = arrivals_on(accrual, region, day, drawn[day])
        if arrived == 0:
            continue
        yield Moment(trial.env, clock.moment(day, clock.ENROLMENT), region)
        left = accrual.sample_size - len(trial.patients)
        n = admitted(arrived, left, trial.places[region])
        trial.places[region] -= n
        for _ in range(n):
            enrol(trial, region, day)
        if trial.is_full or trial.places[region] == 0:
            return


def enrol(trial: SurvivalTrialRun, region: int, day: int) -> None:
    """A patient takes the next number, is given an arm, and is followed from then on."""
    plan, number = trial.plan, len(trial.patients)
    draws = trial.draws[number]
    cell = cell_of(plan, draws)
    stratum = plan.randomisation.stratum_of[cell]
    arm = trial.randomiser.arm_of(draws.randomisation, stratum=stratum, cell=cell, region=region)
    event, death, after, dropout = draws.survival
    progression_day, death_day = course_of(
        plan.survival, arm, cell, event, death, after, draws.switch
    )
    dropout_day = transition_day(plan.survival, DROPOUT, arm, cell, dropout)
    switches, delay = plan.survival.switches[arm], plan.survival.switch_delay[arm]
    response_day = NEVER
    if plan.response.exists == 1:
        drawn = response_word(plan.response, event, draws.response)
        days = progression_day, death_day, dropout_day
        response_day = day_of_response(plan.response, arm, cell, drawn, *days)
    patient = SurvivalPatient(
        number,
        region,
        cell,
        stratum,
        arm,
        day,
        progression_day,
        death_day,
        dropout_day,
        day_of_switch(switches, delay, draws.switch, progression_day, death_day),
        response_day,
    )
    trial.patients.append(patient)
    trial.note(patient, "enrolled", f"arm {arm + 1}")
    trial.env.process(run_disease(trial, patient))
    trial.env.process(drop_out(trial, patient))


def cell_of(plan: SurvivalPlan, draws: SurvivalDraws) -> int:
    """Who the patient is: the number of the combination of baseline levels."""
    levels: list[int] = []
    for variable, index in enumerate(plan.baseline.variable_ids):
        levels.append(baseline_level(plan.baseline, variable, levels, draws.baseline[index]))
    return sum(stride * level for stride, level in zip(plan.cell_stride, levels, strict=True))


def run_disease(trial: SurvivalTrialRun, patient: SurvivalPatient) -> Process:
    """A response is known, if there is one; the disease progresses, and the patient dies."""
    response = (patient.response_day, "response")
    turns = [
        response,
        (patient.progression_day, "progression"),
        (patient.switch_day, "changes treatment"),
        (patient.death_day, "death"),
    ]
    if trial.plan.survival.model == SINGLE_PFS:
        turns = [response, (patient.progression_day, "progression or death")]
    for day, event in turns:
        if day == NEVER:
            continue
        moment = trial.at(patient, day, clock.DISEASE)
        if moment is None:
            return
        yield moment
        if not patient.is_followed:
            return
        trial.note(patient, event)
    if patient.death_day < NEVER:
        patient.is_followed = False


def drop_out(trial: SurvivalTrialRun, patient: SurvivalPatient) -> Process:
    """The patient is lost to follow-up: nothing later is known of it."""
    moment = trial.at(patient, patient.dropout_day, clock.LEAVING)
    if moment is None:
        return
    yield moment
    if patient.is_followed:
        patient.is_followed = False
        trial.note(patient, "dropout")


# ---- one trial ------------------------------------------------------------------------------


class ReferenceSurvivalEngine:
    """The SimPy engine of one plan.

    Parameters
    ----------
    plan : SurvivalPlan
        The trial as numbers.
    """

    name = "reference"

    def __init__(self, plan: SurvivalPlan) -> None:
        self._plan = with_lists(plan)

    def simulate(self, *, seed: int, replicate: int) -> SurvivalLedger:
        """Run one trial: the whole truth, as a ledger of arrays."""
        return self.simulate_with_log(seed=seed, replicate=replicate, log=False)[0]

    def simulate_with_log(
        self, *, seed: int, replicate: int, log: bool = True
    ) -> tuple[SurvivalLedger, tuple[LogRow, ...]]:
        """Run one trial, and tell what happened in the order in which it did.

        The log is what the trial hears of: nothing of a patient after dropout or death.
        """
        trial = SurvivalTrialRun(self._plan, seed=seed, replicate=replicate, log=log)
        for region in range(len(self._plan.accrual.region_ids)):
            trial.env.process(enrol_in_region(trial, region))
        trial.env.run()
        rows = np.array([p.row for p in trial.patients], np.int64).reshape(-1, len(COLUMNS))
        columns = dict(zip(COLUMNS, rows.T.tolist(), strict=True))
        return survival_ledger(columns), tuple(trial.log or ())
