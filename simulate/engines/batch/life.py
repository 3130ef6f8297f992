"""What the batch engine keeps of the patient whose life it is running: one patient at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.distributions import NEVER, FloatColumn, IntColumn, IntTable
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.words import GROUP, Lanes, lanes, whole_groups
from simulate.plan import Plan
from simulate.streams import Purpose

_FURTHER = (int(Purpose.ADVERSE_EVENT_DETAIL), int(Purpose.ADVERSE_EVENT_RELATED))

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
    END_OF_BATCH,
    END_OF_LIMITED,
    TREATED_UNTIL,
    STOP_MOMENT,
    FIRST_ROW_OF_EVENTS,
    FIRST_ROW_OF_SCANS,
    LAST_CYCLE,
    IS_PROGRESSED,
    DUE,
    GIVEN_TODAY,
    NEXT_PROSPECT,
    END_PROSPECTS,
    LATE_SCANS,
    EARLY_SCAN,
    N_SCANS,
    N_SHOWING,
    SWITCH_WORD,
    IS_CALLED,
    N_NOW,
) = range(48)
"""Entries of ``Life.now``. Moments are ``day * 32 + phase`` of the patient's clock.

DUE has the drugs that are still to be given as bits, by position; GIVEN_TODAY those that the
current cycle gives. LATE_SCANS to N_SHOWING are those of an investigator who errs.
"""

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
    last_dose: IntColumn
    """Row of the latest dose in the table of doses, -1 if there is none."""
    state: IntColumn
    """What the current cycle gives: NOT_GIVEN, FULL_DOSE or REDUCED_DOSE."""


class PendingColumns(NamedTuple):
    """Adverse events that a cycle has brought and that have not begun, in order."""

    order: IntColumn
    """What they are sorted by: ``onset * 256 + term``."""
    prospect: IntColumn
    """Row of the prospect that each was."""
    severity: IntColumn
    given: IntColumn
    """Drugs given in the cycle, as a bit mask of their positions."""


class ProspectColumns(NamedTuple):
    """Words that may bring an event, in the order of the cycles; kept as long as the patient."""

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
    """Words of the cycles to come, lane after lane."""
    marks: IntColumn
    """Blocks of them that may bring an event, as bits: 64 blocks in each number."""
    spots: IntColumn
    """Which words may bring an event: 4 * block + lane."""
    prospects: ProspectColumns
    """These, and what they are about."""
    further_purposes: IntTable
    further_blocks: IntColumn
    """Purposes and blocks of the further words of the prospects."""
    further: Lanes
    """For every eight prospects, eight blocks of words of grade, onset, duration and seriousness,

    and then eight of words of relatedness to the drugs of numbers 0 to 3.
    """
    delays: Lanes
    """Delay of each cycle."""


def new_life(plan: Plan, layout: Layout) -> Life:
    """Room for one patient's life; filled again for each patient."""
    n_drugs, n_terms = len(plan.treatment.drug_ids), len(plan.toxicity.term_ids)
    n_pending = (n_terms + 1) * (layout.most_cycles + 1)
    events = layout.events
    n_prospects = whole_groups((layout.most_cycles + 2) * (n_terms + 2 * GROUP))
    further_purposes = np.tile(np.repeat(_FURTHER, GROUP), n_prospects // GROUP)
    return Life(
        now=np.zeros(N_NOW, np.int64),
        factors=np.zeros(7),
        frailties=np.ones(3),
        levels=np.zeros(len(plan.baseline.variable_ids), np.int64),
        drugs=DrugColumns(*(np.zeros(n_drugs, np.int64) for _ in DrugColumns._fields)),
        pending=PendingColumns(*(np.zeros(n_pending, np.int64) for _ in PendingColumns._fields)),
        resolves=np.full(n_terms, -NEVER, np.int64),
        words=lanes(len(layout.patient.purposes)),
        event_words=np.zeros(4 * events.n_looked_up, np.int64),
        marks=np.zeros(events.n_looked_up // 64 + 1, np.int64),
        spots=np.zeros(4 * 64 + 4, np.int64),
        prospects=ProspectColumns(
            *(np.zeros(n_prospects, np.int64) for _ in ProspectColumns._fields)
        ),
        further_purposes=further_purposes.astype(np.int64),
        further_blocks=np.zeros(2 * n_prospects, np.int64),
        further=lanes(2 * n_prospects),
        delays=lanes(layout.patient.n_delay_blocks),
    )
