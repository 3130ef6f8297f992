"""Readers and rules of censoring followed naively, day by day, for one patient at a time.

Written against the description, not against the code: visits are a list of days, a geometric number
is found by trying 0, 1, 2, ..., and an endpoint is told by walking from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from simulate.streams import Purpose, word


@dataclass
class Rules:
    """A rule set."""

    missed_visits: int | None = None
    censors_therapy: bool = False
    death_window: int | None = None


@dataclass
class Patient:
    """What is true of a patient; days from randomisation, None for never."""

    number: int
    progression: int | None
    death: int | None
    dropout: int | None
    scans: list[int]
    """Planned days, the first 0."""


@dataclass
class Reading:
    """How scans are read in one arm."""

    seed: int
    replicate: int
    errors: dict[int, tuple[float, float]]
    """Missed and early, by the permanent number of the reader."""
    treating: int | None = None
    missed_visit: float = 0.0
    therapy_alone: list[float] = field(default_factory=list)
    """Probability of new therapy without progression by day 0, 1, 2, ..."""
    therapy_follows: float = 0.0
    therapy_delay: int = 0

    def u(self, patient: int, purpose: Purpose, index: int) -> float:
        drawn = word(self.seed, patient, self.replicate, purpose, index)
        return float(Fraction(2 * drawn + 1, 2**33))

    # ---- what happens ----

    def missed(self, patient: Patient) -> set[int]:
        """Numbers of the visits that are missed."""
        found: set[int] = set()
        visit = number = 0
        while self.missed_visit > 0 and visit < len(patient.scans):
            u, gap = self.u(patient.number, Purpose.VISITS, number), 1
            while gap < 1000 and u >= 1 - (1 - self.missed_visit) ** gap:
                gap += 1
            visit, number = visit + gap, number + 1
            found.add(visit)
        return found

    def call(self, patient: Patient, reader: int | None) -> int | None:
        """Day on which a reader calls progression, without regard to anybody else."""
        scans, missed = patient.scans, self.missed(patient)
        after = [k for k, day in enumerate(scans) if patient.progression is not None
                 and day >= patient.progression]  # fmt: skip
        target = after[0] if after else 10_000
        if reader is not None:
            overlooks, calls_early = self.errors[reader]
            late, early = 0, 1
            while late < 1000 and self.u(patient.number, Purpose.READING, 2 * reader - 2) >= (
                1 - overlooks ** (late + 1)
            ):
                late += 1
            word_of_early = self.u(patient.number, Purpose.READING, 2 * reader - 1)
            while early < 1000 and word_of_early >= 1 - (1 - calls_early) ** early:
                early += 1
            target = early if early < target else target + late
        for k in range(target, len(scans)):
            if k not in missed:
                return scans[k] if self.is_done(patient, scans[k]) else None
        return None

    def is_done(self, patient: Patient, day: int) -> bool:
        alive = patient.death is None or day < patient.death
        return alive and (patient.dropout is None or day <= patient.dropout)

    def end(self, patient: Patient) -> int | None:
        """Day on which the treating reader ends the scans."""
        return None if self.treating is None else self.call(patient, self.treating)

    def therapy(self, patient: Patient) -> int | None:
        """Day on which new therapy begins."""
        u = self.u(patient.number, Purpose.NEW_THERAPY, 0)
        alone = next((d for d, p in enumerate(self.therapy_alone) if u < p), None)
        end = patient.progression if self.treating is None else self.end(patient)
        if alone is not None and (end is None or alone < end):
            return alone
        follows = self.u(patient.number, Purpose.NEW_THERAPY, 1) < self.therapy_follows
        if self.treating is None or end is None or not follows:
            return None
        return end + self.therapy_delay

    # ---- what is told at a cut ----

    def told(
        self, patient: Patient, reader: int | None, rules: Rules, until: int
    ) -> tuple[int, int]:
        """Day and event as known by the end of a patient's day."""
        if patient.dropout is not None:
            until = min(until, patient.dropout)
        call, end, therapy = self.call(patient, reader), self.end(patient), self.therapy(patient)
        missed = self.missed(patient)
        last, not_done = 0, 0

        def counts(is_death: bool, day: int) -> bool:
            if rules.missed_visits is not None and not_done >= rules.missed_visits:
                return False
            window = rules.death_window if is_death else None
            return window is None or day - last <= window

        for day in range(until + 1):
            if day == patient.death:
                return (day, 1) if counts(True, day) else (last, 0)
            if day > 0 and day in patient.scans:
                visit = patient.scans.index(day)
                if visit in missed or (end is not None and day > end):
                    not_done += 1
                elif day == call:
                    return (day, 1) if counts(False, day) else (last, 0)
                else:
                    last, not_done = day, 0
            if rules.censors_therapy and day == therapy:
                return last, 0
        return last, 0
