"""One patient's doses and adverse events, worked out without SimPy, from the scenario itself.

Written with names, floats and scipy, cycle after cycle: an event is put on a list when its cycle
begins, and acts when the walk comes to its day. Of the engine it reads the latent course only.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

from naive_patient import NaivePatient
from scipy import integrate, stats

from simulate.clock import ASSESSMENT as SCAN
from simulate.clock import DISEASE, DOSE, LEAVING, ONSET
from simulate.distributions import NEVER
from simulate.patient import assessment as scans
from simulate.patient import treatment
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.dosing import DosingRule
from simulate.scenario.scenario import Scenario
from simulate.scenario.toxicity import CycleWeight, Term, Toxicity
from simulate.streams import Purpose, unit_exponential

ACTIONS = ("hold", "reduce", "discontinue", "interrupt_infusion")


def naive_frailty(block: Toxicity, kind: str, shared: int, own: int) -> float:
    """Log-normal of mean 1: the means of both its parts within one of 4096 slices."""
    if kind == "none":
        return 1.0
    sigma, rho = block.frailties.haematological, 1.0
    if kind == "other":
        sigma, rho = block.frailties.other, block.frailties.correlation
    own_sigma = sigma * math.sqrt(1 - rho**2)
    return mean_of_slice(sigma * rho, shared >> 20) * mean_of_slice(own_sigma, own >> 20)


@cache
def mean_of_slice(sigma: float, index: int) -> float:
    """Mean of ``exp(sigma z - sigma**2 / 2)`` over a slice of normal deviates, by quadrature."""
    low, high = (float(stats.norm.ppf(i / 4096)) for i in (index, index + 1))
    low, high = max(low, -40.0), min(high, 40.0)  # nothing lies beyond
    middle = min(max(sigma, low), high)  # the integrand is highest here

    def integrand(z: float) -> float:
        return math.exp(sigma * z - sigma**2 / 2 - z**2 / 2) / math.sqrt(2 * math.pi)

    parts = [
        integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-13, limit=200)[0]
        for a, b in ((low, middle), (middle, high))
        if a < b
    ]
    return 4096 * math.fsum(parts)


def naive_weight(weight: CycleWeight, cycle: int, state: str) -> float:
    """Weight of a cycle, with the drug on which it depends given in full, reduced or not."""
    fades = math.exp(-(cycle - 1) / weight.fades_over)
    if weight.first_cycle_only:
        fades = 1.0 if cycle == 1 else 0.0
    full = weight.later + weight.early * fades
    if weight.drug is None or state == "full":
        return full
    return full * (weight.without if state == "not given" else weight.reduced)


def naive_applies(
    rule: DosingRule, term: str, grade: int, related: bool, special: bool, word: int
) -> bool:
    """Whether a rule acts on an event."""
    return all(
        (
            grade >= rule.grade,
            related or not rule.related,
            special or not rule.special_interest,
            not rule.terms or term in rule.terms,
            (word + 0.5) / 2**32 < rule.probability,
        )
    )


class NaiveEvent(NamedTuple):
    """An adverse event that will begin, unless the patient has died or left; in order of onset."""

    onset: int
    position: int
    cycle: int
    grade: int
    end: int
    serious: bool
    drugs: tuple[str, ...]
    """Drugs given in the cycle: it can be related to no other."""


class NaiveDrug:
    """What has become of one drug."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.given = 0
        self.level = 0
        self.blocked = 0
        self.omitted_since = NEVER
        self.stopped = False
        self.last: list[int] = []

    @property
    def due(self) -> bool:
        return not self.stopped and self.given < self.limit


