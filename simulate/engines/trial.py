"""One running trial in SimPy: its clock, its patients, and what is on record so far."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from heapq import heappush
from typing import cast

import simpy
from simpy.events import EventPriority

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.draws import PatientDraws, draw_patients
from simulate.engines.randomisation import Randomisation
from simulate.engines.resources import SiteResources
from simulate.engines.toxicity_draws import ToxicityDraws, ToxicitySource
from simulate.patient import disease, treatment
from simulate.plan import Plan, TrialPlan
from simulate.records import LogRow

Process = Generator[simpy.Event, None, None]

_FIRST_PRIORITY = 2  # SimPy starts processes with priority 0
_LINE_LENGTH = 2**32  # more than there are patients
_CHANNELS = 256  # moments that one patient may have in the same phase of the same day


class Schedule(simpy.Environment):
    """SimPy's environment, in which an event has a time, not a delay."""

    def schedule_at(self, event: simpy.Event, time: int, priority: int) -> None:
        """Let an event happen at a time; of several at one time the lowest priority is first."""
        entry = (time, cast(EventPriority, priority), next(self._eid), event)
        heappush(self._queue, entry)


class Moment(simpy.Event):
    """A phase of a day, at which one process wakes: in the order of patients, not of scheduling."""

    # as of simpy.Timeout, but of all moments alike
    _ok = True
    _value = None

    def __init__(self, env: Schedule, time: int, order: int) -> None:
        self.env = env
        self.callbacks = []
        env.schedule_at(self, time, _FIRST_PRIORITY + order)


@dataclass(slots=True)
class DrugState:
    """One drug of one patient."""

    limit: int
    """Planned doses, NEVER for no limit."""
    left: int
    """Doses still to be given; none once the drug has stopped."""
    level: int = 0
    """Dose level of the next dose; 0 is the full dose."""
    blocked_until: int = 0
    """Patient day from which no adverse event holds the drug any more."""
    held_since: int = NEVER
    """Patient day of the first dose in a row that was held or omitted."""
    last_dose: list[int] | None = None
    """Row of the latest dose."""


@dataclass(slots=True)
class Accrual:
    """Hazard of progression that a patient has accrued."""

    hazard: float = 0.0
    since: int = 0
    """Patient day up to which it is counted."""
    factor: float = 1.0
    given: float = 0.0
    """Doses given so far, a full one being 1."""


@dataclass(slots=True)
class Patient:
    """One enrolled patient: what is true, what is still going on, what is on record."""

    number: int
    site_id: int
    enrolled: int
    """Trial day of enrolment."""
    first_dose: int
    """Trial day of the first dose; while the patient waits for it, that of enrolment."""
    arm: int
    """Position of the arm."""
    stratum: int
    plan: Plan
    """The rules of the arm, as numbers."""
    draws: PatientDraws
    toxicity: ToxicityDraws
    levels: list[int]
    """Baseline levels, in the order of the scenario."""
    factors: tuple[float, float, float]
    """Hazard factors on progression, death without it, and death after it."""
    course: disease.Course
    drugs: list[DrugState]
    blocked_until: int = 0
    """Patient day from which no adverse event holds any drug any more."""
    accrual: Accrual = field(default_factory=Accrual)
    shift: int = 0
    """Days by which the latest dose was later than a course without any delay."""
    is_treated: bool = True
    """Whether treatment goes on."""
    is_assessed: bool = True
    """Whether tumour assessments go on."""
    is_called: bool = False
    """Whether the investigator has called progression."""
    treatment_stop_day: int = NEVER
    treatment_stop_reason: int = treatment.NOT_STOPPED
    assessment_stop_day: int = NEVER
    study_withdrawal_day: int = NEVER
    n_scans: int = 0
    """Scans done."""
    n_showing: int = 0
    """Those on or after progression."""
    assessments: list[tuple[int, ...]] = field(default_factory=list)
    doses: list[list[int]] = field(default_factory=list)
    adverse_events: list[list[int]] = field(default_factory=list)
    drug_stops: list[tuple[int, int, int]] = field(default_factory=list)
    resolves: dict[int, int] = field(default_factory=dict)
    """Day on which the latest event of each term has resolved, by the term's position."""

    @property
    def has_doses_left(self) -> bool:
        """Whether any drug is still to be given."""
        return any(drug.left > 0 for drug in self.drugs)

    def stop(self, day: int, reason: int) -> None:
        """Stop the tumour assessments, and treatment if it still goes on."""
        if self.is_assessed:
            self.assessment_stop_day, self.is_assessed = day, False
        self.stop_treatment(day, reason)

    def stop_treatment(self, day: int, reason: int) -> None:
        """Stop treatment if it still goes on, and no more: assessments go on."""
        if self.is_treated:
            self.treatment_stop_day, self.treatment_stop_reason = day, reason
            self.is_treated = False


