"""Adverse events in SimPy: a cycle brings them, they begin, act on the doses, and resolve."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.intensity import discount
from simulate.engines.toxicity_draws import CYCLE_STRIDE
from simulate.engines.trial import Patient, Trial
from simulate.patient import dosing, toxicity, treatment
from simulate.patient.toxicity import FULL_DOSE, NOT_GIVEN
from simulate.records import ADVERSE_EVENT_COLUMNS, DOSE_COLUMNS
from simulate.streams import Purpose, word

_DAY = tuple(DOSE_COLUMNS).index("day")
_INTERRUPTED, _INFUSED = (tuple(DOSE_COLUMNS).index(n) for n in ("interrupted", "infused"))
_ACTION = tuple(ADVERSE_EVENT_COLUMNS).index("action")
_DURATION_LANE = 2  # of the words of an event's detail

LEADING = 0
"""Position of the drug whose end is the end of treatment."""


class Event(NamedTuple):
    """What dosing rules look at of an adverse event."""

    cycle: int
    term: int
    """Position of the term."""
    grade: int
    onset: int
    end: int
    related: int
    """Drugs to which it is related, as a bit mask of their positions."""


def bring_events(trial: Trial, patient: Patient, cycle: int, today: int, states: list[int]) -> None:
    """Decide which of its possible events a cycle brings; each begins on its day."""
    plan, own = patient.plan.toxicity, patient.toxicity
    terms, exponentials = own.possible.terms, own.possible.exponentials
    for row in range(own.first[cycle - 1], own.first[cycle]):
        term = terms[row]
        drug = plan.weight_drug[plan.weight_class[term]]
        weight = toxicity.cycle_weight(plan, term, cycle, FULL_DOSE if drug < 0 else states[drug])
        factor = weight * own.frailties[plan.frailty[term]]
        severity = toxicity.occurrence(plan, term, factor, exponentials[row])
        if severity != toxicity.NO_EVENT:
            detail = own.possible.detail[row].tolist()
            onset = toxicity.onset_day(plan, term, today, detail[1])
            begins = partial(begin, trial, patient, row, cycle, severity, onset, detail, states)
            trial.when(patient, onset, clock.ONSET, begins, channel=term)


def begin(
    trial: Trial,
    patient: Patient,
    row: int,
    cycle: int,
    severity: int,
    onset: int,
    detail: list[int],
    states: list[int],
) -> None:
    """An adverse event begins, unless another of its term goes on, and acts on the doses."""
    if patient.course.death_day <= onset or patient.study_withdrawal_day < onset:
        return
    possible = patient.toxicity.possible
    term = possible.terms[row]
    if toxicity.goes_on(patient.resolves.get(term, onset), onset):
        return
    plan = patient.plan.toxicity
    grade_word, _, duration_word, serious_word = detail
    end = patient.resolves[term] = toxicity.end_day(plan, onset, duration_word)
    grade = toxicity.event_grade(plan, term, severity, grade_word)
    serious = toxicity.is_serious(plan, term, severity, serious_word)
    related = relatedness(patient, possible.related[row].tolist(), states)
    event = Event(cycle, term, grade, onset, end, related)
    taken = act(trial, patient, event, row)
    record_event(trial, patient, cycle, term, grade, onset, end, int(serious), related, taken)
    if trial.log is not None and end < patient.course.death_day:
        words = f"term {plan.term_ids[term]}"
        note = partial(trial.note, patient, "adverse event resolves", words)
        trial.when(patient, end, clock.RESOLUTION, note, channel=term)


def relatedness(patient: Patient, words: list[int], states: list[int]) -> int:
    """Drugs of the cycle to which an event is judged related, as a bit mask of their positions."""
    plan, drug_ids, mask = patient.plan.dosing, patient.plan.treatment.drug_ids, 0
    for position, state in enumerate(states):
        if state != NOT_GIVEN and dosing.is_related(plan, position, words[drug_ids[position]]):
            mask |= 1 << position
    return mask


def act(trial: Trial, patient: Patient, event: Event, event_row: int) -> int:
    """Let the dosing rules of every drug act on an event; what was done, as a bit mask.

    Bit ``4 * position + action``: hold, reduce, discontinue, interrupt infusion. One event lowers
    the dose of a drug by one level only, however many rules say so.
    """
    if not (about := patient.toxicity.rules_about[event.term, event.grade]):
        return 0
    plan = patient.plan.dosing
    special = patient.plan.toxicity.special_interest[event.term] == 1
    words = patient.toxicity.possible.rules[event_row].tolist()
    taken = 0
    for position, row in about:
        bit = 1 << (4 * position + plan.action[row])
        if plan.action[row] == dosing.REDUCE and taken & bit:
            continue
        of_event = (event.term, event.grade, bool(event.related >> position & 1), special)
        applies = dosing.rule_applies(plan, row, *of_event, words[plan.rule_ids[row]])
        if applies and take(trial, patient, position, row, event):
            taken |= bit
    return taken


def take(trial: Trial, patient: Patient, position: int, row: int, event: Event) -> bool:
    """Take the action of one rule on one drug; whether there was anything to act on."""
    plan, state = patient.plan.dosing, patient.drugs[position]
    if state.last_dose is None:
        return False
    action = plan.action[row]
    if action == dosing.INTERRUPT_INFUSION:
        if state.last_dose[_DAY] != event.onset:
            return False  # its infusion was over
        drawn = infusion_word(trial, patient, event.cycle, event.term)
        interrupt(patient, position, dosing.infused_share(plan, row, drawn))
        return True
    if not state.left or not patient.is_treated:
        return False  # no later dose to act on
    if action == dosing.HOLD:
        until = dosing.hold_ends(plan, row, event.onset, event.end)
        state.blocked_until = max(state.blocked_until, until)
        patient.blocked_until = max(patient.blocked_until, state.blocked_until)
    elif action == dosing.REDUCE:
        if state.level + 1 >= plan.n_levels[position]:
            return False
        state.level += 1
    else:
        stop_drug(trial, patient, position, event.onset, "adverse event")
    return True


def infusion_word(trial: Trial, patient: Patient, cycle: int, term: int) -> int:
    """Word of how much is infused when an event of a term and cycle interrupts the infusion."""
    index = cycle * CYCLE_STRIDE + patient.plan.toxicity.term_ids[term]
    return word(trial.seed, patient.number, trial.replicate, Purpose.INFUSION, index)


def interrupt(patient: Patient, position: int, infused: int) -> None:
    """Interrupt the infusion of a drug's latest dose; of several times the shortest counts."""
    dose = patient.drugs[position].last_dose
    if dose is None:
        return
    infused = min(infused, dose[_INFUSED])
    discount(patient, position, dose, infused)
    dose[_INTERRUPTED], dose[_INFUSED] = 1, infused


