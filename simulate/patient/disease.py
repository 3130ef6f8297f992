"""The disease as it truly is, whoever looks.

A latent responder responds on a day of the response grid and progresses some time after; a
non-responder progresses some time after the first dose. Or, if the scenario says so, everybody
progresses some time after the first dose by one law, whether responding or not; then a response
that would begin on or after the day of progression never begins, and the patient is a
non-responder in every respect. Death comes without progression, or after it at a rate that may
differ for non-responders. Nothing here depends on the scan calendar, and a patient never progresses
before responding and dies once.

Days are patient days: day 0 is the first dose.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import (
    NEVER,
    EventTable,
    FloatTable,
    IntTable,
    Thresholds,
    day_of,
    first_reaching,
    later,
)
from simulate.streams import unit_exponential


class DiseasePlan(NamedTuple):
    """The disease model, as tables."""

    responder: int
    """Threshold of being a latent responder."""
    complete: int
    """Threshold of a response being complete, given a response."""
    response_time: Thresholds
    """Thresholds of the day a latent responder's response begins."""
    intensity_drug: int
    """Position of the drug whose dose intensity acts on progression, or -1."""
    intensity_factor: FloatTable
    """Factor on the hazard of progression by lost dose intensity in percent, 0 to 100."""
    visible_before: int
    """A scan up to this many days before the response day already shows it."""
    by_response: int
    """1 if responders progress some time after their response, 0 if after the first dose."""
    progression_responder: EventTable
    """Time to progression of responders, from response or, see above, from first dose."""
    progression_other: EventTable
    """Time from first dose to progression, non-responders."""
    death_before: EventTable
    """Time from first dose to death without progression."""
    death_after_responder: EventTable
    """Time from progression to death, responders."""
    death_after_other: EventTable
    """Time from progression to death, non-responders."""


class Response(NamedTuple):
    """One patient's latent response, whatever else happens."""

    responder: bool
    complete: bool
    day: int
    """Day from first dose on which it begins; NEVER without one."""


class Course(NamedTuple):
    """One patient's latent disease, in days from first dose; NEVER where it does not happen."""

    responder: bool
    complete: bool
    response_day: int
    progression_day: int
    death_day: int


@rule
def event_day(table: EventTable, factor: float, word: int) -> int:
    """Whole day of an event whose hazard is multiplied by a patient's own factor."""
    if factor == 1.0:
        return day_of(table.thresholds, word)
    return first_reaching(table.cumulative_hazard, factor, unit_exponential(word))


@rule
def progression_origin(plan: DiseasePlan, responder: bool, response: int) -> int:
    """Day from which a patient's time to progression counts."""
    if responder and plan.by_response == 1:
        return response
    return 0


@rule
def progression_day(
    plan: DiseasePlan, responder: bool, response: int, factor: float, word: int
) -> int:
    """Day of true progression, were the patient to live that long."""
    origin = progression_origin(plan, responder, response)
    if responder:
        return later(origin, event_day(plan.progression_responder, factor, word))
    return event_day(plan.progression_other, factor, word)


@rule
def death_after_progression(
    plan: DiseasePlan, responder: bool, progression: int, factor: float, word: int
) -> int:
    """Day of death after progression, counted from the true progression, not from its scan."""
    if responder:
        return later(progression, event_day(plan.death_after_responder, factor, word))
    return later(progression, event_day(plan.death_after_other, factor, word))


@rule
def intensity_factor(plan: DiseasePlan, given: float, planned: float) -> float:
    """Factor on the hazard of progression after some of the planned dose was not given."""
    if planned <= 0.0:
        return plan.intensity_factor[0]  # where nothing is planned, nothing is lost
    lost = int(100.0 * (1.0 - given / planned) + 0.5)
    return plan.intensity_factor[min(max(lost, 0), 100)]


@rule
def hazard_between(table: EventTable, start: int, end: int) -> float:
    """Cumulative hazard from one day to another of the table's own clock."""
    last = len(table.cumulative_hazard) - 1
    from_day, to_day = min(max(start, 0), last), min(max(end, 0), last)
    return table.cumulative_hazard[to_day] - table.cumulative_hazard[from_day]


@rule
def day_of_target(table: EventTable, since: int, factor: float, target: float) -> int:
    """First day after ``since`` by which ``factor`` times the hazard since then reaches a target.

    Days are of the table's own clock; ``since`` may be negative. NEVER beyond the table.
    """
    low, high = max(since, 0) + 1, len(table.cumulative_hazard)
    while low < high:
        middle = (low + high) >> 1
        if factor * hazard_between(table, since, middle) >= target:
            high = middle
        else:
            low = middle + 1
    if low < len(table.cumulative_hazard):
        return low
    return NEVER


@rule
def latent_response(plan: DiseasePlan, words: IntTable) -> Response:
    """The response as it will be, unless progression or death come first."""
    responder = words[0] < plan.responder
    complete = responder and words[2] < plan.complete
    if responder:
        return Response(responder, complete, day_of(plan.response_time, words[1]))
    return Response(responder, complete, NEVER)


@rule
def _course(
    plan: DiseasePlan,
    response: Response,
    progression: int,
    factors: FloatTable,
    death_words: IntTable,
) -> Course:
    """A course from its response, and its progression were the patient to live that long."""
    responder, complete, response_day = response
    if plan.by_response == 0 and progression <= response_day:
        responder, complete, response_day = False, False, NEVER
    death = event_day(plan.death_before, factors[1], death_words[0])
    if death <= progression:
        return Course(responder, complete, response_day, NEVER, death)
    after = death_after_progression(plan, responder, progression, factors[2], death_words[1])
    return Course(responder, complete, response_day, progression, min(death, after))


@rule
def disease_course(
    plan: DiseasePlan,
    factors: FloatTable,
    response_words: IntTable,
    progression_word: int,
    death_words: IntTable,
) -> Course:
    """One patient's whole latent course.

    Parameters
    ----------
    plan : DiseasePlan
        The disease model.
    factors : (progression, death without progression, death after progression)
        The patient's own hazard ratios.
    response_words : (responder, response time, complete)
        Words of purpose RESPONSE.
    progression_word : int
        Word of purpose PROGRESSION.
    death_words : (without progression, after progression)
        Words of the two death purposes.
    """
    response = latent_response(plan, response_words)
    progression = progression_day(
        plan, response.responder, response.day, factors[0], progression_word
    )
    return _course(plan, response, progression, factors, death_words)


@rule
def later_course(
    plan: DiseasePlan,
    progression: int,
    factors: FloatTable,
    response_words: IntTable,
    death_words: IntTable,
) -> Course:
    """The same patient's course with another day of progression, and what follows from it."""
    return _course(plan, latent_response(plan, response_words), progression, factors, death_words)
