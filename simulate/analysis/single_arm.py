"""A single-arm design applied to one trial: look by look, as responses come to be known.

At each look the data of the first n patients are cut, the confirmed responses known by then are
counted, and the trial is decided or goes on. Beside it stands the decision that the same patients
would give if every response were known at once, which is what theory assumes: all responses known
at the last data cut are counted then.

Enrolment does not depend on responses. So a trial that goes on is the one that the engine made; if
enrolment pauses, all later patients come later, with their whole course, by the time of the pause.
"""

from __future__ import annotations

import math

from simulate.analysis.single_arm_plan import (
    N_FULL,
    N_LOOK,
    N_OVERALL,
    SingleArmRoom,
    SingleArmRules,
)
from simulate.compiled import rule
from simulate.distributions import NEVER, FloatColumn, later
from simulate.endpoints import EndpointRules, known_response
from simulate.known import KnownRows, cut_patient
from simulate.ledger import PATIENTS, Ledger
from simulate.single_arm.rule import CONSIDER, GO, NO_GO

GOES_ON = -1
"""No decision at a look that is not the last."""


@rule
def response_known(
    endpoints: EndpointRules, ledger: Ledger, known: KnownRows, patient: int, trial_day: int
) -> tuple[int, int]:
    """Whether a cut knows of a patient's confirmed response, and whether it settles the response.

    It is settled by a confirmed response, by progression, and by the end of assessments, which
    death and leaving the study bring as well.
    """
    if not cut_patient(ledger, patient, trial_day, known):
        return 0, 0
    response = known_response(endpoints, ledger.assessments, known, 0)
    responded = response.first_response_day < NEVER
    over = response.progression_day < NEVER or known.assessment_stop_day[0] < NEVER
    return int(responded), int(responded or over)


@rule
def moved_by(rules: SingleArmRules, room: SingleArmRoom, looks: int, patient: int) -> int:
    """Days by which the pauses of the first looks have moved a patient."""
    days = 0
    for look in range(looks):
        if rules.patients[look] <= patient:
            days += room.pause[look]
    return days


@rule
def evaluable_from(
    rules: SingleArmRules,
    endpoints: EndpointRules,
    ledger: Ledger,
    known: KnownRows,
    look: int,
    patient: int,
    moved: int,
    day: int,
) -> int:
    """First trial day, from one on, on which a patient is evaluable; beyond the last if on none."""
    entry = later(ledger.subjects.first_dose_trial_day[patient], moved)
    high = min(later(entry, rules.evaluable_after[look]), rules.last_day + 1)
    if high <= day or response_known(endpoints, ledger, known, patient, day - moved)[1] == 1:
        return day
    low = day
    while high - low > 1:  # what is settled stays so
        middle = (low + high) // 2
        if response_known(endpoints, ledger, known, patient, middle - moved)[1] == 1:
            high = middle
        else:
            low = middle
    return high


@rule
def look_day(
    rules: SingleArmRules,
    endpoints: EndpointRules,
    ledger: Ledger,
    known: KnownRows,
    room: SingleArmRoom,
    look: int,
    before: int,
) -> int:
    """Trial day of a look's cut, not before the last decision; beyond the last day if never."""
    n, subjects = rules.patients[look], ledger.subjects
    if ledger.size[PATIENTS] < n:
        return rules.last_day + 1
    start = 0
    for patient in range(n):
        own = subjects.enrolment_trial_day[patient]
        if rules.from_dose[look] == 1:
            own = subjects.first_dose_trial_day[patient]
        start = max(start, later(own, moved_by(rules, room, look, patient)))
    day = max(later(start, rules.after[look]), before)
    if rules.evaluable_after[look] < NEVER:
        for patient in range(n):
            if day <= rules.last_day:
                moved = moved_by(rules, room, look, patient)
                day = evaluable_from(rules, endpoints, ledger, known, look, patient, moved, day)
    return day


@rule
def decision_at(rules: SingleArmRules, look: int, responders: int) -> int:
    """What so many responses decide at a look."""
    if responders <= rules.no_go[look]:
        return NO_GO
    if responders >= rules.go[look]:
        return GO
    return CONSIDER if look == rules.n_looks - 1 else GOES_ON


@rule
def count_enrolled(
    rules: SingleArmRules, ledger: Ledger, room: SingleArmRoom, looks: int, day: int
) -> tuple[int, int]:
    """Patients enrolled and treated by a trial day, after the pauses of the first looks."""
    enrolled, treated = 0, 0
    for patient in range(ledger.size[PATIENTS]):
        moved = moved_by(rules, room, looks, patient)
        enrolled += int(later(ledger.subjects.enrolment_trial_day[patient], moved) <= day)
        treated += int(later(ledger.subjects.first_dose_trial_day[patient], moved) <= day)
    return enrolled, treated