def stop_drug(trial: Trial, patient: Patient, position: int, day: int, why: str) -> None:
    """Stop a drug for good; the end of the leading drug is the end of treatment."""
    patient.drugs[position].left = 0
    trial.note(patient, "drug stops", f"drug {patient.plan.treatment.drug_ids[position]}, {why}")
    if position == LEADING:
        patient.stop(day, treatment.ADVERSE_EVENT)
        trial.note(patient, "treatment stops", treatment.STOP_NAMES[treatment.ADVERSE_EVENT])


def record_event(
    trial: Trial,
    patient: Patient,
    cycle: int,
    term: int,
    grade: int,
    onset: int,
    end: int,
    serious: int,
    related: int,
    taken: int,
) -> None:
    """Put an adverse event on record."""
    term_id = patient.plan.toxicity.term_ids[term]
    row = [patient.number, cycle, term_id, grade, onset, end, serious, related, taken]
    patient.adverse_events.append(row)
    if trial.log is not None:
        trial.note(patient, "adverse event", f"term {term_id}, grade {grade}, until day {end}")


def stop_held_drug(trial: Trial, patient: Patient, position: int, day: int) -> None:
    """Stop a drug whose hold would last too long: the event that holds it discontinues it."""
    hold, discontinue = (4 * position + action for action in (dosing.HOLD, dosing.DISCONTINUE))
    holding = [row for row in patient.adverse_events if row[_ACTION] >> hold & 1]
    holding[-1][_ACTION] |= 1 << discontinue
    patient.drug_stops.append((patient.number, position, day))
    stop_drug(trial, patient, position, day, "hold too long")


def record_stop_event(
    trial: Trial, patient: Patient, term: int, day: int, *, related: bool
) -> None:
    """Put on record the adverse event of grade 3 that made the leading drug stop.

    An event related to the drug on the day of a dose interrupts the infusion, for good.
    """
    plan = patient.plan.toxicity
    cycle = max((row[1] for row in patient.doses), default=1)
    address = (trial.seed, patient.number, trial.replicate, Purpose.ADVERSE_EVENT_DETAIL)
    # events of the cycles have the cycles' indices; these have those of cycle 0
    end = toxicity.end_day(plan, day, word(*address, 4 * plan.term_ids[term] + _DURATION_LANE))
    patient.resolves[term] = max(end, patient.resolves.get(term, end))
    taken = 1 << (4 * LEADING + dosing.DISCONTINUE)
    dose = patient.drugs[LEADING].last_dose
    if related and dose is not None and dose[_DAY] == day:
        drawn = infusion_word(trial, patient, 0, term)
        interrupt(patient, LEADING, dosing.part_infused(0, drawn))
        taken |= 1 << (4 * LEADING + dosing.INTERRUPT_INFUSION)
    record_event(trial, patient, cycle, term, 3, day, end, 1, int(related) << LEADING, taken)


def record_fatal_event(trial: Trial, patient: Patient) -> None:
    """Put on record, as grade 5, a death that no progression explains."""
    term, day = patient.plan.toxicity.fatal_term, patient.course.death_day
    if term < 0 or patient.course.progression_day < NEVER or patient.study_withdrawal_day < day:
        return
    cycle = max((row[1] for row in patient.doses), default=1)
    record_event(trial, patient, cycle, term, toxicity.FATAL_GRADE, day, day, 1, 0, 0)
