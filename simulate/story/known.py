"""What a data cut knows of the patient, and the truth that it does not know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate import clock
from simulate.cutoff import cut
from simulate.describe.words import count, in_months
from simulate.endpoints import derive, endpoint_rules
from simulate.patient.assessment import PROGRESSIVE_DISEASE, RESPONSE_NAMES
from simulate.patient.treatment import STOP_NAMES
from simulate.story.history import RESPONSES, UNSEEN, History, Line, Row, row_of
from simulate.story.readers import endpoints_at
from simulate.story.safety import safety


def cut_lines(history: History) -> Iterator[Line]:
    """A line for each data cut of the scenario, with what is known then below it."""
    for analysis, day in history.cuts.items():
        name = f"DATA CUT {history.date(day)} ({analysis})"
        if day < history.truth["enrolment_trial_day"]:
            yield Line(day, clock.DATA_CUT, f"{name}: the patient is not enrolled yet")
        elif day < history.first_dose:
            yield Line(day, clock.DATA_CUT, f"{name}: the patient waits for the first dose")
        else:
            yield Line(day, clock.DATA_CUT, f"{name}. Known now:", _known(history, day))


def _known(history: History, trial_day: int) -> tuple[str, ...]:
    """Endpoints, last contact and treatment as the cut has them; then what it does not have."""
    snapshot = cut(history.records, trial_day)
    row = int(np.flatnonzero(snapshot.subjects["patient"] == history.patient)[0])
    subject = row_of(snapshot.subjects, row)
    values = row_of(derive(endpoint_rules(history.scenario), snapshot), row)
    unknown = list(_unknown(history, subject, values)) or ["nothing that it would need"]
    return (
        f"- {_best_response(values)}",
        *(f"- {text}" for text in _times(values)),
        *(f"- {text}" for text in endpoints_at(history, trial_day)),
        f"- last contact {history.when(subject['last_contact_day'])}",
        f"- {_treatment(history, subject, values)}",
        *(f"- {text}" for text in safety(history, snapshot)),
        f"What the data cut does not know, up to {history.date(history.horizon)}:",
        *(f"{UNSEEN}{text}" for text in unknown),
    )


def _best_response(values: Row) -> str:
    if not values["assessed"]:
        return "no tumour assessment, so not in the efficacy analysis set (EAS)"
    name = RESPONSE_NAMES[values["best_response"]]
    confirmed = ", confirmed" if name in ("CR", "PR") else ""
    benefit = "; clinical benefit" if values["benefit"] else ""
    return f"best overall response: {RESPONSES[name]}{confirmed}{benefit}"


def _times(values: Row) -> Iterator[str]:
    """PFS, OS and, after a confirmed response, DOR: time and status."""
    event = "death" if values["pfs_is_death"] else "documented progression"
    yield _time("PFS", values["pfs_time"], event if values["pfs_event"] else "")
    yield _time("OS", values["os_time"], "death" if values["os_event"] else "")
    if values["dor_time"] > 0:
        yield _time("DOR", values["dor_time"], event if values["dor_event"] else "")


def _time(name: str, days: int, event: str) -> str:
    status = f"event, {event}" if event else "censored"
    return f"{name} {count(days, 'day')} ({in_months(days)}), {status}"


def _treatment(history: History, subject: Row, values: Row) -> str:
    doses = f"{count(values['cycles'], 'cycle')}, exposure {count(values['exposure'], 'day')}"
    if values["on_treatment"]:
        return f"on treatment: {doses}"
    stop = history.when(subject["treatment_stop_day"])
    return f"off treatment since {stop}, {STOP_NAMES[values['stop_reason']]}: {doses}"


def _unknown(history: History, subject: Row, values: Row) -> Iterator[str]:
    """The truth, up to the end of the simulation, that the cut does not have."""
    truth, end = history.truth, history.horizon - history.first_dose
    response, progression, death = (
        truth[f"{turn}_day"] for turn in ("response", "progression", "death")
    )
    if response < min(progression, death, end + 1):
        yield f"the response truly begins on {history.when(response)}"
    if progression <= end:
        documented = _documented_progression(history, subject["cut_day"])
        lag = "not documented by then"
        if documented is not None:
            days = count(abs(documented - progression), "day")
            is_early = documented < progression  # by an investigator who errs
            lag = f"{days} {'after' if is_early else 'before'} it is documented"
        yield f"progression truly occurs on {history.when(progression)}, {lag}"
    if death <= end and not values["os_event"]:
        yield f"death on {history.when(death)}"


def _documented_progression(history: History, cut_patient_day: int) -> int | None:
    """Patient day of the scan that shows progression, if it is done by the cut."""
    for scan in history.scans:
        if scan["response"] == PROGRESSIVE_DISEASE and scan["day"] <= cut_patient_day:
            return scan["day"]
    return None