class NaiveTreated(NaivePatient):
    """A patient of a scenario with adverse events."""

    def __init__(
        self, trial: Scenario, plan: Plan, records: TrialRecords, number: int, rep: int
    ) -> None:
        self.trial = trial
        assert trial.toxicity is not None
        self.block = trial.toxicity
        super().__init__(plan, records, number, trial.seed, rep)

    # ---- words ---------------------------------------------------------------------------------

    def factor(self, kind: str) -> float:
        shared, own = (self.word(Purpose.FRAILTY, i) for i in (0, 1))
        return naive_frailty(self.block, kind, shared, own)

    def event_word(self, purpose: Purpose, cycle: int, term: Term, i: int) -> int:
        """Word i of an event: four of its grade and days, up to 64 of its drugs and rules."""
        single = (Purpose.ADVERSE_EVENT, Purpose.INFUSION)
        words = 1 if purpose in single else 4 if purpose == Purpose.ADVERSE_EVENT_DETAIL else 64
        return self.word(purpose, (cycle * 256 + term.id) * words + i)

    # ---- the walk ------------------------------------------------------------------------------

    def ends(self) -> tuple[int, int, int]:
        """Day, phase and reason of the end of treatment, adverse events apart."""
        seen = [row[2] for row in self.scans if row[4] == scans.PROGRESSIVE_DISEASE]
        early = treatment.EARLY_STOP if self.is_early else treatment.WITHDRAWAL
        return min(
            (self.subject["death_day"], DISEASE, treatment.DEATH),
            (min(seen, default=NEVER), SCAN, treatment.PROGRESSION),
            (self.leaves, LEAVING, early),
        )

    def given(self) -> list[tuple[int, ...]]:
        """Walk from cycle to cycle; the rows of the doses."""
        self.end = self.ends()
        self.rows: list[list[int]] = []
        self.events: list[list[int]] = []
        self.waiting: list[NaiveEvent] = []
        plan = self.plan.treatment
        self.drugs = [
            NaiveDrug(treatment.planned_cycles(plan, d, self.word(Purpose.PLANNED_CYCLES, drug.id)))
            for d, drug in enumerate(self.trial.treatment.drugs)
        ]
        self.kinds = {kind: self.factor(kind) for kind in ("none", "haematological", "other")}
        mean = treatment.mean_delay(plan, self.word(Purpose.DELAY_MEAN))
        cycle, planned, delay = 1, 0, 0
        while (day := self.waits(planned)) <= self.last_day and not self.is_over(day):
            self.give(cycle, day, delay, day - planned)
            if not any(drug.due for drug in self.drugs):
                self.end = min(self.end, (day, DOSE, treatment.COMPLETED))
                break
            cycle += 1
            e = unit_exponential(self.word(Purpose.DELAY, cycle))
            delay = math.floor(mean * e + 0.5)
            planned = day + self.trial.treatment.cycle_length + delay
        self.come_to(NEVER)
        self.add_events_of_the_end()
        return [tuple(row) for row in self.rows]

    def is_over(self, day: int) -> bool:
        """Whether treatment has ended before the doses of a day."""
        return self.end[:2] < (day, DOSE) or self.drugs[0].stopped

    def waits(self, planned: int) -> int:
        """Day on which a cycle can be given."""
        day = planned
        while day <= self.last_day:
            self.come_to(day)
            if self.is_over(day):
                break
            free = [self.free(d, planned, day) for d in range(len(self.drugs))]
            if self.is_over(day) or max(free) <= day:
                break
            day = max(free)
        return day

    def free(self, d: int, planned: int, day: int) -> int:
        """Day until which the whole cycle waits for one drug; the drug may end here."""
        drug, holds = self.drugs[d], self.trial.treatment.drugs[d].holds
        if holds is None or not holds.delays_cycle or not drug.due or drug.blocked <= day:
            return day
        until = max(drug.blocked, planned + holds.at_least)
        until = min(until, planned + holds.at_most)
        if until <= day:
            self.stop_held(d, day)
            return day
        return until

    def stop_drug(self, d: int, day: int, phase: int) -> None:
        self.drugs[d].stopped = True
        if d == 0:
            self.end = min(self.end, (day, phase, treatment.ADVERSE_EVENT))

    def stop_held(self, d: int, day: int) -> None:
        """End a drug that has been held too long: by the latest of the events that held it."""
        holding = [event for event in self.events if event[-1] >> (4 * d) & 1]
        holding[-1][-1] |= 1 << (4 * d + ACTIONS.index("discontinue"))
        self.stop_drug(d, day, DOSE)

    def give(self, cycle: int, day: int, delay: int, hold: int) -> None:
        states = {}
        for d, (drug, own) in enumerate(zip(self.drugs, self.trial.treatment.drugs, strict=True)):
            states[own.name] = "not given"
            given = drug.blocked <= day
            if not drug.due:
                continue
            if not given:
                assert own.holds is not None
                drug.omitted_since = min(drug.omitted_since, day)
                if day >= drug.omitted_since + own.holds.at_most:
                    self.stop_held(d, day)
                    if d == 0:
                        return
                    continue
            held = drug.blocked > day - hold
            row = [cycle, own.id, day, delay, hold, 0, int(held), int(given), drug.level, 0]
            row += [1000 if given else 0]
            self.rows.append(row)
            if given:
                drug.given += 1
                drug.omitted_since = NEVER
                drug.last = row
                states[own.name] = "reduced" if drug.level else "full"
        nothing = set(states.values()) == {"not given"}
        for position, term in enumerate(() if nothing else self.block.terms):
            self.bring(position, term, cycle, day, states)

    def bring(
        self, position: int, term: Term, cycle: int, day: int, states: dict[str, str]
    ) -> None:
        """Put an event on the list if the cycle brings one."""
        weight = next(w for w in self.block.weights if w.name == term.weight)
        factor = naive_weight(weight, cycle, states.get(weight.drug or "", "full"))
        factor *= self.kinds[term.frailty]
        u = (self.event_word(Purpose.ADVERSE_EVENT, cycle, term, 0) + 0.5) / 2**32
        if u > -math.expm1(-term.rate * factor):
            return
        severe = u <= -math.expm1(-term.rate_grade_3 * factor)
        detail = [self.event_word(Purpose.ADVERSE_EVENT_DETAIL, cycle, term, i) for i in range(4)]
        uniform = [(w + 0.5) / 2**32 for w in detail]
        mild = term.grade or (2 if uniform[0] < self.block.grade_2_share else 1)
        grade = (4 if uniform[0] < self.block.grade_4_share else 3) if severe else mild
        first, last = term.onset or self.block.onset
        onset = day + first + math.floor(detail[1] / 2**32 * (last - first + 1))
        end = self.ends_on(onset, uniform[2])
        worse = self.block.serious_grade_3 if term.serious is None else term.serious
        serious = uniform[3] < (worse if severe else self.block.serious_mild)
        drugs = tuple(name for name, state in states.items() if state != "not given")
        self.waiting.append(NaiveEvent(onset, position, cycle, grade, end, serious, drugs))

    def ends_on(self, onset: int, u: float) -> int:
        """Day on which an event has resolved: log-normal, rounded up."""
        z = float(stats.norm.ppf(u))
        duration = self.block.duration
        return onset + math.ceil(duration.median * math.exp(duration.sigma * z))

    def come_to(self, day: int) -> None:
        """Let every event begin whose onset lies before a day."""
        for event in sorted(self.waiting):
            if event.onset < day:
                self.waiting.remove(event)
                self.begin(event)

    def begin(self, event: NaiveEvent) -> None:
        day = event.onset
        gone = self.leaves_study() and day > self.leaves
        if day > self.last_day or day >= self.subject["death_day"] or gone:
            return
        term = self.block.terms[event.position]
        earlier = [*self.events, *(row for row in self.stop() if row[3] < day)]
        if any(row[1] == term.id and row[4] > day for row in earlier):
            return  # the last one goes on
        related, taken = 0, 0
        for d, drug in enumerate(self.trial.treatment.drugs):
            u = self.event_word(Purpose.ADVERSE_EVENT_RELATED, event.cycle, term, drug.id) + 0.5
            related |= (drug.name in event.drugs and u / 2**32 < drug.relatedness) << d
        for d, drug in enumerate(self.trial.treatment.drugs):
            for rule in drug.rules:
                w = self.event_word(Purpose.DOSING_RULE, event.cycle, term, rule.id)
                about = (term.name, event.grade, bool(related >> d & 1), term.special_interest)
                bit = 1 << (4 * d + ACTIONS.index(rule.action))
                if rule.action == "reduce" and taken & bit:
                    continue  # by this very event
                if naive_applies(rule, *about, w) and self.act(d, rule, event):
                    taken |= bit
        self.put(event.cycle, term, event.grade, day, event.end, event.serious, related, taken)

    def put(self, cycle: int, term: Term, grade: int, day: int, end: int, *rest: int) -> None:
        """Put an event on record; one that death comes before never ends."""
        end = NEVER if end > self.subject["death_day"] else end
        self.events.append([cycle, term.id, grade, day, end, *map(int, rest)])

    def act(self, d: int, rule: DosingRule, event: NaiveEvent) -> bool:
        drug, own = self.drugs[d], self.trial.treatment.drugs[d]
        if rule.action == "interrupt_infusion":  # also that of the last dose that is planned
            if not drug.last or drug.last[2] != event.onset:
                return False
            term = self.block.terms[event.position]
            self.interrupt(drug, self.event_word(Purpose.INFUSION, event.cycle, term, 0), rule)
            return True
        if not drug.due or self.end[:2] <= (event.onset, ONSET) or not drug.last:
            return False
        if rule.action == "hold":
            free = event.end if rule.lasting is None else event.onset + rule.lasting
            drug.blocked = max(drug.blocked, free)
        elif rule.action == "reduce":
            if drug.level == len(own.reduced_doses):
                return False
            drug.level += 1
        else:
            self.stop_drug(d, event.onset, ONSET)
        return True

    def interrupt(self, drug: NaiveDrug, w: int, rule: DosingRule | None = None) -> None:
        """Interrupt an infusion: it is resumed, or ends at a moment uniform over its length."""
        u, resumed = (w + 0.5) / 2**32, rule.resumed if rule else 0.0
        infused = 1000 if u < resumed else math.floor(1000 * (u - resumed) / (1 - resumed))
        drug.last[-2:] = [1, min(infused, drug.last[-1])]

    # ---- the end -------------------------------------------------------------------------------

    def assessed_until(self) -> tuple[int, int, int]:
        """End of the tumour assessments: that of treatment, unless all cycles had been given."""
        return self.ends() if self.end[2] == treatment.COMPLETED else self.end

    def leaves_study(self) -> bool:
        """Whether withdrawal comes before any other end, and is one from the study."""
        return self.is_lost and self.assessed_until()[:2] == (self.leaves, LEAVING)

    def stop(self) -> list[list[int]]:
        """The event that made a patient withdraw, if one did."""
        cause = self.cause_of_withdrawal()
        if self.end[:2] != (self.leaves, LEAVING) or self.leaves > self.last_day or not cause:
            return []
        term, day = next(term for term in self.block.terms if term.name == cause), self.leaves
        u = (self.event_word(Purpose.ADVERSE_EVENT_DETAIL, 0, term, 2) + 0.5) / 2**32
        end, last = self.ends_on(day, u), self.drugs[0].last
        action = 0b1100 if self.is_early and last and last[2] == day else 0b100
        return [[self.rows[-1][0], term.id, 3, day, end, 1, int(self.is_early), action]]

    def add_events_of_the_end(self) -> None:
        """The event that made a patient withdraw, and the one by which a death is recorded."""
        terms = {term.name: term for term in self.block.terms}
        cycle = self.rows[-1][0] if self.rows else 1
        for _, term_id, *rest, action in self.stop():
            term = next(term for term in self.block.terms if term.id == term_id)
            if action >> 3:
                self.interrupt(self.drugs[0], self.event_word(Purpose.INFUSION, 0, term, 0))
            self.put(cycle, term, *rest, action)
            self.end = (*self.end[:2], treatment.ADVERSE_EVENT)
        death = self.subject["death_day"]
        known = death <= self.last_day and self.subject["progression_day"] == NEVER
        if self.block.fatal and known and not (self.leaves_study() and self.leaves < death):
            self.put(cycle, terms[self.block.fatal], 5, death, death, True, 0, 0)
        self.events.sort(key=lambda row: (row[3], row[0], row[1]))

    def cause_of_withdrawal(self) -> str | None:
        """Term of the event that made a patient withdraw from treatment."""
        early = self.trial.follow_up.early_stop
        cause = self.trial.follow_up.withdrawal_adverse_event
        if self.is_early:
            return early.adverse_event if early else None
        u = (self.word(Purpose.WITHDRAWAL_CAUSE) + 0.5) / 2**32
        return cause.term if cause and u < cause.probability else None

    def naive_stop(self) -> tuple[int, int]:
        """Day and reason of the end of treatment."""
        if self.end[0] > self.last_day:
            return NEVER, treatment.NOT_STOPPED
        return self.end[0], self.end[2]
