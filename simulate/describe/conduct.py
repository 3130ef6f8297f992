"""How the trial is conducted: what is given, what is scanned, who leaves."""

from __future__ import annotations

import numpy as np

from simulate.build_plan import nominal_days
from simulate.describe.disease import landmark_tables, landmarks
from simulate.describe.distributions import Implied, count_in_words, time_in_words
from simulate.describe.words import (
    count,
    duration,
    in_months,
    paragraphs,
    percent,
    stated_percent,
)
from simulate.distributions import gamma_quantile_table
from simulate.scenario.assessment import Assessment
from simulate.scenario.treatment import Delay, Drug
from simulate.scenario.trial import Trial
from simulate.units import DAYS_PER_WEEK

_SHOWN_VISITS = 12


def given(trial: Trial) -> list[str]:
    """The section on treatment."""
    treatment = trial.treatment
    cycle = duration(treatment.cycle_length)
    return paragraphs(
        f"Cycles of {cycle}, counted from the last dose actually given, until progression is "
        "seen, withdrawal or death.",
        *(
            f"{drug.name}: {drug.dose} on day 1 of each cycle, {_cycles(drug)}."
            for drug in treatment.drugs
        ),
        _delay(treatment.delay, treatment.cycle_length),
    )


def _cycles(drug: Drug) -> str:
    if drug.planned_cycles is None:
        return "as long as treatment lasts"
    planned = count_in_words(drug.planned_cycles)
    return f"as long as treatment lasts, up to a planned number of cycles: {planned}"


def _delay(delay: Delay | None, cycle_length: int) -> str:
    if delay is None or delay.mean == 0:
        return "Delays: none; every cycle starts on its planned day."
    means = gamma_quantile_table(mean=delay.mean, shape=delay.shape)
    low, high = np.quantile(means, [0.1, 0.9])
    # an exponential delay with mean m, rounded to whole days, has the mean 1 / (2 sinh(1 / 2m))
    with np.errstate(over="ignore"):
        rounded = float(np.mean(0.5 / np.sinh(0.5 / means)))
    return (
        f"Delays: exponential with a mean of {delay.mean:.4g} days, rounded to whole days; so "
        f"dose days are {cycle_length + rounded:.1f} days apart on average. A patient's own mean "
        f"delay is gamma distributed (shape {delay.shape:g}: below {low:.1f} days in 10% of "
        f"patients, above {high:.1f} days in 10%)."
    )


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
    days = nominal_days(scans, last_patient_day)[1:].tolist()
    return paragraphs(
        f"Baseline scan: within {duration(scans.baseline_window)} before the first dose.",
        f"Calendar, from the first dose whatever the cycles: {_calendar(scans)}.",
        f"Planned scans within the longest potential follow-up: {_planned(days)}.",
        _window(scans),
        f"Missed scans: {stated_percent(scans.missed)}.",
        _clinical(scans),
        f"A complete or partial response is confirmed by another at least "
        f"{duration(scans.confirmation)} later.",
        f"Stable disease (SD) as best response needs a scan without progression at least "
        f"{duration(scans.stable_disease)} after the first dose; with one at least "
        f"{duration(scans.clinical_benefit)} after it, it is clinical benefit.",
    )


def _calendar(scans: Assessment) -> str:
    rows = [
        f"every {duration(row.every)}"
        + (f" until {duration(row.until)}" if row.until is not None else "")
        for row in scans.calendar
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
        f"a day from {first} to {last} after the first dose, for a reason other than the disease."
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
