"""How scans are read, as tables, and the room in which those of a trial are."""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import IntColumn, IntTable, ShortColumn, WordColumn
from simulate.guided import GuidedTables
from simulate.looks.chosen import Chosen
from simulate.patient.switching_at_calls import SwitchingPlan

MASK_BITS = 32
"""Visits in a number of the mask of those that are missed."""


class Calendars(NamedTuple):
    """Planned scans, by the arm's position times `arm_step`; 0 where all arms have the same."""

    n_visits: int
    """Visits of an arm, the first on day 0; their number stands for none."""
    n_days: int
    """Days of an arm in the tables."""
    day_step: int
    """Where the days of the next arm begin; 0 where all arms have the same."""
    visit_step: int
    next_visit: ShortColumn
    """By day: the first visit on or after it, `n_visits` if none; the last entry of an arm so."""
    last_visit: ShortColumn
    """By day: the last visit up to it."""
    last_scan: ShortColumn
    """By day: that of the last visit up to it."""
    visit_day: ShortColumn
    """By visit; NEVER after the last."""


class Therapy(NamedTuple):
    """When new anticancer therapy begins."""

    exists: int
    """1 if there is any, or a change of treatment that counts as such."""
    has_alone: int
    """1 if some begins without progression."""
    alone: GuidedTables
    """By arm: days to new therapy without progression."""
    follows: int
    """Words of it that make therapy follow progression: those below."""
    delay: int


class EndpointRules(NamedTuple):
    """By endpoint: how it is seen, and by which rules its events count."""

    is_reviewed: IntTable
    """1 if it is seen as is said here."""
    reader: IntTable
    """Position of the reader; the last one errs never."""
    most_not_done: IntTable
    censors_therapy: IntTable
    death_window: IntTable
    grid: IntTable
    """Where the days of the endpoint begin in the tables of its grid; -1 without one."""
    next_edge: ShortColumn
    """By day: the end of the interval in which it lies; NEVER if it lies in none."""
    last_edge: ShortColumn
    """By day: the last end of an interval up to it."""


class Pairs(NamedTuple):
    """What looks tell of readers and treatment."""

    first: IntTable
    """First reader of each pair whose calls are compared."""
    second: IntTable
    counts_switched: int
    """1 if patients who change treatment are counted."""


class ReviewPlan(NamedTuple):
    """How scans are read, as numbers."""

    is_needed: int
    """0 if no endpoint is seen so."""
    n_readers: int
    """Readers who err; one more never does."""
    needs_perfect: int
    """1 if an endpoint is read by that one."""
    blocks: IntTable
    """Blocks of words of the readers, of whom two share one, each once."""
    treating: int
    """Position of the reader at whose call scans end; -1 if they go on."""
    errors: GuidedTables
    """Visits by reader, kind of error and arm: see :func:`error_table`."""
    n_arms: int
    misses: int
    """1 if visits are missed."""
    gaps: GuidedTables
    """Visits from one that is missed, or from baseline, to the next that is."""
    calendars: Calendars
    therapy: Therapy
    switching: SwitchingPlan
    """Changes of treatment at the call of the treating reader."""
    rules: EndpointRules
    pairs: Pairs


class ReviewRoom(NamedTuple):
    """Room in which the scans of a trial are read. Columns hold a patient an entry."""

    words: WordColumn
    """Words of a patient: by lane, and in it the blocks of readers, of visits, and of later
    treatment."""
    lane: int
    """Entries of a lane."""
    slot: int
    """Entries of a lane that belong to one block of words."""
    first_word: IntTable
    """By reader: where the first of two words of the patients begins; the other is a lane on."""
    first_of_visits: int
    """The same for visits, and for new therapy."""
    first_of_therapy: int
    first_of_switching: int
    """The same for changes of treatment."""
    address: IntColumn
    """Two halves of the seed, and the replicate."""
    missed: WordColumn
    """Bits of the visits that are missed, `MASK_BITS` of them at a time."""
    showing: ShortColumn
    """First visit on or after progression, `n_visits` without one."""
    call: ShortColumn
    """By reader: the visit of the call, if its day is one on which a scan is done."""
    call_day: ShortColumn
    """By reader: its day, NEVER without one."""
    end: ShortColumn
    """Last day on which scans are done because treatment has not changed; NEVER if it does not."""
    therapy: ShortColumn
    """Day on which new therapy begins, or NEVER."""
    until: ShortColumn
    """By endpoint: the last day up to which scans count."""
    chosen: Chosen


class Review(NamedTuple):
    """How scans are read, and room for it."""

    plan: ReviewPlan
    room: ReviewRoom


@rule
def error_table(plan: ReviewPlan, reader: int, kind: int, arm: int) -> int:
    """Table of a reader's errors in an arm."""
    return (2 * reader + kind) * plan.n_arms + arm
