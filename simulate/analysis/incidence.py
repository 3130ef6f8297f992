"""Incidence of adverse events: patients, not events, counted by term and by organ class.

An adverse event counts if it is treatment-emergent: known at the cut, and begun not later after the
last dose than the scenario allows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.analysis.drugs import drug_key
from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn, IntTable
from simulate.exposure import DrugRows
from simulate.known import KnownRows
from simulate.ledger import EventRows
from simulate.patient.toxicity import FATAL_GRADE
from simulate.scenario.trial import Trial

SEVERE_GRADE = 3

SUMMARY_SLOTS = ("teae_any", "teae_grade3", "sae", "sae_grade3", "aesi", "deaths_related")
"""What `write_incidence` writes first, in its order; then patients by kind of event."""

N_SUMMARY = len(SUMMARY_SLOTS)
RELATED_DEATH = SUMMARY_SLOTS.index("deaths_related")


class IncidenceRules(NamedTuple):
    """The terms, by position; kinds of event are all terms, then all organ classes."""

    term_position: IntTable
    """Position of each term by its permanent number; -1 for none."""
    class_kind: IntTable
    """Kind of each term's organ class."""
    special: IntTable
    """1 for a term of special interest."""
    n_kinds: int
    emergent_until: int
    """An event that begins this long after the last dose is still treatment-emergent."""
    n_drugs: int


class Tally(NamedTuple):
    """Patients counted by kind of event: kind k at any grade, ``n_kinds + k`` at grade 3 or higher.

    One more entry takes what is not counted. A patient counts once: ``latest`` is the row of the
    patient counted last.
    """

    patients: IntColumn
    latest: IntColumn


def organ_class_keys(trial: Trial) -> dict[str, str]:
    """Organ classes of the scenario's terms in order, by their names in statistics."""
    terms = trial.toxicity.terms if trial.toxicity else ()
    return {drug_key(term.organ_class): term.organ_class for term in terms}


def incidence_slots(trial: Trial) -> list[str]:
    """What `write_incidence` writes, in its order."""
    terms = trial.toxicity.terms if trial.toxicity else ()
    names = list(SUMMARY_SLOTS)
    for grades in ("any", "grade3"):
        names += [f"ae_{grades}_{term.name}" for term in terms]
        names += [f"soc_{grades}_{key}" for key in organ_class_keys(trial)]
    return names


def incidence_rules(trial: Trial) -> IncidenceRules:
    """The terms of a scenario as tables."""
    toxicity, classes = trial.toxicity, list(organ_class_keys(trial))
    terms = toxicity.terms if toxicity else ()
    position = np.full(max((term.id for term in terms), default=0) + 1, -1, np.int64)
    for i, term in enumerate(terms):
        position[term.id] = i
    of_class = [len(terms) + classes.index(drug_key(term.organ_class)) for term in terms]
    return IncidenceRules(
        term_position=position,
        class_kind=np.array(of_class, np.int64),
        special=np.array([term.special_interest for term in terms], np.int64),
        n_kinds=len(terms) + len(classes),
        emergent_until=toxicity.emergent_until if toxicity else 0,
        n_drugs=len(trial.treatment.drugs),
    )


@rule
def count_once(tally: Tally, kind: int, row: int) -> None:
    """Count a patient, by the row, with a kind of event, unless it is counted already."""
    tally.patients[kind] += int(tally.latest[kind] != row)
    tally.latest[kind] = row


@rule
def event_flags(severe: int, serious: int, special: int) -> int:
    """What a treatment-emergent event adds to a patient, bit i for ``SUMMARY_SLOTS[i]``."""
    return 1 | severe << 1 | serious << 2 | (severe & serious) << 3 | special << 4


@rule
def last_dose_of_any(drugs: DrugRows, n_drugs: int, n: int, row: int) -> int:
    """Day of a patient's last dose of any drug; 0 without one."""
    last = 0
    for drug in range(n_drugs):
        last = max(last, drugs.last_dose[drug * n + row])
    return last


@rule
def write_incidence(
    rules: IncidenceRules,
    events: EventRows,
    known: KnownRows,
    n: int,
    drugs: DrugRows,
    tally: Tally,
    taken: IntColumn,
    out: FloatColumn,
    at: int,
) -> None:
    """Write patients with adverse events, `incidence_slots`.

    ``taken`` is filled with the actions of each patient's events, as bits.
    """
    n_kinds = rules.n_kinds
    for kind in range(2 * n_kinds + 1):
        tally.patients[kind] = 0
        tally.latest[kind] = -1
    for i in range(N_SUMMARY):
        out[at + i] = 0.0
    for row in range(n):
        flags, actions = 0, 0
        until = last_dose_of_any(drugs, rules.n_drugs, n, row) + rules.emergent_until
        for event in range(known.first_event[row], known.end_event[row]):
            grade, related = events.grade[event], events.related[event]
            flags |= int(grade == FATAL_GRADE and related != 0) << RELATED_DEATH
            if events.onset_day[event] > until:
                continue
            term = rules.term_position[events.term[event]]
            of_class = rules.class_kind[term]
            severe, serious = int(grade >= SEVERE_GRADE), events.serious[event]
            flags |= event_flags(severe, serious, rules.special[term])
            actions |= events.action[event]
            count_once(tally, term, row)
            count_once(tally, of_class, row)
            # what is not severe goes to an entry that nobody reads
            count_once(tally, n_kinds + term if severe == 1 else 2 * n_kinds, row)
            count_once(tally, n_kinds + of_class if severe == 1 else 2 * n_kinds, row)
        taken[row] = actions
        for i in range(N_SUMMARY):
            out[at + i] += float((flags >> i) & 1)
    for kind in range(2 * n_kinds):
        out[at + N_SUMMARY + kind] = float(tally.patients[kind])
