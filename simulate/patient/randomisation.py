"""How patients are given an arm: in permuted blocks by stratum, or each one alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import IntColumn, IntTable
from simulate.streams import Purpose, word

BLOCKS, SIMPLE = range(2)

_BLOCK, _RANDOMISATION = int(Purpose.BLOCK), int(Purpose.RANDOMISATION)
_STRIDE, _SIZE_PLACE = 64, 63


class RandomisationPlan(NamedTuple):
    """Everything about randomisation, as numbers."""

    method: int
    allocation: IntTable
    block_sizes: IntTable
    by_site: int
    n_sites: int
    n_strata: int
    variables: IntTable
    """Positions of the baseline variables that are strata."""
    n_levels: IntTable


class ListColumns(NamedTuple):
    """The lists of blocks as they stand: one a stratum, or a stratum and site."""

    block: IntColumn
    size: IntColumn
    left: IntColumn
    """Places left of each arm in the current block: index list * arms + arm."""


def without_randomisation() -> RandomisationPlan:
    """The plan of a trial of one arm."""
    one, none = np.ones(1, np.int64), np.empty(0, np.int64)
    return RandomisationPlan(SIMPLE, one, one, 0, 1, 1, none, none)


def new_lists(plan: RandomisationPlan) -> ListColumns:
    """Room for the lists of a trial."""
    n = plan.n_strata * (plan.n_sites if plan.by_site else 1)
    return ListColumns(*(np.zeros(m, np.int64) for m in (n, n, n * len(plan.allocation))))


@rule
def begin_lists(lists: ListColumns) -> None:
    """No block has begun."""
    for i in range(len(lists.block)):
        lists.block[i] = -1
    for i in range(len(lists.left)):
        lists.left[i] = 0


@rule
def stratum_of(plan: RandomisationPlan, levels: IntTable) -> int:
    """Stratum of a patient."""
    stratum = 0
    for i in range(len(plan.variables)):
        stratum = stratum * plan.n_levels[i] + levels[plan.variables[i]]
    return stratum


@rule
def place_of(plan: RandomisationPlan, left: IntTable, first: int, drawn: int) -> int:
    """Arm whose place is drawn, each place being equally likely."""
    n_left = 0
    for arm in range(len(plan.allocation)):
        n_left = n_left + left[first + arm]
    place = (drawn * n_left) >> 32
    for arm in range(len(plan.allocation)):
        if place < left[first + arm]:
            return arm
        place = place - left[first + arm]
    return 0


@rule
def assign_arm(
    plan: RandomisationPlan,
    lists: ListColumns,
    seed: int,
    replicate: int,
    number: int,
    stratum: int,
    site: int,
) -> int:
    """Position of the arm of the next patient."""
    n_arms = len(plan.allocation)
    if n_arms == 1:
        return 0
    if plan.method == SIMPLE:
        return place_of(plan, plan.allocation, 0, word(seed, number, replicate, _RANDOMISATION, 0))
    entity = stratum * plan.n_sites + site if plan.by_site == 1 else stratum
    n_left = 0
    for arm in range(n_arms):
        n_left = n_left + lists.left[entity * n_arms + arm]
    if n_left == 0:
        block = lists.block[entity] + 1
        lists.block[entity] = block
        drawn = word(seed, entity, replicate, _BLOCK, block * _STRIDE + _SIZE_PLACE)
        size = plan.block_sizes[(drawn * len(plan.block_sizes)) >> 32]
        lists.size[entity] = size
        parts = 0
        for arm in range(n_arms):
            parts = parts + plan.allocation[arm]
        for arm in range(n_arms):
            lists.left[entity * n_arms + arm] = size // parts * plan.allocation[arm]
        n_left = size
    position = lists.size[entity] - n_left
    drawn = word(seed, entity, replicate, _BLOCK, lists.block[entity] * _STRIDE + position)
    arm = place_of(plan, lists.left, entity * n_arms, drawn)
    lists.left[entity * n_arms + arm] = lists.left[entity * n_arms + arm] - 1
    return arm
