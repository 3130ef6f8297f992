"""Room to work in for the batch engine of survival trials, and words looked up many at a time.

Words are stored in 32 bits, less 2**31 (``SHIFT``) because those have a sign. The four words of a
block lie a lane apart, as in :mod:`simulate.engines.batch.words`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import IntColumn, IntTable, ShortColumn
from simulate.engines.batch.words import GROUP, KEY, whole_groups
from simulate.guided import SHIFT
from simulate.patient.randomisation import BLOCKS
from simulate.streams import philox4x32
from simulate.survival_plan import SurvivalPlan

PATIENTS_AT_ONCE = 512
"""Patients whose words are made together: few enough for them to stay in the cache."""

DAYS_AT_ONCE = 256
"""The same for the days of accrual."""


class Words(NamedTuple):
    """The words of some blocks, less SHIFT, lane after lane."""

    values: ShortColumn
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
    words: Words


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
    size_words: Words


class SurvivalWork(NamedTuple):
    """Room to work in."""

    baseline: BaselineWork
    lists: ListWork
    places_in_region: IntColumn
    arrival_words: Words
    patient_words: Words
    rows: ShortColumn
    """Row of tables of the patients at hand."""
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
        arrival_words=_words(n_regions * DAYS_AT_ONCE // 4),
        patient_words=_words(PATIENTS_AT_ONCE),
        rows=np.zeros(PATIENTS_AT_ONCE, np.int32),
        days_after=np.zeros(PATIENTS_AT_ONCE, np.int32),
        totals=np.zeros(rows * n_arms, np.int64),
        scores=np.zeros(n_arms, np.int64),
    )


def _words(n_blocks: int) -> Words:
    size = whole_groups(n_blocks) + GROUP
    return Words(np.zeros(4 * size, np.int32), size)


def _baseline_work(plan: SurvivalPlan) -> BaselineWork:
    ids = np.asarray(plan.baseline.variable_ids, np.int64)
    blocks, slot = np.unique(ids >> 2, return_inverse=True)
    return BaselineWork(
        blocks=blocks,
        slot=slot.astype(np.int64) * PATIENTS_AT_ONCE,
        lane=ids & 3,
        levels=np.zeros(len(ids), np.int64),
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
        size_words=_words(n // min(sizes) + 1),
    )


@part
def word_of(words: Words, lane: int, block: int) -> int:
    """A word of a lane of one of the blocks that were looked up."""
    return words.values[lane * words.size + block] + SHIFT


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
        out.values[at + i] = a - SHIFT
        out.values[second + at + i] = b - SHIFT
        out.values[third + at + i] = c - SHIFT
        out.values[fourth + at + i] = d - SHIFT


@routine
def look_up_blocks(
    out: Words,
    at: int,
    seed: int,
    entity: int,
    replicate: int,
    purpose: int,
    first: int,
    step: int,
    n: int,
) -> None:
    """Look up ``n`` blocks of one entity: the numbers first, first + step, and so on."""
    stay_apart()
    low, high = seed & KEY, (seed >> 32) & KEY
    second, third, fourth = out.size, 2 * out.size, 3 * out.size
    for i in range((n + GROUP - 1) // GROUP * GROUP):
        a, b, c, d = philox4x32(entity, replicate, purpose, first + step * i, low, high)
        out.values[at + i] = a - SHIFT
        out.values[second + at + i] = b - SHIFT
        out.values[third + at + i] = c - SHIFT
        out.values[fourth + at + i] = d - SHIFT


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
        out.values[i] = a - SHIFT
        out.values[second + i] = b - SHIFT
        out.values[third + i] = c - SHIFT
        out.values[fourth + i] = d - SHIFT
