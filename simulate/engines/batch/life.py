"""What the batch engine keeps of the patient whose life it is running: one patient at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.distributions import NEVER, FloatColumn, IntColumn
from simulate.engines.batch.layout import DELAYS_AT_ONCE, Layout
from simulate.engines.batch.words import Lanes, lanes
from simulate.plan import Plan

NEVER_COMES = 2**60
"""Moment of what is not going to happen."""

(
    NEXT_TURN,
    NEXT_VISIT,
    NEXT_CLINICAL,
    NEXT_DOSE,
    NEXT_EVENT,
    NEXT_LEAVING,
    LAST_MOMENT,
    RESPONDER,
    COMPLETE,
    RESPONSE_DAY,
    PROGRESSION_DAY,
    DEATH_DAY,
    TREATMENT_STOP,
    STOP_REASON,
    ASSESSMENT_STOP,
    STUDY_WITHDRAWAL,
    BLOCKED_UNTIL,
    VISIT,
    VISIT_DAY,
    VISIT_SHIFT,
    CYCLE,
    PLANNED_DAY,
    DELAY,
    HOLD,
    SHIFT,
    IS_EARLY,
    INTENSITY_SINCE,
    FIRST_PENDING,
    END_PENDING,
    FIRST_CYCLE_OF_BATCH,
    FIRST_DELAY,
    FIRST_ROW_OF_EVENTS,
    LAST_CYCLE,
    IS_PROGRESSED,
    NEXT_PROSPECT,
    END_PROSPECTS,
    N_NOW,
) = range(37)
"""Entries of ``Life.now``. Moments are ``day * 32 + phase`` of the patient's clock."""

(
    PROGRESSION_FACTOR,
    DEATH_BEFORE_FACTOR,
    DEATH_AFTER_FACTOR,
    MEAN_DELAY,
    HAZARD,
    INTENSITY_FACTOR,
    GIVEN,
) = range(7)
"""Entries of ``Life.factors``."""


class DrugColumns(NamedTuple):
    """State of every drug, by position; as :class:`simulate.engines.trial.DrugState`."""

    limit: IntColumn
    n_given: IntColumn
    level: IntColumn
    blocked_until: IntColumn
    held_since: IntColumn
    is_stopped: IntColumn
    last_dose: IntColumn
    """Row of the latest dose in the table of doses, -1 if there is none."""
    state: IntColumn
    """What the current cycle gives: NOT_GIVEN, FULL_DOSE or REDUCED_DOSE."""


class PendingColumns(NamedTuple):
    """Adverse events that a cycle has brought and that have not begun, in order."""

    onset: IntColumn
    term: IntColumn
    cycle: IntColumn
    severity: IntColumn
    given: IntColumn
    """Drugs given in the cycle, as a bit mask of their positions."""
    grade_word: IntColumn
    duration_word: IntColumn
    serious_word: IntColumn
    related_0: IntColumn
    """Word of relatedness to the drug of number 0; and so on."""
    related_1: IntColumn
    related_2: IntColumn
    related_3: IntColumn


class ProspectColumns(NamedTuple):
    """Words of a batch of cycles that may bring an event, in the order of the cycles."""

    cycle: IntColumn
    term: IntColumn
    word: IntColumn
    address: IntColumn
    """Index of the event: cycle * 256 + id of the term."""


class Life(NamedTuple):
    """One patient's life as it stands."""

    now: IntColumn
    factors: FloatColumn
    frailties: FloatColumn
    """By kind: none, haematological, other."""
    levels: IntColumn
    drugs: DrugColumns
    pending: PendingColumns
    resolves: IntColumn
    """Day on which the latest event of each term has resolved, by position."""
    words: Lanes
    event_words: IntColumn
    """Words of a batch of cycles, lane after lane."""
    spots: IntColumn
    """Which of them may bring an event: 4 * (place in the lane) + lane."""
    prospects: ProspectColumns
    """These, and what they are about."""
    detail: Lanes
    """Of each prospect, words of grade, onset, duration and seriousness."""
    related: Lanes
    """Of each prospect, words of relatedness to the drugs of numbers 0 to 3."""
    delay_words: IntColumn
    delays: FloatColumn
    """Unit exponentials of the delays that are worked out."""


def new_life(plan: Plan, layout: Layout) -> Life:
    """Room for one patient's life; filled again for each patient."""
    n_drugs, n_terms = len(plan.treatment.drug_ids), len(plan.toxicity.term_ids)
    n_pending = (n_terms + 1) * (layout.most_cycles + 1)
    most = layout.events.cycles_at_once * n_terms + 8
    return Life(
        now=np.zeros(N_NOW, np.int64),
        factors=np.zeros(7),
        frailties=np.ones(3),
        levels=np.zeros(len(plan.baseline.variable_ids), np.int64),
        drugs=DrugColumns(*(np.zeros(n_drugs, np.int64) for _ in DrugColumns._fields)),
        pending=PendingColumns(*(np.zeros(n_pending, np.int64) for _ in PendingColumns._fields)),
        resolves=np.full(n_terms, -NEVER, np.int64),
        words=lanes(len(layout.patient.purposes)),
        event_words=np.zeros(4 * layout.events.n_looked_up, np.int64),
        spots=np.zeros(most, np.int64),
        prospects=ProspectColumns(*(np.zeros(most, np.int64) for _ in ProspectColumns._fields)),
        detail=lanes(most),
        related=lanes(most),
        delay_words=np.zeros(DELAYS_AT_ONCE, np.int64),
        delays=np.zeros(DELAYS_AT_ONCE),
    )
