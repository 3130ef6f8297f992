"""Who looks, when, and what can be seen: from true disease to documented response.

Visits follow the calendar from the first dose, never the cycles actually given. A visit's scan is
done within its window, or missed. Progression can also show itself between visits (a clinical
finding, confirmed by an unscheduled scan).

Or there is no calendar, and patients are watched day by day: what is found is what a scan on each
day from day 1 on would show. An assessment is then a day on which the finding changes, and the
finding stands until the next assessment or until the patient is no longer watched.

Days are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, IntTable, Thresholds, first_above, later

NOT_EVALUABLE, COMPLETE_RESPONSE, PARTIAL_RESPONSE, STABLE_DISEASE, PROGRESSIVE_DISEASE = range(5)
"""Overall response at one assessment, RECIST 1.1."""

RESPONSE_NAMES = ("NE", "CR", "PR", "SD", "PD")

UNSCHEDULED = 0
"""Visit number of an assessment outside the calendar."""

MISSED, DONE, WATCHED = range(3)
"""Whether an assessment was done; WATCHED also says that its finding stands day by day."""

FIRST_WATCHED_DAY = 1
"""Day of the first assessment where patients are watched day by day."""


class AssessmentPlan(NamedTuple):
    """The scan calendar and how it is kept."""

    nominal_days: IntTable
    """Planned day of visit k at index k; index 0 is the baseline scan and unused."""
    window: int
    """Largest deviation of a visit from its planned day."""
    jitter: Thresholds
    """Thresholds of the deviation plus window: 0 is a scan at the start of its window."""
    missed: int
    """Threshold of missing a visit."""
    clinical: int
    """Threshold of progression showing itself between visits."""
    clinical_delay: Thresholds
    """Thresholds of the delay from true progression to that finding, less ``clinical_first``."""
    clinical_first: int
    """Shortest such delay."""
    baseline_window: int
    """The baseline scan lies within this many days before the first dose."""
    moves_with_cycles: int
    """1 if visits move with the cycles actually given, 0 if they count from the first dose."""
    continuous: int
    """1 if patients are watched day by day, 0 if they are scanned by the calendar."""
    goes_on: int
    """1 if scans go on once progression is called, 0 if they end as treatment does."""


@rule
def baseline_scan_day(plan: AssessmentPlan, word: int) -> int:
    """Day of the baseline scan: uniform over its window, on or before the first dose."""
    return -((word * (plan.baseline_window + 1)) >> 32)


@rule
def visit_day(plan: AssessmentPlan, visit: int, word: int) -> int:
    """Day on which the scan of a visit is done."""
    return plan.nominal_days[visit] + first_above(plan.jitter, word) - plan.window


@rule
def visit_missed(plan: AssessmentPlan, word: int) -> bool:
    """Whether the scan of a visit is not done."""
    return word < plan.missed


@rule
def clinical_progression_day(
    plan: AssessmentPlan, progression: int, occurs_word: int, delay_word: int
) -> int:
    """Day on which true progression shows itself between visits, or NEVER."""
    if occurs_word >= plan.clinical:
        return NEVER
    return later(progression, plan.clinical_first + first_above(plan.clinical_delay, delay_word))


@rule
def response_seen_day(plan: AssessmentPlan, response: int, progression: int, death: int) -> int:
    """Day on which a response shows itself to those who watch day by day, or NEVER.

    One that begins by the first day on which they do is what that day shows.
    """
    begins = response < min(progression, death)
    if plan.continuous == 1 and begins and response > FIRST_WATCHED_DAY:
        return response
    return NEVER


@rule
def watched_until(contact: int, assessment_stop: int, death: int) -> int:
    """Last day on which a patient is watched who is, and of whom is known up to a day."""
    return min(contact, min(assessment_stop, death - 1))


@rule
def scan_finding(
    day: int, response: int, visible_before: int, complete: bool, progression: int
) -> int:
    """Overall response that a scan on this day shows."""
    if progression <= day:
        return PROGRESSIVE_DISEASE
    if response - visible_before <= day:
        if complete:
            return COMPLETE_RESPONSE
        return PARTIAL_RESPONSE
    return STABLE_DISEASE
