"""From numbers to the tables that the engines of survival trials search."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtr, ndtri, pdtr, pdtrc

from simulate.distributions import NEVER, FloatArray, IntArray, thresholds
from simulate.guided import guided_tables
from simulate.patient.accrual import SLICE_BITS_OF_ARRIVALS, AccrualPlan
from simulate.patient.randomisation import BLOCKS, MINIMISATION, RandomisationPlan
from simulate.patient.survival import (
    N_TRANSITIONS,
    SCORE_LIMIT,
    SLICE_BITS_OF_DAYS,
    STEPS_OF_OCTAVE,
    STEPS_OF_SCORE,
    Copula,
    SurvivalModelPlan,
)

_WORDS = 2.0**32
_NO_WORD = 2.0**-34
"""A probability that is less than half a word's."""
_OCTAVES = 32


def accrual_plan(
    *,
    sample_size: int,
    region_ids: Sequence[int],
    caps: Sequence[int | None],
    daily_means: FloatArray,
) -> AccrualPlan:
    """Accrual by the mean number of arrivals of each region (rows) and trial day (columns)."""
    means, which = np.unique(daily_means, return_inverse=True)
    return AccrualPlan(
        sample_size=sample_size,
        region_ids=np.array(region_ids, np.int64),
        caps=np.array([NEVER if cap is None else cap for cap in caps], np.int64),
        n_days=daily_means.shape[1],
        arrivals=guided_tables(
            [poisson_table(mean) for mean in means], slice_bits=SLICE_BITS_OF_ARRIVALS
        ),
        table_of=which.ravel().astype(np.int64),
    )


def poisson_table(mean: float) -> IntArray:
    """Thresholds of a Poisson number, up to where no word is left."""
    if mean <= 0.0:
        return thresholds([1.0])
    most = int(mean)
    while pdtrc(most, mean) > _NO_WORD:
        most += 1
    table = thresholds(pdtr(np.arange(most + 2), mean))
    table[-1] = 2**32
    return table


