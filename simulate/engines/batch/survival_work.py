"""Room to work in for the batch engine of survival trials, and words looked up many at a time.

The four words of a block lie a lane apart, as in :mod:`simulate.engines.batch.words`, but take half
the room.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import IntColumn, IntTable, ShortColumn, WordColumn
from simulate.engines.batch.words import GROUP, KEY, whole_groups
from simulate.guided import Search, search_room
from simulate.patient.randomisation import BLOCKS
from simulate.streams import philox4x32
from simulate.survival_plan import SurvivalPlan

PATIENTS_AT_ONCE = 512
"""Patients whose words are made together: few enough for them to stay in the cache."""

DAYS_AT_ONCE = 256
"""The same for the days of accrual."""


class Words(NamedTuple):
    """The words of some blocks, lane after lane."""

    values: WordColumn
    size: int
    """Blocks for which there is room; a lane is that long."""


class BaselineWork(NamedTuple):
    """Which words baseline variables need."""

    blocks: IntTable
    """Blocks of words that the variables need, each once."""
    slot: IntTable
    """By variable: where its words begin, in blocks of PATIENTS_AT_ONCE."""
    lane: IntTable
    levels: IntColumn
    """Levels of the patient at hand."""
    level: ShortColumn
    """Levels of the patients at hand: ``variable * PATIENTS_AT_ONCE + patient``."""
    words: Words


class ArrivalWork(NamedTuple):
    """Arrivals of some days."""

    words: WordColumn
    search: Search
    arrived: ShortColumn
    """Patients who arrive by region and day: ``region * DAYS_AT_ONCE + day``."""


class ListWork(NamedTuple):
    """Lists of blocks, and the blocks that patients take their places from."""

    n_lists: int
    in_list: IntColumn
    """Patients of each list so far."""
    start: IntColumn
    """Where each list's places begin."""
    rank: ShortColumn
    """By patient: how many of the list came before."""
    assigned: ShortColumn
    """Arm of each place, list after list."""
    size: ShortColumn
    """Places of each block."""
    entity: ShortColumn
    """Address of the words of four places: the list, and the number of the four."""
    quad: ShortColumn
    left: IntColumn
    """Places of the block at hand that are left, by arm."""
    words: Words
    size_words: WordColumn
    even: ShortColumn
    """Blocks of one size and two arms: places of the first arm that are left in each block."""
    by_place: ShortColumn
    """Their arms: those of all first places, of all second ones, and so on."""


class SurvivalWork(NamedTuple):
    """Room to work in."""

    baseline: BaselineWork
    lists: ListWork
    places_in_region: IntColumn
    arrivals: ArrivalWork
    patient_words: Words
    switch_words: Words
    """Who changes treatment after progression."""
    response_words: Words
    """Who responds."""
    search: Search
    days_after: ShortColumn
    """Days from progression to death of the patients at hand."""
    totals: IntColumn
    """Minimisation: patients counted by row and arm."""
    scores: IntColumn
    """Minimisation: a number an arm."""


def survival_work(plan: SurvivalPlan) -> SurvivalWork:
    """Room for one trial at a time."""
    n_regions = len(plan.accrual.region_ids)
    n_arms, rows = plan.n_arms, plan.randomisation.n_rows + n_regions
    return SurvivalWork(
        baseline=_baseline_work(plan),
        lists=_list_work(plan),
        places_in_region=np.zeros(n_regions, np.int64),
        arrivals=ArrivalWork(
            words=np.zeros(DAYS_AT_ONCE, np.uint32),
            search=search_room(DAYS_AT_ONCE),
            arrived=np.zeros(n_regions * DAYS_AT_ONCE, np.int32),
        ),
        patient_words=_words(PATIENTS_AT_ONCE),
        switch_words=_words(PATIENTS_AT_ONCE if plan.survival.has_switching else 1),
        response_words=_words(PATIENTS_AT_ONCE if plan.response.exists else 1),
        search=search_room(PATIENTS_AT_ONCE),
        days_after=np.zeros(PATIENTS_AT_ONCE, np.int32),
        totals=np.zeros(rows * n_arms, np.int64),
        scores=np.zeros(n_arms, np.int64),
    )


def _words(n_blocks: int) -> Words:
    size = whole_groups(n_blocks) + GROUP
    return Words(np.zeros(4 * size, np.uint32), size)


