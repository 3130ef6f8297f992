"""One patient's history, line by line: what happened, what was seen of it, what a data cut knows.

Dates are calendar dates. Study day 1 is the day of the first dose and there is no day 0: the day
before is -1. Weeks are whole weeks since the first dose. Lines that begin with a dot are true but
unseen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulate import clock
from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import cut
from simulate.describe.words import WIDTH, count, duration, in_months, listing, paragraph
from simulate.distributions import NEVER
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.reference import ReferenceEngine
from simulate.errors import UsageError
from simulate.patient.assessment import NOT_EVALUABLE, RESPONSE_NAMES, UNSCHEDULED
from simulate.patient.treatment import STOP_NAMES
from simulate.records import Columns, LogRow, TrialRecords
from simulate.scenario import Scenario
from simulate.scenario.analyses import Analysis
from simulate.scenario.baseline import NormalVariable
from simulate.streams import RESERVED_REPLICATES
from simulate.units import DAYS_PER_WEEK

UNSEEN = "· "
"""How a line begins that tells what nobody has seen."""

RESPONSES = dict(
    zip(
        RESPONSE_NAMES,
        (
            "not evaluable (NE)",
            "complete response (CR)",
            "partial response (PR)",
            "stable disease (SD)",
            "progressive disease (PD)",
        ),
        strict=True,
    )
)
"""An overall response in words, by its abbreviation."""

_HEADER = ("Date", "Study day", "Week", "What happened")
_TEXT_COLUMN = 29


def story(scenario: Scenario, *, seed: int, replicate: int, patient: int) -> str:
    """Tell one patient's history.

    Parameters
    ----------
    scenario : Scenario
        The trial.
    seed : int
        64-bit seed of the run.
    replicate : int
        Number of the simulated trial, from 0.
    patient : int
        Number of the patient in it, in the order of enrolment, from 0.

    Returns
    -------
    str
        Plain text: who the patient is, then a line an event up to death or the end of the
        simulation, with the data cuts among them.

    Raises
    ------
    UsageError
        If the replicate is out of range, or the patient is not among those enrolled in it.
    """
    if not 0 <= replicate < RESERVED_REPLICATES:
        raise UsageError(
            f"replicates are numbered from 0 to {RESERVED_REPLICATES - 1} (given: {replicate})"
        )
    records = ReferenceEngine(build_plan(scenario)).simulate(
        seed=seed, replicate=replicate, log=True
    )
    if not 0 <= patient < records.n_patients:
        enrolled = count(records.n_patients, "patient")
        numbers = f", numbered from 0 to {records.n_patients - 1}" if records.n_patients else ""
        raise UsageError(f"replicate {replicate} enrols {enrolled}{numbers} (given: {patient})")
    teller = _Teller(scenario, records, patient)
    return "\n".join(
        [
            scenario.title,
            f"Patient {patient} of replicate {replicate}, seed {seed}",
            "",
            *teller.who(),
            "",
            *paragraph(
                "Study day 1 is the first dose; there is no day 0. Weeks are whole weeks since "
                f"then. {UNSEEN.strip()} marks what is true but unseen.",
                indent=0,
                hanging=0,
            ),
            "",
            *teller.table(),
            "",
        ]
    )


def study_day(patient_day: int) -> int:
    """Study day of a patient's day 0, 1, ... after the first dose, or -1, -2, ... before it."""
    return patient_day + 1 if patient_day >= 0 else patient_day


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the history."""

    trial_day: int
    phase: int
    text: str
    more: tuple[str, ...] = ()
    """What stands below it."""


class _Teller:
    """What one patient's lines are made of."""

    def __init__(self, scenario: Scenario, records: TrialRecords, patient: int) -> None:
        self.scenario = scenario
        self.records = records
        self.patient = patient
        self.truth = {name: int(column[patient]) for name, column in records.subjects.items()}
        self.first_dose = self.truth["first_dose_trial_day"]
        self.log = [row for row in records.log if row[2] == patient]
        self.scans = iter(_rows_of(records.assessments, patient))
        self.doses = _rows_of(records.doses, patient)
        self.cycles = 0
        self.horizon = build_plan(scenario).horizon

    # ---- who --------------------------------------------------------------------------------

    def who(self) -> list[str]:
        """The patient at baseline."""
        texts = [
            f"{variable.title[:1].upper()}{variable.title[1:]} "
            + (
                str(round(variable.low) + level)
                if isinstance(variable, NormalVariable)
                else variable.level_names[level]
            )
            for variable in self.scenario.baseline.variables
            for level in (int(self.records.baseline[str(variable.id)][self.patient]),)
        ]
        text = f"{'; '.join(texts)}." if texts else "Nothing is known of the patient at baseline."
        return paragraph(text, indent=0, hanging=0)

    # ---- the table --------------------------------------------------------------------------

    def table(self) -> list[str]:
        """The history as a table: date, study day, week, what happened."""
        lines = sorted(
            [self._baseline_scan(), *self._events(), *self._cuts()],
            key=lambda line: (line.trial_day, line.phase),
        )
        header = "{:<10} {:>10} {:>5}  {}".format(*_HEADER)
        return [header, "-" * len(header), *(row for line in lines for row in self._shown(line))]

    def _shown(self, line: _Line) -> Iterator[str]:
        day = line.trial_day - self.first_dose
        week = str(day // DAYS_PER_WEEK) if day >= 0 else ""
        start = f"{self._date(line.trial_day)} {study_day(day):>10} {week:>5}  "
        first, *rest = _broken(line.text)
        yield start + first
        for text in (*rest, *(part for text in line.more for part in _broken(text))):
            yield " " * _TEXT_COLUMN + text

    def _date(self, trial_day: int) -> str:
        return (self.scenario.origin + dt.timedelta(days=trial_day)).isoformat()

    def _when(self, patient_day: int) -> str:
        """Date and study day of a patient's day."""
        return f"{self._date(self.first_dose + patient_day)} (study day {study_day(patient_day)})"

    # ---- events -----------------------------------------------------------------------------

    def _baseline_scan(self) -> _Line:
        day = self.first_dose + self.truth["baseline_scan_day"]
        return _Line(day, clock.SUPPLY, "Baseline scan")

    def _events(self) -> Iterator[_Line]:
        for row in self.log:
            yield _Line(row[0], row[1], self._event(row))

    def _event(self, row: LogRow) -> str:
        """What one line of the event log says, in words."""
        _, _, _, site, event, detail = row
        match event:
            case "enrolled":
                return f"Enrolled at {self._site(site)}"
            case "response begins":
                return f"{UNSEEN}Disease begins to respond ({detail}): nobody has seen it yet"
            case "progression":
                return f"{UNSEEN}Progression: nobody has seen it yet"
            case "scan" | "scan missed":
                return self._scan(next(self.scans))
            case "dose":
                return self._dose()
            case "treatment stops":
                return f"Treatment and tumour assessments stop: {detail}"
            case "leaves the study":
                return "Leaves the study: nothing is known from here on"
            case "death" if self._has_left:
                return f"{UNSEEN}Death, of which the study does not learn"
            case _:
                return event.capitalize() + (f": {detail}" if detail else "")

    @property
    def _has_left(self) -> bool:
        """Whether the patient left the study before dying."""
        return self.truth["study_withdrawal_day"] <= self.truth["death_day"] < NEVER

    def _site(self, site: int) -> str:
        names = self.scenario.enrolment.sites.names
        return f"site {site}" if names is None else names[site - 1]

    def _scan(self, scan: dict[str, int]) -> str:
        finding = RESPONSES[RESPONSE_NAMES[scan["response"]]]
        if scan["visit"] == UNSCHEDULED:
            return f"Unscheduled scan after a clinical finding: {finding}"
        planned = scan["planned_day"]
        weeks, rest = divmod(planned, DAYS_PER_WEEK)
        name = f"Scan at week {weeks}" if rest == 0 else f"Scan planned on day {study_day(planned)}"
        if not scan["performed"]:
            return f"{name} is missed"
        return f"{name}{_lateness(scan['day'] - planned)}: {finding}"

    def _dose(self) -> str:
        """The next cycle: the drugs given in it, and its delay."""
        self.cycles += 1
        given = [dose for dose in self.doses if dose["cycle"] == self.cycles]
        if not given:
            return f"Dose {self.cycles}: none, the planned cycles of every drug are over"
        names = {drug.id: drug.name for drug in self.scenario.treatment.drugs}
        drugs = listing(names[dose["drug"]] for dose in given)
        return f"Dose {self.cycles}: {drugs}{_lateness(given[0]['delay'])}"

    # ---- data cuts --------------------------------------------------------------------------

    def _cuts(self) -> Iterator[_Line]:
        for analysis in self.scenario.analyses:
            day = cut_day(self.scenario, analysis)
            name = f"DATA CUT {analysis.cut.date} ({analysis.name})"
            if day < self.first_dose:
                yield _Line(day, clock.DATA_CUT, f"{name}: the patient is not enrolled yet")
            else:
                yield _Line(day, clock.DATA_CUT, f"{name}. Known now:", self._known(analysis))

    def _known(self, analysis: Analysis) -> tuple[str, ...]:
        """What the cut knows of the patient, and what it does not know."""
        snapshot = cut(self.records, cut_day(self.scenario, analysis))
        row = int(np.flatnonzero(snapshot.subjects["patient"] == self.patient)[0])
        subject = {name: int(column[row]) for name, column in snapshot.subjects.items()}
        derived = derive(endpoint_rules(self.scenario), snapshot)
        values = {name: int(column[row]) for name, column in derived.items()}
        unknown = list(self._unknown(subject, values)) or ["nothing else that happens"]
        return (
            f"- {_best_response(values)}",
            *(f"- {text}" for text in _times(values)),
            f"- last contact {self._when(subject['last_contact_day'])}",
            f"- {self._treatment(subject, values)}",
            f"What the data cut does not know, up to {self._date(self.horizon)}:",
            *(f"{UNSEEN}{text}" for text in unknown),
        )

    def _treatment(self, subject: dict[str, int], values: dict[str, int]) -> str:
        doses = f"{count(values['cycles'], 'cycle')}, exposure {count(values['exposure'], 'day')}"
        if values["on_treatment"]:
            return f"on treatment: {doses}"
        reason = STOP_NAMES[values["stop_reason"]]
        return f"off treatment since {self._when(subject['treatment_stop_day'])}, {reason}: {doses}"

    def _unknown(self, subject: dict[str, int], values: dict[str, int]) -> Iterator[str]:
        """The truth that the cut does not have, in the order of time."""
        truth, end = self.truth, self.horizon - self.first_dose
        progression, death = truth["progression_day"], truth["death_day"]
        if truth["response_day"] < min(progression, death, end + 1):
            yield f"the response truly begins on {self._when(truth['response_day'])}"
        if progression <= end:
            text = f"progression truly occurs on {self._when(progression)}"
            documented = self._documented_progression(subject["cut_day"])
            if documented is None:
                yield f"{text}, not documented by the cut"
            else:
                yield f"{text}, {count(documented - progression, 'day')} before it is documented"
        if death <= end and not values["os_event"]:
            yield f"death on {self._when(death)}"

    def _documented_progression(self, cut_patient_day: int) -> int | None:
        """Patient day of the scan that shows progression, if it is done by the cut."""
        for scan in _rows_of(self.records.assessments, self.patient):
            seen = scan["performed"] and RESPONSE_NAMES[scan["response"]] == "PD"
            if seen and scan["day"] <= cut_patient_day:
                return scan["day"]
        return None


def _rows_of(table: Columns, patient: int) -> list[dict[str, int]]:
    """A patient's rows of a table."""
    rows = np.flatnonzero(table["patient"] == patient)
    return [{name: int(column[row]) for name, column in table.items()} for row in rows]


def _broken(text: str) -> list[str]:
    """Break a text into the lines of the last column."""
    width = WIDTH - _TEXT_COLUMN
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = f"  {word}"
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _lateness(days: int) -> str:
    if days == 0:
        return ""
    return f", {count(abs(days), 'day')} {'late' if days > 0 else 'early'}"


def _best_response(values: dict[str, int]) -> str:
    if not values["assessed"]:
        return "no tumour assessment yet, so not in the efficacy analysis set (EAS)"
    name = RESPONSE_NAMES[values["best_response"]]
    confirmed = ", confirmed" if name in ("CR", "PR") else ""
    benefit = "; clinical benefit" if values["benefit"] else ""
    if values["best_response"] == NOT_EVALUABLE:
        return f"best overall response: {RESPONSES[name]}"
    return f"best overall response: {RESPONSES[name]}{confirmed}{benefit}"


def _times(values: dict[str, int]) -> Iterator[str]:
    """PFS, OS and, after a confirmed response, DOR: time and status."""
    event = "death" if values["pfs_is_death"] else "documented progression"
    yield _time("PFS", values["pfs_time"], event if values["pfs_event"] else "")
    yield _time("OS", values["os_time"], "death" if values["os_event"] else "")
    if values["dor_time"] > 0:
        yield _time("DOR", values["dor_time"], event if values["dor_event"] else "")


def _time(name: str, days: int, event: str) -> str:
    status = f"event, {event}" if event else "censored"
    return f"{name} {count(days, 'day')} ({in_months(days)}), {status}"