@rule
def write_decision(out: FloatColumn, at: int, decision: int, look: int) -> None:
    """Write a decision as go, consider and no go, and the look at which it is made."""
    out[at] = float(int(decision == GO))
    out[at + 1] = float(int(decision == CONSIDER))
    out[at + 2] = float(int(decision == NO_GO))
    out[at + 3] = float(look + 1)


@rule
def write_without_delay(
    rules: SingleArmRules,
    endpoints: EndpointRules,
    ledger: Ledger,
    known: KnownRows,
    room: SingleArmRoom,
    out: FloatColumn,
    at: int,
) -> None:
    """Count all responses of each look's patients; write what they would decide, `FULL_SLOTS`."""
    n = min(rules.patients[rules.n_looks - 1], ledger.size[PATIENTS])
    for look in range(rules.n_looks):
        room.full[look] = 0
    for patient in range(n):
        responded = response_known(endpoints, ledger, known, patient, rules.last_day)[0]
        for look in range(rules.n_looks):
            if patient < rules.patients[look]:
                room.full[look] += responded
    for look in range(rules.n_looks):
        decision = decision_at(rules, look, room.full[look])
        if decision != GOES_ON:
            write_decision(out, at, decision, look)
            break
    out[at + 4] = float(n)
    out[at + 5] = float(room.full[rules.n_looks - 1])


@rule
def look_at(
    rules: SingleArmRules,
    endpoints: EndpointRules,
    ledger: Ledger,
    known: KnownRows,
    room: SingleArmRoom,
    look: int,
    day: int,
) -> tuple[int, int]:
    """Responses known at a look, and patients whose response may still come."""
    responders, pending = 0, 0
    for patient in range(min(rules.patients[look], ledger.size[PATIENTS])):
        own_day = day - moved_by(rules, room, look, patient)
        responded, settled = response_known(endpoints, ledger, known, patient, own_day)
        responders += responded
        pending += 1 - settled
    return responders, pending


@rule
def pause_enrolment(
    rules: SingleArmRules, ledger: Ledger, room: SingleArmRoom, look: int, decided_on: int
) -> None:
    """Note by how much enrolment pauses at a look: the next patient comes after the decision."""
    n = rules.patients[look]
    room.pause[look] = 0
    if rules.pauses[look] == 1 and ledger.size[PATIENTS] >= n:
        moved = moved_by(rules, room, look, n - 1)
        last = later(ledger.subjects.enrolment_trial_day[n - 1], moved)
        room.pause[look] = max(0, decided_on + 1 - last)


@rule
def write_single_arm(
    rules: SingleArmRules,
    endpoints: EndpointRules,
    ledger: Ledger,
    known: KnownRows,
    room: SingleArmRoom,
    out: FloatColumn,
    at: int,
) -> None:
    """Apply a design to one trial, and write :func:`single_arm_slots`.

    Parameters
    ----------
    rules, endpoints
        The design, and what a response is.
    ledger
        The whole truth of one trial.
    known, room
        Room for a cut, whose first row is used, and for the looks.
    out, at
        Where to write. nan for looks that are not made.
    """
    if rules.n_looks == 0:
        return
    for slot in range(N_OVERALL + N_FULL + N_LOOK * rules.n_looks):
        out[at + slot] = math.nan
    write_without_delay(rules, endpoints, ledger, known, room, out, at + N_OVERALL)
    decided_on = 0
    for look in range(rules.n_looks):
        due = look_day(rules, endpoints, ledger, known, room, look, decided_on)
        day = min(due, rules.last_day)
        responders, pending = look_at(rules, endpoints, ledger, known, room, look, day)
        decision = decision_at(rules, look, responders)
        decided_on = day + rules.lag[look]
        pause_enrolment(rules, ledger, room, look, decided_on)
        own = at + N_OVERALL + N_FULL + N_LOOK * look
        out[own] = float(day)
        out[own + 1] = float(responders)
        out[own + 2] = float(pending)
        out[own + 3] = float(room.full[look] - responders)
        out[own + 4] = float(int(decision == NO_GO))
        out[own + 5] = float(int(decision == GO))
        if decision != GOES_ON:
            enrolled, treated = count_enrolled(rules, ledger, room, look + 1, decided_on)
            write_decision(out, at, decision, look)
            out[at + 4] = float(decided_on)
            out[at + 5] = float(min(rules.patients[look], ledger.size[PATIENTS]))
            out[at + 6] = float(responders)
            out[at + 7] = float(pending)
            out[at + 8] = float(room.full[look] - responders)
            out[at + 9] = float(enrolled)
            out[at + 10] = float(treated)
            out[at + 11] = float(int(due > rules.last_day))
            break
