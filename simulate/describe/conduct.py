"""How the trial is conducted: what is scanned, who leaves."""

from __future__ import annotations

from collections.abc import Sequence

from simulate.build_plan import nominal_days
from simulate.describe.disease import landmark_tables, landmarks
from simulate.describe.distributions import Implied, time_in_words
from simulate.describe.toxicity import term_label
from simulate.describe.words import (
    count,
    duration,
    in_months,
    paragraphs,
    percent,
    stated_percent,
)
from simulate.scenario.assessment import Assessment, CalendarRow
from simulate.scenario.follow_up import EarlyStop
from simulate.scenario.trial import Trial
from simulate.units import DAYS_PER_WEEK

_SHOWN_VISITS = 12

_ANCHORS = {
    "first_dose": "from the first dose whatever the cycles",
    "cycles": "moving with the cycles: as late as the latest dose is behind a course without delay",
}


def scanned(trial: Trial, last_patient_day: int) -> list[str]:
    """The section on tumour assessment.

    Parameters
    ----------
    trial : Trial
        The scenario.
    last_patient_day : int
        Longest potential follow-up at the last data cut, in days.
    """
    scans = trial.assessment
    return [
        *paragraphs(
            f"Baseline scan: within {duration(scans.baseline_window)} before the first dose."
        ),
        *(_watched() if scans.is_continuous else _by_calendar(scans, last_patient_day)),
        *_readings(scans),
    ]


def _watched() -> list[str]:
    """What it means that there is no calendar."""
    return paragraphs(
        "No calendar of scans: patients are watched day by day. What a scan on each day from day 1 "
        "on would show is known on that day, progression and response on the very day of each. A "
        "patient without progression is censored on the last day watched: that of withdrawal or of "
        "the data cut. The calendar, its window and missed scans say nothing here.",
    )


def _by_calendar(scans: Assessment, last_patient_day: int) -> list[str]:
    days = nominal_days(scans, last_patient_day)[1:].tolist()
    return paragraphs(
        f"Calendar, {_ANCHORS[scans.anchor]}: {calendar_in_words(scans.calendar)}.",
        f"Planned scans within the longest potential follow-up: {_planned(days)}.",
        _window(scans),
        f"Missed scans: {stated_percent(scans.missed)}.",
        _clinical(scans),
        *([] if scans.end_at_call else ["Scans go on when progression has been called."]),
    )


def _readings(scans: Assessment) -> list[str]:
    """How what is found becomes a best response."""
    return paragraphs(
        f"A complete or partial response is confirmed by another at least "
        f"{duration(scans.confirmation)} later.",
        f"Stable disease (SD) as best response needs a scan without progression at least "
        f"{duration(scans.stable_disease)} after the first dose; with one at least "
        f"{duration(scans.clinical_benefit)} after it, it is clinical benefit.",
    )


def calendar_in_words(calendar: Sequence[CalendarRow]) -> str:
    """Rows of a scan calendar, one after the other."""
    rows = [
        f"every {duration(row.every)}"
        + (f" until {duration(row.until)}" if row.until is not None else "")
        for row in calendar
    ]
    return ", then ".join(rows)


def _planned(days: list[int]) -> str:
    """The first planned scans, in weeks if they fall on whole weeks."""
    if not days:
        return "none"
    weeks = all(day % DAYS_PER_WEEK == 0 for day in days)
    shown = [str(day // DAYS_PER_WEEK if weeks else day) for day in days[:_SHOWN_VISITS]]
    more = f" and so on, {len(days)} in all" if len(days) > _SHOWN_VISITS else ""
    return f"{'weeks' if weeks else 'days'} {', '.join(shown)}{more}"


def _window(scans: Assessment) -> str:
    if scans.window == 0 or scans.jitter_sd == 0:
        return f"Window: {duration(scans.window)} either way; all scans are on their planned day."
    return (
        f"Window: {duration(scans.window)} either way; scans fall around the planned day with SD "
        f"{duration(scans.jitter_sd)}."
    )


def _clinical(scans: Assessment) -> str:
    clinical = scans.clinical_progression
    if clinical is None or clinical.probability == 0:
        return "Progression is seen at scans of the calendar only."
    first, last = clinical.delay
    return (
        f"Between scans: {stated_percent(clinical.probability)} of progressions show themselves "
        f"{first} to {count(last, 'day')} after they occur and are documented by an unscheduled "
        "scan."
    )


def leaves(trial: Trial) -> list[str]:
    """The section on withdrawal, loss and last contact."""
    rules = trial.follow_up
    lines = paragraphs(_early_stop(trial))
    if rules.withdrawal is None:
        lines += paragraphs("Withdrawal: nobody withdraws later.")
    else:
        implied = Implied(rules.withdrawal)
        lines += paragraphs(
            f"Withdrawal from treatment and scans: {time_in_words(rules.withdrawal)}, from first "
            "dose. By itself, were there no other end:"
        )
        row = ("Not withdrawn", in_months(implied.median), lambda t: percent(implied.event_free(t)))
        lines += landmark_tables(landmarks(trial), [row])
        lines += paragraphs(_withdrawal_event(trial))
    lost = ""
    if rules.withdrawal is not None or rules.early_stop is not None:
        lost = (
            f"Of those who leave treatment so, {stated_percent(rules.lost_at_withdrawal)} also "
            "leave the study; the others are followed for survival."
        )
    return lines + paragraphs(
        lost,
        _last_contact(trial),
    )


def _early_stop(trial: Trial) -> str:
    early = trial.follow_up.early_stop
    if early is None or early.probability == 0:
        return "Early stops: none."
    first, last = early.days
    return (
        f"Early stops: {stated_percent(early.probability)} of patients stop treatment for good on "
        f"a day from {first} to {last} after the first dose, {_early_cause(trial, early)}."
    )


def _early_cause(trial: Trial, early: EarlyStop) -> str:
    if early.adverse_event is None or trial.toxicity is None:
        return "for a reason other than the disease"
    cause = f"because of {term_label(trial, early.adverse_event)} of grade 3"
    first, last = early.days
    if first == 0 or last >= trial.treatment.cycle_length:
        leading = trial.treatment.drugs[0].name
        cause += f", which on the day of a dose ends the infusion of {leading} before all is given"
    return cause


def _withdrawal_event(trial: Trial) -> str:
    """What part of the withdrawals an adverse event causes."""
    event = trial.follow_up.withdrawal_adverse_event
    if event is None or event.probability == 0 or trial.toxicity is None:
        return ""
    return (
        f"Of these withdrawals, {stated_percent(event.probability)} are caused by "
        f"{term_label(trial, event.term)} of grade 3."
    )


def _last_contact(trial: Trial) -> str:
    lag = trial.follow_up.last_contact_lag
    if lag is None:
        return "Last contact: on the day of the data cut."
    median = duration(round(Implied(lag).median, 1))
    return (
        f"Last contact: before the data cut by a time {time_in_words(lag)} (median {median}); a "
        "later scan, dose or withdrawal is a contact too. A death after it is not known at the cut."
    )