def randomisation_plan(
    *,
    method: int,
    allocation: Sequence[int],
    stratum_of: Sequence[int],
    n_regions: int,
    by_region: bool = False,
    block_sizes: Sequence[int] = (),
    factor_levels: Sequence[Sequence[int]] = (),
    probability: float = 1.0,
) -> RandomisationPlan:
    """Tables of randomisation.

    Parameters
    ----------
    method : int
        BLOCKS, SIMPLE or MINIMISATION.
    allocation : sequence of int
        Allocation ratio, an entry an arm.
    stratum_of : sequence of int
        Stratum of each cell.
    n_regions : int
        Regions of the trial.
    by_region : bool
        Whether every region has lists of its own, or is a factor of the minimisation.
    block_sizes : sequence of int
        Sizes of blocks, multiples of the allocation's sum.
    factor_levels : sequence of sequence of int
        Minimisation: for each factor, the level of each cell.
    probability : float
        Minimisation: that of the preferred arm, if it is the arm of the smallest allocation.
    """
    if method != MINIMISATION:
        factor_levels = ()
    common = math.lcm(*allocation)
    starts, rows = [], 0
    for levels in factor_levels:
        starts.append(rows)
        rows += max(levels) + 1
    factor_row = [
        start + levels[cell]
        for cell in range(len(stratum_of))
        for start, levels in zip(starts, factor_levels, strict=True)
    ]
    return RandomisationPlan(
        method=method,
        allocation=np.array(allocation, np.int64),
        ratio_total=sum(allocation),
        block_sizes=np.array(sorted(block_sizes) if method == BLOCKS else [], np.int64),
        stratum_of=np.array(stratum_of, np.int64),
        n_strata=max(stratum_of) + 1,
        by_region=int(by_region),
        n_regions=n_regions,
        scale=np.array([common // ratio for ratio in allocation], np.int64),
        coin=biased_coin(allocation, probability),
        factor_row=np.array(factor_row, np.int64),
        n_factors=len(factor_levels),
        n_rows=rows,
    )


def biased_coin(allocation: Sequence[int], probability: float) -> IntArray:
    """Thresholds of the arms by the arm that is preferred (Han, Enas and McEntegart 2009).

    The other arms share what is left by their allocation; a larger arm, which is preferred more
    often, gets a larger chance then, so that on the whole each arm gets its allocation.
    """
    if len(allocation) == 1:
        return np.array([2**32], np.int64)
    total = sum(allocation)
    slope = (1.0 - probability) / (total - min(allocation))
    tables = []
    for preferred, ratio in enumerate(allocation):
        chances = slope * np.array(allocation, float)
        chances[preferred] = 1.0 - slope * (total - ratio)
        tables.append(thresholds(np.cumsum(chances)))
        tables[-1][-1] = 2**32
    return np.concatenate(tables)


def survival_model_plan(
    *,
    model: int,
    n_arms: int,
    n_cells: int,
    hazard: Callable[[int, int, int], FloatArray | None],
    correlation: float = 0.0,
    switching: Sequence[tuple[float, int]] = (),
) -> SurvivalModelPlan:
    """Tables of all transitions.

    Parameters
    ----------
    model : int
        Model of the disease.
    n_arms, n_cells : int
        Arms of the trial, and cells of baseline variables.
    hazard : callable
        Given a transition, arm and cell: the cumulative hazard on days 0, 1, ..., the horizon; None
        if the transition never happens.
    correlation : float
        Correlation of the copula.
    switching : sequence of (float, int)
        For each arm the probability of a change of treatment after progression, and its delay in
        days; by default nobody changes.
    """
    changes = list(switching) or [(0.0, 0)] * n_arms
    tables: list[IntArray] = []
    firsts, arm_steps, cell_steps = [], [], []
    for transition in range(N_TRANSITIONS):
        own = [
            [_day_thresholds(hazard(transition, arm, cell)) for cell in range(n_cells)]
            for arm in range(n_arms)
        ]
        # one table instead of many that are the same: fewer to keep in the cache
        by_cell = not all(_are_equal(row) for row in own)
        by_arm = not all(_are_equal(column) for column in zip(*own, strict=True))
        firsts.append(len(tables))
        for row in own if by_arm else own[:1]:
            tables += row if by_cell else row[:1]
        cell_steps.append(int(by_cell))
        arm_steps.append((n_cells if by_cell else 1) if by_arm else 0)
    return SurvivalModelPlan(
        model=model,
        days=guided_tables(tables, slice_bits=SLICE_BITS_OF_DAYS),
        first_table=np.array(firsts, np.uint16),
        arm_step=np.array(arm_steps, np.uint16),
        cell_step=np.array(cell_steps, np.uint16),
        copula=copula(correlation),
        has_switching=int(any(probability > 0 for probability, _ in changes)),
        switches=thresholds([probability for probability, _ in changes]),
        switch_delay=np.array([delay for _, delay in changes], np.int64),
    )


def _are_equal(tables: Sequence[IntArray]) -> bool:
    return all(np.array_equal(table, tables[0]) for table in tables[1:])


def _day_thresholds(cumulative_hazard: FloatArray | None) -> IntArray:
    if cumulative_hazard is None:
        return thresholds([0.0])
    return thresholds(-np.expm1(-cumulative_hazard))


def copula(correlation: float) -> Copula:
    """Tables of a Gaussian copula."""
    octave = np.arange(_OCTAVES * STEPS_OF_OCTAVE + 1) / STEPS_OF_OCTAVE
    whole = np.floor(octave)
    tail = 2.0**whole * (1.0 + octave - whole) / (2.0 * _WORDS)
    n_scores = round(2.0 * SCORE_LIMIT * STEPS_OF_SCORE) + 1
    scores = np.arange(n_scores) / STEPS_OF_SCORE - SCORE_LIMIT
    return Copula(
        correlation=correlation,
        rest=math.sqrt(1.0 - correlation * correlation),
        quantile=ndtri(tail),
        probability=ndtr(scores) * _WORDS,
    )
