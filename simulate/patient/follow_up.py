"""Who leaves, when, and until when we know that a patient was alive.

Three things stay apart: treatment stops, assessments stop, and the patient leaves the study. A
withdrawal from treatment stops the first two, and sometimes the third.

Days are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, Thresholds, day_of, first_above


class FollowUpPlan(NamedTuple):
    """Withdrawal, loss and last contact, as tables."""

    withdrawal: Thresholds
    """Thresholds of the day of withdrawal from treatment."""
    early_stop: int
    """Threshold of a permanent stop in the first cycle."""
    early_stop_first: int
    early_stop_last: int
    """Its day is uniform between these two."""
    lost: int
    """Threshold of leaving the study at withdrawal."""
    last_contact_lag: Thresholds
    """Thresholds of the days between a data cutoff and the last contact before it."""


@rule
def stops_early(plan: FollowUpPlan, word: int) -> bool:
    """Whether treatment is stopped for good within the first cycle."""
    return word < plan.early_stop


@rule
def withdrawal_day(
    plan: FollowUpPlan, early: bool, early_day_word: int, withdrawal_word: int
) -> int:
    """Day on which a patient would withdraw from treatment, or NEVER."""
    if early:
        n_days = plan.early_stop_last - plan.early_stop_first + 1
        return plan.early_stop_first + ((early_day_word * n_days) >> 32)
    return day_of(plan.withdrawal, withdrawal_word)


@rule
def leaves_study(plan: FollowUpPlan, word: int) -> bool:
    """Whether a patient who withdraws from treatment also leaves survival follow-up."""
    return word < plan.lost


@rule
def is_caused_by_event(share: int, word: int) -> bool:
    """Whether an adverse event is what makes a patient withdraw from treatment."""
    return word < share


@rule
def contact_lag(plan: FollowUpPlan, word: int) -> int:
    """Days between a data cutoff and the last contact with the patient before it."""
    return first_above(plan.last_contact_lag, word)


@rule
def last_contact(cut_day: int, lag: int, last_record: int, study_withdrawal: int) -> int:
    """Last day on which the patient's state is known at a data cut.

    Parameters
    ----------
    cut_day : int
        Patient day of the data cut.
    lag : int
        Days since the patient was last contacted.
    last_record : int
        Latest scan, dose or withdrawal on record by the cut: a contact of its own.
    study_withdrawal : int
        Day on which the patient left the study, or NEVER.
    """
    if study_withdrawal <= cut_day:
        return study_withdrawal
    return max(cut_day - lag, last_record)


@rule
def is_event_known(day: int, contact: int) -> bool:
    """Whether something that happened on a day is known by the last contact."""
    return day <= contact and day < NEVER
