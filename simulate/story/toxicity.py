"""Adverse events: how they begin, what they do to the doses, and when they have resolved."""

from __future__ import annotations

from collections.abc import Iterator

from simulate import clock
from simulate.describe.words import duration, listing
from simulate.patient.dosing import (
    ACTIONS,
    DISCONTINUE,
    HOLD,
    INTERRUPT_INFUSION,
    REDUCE,
    WHOLE_DOSE,
)
from simulate.patient.toxicity import FATAL_GRADE
from simulate.scenario.dosing import DosingRule
from simulate.scenario.toxicity import Term
from simulate.story.history import UNSEEN, History, Line, Row

MILD = 1
"""An event of this grade is over when it has resolved to it."""


def adverse_event_lines(history: History) -> Iterator[Line]:
    """A line for each adverse event on record, for each drug that it ends, and for its end."""
    levels = [0] * len(history.drugs)
    for event in in_order(history):
        begins, phase = history.first_dose + event["onset_day"], _phase(history, event)
        below = tuple(f"- {text}" for text in _consequences(history, event, levels))
        yield Line(begins, phase, _sentence(history, event), below)
        for position, drug in enumerate(history.drugs):
            if is_taken(event, position, DISCONTINUE) and not history.ends_by_hold(drug.id):
                yield Line(begins, phase, f"{sentence(drug.name)} is discontinued")
        if _resolves(history, event):
            end = history.first_dose + event["end_day"]
            yield Line(end, clock.RESOLUTION, _resolution(history, event))


def in_order(history: History) -> list[Row]:
    """The patient's adverse events in the order in which they began: day, then term."""
    position = {term.id: index for index, term in enumerate(_terms(history))}
    return sorted(history.adverse_events, key=lambda e: (e["onset_day"], position[e["term"]]))


def named(history: History, event: Row) -> str:
    """An adverse event by its term and grade."""
    return f"{term_of(history, event).label}, grade {event['grade']}"


def term_of(history: History, event: Row) -> Term:
    """Term of an adverse event."""
    return next(term for term in _terms(history) if term.id == event["term"])


def _terms(history: History) -> tuple[Term, ...]:
    toxicity = history.scenario.toxicity
    return toxicity.terms if toxicity is not None else ()


def sentence(text: str) -> str:
    """The text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def is_taken(event: Row, position: int, action: int) -> bool:
    """Whether an adverse event led to an action on the drug at a position."""
    return event["action"] >> (4 * position + action) & 1 == 1


def holding(history: History, position: int, day: int) -> list[Row]:
    """Adverse events that hold the drug at a position on a dose day, in order.

    An event begins after the doses of its day, and on the day on which its hold ends it holds no
    more.
    """
    return [
        event
        for event in in_order(history)
        if is_taken(event, position, HOLD)
        and event["onset_day"] < day < _held_until(history, position, event)
    ]


def _held_until(history: History, position: int, event: Row) -> int:
    """First day on which an event that holds a drug does so no longer, by its longest rule."""
    rules = _rules(history, position, event, HOLD)
    ends = [event["onset_day"] + (rule.lasting or 0) for rule in rules if rule.lasting is not None]
    return max([*ends, *(event["end_day"] for rule in rules if rule.lasting is None)])


def _rules(history: History, position: int, event: Row, action: int) -> list[DosingRule]:
    """Rules of a drug that are about such an event, whether or not it was acted on."""
    term = term_of(history, event)
    is_related = event["related"] >> position & 1 == 1
    return [
        rule
        for rule in history.drugs[position].rules
        if rule.action == ACTIONS[action]
        and event["grade"] >= rule.grade
        and (is_related or not rule.related)
        and (term.special_interest or not rule.special_interest)
        and (not rule.terms or term.name in rule.terms)
    ]


# ---- lines --------------------------------------------------------------------------------------


def _sentence(history: History, event: Row) -> str:
    """What began, to which drugs it is judged related, and whether it is serious."""
    drugs = [d.name for position, d in enumerate(history.drugs) if event["related"] >> position & 1]
    related = f"related to {listing(drugs)}" if drugs else "not related to treatment"
    marks = ["serious"] if event["serious"] else []
    marks += ["of special interest"] if term_of(history, event).special_interest else []
    text = f"{named(history, event)}, {related}"
    return f"{text} ({', '.join(marks)})" if marks else text


def _consequences(history: History, event: Row, levels: list[int]) -> Iterator[str]:
    """What an event does to the doses of each drug; counts the levels of reduction.

    The end of a drug has a line of its own.
    """
    for position, drug in enumerate(history.drugs):
        if is_taken(event, position, HOLD):
            yield f"{sentence(drug.name)} held {_how_long(history, position, event)}"
        if is_taken(event, position, REDUCE):
            dose = drug.reduced_doses[levels[position]]
            levels[position] += 1
            end = "" if _is_given_after(history, drug.id, event) else ", which does not come"
            yield f"{sentence(drug.name)} reduced to {dose} from the next dose{end}"
        if is_taken(event, position, INTERRUPT_INFUSION):
            yield f"Infusion of {drug.name} interrupted, {_how_much(history, drug.id, event)}"


def _is_given_after(history: History, drug_id: int, event: Row) -> bool:
    """Whether a dose of a drug comes, given or omitted, after an event has begun."""
    return any(d["drug"] == drug_id and d["day"] > event["onset_day"] for d in history.doses)


def _how_long(history: History, position: int, event: Row) -> str:
    """How long the rule says that an event holds a drug."""
    texts = {
        "until resolved to grade 1 or better"
        if rule.lasting is None
        else f"for {duration(rule.lasting)} from onset"
        for rule in _rules(history, position, event, HOLD)
    }
    return texts.pop() if len(texts) == 1 else "by more than one rule"


def _how_much(history: History, drug_id: int, event: Row) -> str:
    """How much of the dose is infused that an event interrupts, in the end."""
    infused = next(
        dose["infused"]
        for dose in history.doses
        if dose["drug"] == drug_id and dose["day"] == event["onset_day"]
    )
    if infused == WHOLE_DOSE:
        return "and completed later"
    return f"{infused / 10:g}% infused"


def _phase(history: History, event: Row) -> int:
    """When in the day an event begins: with the death or the stop that it stands for."""
    if event["grade"] == FATAL_GRADE:
        return clock.DISEASE
    return clock.LEAVING if is_cause_of_stop(history, event) else clock.ONSET


def is_cause_of_stop(history: History, event: Row) -> bool:
    """Whether an event stands on record as the cause of an early stop or a withdrawal."""
    follow_up = history.scenario.follow_up
    early, withdrawn = follow_up.early_stop, follow_up.withdrawal_adverse_event
    causes = [early.adverse_event if early else None, withdrawn.term if withdrawn else None]
    return (
        term_of(history, event).name in causes
        and event["onset_day"] == history.truth["assessment_stop_day"]
    )


def _resolves(history: History, event: Row) -> bool:
    """Whether an event resolves before death and before the end of the simulation."""
    if event["grade"] == FATAL_GRADE:
        return False
    end = event["end_day"]
    return end < history.truth["death_day"] and history.first_dose + end <= history.horizon


def _resolution(history: History, event: Row) -> str:
    text = f"{term_of(history, event).label} resolved"
    if event["grade"] > MILD:
        text += " to grade 1 or better"
    if event["end_day"] > history.truth["study_withdrawal_day"]:
        return f"{UNSEEN}{text}, of which the study does not learn"
    return text