class Trial:
    """One running trial: the clock, the plan of each arm, and the patients so far."""

    def __init__(
        self,
        plan: TrialPlan,
        toxicity: Sequence[ToxicitySource],
        *,
        seed: int,
        replicate: int,
        log: bool,
    ) -> None:
        self.arms = plan.arms
        self.arm_ids = plan.arm_ids
        self.plan = plan.shared
        self.seed = seed
        self.replicate = replicate
        self.env = Schedule()
        self.patients: list[Patient] = []
        self.screening_days: list[int] = []
        self.randomisation = Randomisation(plan.allotment, seed, replicate)
        self.draws = draw_patients(plan.arms, seed=seed, replicate=replicate)
        self.toxicity = [source.draw(seed=seed, replicate=replicate) for source in toxicity]
        self.log: list[LogRow] | None = [] if log else None
        self.after_call: Callable[[Trial, Patient, int], None] | None = None
        """What follows once progression is called, on that day; the engine says what."""
        self.is_shared = self.plan.has_shared_resources
        self.sites: dict[int, SiteResources] = {}
        self._horizon = clock.moment(self.plan.horizon, clock.DATA_CUT)

    @property
    def today(self) -> int:
        """Trial day."""
        return clock.trial_day(int(self.env.now))

    @property
    def is_full(self) -> bool:
        """Whether every place is taken."""
        return len(self.patients) >= self.plan.enrolment.n_patients

    def is_over(self, patient: Patient, day: int) -> bool:
        """Whether a patient's day lies beyond the horizon."""
        return patient.first_dose + day > self.plan.horizon

    def resources_of(self, site_id: int) -> SiteResources:
        """The shared resources of a site."""
        if site_id not in self.sites:
            self.sites[site_id] = SiteResources(self.plan.resources, site_id)
        return self.sites[site_id]

    def on(self, trial_day: int, phase: int, action: Callable[[], None], *, order: int) -> None:
        """Do something at a phase of a trial day, unless it lies beyond the horizon."""
        time = clock.moment(trial_day, phase)
        if time <= self._horizon:
            callbacks = Moment(self.env, time, order).callbacks
            if callbacks is not None:
                callbacks.append(lambda _: action())

    def next_in_line(self, patient: Patient, trial_day: int, since: int) -> Moment | None:
        """The doses of a trial day for a patient who waits since one: the longest wait is first."""
        time = clock.moment(trial_day, clock.DOSE)
        if time > self._horizon:
            return None
        return Moment(self.env, time, since * _LINE_LENGTH + patient.number)

    def at(self, patient: Patient, day: int, phase: int, *, channel: int = 0) -> Moment | None:
        """A phase of a patient's day, to wait for; None beyond the horizon."""
        time = (patient.first_dose + day) * clock.PHASES_PER_DAY + phase
        if time > self._horizon:
            return None
        return Moment(self.env, time, _CHANNELS * patient.number + channel)

    def when(
        self,
        patient: Patient,
        day: int,
        phase: int,
        action: Callable[[], None],
        *,
        channel: int = 0,
    ) -> None:
        """Do something at a phase of a patient's day: a process of one step, without its cost."""
        moment = self.at(patient, day, phase, channel=channel)
        if moment is not None and moment.callbacks is not None:
            moment.callbacks.append(lambda _: action())

    def note(self, patient: Patient, event: str, detail: str = "") -> None:
        """Write a line into the event log, if one is kept."""
        if self.log is not None:
            day, phase = divmod(int(self.env.now), clock.PHASES_PER_DAY)
            self.log.append((day, phase, patient.number, patient.site_id, event, detail))
