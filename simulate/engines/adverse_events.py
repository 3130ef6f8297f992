"""Adverse events in SimPy: a cycle brings them, they begin, act on the doses, and resolve."""

from __future__ import annotations

from functools import partial

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.toxicity_draws import PossibleEvent
from simulate.engines.trial import Patient, Trial
from simulate.patient import dosing, toxicity, treatment
from simulate.patient.toxicity import FULL_DOSE, NOT_GIVEN
from simulate.records import ADVERSE_EVENT_COLUMNS, DOSE_COLUMNS
from simulate.streams import Purpose, word

_DAY = tuple(DOSE_COLUMNS).index("day")
_INTERRUPTED = tuple(DOSE_COLUMNS).index("interrupted")
_ACTION = tuple(ADVERSE_EVENT_COLUMNS).index("action")
_DURATION_LANE = 2  # of the words of an event's detail

LEADING = 0
"""Position of the drug whose end is the end of treatment."""


def begin_event(
    trial: Trial,
    patient: Patient,
    event: PossibleEvent,
    cycle: int,
    today: int,
    states: list[int],
) -> None:
    """Decide whether a cycle brings an event of one term; if so, it begins on its day."""
    plan = trial.plan.toxicity
    term, exponential, row = event
    drug = plan.weight_drug[plan.weight_class[term]]
    weight = toxicity.cycle_weight(plan, term, cycle, FULL_DOSE if drug < 0 else states[drug])
    factor = weight * patient.toxicity.frailties[plan.frailty[term]]
    severity = toxicity.occurrence(plan, term, factor, exponential)
    if severity == toxicity.NO_EVENT:
        return
    detail = patient.toxicity.words.detail[row].tolist()
    onset = toxicity.onset_day(plan, term, today, detail[1])
    given = [state != NOT_GIVEN for state in states]
    begins = partial(begin, trial, patient, term, row, cycle, severity, onset, detail, given)
    trial.when(patient, onset, clock.ONSET, begins, channel=term)


def begin(
    trial: Trial,
    patient: Patient,
    term: int,
    row: int,
    cycle: int,
    severity: int,
    onset: int,
    detail: list[int],
    given: list[bool],
) -> None:
    """An adverse event begins, and acts on the doses."""
    if patient.course.death_day <= onset or patient.study_withdrawal_day < onset:
        return
    plan = trial.plan.toxicity
    grade_word, _, duration_word, serious_word = detail
    end = toxicity.end_day(plan, onset, duration_word)
    grade = toxicity.event_grade(plan, term, severity, grade_word)
    serious = toxicity.is_serious(plan, term, severity, serious_word)
    related = relatedness(trial, patient.toxicity.words.related[row].tolist(), given)
    taken = act(trial, patient, term, row, grade, related, onset, end)
    record_event(trial, patient, cycle, term, grade, onset, end, int(serious), related, taken)
    if trial.log is not None and end < patient.course.death_day:
        words = f"term {plan.term_ids[term]}"
        note = partial(trial.note, patient, "adverse event resolves", words)
        trial.when(patient, end, clock.RESOLUTION, note, channel=term)


def relatedness(trial: Trial, words: list[int], given: list[bool]) -> int:
    """Drugs of the cycle to which an event is judged related, as a bit mask of their positions."""
    mask = 0
    for position, drug_id in enumerate(trial.plan.treatment.drug_ids):
        if given[position] and dosing.is_related(trial.plan.dosing, position, words[drug_id]):
            mask |= 1 << position
    return mask


def act(
    trial: Trial,
    patient: Patient,
    term: int,
    event_row: int,
    grade: int,
    related: int,
    onset: int,
    end: int,
) -> int:
    """Let the dosing rules of every drug act on an event; what was done, as a bit mask.

    Bit ``4 * position + action``: hold, reduce, discontinue, interrupt infusion.
    """
    plan = trial.plan.dosing
    special = trial.plan.toxicity.special_interest[term] == 1
    taken = 0
    words = patient.toxicity.words.rules[event_row].tolist()
    for position in range(len(patient.drugs)):
        is_related = bool(related >> position & 1)
        for row in range(plan.rule_start[position], plan.rule_start[position + 1]):
            word = words[plan.rule_ids[row]]
            applies = dosing.rule_applies(plan, row, term, grade, is_related, special, word)
            if applies and take(trial, patient, position, row, onset, end):
                taken |= 1 << (4 * position + plan.action[row])
    return taken


def take(trial: Trial, patient: Patient, position: int, row: int, onset: int, end: int) -> bool:
    """Take the action of one rule on one drug; whether there was anything to act on."""
    plan, state = trial.plan.dosing, patient.drugs[position]
    if not state.is_due or not patient.is_treated or state.last_dose is None:
        return False
    action = plan.action[row]
    if action == dosing.HOLD:
        state.blocked_until = max(state.blocked_until, dosing.hold_ends(plan, row, onset, end))
        patient.blocked_until = max(patient.blocked_until, state.blocked_until)
    elif action == dosing.REDUCE:
        if state.level + 1 >= plan.n_levels[position]:
            return False
        state.level += 1
    elif action == dosing.DISCONTINUE:
        stop_drug(trial, patient, position, onset, "adverse event")
    elif state.last_dose[_DAY] == onset:
        state.last_dose[_INTERRUPTED] = 1
    else:
        return False  # its infusion was over
    return True


def stop_drug(trial: Trial, patient: Patient, position: int, day: int, why: str) -> None:
    """Stop a drug for good; the end of the leading drug is the end of treatment."""
    patient.drugs[position].is_stopped = True
    trial.note(patient, "drug stops", f"drug {trial.plan.treatment.drug_ids[position]}, {why}")
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
    term_id = trial.plan.toxicity.term_ids[term]
    row = [patient.number, cycle, term_id, grade, onset, end, serious, related, taken]
    patient.adverse_events.append(row)
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
    """Put on record the adverse event of grade 3 that made the leading drug stop."""
    plan = trial.plan.toxicity
    cycle = max((row[1] for row in patient.doses), default=1)
    address = (trial.seed, patient.number, trial.replicate, Purpose.ADVERSE_EVENT_DETAIL)
    # events of the cycles have the cycles' indices; these have those of cycle 0
    end = toxicity.end_day(plan, day, word(*address, 4 * plan.term_ids[term] + _DURATION_LANE))
    taken = 1 << (4 * LEADING + dosing.DISCONTINUE)
    record_event(trial, patient, cycle, term, 3, day, end, 1, int(related) << LEADING, taken)


def record_fatal_event(trial: Trial, patient: Patient) -> None:
    """Put on record, as grade 5, a death that no progression explains."""
    term, day = trial.plan.toxicity.fatal_term, patient.course.death_day
    if term < 0 or patient.course.progression_day < NEVER or patient.study_withdrawal_day < day:
        return
    cycle = max((row[1] for row in patient.doses), default=1)
    record_event(trial, patient, cycle, term, toxicity.FATAL_GRADE, day, day, 1, 0, 0)
