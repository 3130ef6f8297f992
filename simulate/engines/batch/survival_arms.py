"""Randomisation in the batch engine of survival trials: all patients of a trial at once."""

from __future__ import annotations

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import ShortColumn
from simulate.engines.batch.survival_work import (
    PATIENTS_AT_ONCE,
    ListWork,
    SurvivalWork,
    look_up_addresses,
    look_up_entities,
    look_up_last_words,
    look_up_steps,
    word_of,
)
from simulate.patient.randomisation import (
    BLOCKS,
    MINIMISATION,
    PLACE,
    POSITIONS,
    TIE,
    RandomisationPlan,
    arm_by_places,
    count_in,
    is_beyond,
    list_of,
    minimising_arm,
    size_of_block,
)
from simulate.streams import Purpose
from simulate.survival_ledger import SurvivalLedger

_BLOCK = int(Purpose.BLOCK)
_RANDOMISATION = int(Purpose.RANDOMISATION)
_WORDS = 4
"""Words that one address gives."""
_QUADS = POSITIONS // _WORDS
"""Blocks of words that a block of patients has, used or not."""


@routine
def randomise(
    plan: RandomisationPlan,
    work: SurvivalWork,
    ledger: SurvivalLedger,
    seed: int,
    replicate: int,
) -> None:
    """Allot an arm to every patient."""
    stay_apart()
    if plan.method != BLOCKS:
        randomise_one_by_one(plan, work, ledger, seed, replicate)
    elif work.lists.n_lists == 1:
        work.lists.in_list[0] = ledger.n[0]
        fill_lists(plan, work.lists, ledger.arm, seed, replicate)
    else:
        join_lists(plan, work.lists, ledger)
        fill_lists(plan, work.lists, work.lists.assigned, seed, replicate)
        take_places(plan, work.lists, ledger)


# ---- permuted blocks ------------------------------------------------------------------------


@part
def join_lists(plan: RandomisationPlan, lists: ListWork, ledger: SurvivalLedger) -> None:
    """Tell each patient's rank in the list that the patient belongs to."""
    for number in range(lists.n_lists):
        lists.in_list[number] = 0
    for i in range(ledger.n[0]):
        number = list_of(plan, ledger.stratum[i], ledger.region[i])
        lists.rank[i] = lists.in_list[number]
        lists.in_list[number] = lists.in_list[number] + 1


@part
def fill_lists(
    plan: RandomisationPlan, lists: ListWork, assigned: ShortColumn, seed: int, replicate: int
) -> None:
    """Fill as many blocks of each list as its patients need."""
    if len(plan.block_sizes) == 1 and plan.block_sizes[0] <= _WORDS:
        fill_blocks(plan, lists, assigned, look_up_small_blocks(plan, lists, seed, replicate))
        return
    n_blocks, n_quads, n_places = 0, 0, 0
    has_sizes = len(plan.block_sizes) > 1
    for number in range(lists.n_lists):
        lists.start[number] = n_places
        end = n_places + lists.in_list[number]
        if has_sizes:
            most = lists.in_list[number] // plan.block_sizes[0] + 1
            look_up_last_words(lists.size_words, seed, number, replicate, _BLOCK, _QUADS, most)
        block = 0
        while n_places < end:
            size = plan.block_sizes[0]
            if has_sizes:
                size = size_of_block(plan, lists.size_words[block])
            lists.size[n_blocks] = size
            for quad in range((size + 3) >> 2):
                lists.entity[n_quads] = number
                lists.quad[n_quads] = block * _QUADS + quad
                n_quads = n_quads + 1
            block, n_blocks, n_places = block + 1, n_blocks + 1, n_places + size
    look_up_addresses(lists.words, seed, replicate, _BLOCK, lists.entity, lists.quad, n_quads)
    fill_blocks(plan, lists, assigned, n_blocks)


@part
def look_up_small_blocks(
    plan: RandomisationPlan, lists: ListWork, seed: int, replicate: int
) -> int:
    """Look up the words of blocks of one size that need no more of them than one address gives.

    Those of a list are a fixed step apart. Gives the number of blocks.
    """
    size, n_blocks = plan.block_sizes[0], 0
    for number in range(lists.n_lists):
        lists.start[number] = n_blocks * size
        n = (lists.in_list[number] + size - 1) // size
        look_up_steps(lists.words, n_blocks, seed, number, replicate, _BLOCK, _QUADS, n)
        for block in range(n_blocks, n_blocks + n):
            lists.size[block] = size
        n_blocks = n_blocks + n
    return n_blocks