def _baseline_work(plan: SurvivalPlan) -> BaselineWork:
    ids = np.asarray(plan.baseline.variable_ids, np.int64)
    blocks, slot = np.unique(ids >> 2, return_inverse=True)
    return BaselineWork(
        blocks=blocks,
        slot=slot.astype(np.int64) * PATIENTS_AT_ONCE,
        lane=ids & 3,
        levels=np.zeros(len(ids), np.int64),
        level=np.zeros(len(ids) * PATIENTS_AT_ONCE, np.int32),
        words=_words(len(blocks) * PATIENTS_AT_ONCE),
    )


def _list_work(plan: SurvivalPlan) -> ListWork:
    drawn = plan.randomisation
    if drawn.method != BLOCKS:
        n_lists, n, sizes = 1, 0, [4]
    else:
        n_lists = drawn.n_strata * (drawn.n_regions if drawn.by_region == 1 else 1)
        n, sizes = plan.accrual.sample_size, list(drawn.block_sizes)
    n_places = n + n_lists * max(sizes)
    n_blocks = n // min(sizes) + n_lists + 1
    n_quads = n_blocks * ((max(sizes) + 3) // 4)
    return ListWork(
        n_lists=n_lists,
        in_list=np.zeros(n_lists, np.int64),
        start=np.zeros(n_lists, np.int64),
        rank=np.zeros(n, np.int32),
        assigned=np.zeros(n_places, np.int32),
        size=np.zeros(n_blocks, np.int32),
        entity=np.zeros(whole_groups(n_quads), np.int32),
        quad=np.zeros(whole_groups(n_quads), np.int32),
        left=np.zeros(plan.n_arms, np.int64),
        words=_words(n_quads),
        size_words=np.zeros(whole_groups(n // min(sizes) + 1), np.uint32),
        even=np.zeros(n_blocks, np.int32),
        by_place=np.zeros(n_blocks * max(sizes), np.int32),
    )


@part
def word_of(words: Words, lane: int, block: int) -> int:
    """A word of a lane of one of the blocks that were looked up."""
    return words.values[lane * words.size + block]


@routine
def look_up_entities(
    out: Words, at: int, seed: int, replicate: int, purpose: int, block: int, first: int, n: int
) -> None:
    """Look up one block of each of ``n`` entities from ``first`` on, into the places from ``at``.

    Filled up to whole groups.
    """
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    second, third, fourth = out.size, 2 * out.size, 3 * out.size
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        a, b, c, d = philox4x32(first + i, replicate, purpose, block, low, high)
        out.values[at + i] = a
        out.values[second + at + i] = b
        out.values[third + at + i] = c
        out.values[fourth + at + i] = d


@routine
def look_up_in_turn(
    out: WordColumn, seed: int, entity: int, replicate: int, purpose: int, first: int, n: int
) -> None:
    """Look up ``n`` blocks of one entity from one on: their words in the order of their index."""
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        a, b, c, d = philox4x32(entity, replicate, purpose, first + i, low, high)
        out[4 * i] = a
        out[4 * i + 1] = b
        out[4 * i + 2] = c
        out[4 * i + 3] = d


@routine
def look_up_steps(
    out: Words, at: int, seed: int, entity: int, replicate: int, purpose: int, step: int, n: int
) -> None:
    """Look up the first of each of ``n`` runs of ``step`` blocks of an entity, from ``at`` on.

    Filled up to whole groups.
    """
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    second, third, fourth = out.size, 2 * out.size, 3 * out.size
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        a, b, c, d = philox4x32(entity, replicate, purpose, step * i, low, high)
        out.values[at + i] = a
        out.values[second + at + i] = b
        out.values[third + at + i] = c
        out.values[fourth + at + i] = d


@routine
def look_up_last_words(
    out: WordColumn, seed: int, entity: int, replicate: int, purpose: int, step: int, n: int
) -> None:
    """Look up the last word of each of ``n`` runs of ``step`` blocks of one entity."""
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        block = step * i + step - 1
        out[i] = philox4x32(entity, replicate, purpose, block, low, high)[3]


@routine
def look_up_addresses(
    out: Words,
    seed: int,
    replicate: int,
    purpose: int,
    entities: ShortColumn,
    blocks: ShortColumn,
    n: int,
) -> None:
    """Look up ``n`` blocks, each of its own entity and number."""
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    second, third, fourth = out.size, 2 * out.size, 3 * out.size
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        a, b, c, d = philox4x32(entities[i], replicate, purpose, blocks[i], low, high)
        out.values[i] = a
        out.values[second + i] = b
        out.values[third + i] = c
        out.values[fourth + i] = d
