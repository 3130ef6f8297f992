"""SimPy processes of treatment: doses, the adverse events they bring, and what those do to them."""

from __future__ import annotations

from functools import partial

from simulate import clock
from simulate.distributions import NEVER
from simulate.engines.toxicity_draws import PossibleEvent
from simulate.engines.trial import DrugState, Patient, Process, Trial
from simulate.patient import dosing, toxicity, treatment
from simulate.patient.toxicity import FULL_DOSE, NOT_GIVEN, REDUCED_DOSE

LEADING = 0
"""Position of the drug whose end is the end of treatment."""


def treat(trial: Trial, patient: Patient) -> Process:
    """Cycle after cycle, each planned from the last dose actually given, and held by toxicity."""
    plan, draws = trial.plan.treatment, patient.draws
    mean = treatment.mean_delay(plan, draws.delay_mean[0])
    limits = [
        treatment.planned_cycles(plan, position, draws.planned_cycles[drug_id])
        for position, drug_id in enumerate(plan.drug_ids)
    ]
    cycle, planned, delay = 1, 0, 0
    while (moment := trial.at(patient, planned, clock.DOSE)) is not None:
        yield moment
        if not patient.is_treated:
            return
        today = planned
        while until := held_until(trial, patient, limits, planned, today):
            if (moment := trial.at(patient, until, clock.DOSE)) is None:
                return
            trial.note(patient, "dose held", f"cycle {cycle}, from day {today} to day {until}")
            yield moment
            today = until
        if not patient.is_treated:
            return
        give_cycle(trial, patient, limits, cycle, today, delay, today - planned)
        if not any(map(is_due, patient.drugs, limits)):
            patient.complete(today)
            trial.note(patient, "treatment stops", treatment.STOP_NAMES[treatment.COMPLETED])
            return
        cycle += 1
        delay = treatment.cycle_delay(mean, draws.delay[cycle])
        planned = treatment.next_dose_day(plan, today, delay)


def is_due(state: DrugState, limit: int) -> bool:
    """Whether a drug is still to be given."""
    return not state.is_stopped and state.n_given < limit


def held_until(trial: Trial, patient: Patient, limits: list[int], planned: int, today: int) -> int:
    """Day until which the whole cycle must wait for a held drug, or 0.

    A hold that would last longer than allowed ends the drug for good instead.
    """
    if patient.blocked_until <= today:
        return 0
    plan = trial.plan.dosing
    wait = 0
    for position, state in enumerate(patient.drugs):
        if not plan.delays_cycle[position] or not is_due(state, limits[position]):
            continue
        if state.blocked_until > today:
            until = dosing.held_until(plan, position, planned, today, state.blocked_until)
            if dosing.is_hold_too_long(plan, position, planned, until):
                stop_drug(trial, patient, position, today, "hold too long")
            else:
                wait = max(wait, until)
    return wait if patient.is_treated else 0


def give_cycle(
    trial: Trial,
    patient: Patient,
    limits: list[int],
    cycle: int,
    today: int,
    delay: int,
    hold: int,
) -> None:
    """Give what is due, omit what is held, and let the cycle bring its adverse events."""
    drug_ids, number = trial.plan.treatment.drug_ids, patient.number
    states = [NOT_GIVEN] * len(drug_ids)
    for position, state in enumerate(patient.drugs):
        if not is_due(state, limits[position]):
            continue
        given = state.blocked_until <= today
        if not given and is_omitted_too_long(trial, patient, position, today):
            continue
        held = int(state.blocked_until > today - hold)
        drug_id, level = drug_ids[position], state.level
        row = [number, cycle, drug_id, today, delay, hold, held, int(given), level, 0]
        patient.doses.append(row)
        if given:
            state.n_given += 1
            state.last_dose = row
            states[position] = REDUCED_DOSE if level > 0 else FULL_DOSE
        if trial.log is not None:
            note_dose(trial, patient, row)
    for event in patient.toxicity.events.get(cycle, ()):
        begin_event(trial, patient, event, cycle, today, states)


def is_omitted_too_long(trial: Trial, patient: Patient, position: int, today: int) -> bool:
    """Whether a drug that is held alone has been held too long, and then is stopped for good."""
    until = patient.drugs[position].blocked_until
    if not dosing.is_hold_too_long(trial.plan.dosing, position, today, until):
        return False
    stop_drug(trial, patient, position, today, "hold too long")
    return True


def note_dose(trial: Trial, patient: Patient, row: list[int]) -> None:
    """Write a dose into the event log."""
    _, cycle, drug_id, _, delay, hold, _, given, level, _ = row
    words = [f"cycle {cycle}", f"drug {drug_id}"]
    words += [f"{delay} days late"] if delay else []
    words += [f"held {hold} days"] if hold else []
    words += [f"dose level {level}"] if level else []
    trial.note(patient, "dose" if given else "dose omitted", ", ".join(words))


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
    begins = partial(begin, trial, patient, term, row, cycle, severity, onset, detail)
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
) -> None:
    """An adverse event begins, and acts on the doses."""
    if patient.course.death_day <= onset or patient.study_withdrawal_day < onset:
        return
    plan = trial.plan.toxicity
    grade_word, _, duration_word, serious_word = detail
    end = toxicity.end_day(plan, onset, duration_word)
    grade = toxicity.event_grade(plan, term, severity, grade_word)
    serious = toxicity.is_serious(plan, term, severity, serious_word)
    related = relatedness(trial, patient.toxicity.words.related[row].tolist())
    taken = act(trial, patient, term, row, grade, related, onset, end)
    record_event(trial, patient, cycle, term, grade, onset, end, int(serious), related, taken)
    if trial.log is not None and end < patient.course.death_day:
        words = f"term {plan.term_ids[term]}"
        note = partial(trial.note, patient, "adverse event resolves", words)
        trial.when(patient, end, clock.RESOLUTION, note, channel=term)


def relatedness(trial: Trial, words: list[int]) -> int:
    """Drugs to which an event is judged related, as a bit mask of their positions."""
    mask = 0
    for position, drug_id in enumerate(trial.plan.treatment.drug_ids):
        if dosing.is_related(trial.plan.dosing, position, words[drug_id]):
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
    if state.is_stopped or not patient.is_treated or state.last_dose is None:
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
    else:
        state.last_dose[-1] = 1
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
    row = (patient.number, cycle, term_id, grade, onset, end, serious, related, taken)
    patient.adverse_events.append(row)
    trial.note(patient, "adverse event", f"term {term_id}, grade {grade}, until day {end}")


def record_stop_event(
    trial: Trial, patient: Patient, term: int, day: int, *, related: bool, taken: int
) -> None:
    """Put on record the adverse event of grade 3 that made treatment stop."""
    cycle = max((row[1] for row in patient.doses), default=1)
    record_event(trial, patient, cycle, term, 3, day, day, 1, int(related), taken)


def record_fatal_event(trial: Trial, patient: Patient) -> None:
    """Put on record, as grade 5, a death that no progression explains."""
    term, day = trial.plan.toxicity.fatal_term, patient.course.death_day
    if term < 0 or patient.course.progression_day < NEVER or patient.study_withdrawal_day < day:
        return
    cycle = max((row[1] for row in patient.doses), default=1)
    record_event(trial, patient, cycle, term, toxicity.FATAL_GRADE, day, day, 1, 0, 0)
