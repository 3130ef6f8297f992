"""Which arm a patient is allotted: permuted blocks, minimisation, or by chance alone.

A chance in proportion to whole numbers (places left, an allocation ratio) is taken by exact integer
arithmetic: ``word * total >> 32`` is one of ``total`` places, each as likely as the others.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import IntColumn, IntTable

BLOCKS, SIMPLE, MINIMISATION = 0, 1, 2
"""Methods of randomisation."""

MOST_PLACES = 63
"""Places of a block: position 63 of its words draws the block's size."""

POSITIONS = 64
"""Words that are reserved for a block."""

PLACE, TIE = 0, 1
"""Words of a patient: the arm by chance or by the biased coin, and which of equally good arms."""

WORD_BITS = 32


class RandomisationPlan(NamedTuple):
    """Randomisation, as numbers. Arms, strata and regions are known by position."""

    method: int
    """BLOCKS, SIMPLE or MINIMISATION."""
    allocation: IntTable
    """Allocation ratio: a whole number of each arm."""
    ratio_total: int
    """Sum of the allocation."""
    block_sizes: IntTable
    """Sizes of blocks, each equally likely; all are multiples of ``ratio_total``."""
    stratum_of: IntTable
    """Stratum of each cell of the baseline variables."""
    n_strata: int
    by_region: int
    """1 if every region has lists of blocks of its own, or is a factor of the minimisation."""
    n_regions: int
    scale: IntTable
    """Minimisation: what a patient of each arm counts, the less the larger the arm is to be."""
    coin: IntTable
    """Minimisation: thresholds of the arms if arm k is preferred: ``k * n_arms`` on."""
    factor_row: IntTable
    """Minimisation: row of totals of each cell and factor: ``cell * n_factors + factor``."""
    n_factors: int
    """Factors of minimisation, without the region."""
    n_rows: int
    """Rows of totals of all factors, without those of regions."""


@rule
def list_of(plan: RandomisationPlan, stratum: int, region: int) -> int:
    """Number of the list of blocks that a patient's arm is taken from."""
    if plan.by_region == 1:
        return stratum * plan.n_regions + region
    return stratum


@rule
def size_of_block(plan: RandomisationPlan, word: int) -> int:
    """Places of a block."""
    return plan.block_sizes[(word * len(plan.block_sizes)) >> WORD_BITS]


@rule
def is_beyond(places: int, total: int, word: int) -> int:
    """1 if the place of a word among ``total`` ones is none of the first ``places``, else 0."""
    return int((word * total) >> WORD_BITS >= places)


@rule
def arm_by_places(places: IntTable, total: int, word: int) -> int:
    """Arm of a word where arm k has ``places[k]`` of ``total`` places."""
    arm, reached = 0, 0
    for k in range(len(places) - 1):
        reached = reached + places[k]
        arm = arm + is_beyond(reached, total, word)
    return arm


@rule
def imbalance(plan: RandomisationPlan, totals: IntColumn, row: int, arm: int) -> int:
    """Range of the totals of one level of a factor, were the next patient in an arm."""
    n_arms = len(plan.allocation)
    lowest, highest = 2**62, 0
    for k in range(n_arms):
        total = totals[row * n_arms + k] + plan.scale[k] * int(k == arm)
        lowest, highest = min(lowest, total), max(highest, total)
    return highest - lowest


@rule
def imbalance_with(
    plan: RandomisationPlan, totals: IntColumn, cell: int, region: int, arm: int
) -> int:
    """Sum of the imbalances of a patient's levels, were the patient in an arm."""
    worst = 0
    for factor in range(plan.n_factors):
        row = plan.factor_row[cell * plan.n_factors + factor]
        worst = worst + imbalance(plan, totals, row, arm)
    if plan.by_region == 1:
        worst = worst + imbalance(plan, totals, plan.n_rows + region, arm)
    return worst


@rule
def minimising_arm(
    plan: RandomisationPlan,
    totals: IntColumn,
    scores: IntColumn,
    cell: int,
    region: int,
    coin_word: int,
    tie_word: int,
) -> int:
    """Arm by minimisation (Pocock and Simon 1975): the one that balances best, by a biased coin.

    ``scores`` is room for a number an arm. Of several arms that balance equally well one is
    preferred in proportion to the allocation. The coin is that of Han, Enas and McEntegart (2009),
    which keeps an unequal allocation.
    """
    n_arms = len(plan.allocation)
    best = 2**62
    for arm in range(n_arms):
        scores[arm] = imbalance_with(plan, totals, cell, region, arm)
        best = min(best, scores[arm])
    tied = 0
    for arm in range(n_arms):
        scores[arm] = plan.allocation[arm] * int(scores[arm] == best)
        tied = tied + scores[arm]
    preferred = arm_by_places(scores, tied, tie_word)
    allotted = 0
    for arm in range(n_arms - 1):
        allotted = allotted + int(coin_word >= plan.coin[preferred * n_arms + arm])
    return allotted


@rule
def count_in(plan: RandomisationPlan, totals: IntColumn, cell: int, region: int, arm: int) -> None:
    """Count a patient in the totals of the patient's levels."""
    n_arms = len(plan.allocation)
    for factor in range(plan.n_factors):
        row = plan.factor_row[cell * plan.n_factors + factor]
        totals[row * n_arms + arm] = totals[row * n_arms + arm] + plan.scale[arm]
    if plan.by_region == 1:
        row = plan.n_rows + region
        totals[row * n_arms + arm] = totals[row * n_arms + arm] + plan.scale[arm]