@part
def fill_blocks(
    plan: RandomisationPlan, lists: ListWork, assigned: ShortColumn, n_blocks: int
) -> None:
    """Put the arms into the places of the blocks."""
    if len(plan.allocation) == 2 and len(plan.block_sizes) == 1:
        fill_even_blocks(plan, lists, assigned, n_blocks)
        return
    first_quad, place = 0, 0
    for block in range(n_blocks):
        size = lists.size[block]
        if len(plan.allocation) == 2:
            fill_block_of_two(plan, lists, assigned, first_quad, place, size)
        else:
            fill_block(plan, lists, assigned, first_quad, place, size)
        place = place + size
        first_quad = first_quad + ((size + 3) >> 2)


@part
def fill_block_of_two(
    plan: RandomisationPlan,
    lists: ListWork,
    assigned: ShortColumn,
    first_quad: int,
    place: int,
    size: int,
) -> None:
    """Put two arms into the places of a block: those left of the first say all there is to know."""
    left = plan.allocation[0] * (size // plan.ratio_total)
    for position in range(size):
        drawn = word_of(lists.words, position & 3, first_quad + (position >> 2))
        arm = is_beyond(left, size - position, drawn)
        left = left - 1 + arm
        assigned[place + position] = arm


@part
def fill_block(
    plan: RandomisationPlan,
    lists: ListWork,
    assigned: ShortColumn,
    first_quad: int,
    place: int,
    size: int,
) -> None:
    """Put any number of arms into the places of a block."""
    share = size // plan.ratio_total
    for arm in range(len(plan.allocation)):
        lists.left[arm] = plan.allocation[arm] * share
    for position in range(size):
        drawn = word_of(lists.words, position & 3, first_quad + (position >> 2))
        arm = arm_by_places(lists.left, size - position, drawn)
        lists.left[arm] = lists.left[arm] - 1
        assigned[place + position] = arm


@routine
def fill_even_blocks(
    plan: RandomisationPlan, lists: ListWork, assigned: ShortColumn, n_blocks: int
) -> None:
    """The same for all blocks at once where they have one size: place by place, by SIMD."""
    stay_apart()
    size = plan.block_sizes[0]
    quads = (size + 3) >> 2
    words, left, arms = lists.words, lists.even, lists.by_place
    for block in range(n_blocks):
        left[block] = plan.allocation[0] * (size // plan.ratio_total)
    for position in range(size):
        lane = (position & 3) * words.size + (position >> 2)
        for block in range(n_blocks):
            drawn = words.values[lane + quads * block]
            arm = is_beyond(left[block], size - position, drawn)
            left[block] = left[block] - 1 + arm
            arms[position * n_blocks + block] = arm
    for position in range(size):
        for block in range(n_blocks):
            assigned[block * size + position] = arms[position * n_blocks + block]


@part
def take_places(plan: RandomisationPlan, lists: ListWork, ledger: SurvivalLedger) -> None:
    """Give each patient the arm of the place that the patient's rank has."""
    for i in range(ledger.n[0]):
        number = list_of(plan, ledger.stratum[i], ledger.region[i])
        ledger.arm[i] = lists.assigned[lists.start[number] + lists.rank[i]]


# ---- patient by patient ---------------------------------------------------------------------


@part
def randomise_one_by_one(
    plan: RandomisationPlan,
    work: SurvivalWork,
    ledger: SurvivalLedger,
    seed: int,
    replicate: int,
) -> None:
    """Allot arms by chance alone or by minimisation."""
    for row in range(len(work.totals)):
        work.totals[row] = 0
    words = work.patient_words
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        size = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        look_up_entities(words, 0, seed, replicate, _RANDOMISATION, 0, first, size)
        for i in range(size):
            drawn = word_of(words, PLACE, i)
            if plan.method == MINIMISATION:
                tie = word_of(words, TIE, i)
                ledger.arm[first + i] = minimise(plan, work, ledger, first + i, drawn, tie)
            else:
                ledger.arm[first + i] = arm_by_places(plan.allocation, plan.ratio_total, drawn)


@part
def minimise(
    plan: RandomisationPlan,
    work: SurvivalWork,
    ledger: SurvivalLedger,
    number: int,
    coin: int,
    tie: int,
) -> int:
    """Allot an arm to the next patient, and count the patient in."""
    cell, region = ledger.cell[number], ledger.region[number]
    arm = minimising_arm(plan, work.totals, work.scores, cell, region, coin, tie)
    count_in(plan, work.totals, cell, region, arm)
    return arm
