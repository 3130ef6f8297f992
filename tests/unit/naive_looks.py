"""The looks of a trial by their definition: day by day, patient by patient, with other programs.

Written from the rules as people say them, and unlike the package: patients are objects, days are
tried one after the other, statistics come from lifelines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time

from simulate.looks.design import LookDesign
from simulate.scenario.analyses import Cut, Trigger
from simulate.scenario.monitoring import Hypothesis

MONTH = 30.4375
ALL: Mapping[str, Sequence[str]] = {}
EVALUABLE_AFTER = 12
"""Days from enrolment until it is known who has responded."""


@dataclass(frozen=True)
class NaivePatient:
    """One patient; days are counted from enrolment, None is never."""

    enrolled: int
    arm: str
    stratum: int
    progression: int | None
    death: int | None
    dropout: int | None
    group: str = "a"
    responds: bool = False
    """Whether a response is known on the day on which that is told of all."""

    def belongs(self, population: Mapping[str, Sequence[str]]) -> bool:
        """Whether the patient is in a subpopulation."""
        return all(self.group in levels for levels in population.values())

    def attends(self, day: int, scans: list[int]) -> list[int]:
        """Scans up to a day that the patient comes to."""
        alive = [s for s in scans if self.death is None or s < self.death]
        here = [s for s in alive if self.dropout is None or s <= self.dropout]
        return [s for s in here if s <= day]

    def seen(self, endpoint: str, day: int, scans: list[int] | None) -> tuple[int, bool]:
        """Time and event as known at the end of a day since enrolment."""
        until = day if self.dropout is None else min(day, self.dropout)
        died = self.death if self.death is not None and self.death <= until else None
        if endpoint == "OS":
            return (died, True) if died is not None else (until, False)
        progressed, last = self.progression, until
        if scans is not None:
            attended = self.attends(until, scans)
            positive = [s for s in attended if progressed is not None and s >= progressed]
            progressed = min(positive) if positive else None
            last = max(attended, default=0)
            last = max((s for s in scans if s <= until), default=0) if died is None else last
        elif progressed is not None and progressed > until:
            progressed = None
        first = [d for d in (progressed, died) if d is not None]
        return (min(first), True) if first else (last, False)


@dataclass
class NaiveTrial:
    """A trial that goes on day by day."""

    design: LookDesign
    patients: list[NaivePatient]
    scans: list[int] | None
    cuts: list[tuple[int, bool]] = field(default_factory=list)

    def sample(
        self, endpoint: str, day: int, population: Mapping[str, Sequence[str]] = ALL
    ) -> list[tuple[NaivePatient, int, bool]]:
        """Who is enrolled by the end of a trial day, with time and event.

        Of a response rate: who is enrolled long enough, with day 0.
        """
        here = [p for p in self.patients if p.enrolled <= day and p.belongs(population)]
        if endpoint == "ORR":
            return [(p, 0, p.responds) for p in here if day - p.enrolled >= EVALUABLE_AFTER]
        return [(p, *p.seen(endpoint, day - p.enrolled, self.scans)) for p in here]

    def events(self, endpoint: str, day: int, population: Mapping[str, Sequence[str]] = ALL) -> int:
        return sum(event for _, _, event in self.sample(endpoint, day, population))

    def of(self, hypothesis: Hypothesis, day: int) -> list[tuple[NaivePatient, int, bool]]:
        """The patients of a hypothesis."""
        return self.sample(hypothesis.endpoint, day, hypothesis.population)

    def is_met(self, trigger: Trigger, day: int) -> bool:
        """Whether a condition is met at the end of a trial day."""
        if trigger.date is not None:
            return day >= (trigger.date - self.design.origin).days
        if trigger.events is not None:
            events = trigger.events
            return self.events(events.endpoint, day, events.population) >= events.count
        if trigger.enrolled is not None:
            then = day - trigger.enrolled.after
            return sum(p.enrolled <= then for p in self.patients) >= trigger.enrolled.count
        assert trigger.follow_up is not None
        then = day - trigger.follow_up
        return sum(p.enrolled <= then for p in self.patients) >= self.design.sample_size

    def is_due(self, cut: Cut, day: int) -> bool:
        if cut.all is not None:
            return all(self.is_met(each, day) for each in cut.all)
        if cut.any is not None:
            return any(self.is_met(each, day) for each in cut.any)
        return self.is_met(cut, day)

    def find_cuts(self) -> list[tuple[int, bool]]:
        """Day of each look, and whether its trigger was met by then."""
        day = 0
        for analysis in self.design.analyses:
            while day < self.design.last_day and not self.is_due(analysis.cut, day):
                day += 1
            self.cuts.append((day, self.is_due(analysis.cut, day)))
        return self.cuts


def naive_z(trial: NaiveTrial, hypothesis: Hypothesis, day: int) -> float:
    """Log-rank statistic, positive for the experimental arm; stratified by adding up by hand."""
    sample = trial.of(hypothesis, day)
    stratified = hypothesis.test == "stratified_log_rank"
    difference = variance = 0.0
    for stratum in sorted({p.stratum for p, _, _ in sample}) if stratified else [None]:
        rows = [row for row in sample if stratum is None or row[0].stratum == stratum]
        one = [(t, e) for p, t, e in rows if p.arm == hypothesis.experimental]
        two = [(t, e) for p, t, e in rows if p.arm == hypothesis.control]
        for time in sorted({t for t, e in one + two if e}):
            n1, n2 = (sum(t >= time for t, _ in arm) for arm in (one, two))
            d1, d2 = (sum(t == time and e for t, e in arm) for arm in (one, two))
            n, d = n1 + n2, d1 + d2
            difference += d * n1 / n - d1
            variance += d * n1 / n * n2 / n * (n - d) / (n - 1) if n > 1 else 0.0
    if not stratified and variance > 1e-12:
        theirs = logrank_test(
            [t for t, _ in one], [t for t, _ in two], [e for _, e in one], [e for _, e in two]
        )
        assert math.isclose(difference**2 / variance, theirs.test_statistic, abs_tol=1e-9)
    return difference / math.sqrt(variance) if variance > 1e-12 else math.nan


def naive_arm(
    trial: NaiveTrial,
    endpoint: str,
    arm: str,
    day: int,
    population: Mapping[str, Sequence[str]] = ALL,
) -> dict[str, float]:
    """Estimates of an arm, by name."""
    rows = [(t, e) for p, t, e in trial.sample(endpoint, day, population) if p.arm == arm]
    names = ["median", *(f"rate_{d / MONTH:g}" for d in trial.design.estimates.landmarks), "rmst"]
    if not rows:
        return dict.fromkeys(names, math.nan)
    times, events = zip(*rows, strict=True)
    fit = KaplanMeierFitter().fit(times, events)
    reach = math.inf if fit.survival_function_.iloc[-1, 0] == 0 else max(times)
    found = {"median": naive_median(rows) / MONTH}
    for days in trial.design.estimates.landmarks:
        rate = float(fit.predict(days)) if days <= reach else math.nan
        found[f"rate_{days / MONTH:g}"] = rate
    tau = trial.design.estimates.rmst or 0.0
    mean = restricted_mean_survival_time(fit, tau) if tau <= reach else math.nan
    return found | {"rmst": mean / MONTH}


def naive_median(rows: list[tuple[int, bool]]) -> float:
    """Median by exact fractions; the midpoint where survival stays at one half (as in SAS)."""
    times = sorted({time for time, event in rows if event})
    survival, reached = Fraction(1), []
    for time in times:
        at_risk = sum(t >= time for t, _ in rows)
        survival *= 1 - Fraction(sum(t == time and e for t, e in rows), at_risk)
        if survival < Fraction(1, 2):
            return (reached[0] + time) / 2 if reached else time
        if survival == Fraction(1, 2):
            reached.append(time)
    return reached[0] if reached else math.inf
