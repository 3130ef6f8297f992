"""Patients are allotted an arm one after the other, as they are enrolled, by site and stratum.

The rules are those of :mod:`simulate.patient.randomisation`; here is what has to be remembered from
one patient to the next: the block at hand of every list, and the totals of minimisation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import rule
from simulate.distributions import IntColumn, IntTable
from simulate.patient.randomisation import (
    BLOCKS,
    MINIMISATION,
    PLACE,
    POSITIONS,
    SIMPLE,
    TIE,
    RandomisationPlan,
    arm_by_places,
    count_in,
    list_of,
    minimising_arm,
    size_of_block,
)
from simulate.streams import Purpose, word

_BLOCK = int(Purpose.BLOCK)
_RANDOMISATION = int(Purpose.RANDOMISATION)


class AllotmentPlan(NamedTuple):
    """Randomisation of a trial, as numbers."""

    randomisation: RandomisationPlan
    """Its regions are the sites, by position."""
    cell_stride: IntTable
    """What a level of each baseline variable counts in the number of the cell; 0 if nothing."""


class Lists(NamedTuple):
    """Where randomisation stands in the trial that is running."""

    block: IntColumn
    """Number of the block at hand of each list; -1 before the first."""
    size: IntColumn
    """Places of that block."""
    n_left: IntColumn
    """Places of it that are left."""
    left: IntColumn
    """The same by arm: index list * arms + arm."""
    places: IntColumn
    """Room for a number an arm."""
    totals: IntColumn
    """Minimisation: patients counted by row and arm."""
    scores: IntColumn
    """Minimisation: room for a number an arm."""


def without_allotment() -> AllotmentPlan:
    """The plan of a trial of one arm."""
    one, none = np.ones(1, np.int64), np.empty(0, np.int64)
    randomisation = RandomisationPlan(
        method=SIMPLE,
        allocation=one,
        ratio_total=1,
        block_sizes=none,
        stratum_of=np.zeros(1, np.int64),
        n_strata=1,
        by_region=0,
        n_regions=1,
        scale=one,
        coin=np.array([2**32], np.int64),
        factor_row=none,
        n_factors=0,
        n_rows=0,
    )
    return AllotmentPlan(randomisation, none)


def new_lists(plan: RandomisationPlan) -> Lists:
    """Room for the randomisation of a trial."""
    n_arms, n_lists = len(plan.allocation), 0
    if plan.method == BLOCKS:
        n_lists = plan.n_strata * (plan.n_regions if plan.by_region == 1 else 1)
    n_rows = plan.n_rows + plan.n_regions if plan.method == MINIMISATION else 0
    sizes = (n_lists, n_lists, n_lists, n_lists * n_arms, n_arms, n_rows * n_arms, n_arms)
    return Lists(*(np.zeros(size, np.int64) for size in sizes))


@rule
def begin_lists(lists: Lists) -> None:
    """Nobody has been allotted an arm."""
    for number in range(len(lists.block)):
        lists.block[number] = -1
        lists.n_left[number] = 0
    for row in range(len(lists.totals)):
        lists.totals[row] = 0


@rule
def cell_of(plan: AllotmentPlan, levels: IntTable) -> int:
    """Number of a patient's combination of levels."""
    cell = 0
    for variable in range(len(plan.cell_stride)):
        cell = cell + plan.cell_stride[variable] * levels[variable]
    return cell


@rule
def allot(
    plan: RandomisationPlan,
    lists: Lists,
    seed: int,
    replicate: int,
    number: int,
    cell: int,
    site: int,
) -> int:
    """Arm of the next patient, by position.

    Parameters
    ----------
    plan, lists
        Randomisation, and where it stands.
    seed, replicate, number
        Address of the patient.
    cell
        Number of the combination of baseline levels.
    site
        Position of the site.
    """
    if plan.method == BLOCKS:
        return next_place(plan, lists, seed, replicate, list_of(plan, plan.stratum_of[cell], site))
    drawn = word(seed, number, replicate, _RANDOMISATION, PLACE)
    if plan.method == SIMPLE:
        return arm_by_places(plan.allocation, plan.ratio_total, drawn)
    tie = word(seed, number, replicate, _RANDOMISATION, TIE)
    arm = minimising_arm(plan, lists.totals, lists.scores, cell, site, drawn, tie)
    count_in(plan, lists.totals, cell, site, arm)
    return arm


@rule
def next_place(plan: RandomisationPlan, lists: Lists, seed: int, replicate: int, at: int) -> int:
    """Arm of the next place of a list, which begins another block when one is full."""
    n_arms = len(plan.allocation)
    if lists.n_left[at] == 0:
        begin_block(plan, lists, seed, replicate, at)
    position = lists.size[at] - lists.n_left[at]
    drawn = word(seed, at, replicate, _BLOCK, lists.block[at] * POSITIONS + position)
    for arm in range(n_arms):
        lists.places[arm] = lists.left[at * n_arms + arm]
    chosen = arm_by_places(lists.places, lists.n_left[at], drawn)
    lists.left[at * n_arms + chosen] = lists.left[at * n_arms + chosen] - 1
    lists.n_left[at] = lists.n_left[at] - 1
    return chosen


@rule
def begin_block(plan: RandomisationPlan, lists: Lists, seed: int, replicate: int, at: int) -> None:
    """Begin the next block of a list."""
    n_arms, block = len(plan.allocation), lists.block[at] + 1
    drawn = word(seed, at, replicate, _BLOCK, block * POSITIONS + POSITIONS - 1)
    size = size_of_block(plan, drawn)
    lists.block[at] = block
    lists.size[at] = size
    lists.n_left[at] = size
    for arm in range(n_arms):
        lists.left[at * n_arms + arm] = plan.allocation[arm] * (size // plan.ratio_total)
