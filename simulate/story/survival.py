"""The story of a patient of a plain survival model: scans, calls, therapy, and what looks know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from simulate import clock
from simulate.describe.words import count
from simulate.errors import UsageError
from simulate.look_days import Patients, days_of_survival_looks
from simulate.randomised.followed import MISSED, SCANS_ENDED, Followed
from simulate.randomised.seen_trials import SeenTrial, TrialMaker
from simulate.scenario.survival_model import SingleModel
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.story.history import UNSEEN, Line, study_day, table_of


def survival_story(scenario: SurvivalScenario, *, seed: int, replicate: int, patient: int) -> str:
    """Tell one patient's history; see :func:`simulate.story.story`."""
    made = TrialMaker(scenario, seed).make(replicate)
    check_patient(patient, len(made.enrolled), replicate)
    told = _Patient(scenario, made, patient)
    lines = [
        scenario.title,
        f"Patient {patient} of replicate {replicate}, seed {seed}",
        "",
        "Study day 1 is the day of randomisation; there is no day 0. Weeks are whole weeks since.",
        f"{UNSEEN}stands before what is true but unseen.",
        "",
        *table_of(told.date, told.enrolled, [*told.turns(), *told.scans(), *told.cuts()]),
    ]
    return "\n".join(lines) + "\n"


def check_patient(patient: int, n: int, replicate: int) -> None:
    """Check that a patient is among the n of a replicate.

    Raises
    ------
    UsageError
        If not.
    """
    if not 0 <= patient < n:
        numbers = f", numbered from 0 to {n - 1}" if n else ""
        raise UsageError(
            f"replicate {replicate} enrols {count(n, 'patient')}{numbers} (given: {patient})"
        )


@dataclass(frozen=True)
class _Patient:
    """One patient of a trial that was made again."""

    scenario: SurvivalScenario
    made: SeenTrial
    number: int

    @property
    def enrolled(self) -> int:
        """Trial day of enrolment and randomisation."""
        return int(self.made.enrolled[self.number])

    def date(self, trial_day: int) -> str:
        """Calendar date of a trial day."""
        return (self.scenario.origin + dt.timedelta(days=trial_day)).isoformat()

    def day(self, name: str) -> int | None:
        """A day since randomisation of the patient's row; None if it never comes."""
        subjects = self.made.subjects
        value = subjects[name].iloc[self.number] if name in subjects else pd.NA
        return None if pd.isna(value) else int(value)

    def line(self, day: int, phase: int, text: str, *, seen: bool = True) -> Line:
        """A line of the history; nothing is seen of who is lost."""
        dropout = self.day("dropout_day")
        is_lost = dropout is not None and day > dropout
        mark = "" if seen and not is_lost else UNSEEN
        return Line(self.enrolled + day, phase, mark + text)

    def turns(self) -> Iterator[Line]:
        """Randomisation, the disease, later therapy, and loss."""
        row = self.made.subjects.iloc[self.number]
        arm = self.scenario.arm(row["arm"]).label
        where = f", region {row['region']}" if len(self.scenario.enrolment.all_regions) > 1 else ""
        how = f"Randomised to {arm}" if len(self.scenario.arms) > 1 else "Enrolled"
        yield self.line(0, clock.ENROLMENT, f"{how}{where}")
        model = self.scenario.survival
        progression = "Progression"
        if isinstance(model, SingleModel):
            progression = "Progression or death"
        turns = (
            ("progression_day", clock.DISEASE, progression, model.observation == "exact"),
            ("death_day", clock.DISEASE, "Death", True),
            ("switch_day", clock.LEAVING, "Changes treatment", True),
            ("new_therapy_day", clock.LEAVING, "New anticancer therapy begins", True),
            ("dropout_day", clock.LEAVING, "Lost to follow-up", True),
        )
        for name, phase, text, seen in turns:
            day = self.day(name)
            is_told = name == "new_therapy_day" and day == self.day("switch_day")
            if day is not None and not is_told and not self._is_dead_before(day, name):
                yield self.line(day, phase, text, seen=seen)

    def _is_dead_before(self, day: int, name: str) -> bool:
        death = self.day("death_day")
        return name != "death_day" and death is not None and day >= death

    def scans(self) -> Iterator[Line]:
        """Scans that are planned until death, loss or the end of scans."""
        followed = self.made.followed
        assert isinstance(followed, Followed)  # the patient is one of a plain survival model
        last = self.enrolled + followed.last_day
        table = followed.assessments(last, range(self.number, self.number + 1))
        progression, is_shown = self.day("progression_day"), False
        for scan in table.to_dict("records"):
            day, done = int(scan["day"]), bool(scan["done"])
            if scan["not_done_because"] == SCANS_ENDED:
                return
            shows = done and progression is not None and day >= progression
            yield self.line(day, clock.ASSESSMENT, self._scan(scan, shows=shows, again=is_shown))
            is_shown = is_shown or shows

    def _scan(self, scan: dict[Any, Any], *, shows: bool, again: bool) -> str:
        """What a scan is."""
        model = self.scenario.survival
        if scan["not_done_because"] == MISSED:
            return "Scan missed"
        if scan["visit"] == 0:
            return "Scan at baseline"
        if not model.readers:
            return f"Scan: progression{' as before' if again else ''}" if shows else "Scan"
        called = str(scan["called_by"])
        if not called:
            return "Scan: nobody calls progression"
        names = called.replace(", ", " and ")
        ends = "; scans end" if model.treating_reader in called.split(", ") else ""
        return f"Scan: {names} {'call' if ',' in called else 'calls'} progression{ends}"

    def cuts(self) -> Iterator[Line]:
        """A line for each look, whatever is decided there, with what is known below it."""
        made = self.made
        patients = Patients(made.enrolled, made.group, len(made.enrolled))
        cuts = days_of_survival_looks(self.scenario, patients, made.event_day)
        for name, day in cuts.items():
            text = f"DATA CUT {self.date(day)} ({name})"
            if day < self.enrolled:
                yield Line(day, clock.DATA_CUT, f"{text}: the patient is not enrolled yet")
            else:
                yield Line(day, clock.DATA_CUT, f"{text}. Known now:", tuple(self._known(day)))

    def _known(self, cut_day: int) -> Iterator[str]:
        """The patient's endpoints at a cut."""
        table = self.made.tables(cut_day, range(self.number, self.number + 1))["endpoints"]
        for row in table.to_dict("records"):
            how = ", ".join(filter(None, (row["reader"], row["rules"])))
            name = f"{row['endpoint']} ({how})" if how else row["endpoint"]
            if self.scenario.is_rate(row["endpoint"]):
                yield f"- {name}: {row['reason']}"
                continue
            status = "event" if row["event"] else "censored"
            day = study_day(int(row["day"]))
            yield f"- {name}: {status} on study day {day}, {row['reason']}"
