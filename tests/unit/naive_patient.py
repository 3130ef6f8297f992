"""One patient's scans and doses, worked out without SimPy: what the engine must equal."""

from __future__ import annotations

from simulate.distributions import NEVER
from simulate.patient import assessment as scans
from simulate.patient import follow_up, treatment
from simulate.plan import Plan
from simulate.records import Columns, TrialRecords
from simulate.streams import Purpose, unit_exponential, word


class NaivePatient:
    """One patient's scans and doses, worked out without SimPy from words at their addresses.

    Without adverse events; `naive_toxicity.py` has the walk with them.
    """

    def __init__(self, plan: Plan, records: TrialRecords, number: int, seed: int, rep: int) -> None:
        self.plan = plan
        self.address = (seed, number, rep)
        self.subject = {name: int(column[number]) for name, column in records.subjects.items()}
        self.last_day = plan.horizon - self.subject["first_dose_trial_day"]
        self.leaves, self.is_early, self.is_lost = self.withdrawal()
        self.scans = self.seen()
        self.doses = self.given()

    def word(self, purpose: Purpose, index: int = 0) -> int:
        seed, number, rep = self.address
        return word(seed, number, rep, purpose, index)

    def withdrawal(self) -> tuple[int, bool, bool]:
        early, early_day, time, lost = (self.word(Purpose.WITHDRAWAL, i) for i in range(4))
        plan = self.plan.follow_up
        is_early = follow_up.stops_early(plan, early)
        day = follow_up.withdrawal_day(plan, is_early, early_day, time)
        return day, is_early, follow_up.leaves_study(plan, lost)

    def planned_scans(self) -> list[tuple[int, int, int, bool]]:
        """Day, visit (as it sorts within a day), planned day, and whether it is missed."""
        plan, rows = self.plan.assessment, []
        for k in range(1, len(plan.nominal_days)):
            day = scans.visit_day(plan, k, self.word(Purpose.VISIT_DAY, k))
            missed = self.word(Purpose.VISIT_MISSED, k) < plan.missed
            rows.append((int(day), k, int(plan.nominal_days[k]), missed))
        clinical = scans.clinical_progression_day(
            plan,
            self.subject["progression_day"],
            self.word(Purpose.CLINICAL_PROGRESSION, 0),
            self.word(Purpose.CLINICAL_PROGRESSION, 1),
        )
        if clinical < NEVER:
            rows.append((clinical, 10**6, clinical, False))
        return sorted(rows)

    def seen(self) -> list[tuple[int, ...]]:
        rows = []
        for day, visit, planned, missed in self.planned_scans():
            over = day >= self.subject["death_day"] or day > self.leaves or day > self.last_day
            if over or (rows and rows[-1][-1] == scans.PROGRESSIVE_DISEASE):
                break
            finding = scans.STABLE_DISEASE
            if day >= self.subject["response_day"] - self.plan.disease.visible_before:
                finding = (scans.PARTIAL_RESPONSE, scans.COMPLETE_RESPONSE)[
                    self.subject["complete"]
                ]
            if day >= self.subject["progression_day"]:
                finding = scans.PROGRESSIVE_DISEASE
            number = visit if visit < 10**6 else scans.UNSCHEDULED
            rows.append((number, planned, day, int(not missed), 0 if missed else finding))
        return rows

    def stop(self) -> tuple[int, int]:
        """First of death, progression on a scan, and withdrawal; in this order on one day."""
        withdrawal = treatment.EARLY_STOP if self.is_early else treatment.WITHDRAWAL
        progression = [row[2] for row in self.scans if row[4] == scans.PROGRESSIVE_DISEASE]
        reasons = [
            (self.subject["death_day"], 0, treatment.DEATH),
            (min(progression, default=NEVER), 1, treatment.PROGRESSION),
            (self.leaves, 2, withdrawal),
        ]
        day, _, reason = min(reasons)
        return (day, reason) if day <= self.last_day else (NEVER, treatment.NOT_STOPPED)

    def given(self) -> list[tuple[int, ...]]:
        stop, reason = self.stop()
        leaving = (treatment.WITHDRAWAL, treatment.EARLY_STOP)
        last = min(stop if reason in leaving else stop - 1, self.last_day)
        plan = self.plan.treatment
        mean = treatment.mean_delay(plan, self.word(Purpose.DELAY_MEAN))
        limit = treatment.planned_cycles(plan, 1, self.word(Purpose.PLANNED_CYCLES, 2))
        rows, cycle, day, delay = [], 1, 0, 0
        while day <= last:
            for drug in (1, 2) if cycle <= limit else (1,):
                rows.append((cycle, drug, day, delay, 0, 0, 0, 1, 0, 0, 1000))
            cycle += 1
            delay = int(mean * unit_exponential(self.word(Purpose.DELAY, cycle)) + 0.5)
            day += 21 + delay
        return rows


def rows_of(table: Columns, number: int) -> list[tuple[int, ...]]:
    """Rows of one patient in a table of the records, without the number."""
    chosen = table["patient"] == number
    columns = [column[chosen].tolist() for name, column in table.items() if name != "patient"]
    return list(zip(*columns, strict=True))
