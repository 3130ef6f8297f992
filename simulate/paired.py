"""Two scenarios compared replicate by replicate.

Both were run with the same seed, so replicate k of one and of the other share every draw that the
change does not touch (common random numbers). Differences are taken within pairs; their Monte Carlo
error is that of the differences, far below that of either scenario alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.analysis.stack import FloatArray
from simulate.analysis.statistics import Statistic
from simulate.monte_carlo import Estimate, Z, mean, proportion, quantile
from simulate.operating import all_statistics, estimate_row
from simulate.replicates import AnalysedReplicates
from simulate.scenario.scenario import Scenario

COMPARE_COLUMNS = (
    "scenario",
    "against",
    "analysis",
    "population",
    "endpoint",
    "statistic",
    "measure",
    "value",
    "value_against",
    "difference",
    "mcse",
    "lower",
    "upper",
    "n_pairs",
    "n_failed",
)
"""Columns of ``compare.csv`` and ``sweep.csv``; a difference is ``value - value_against``."""

_RESAMPLES = 400
_BOOTSTRAP_SEED = 20250


def paired_differences(
    scenario: Scenario,
    replicates: dict[str, AnalysedReplicates],
    against: Scenario,
    replicates_against: dict[str, AnalysedReplicates],
) -> pd.DataFrame:
    """Differences of every statistic that both scenarios have, over their common replicates.

    Of a statistic that may not be reached, the differences are those of the share of replicates
    that do not reach it and of its median over replicates (paired bootstrap for its error): the
    mean of the reached would compare different trials.

    Returns
    -------
    DataFrame
        With :data:`COMPARE_COLUMNS`.
    """
    rows: list[tuple[object, ...]] = []
    theirs = all_statistics(against)
    for name, analysed in replicates.items():
        if name not in replicates_against:
            continue
        table, other = analysed.table, replicates_against[name].table
        n = min(len(table), len(other))
        for statistic in all_statistics(scenario).values():
            if statistic.name not in theirs or statistic.name.startswith("baseline."):
                continue
            a = table[statistic.name].to_numpy()[:n]
            b = other[statistic.name].to_numpy()[:n]
            key = (scenario.name, against.name, name, statistic.population, statistic.endpoint)
            for measure, first, second, difference in _differences(statistic, a, b):
                values = estimate_row(difference)
                rows.append(
                    (
                        *key,
                        statistic.name,
                        measure,
                        first,
                        second,
                        *values[:4],
                        values[5],
                        values[6],
                    )
                )
    return pd.DataFrame(rows, columns=list(COMPARE_COLUMNS))


def _differences(
    statistic: Statistic, a: FloatArray, b: FloatArray
) -> list[tuple[str, float, float, Estimate]]:
    """Measure, value of each scenario, and difference."""
    both = ~(np.isnan(a) | np.isnan(b))
    paired_a, paired_b = np.where(both, a, np.nan), np.where(both, b, np.nan)
    if not statistic.can_be_infinite:
        return [
            (
                "mean",
                mean(paired_a).estimate,
                mean(paired_b).estimate,
                mean(_difference(paired_a, paired_b)),
            )
        ]
    not_a = np.where(both, np.isinf(a), np.nan)
    not_b = np.where(both, np.isinf(b), np.nan)
    rows = [
        (
            "not_reached",
            proportion(not_a).estimate,
            proportion(not_b).estimate,
            mean(not_a - not_b),
        )
    ]
    middle_a, middle_b = quantile(paired_a, 0.5).estimate, quantile(paired_b, 0.5).estimate
    if np.isfinite(middle_a) and np.isfinite(middle_b):
        rows.append(("q50", middle_a, middle_b, _median_difference(a[both], b[both], len(a))))
    return rows


def _difference(a: FloatArray, b: FloatArray) -> FloatArray:
    """Differences of pairs; undefined where one of the two is not finite."""
    finite = np.isfinite(a) & np.isfinite(b)
    return np.where(finite, np.where(finite, a, 0.0) - np.where(finite, b, 0.0), np.nan)


def _median_difference(a: FloatArray, b: FloatArray, n_requested: int) -> Estimate:
    """Difference of the medians over replicates, with a paired bootstrap error."""
    difference = quantile(a, 0.5).estimate - quantile(b, 0.5).estimate
    n = len(a)
    chosen = np.random.default_rng(_BOOTSTRAP_SEED).integers(0, n, (_RESAMPLES, n))
    middle = int(np.ceil(0.5 * n)) - 1
    medians_a = np.partition(a[chosen], middle, axis=1)[:, middle]
    medians_b = np.partition(b[chosen], middle, axis=1)[:, middle]
    finite = np.isfinite(medians_a) & np.isfinite(medians_b)
    if finite.sum() < _RESAMPLES:
        return Estimate(difference, np.nan, np.nan, np.nan, n_requested, n)
    mcse = float((medians_a - medians_b).std(ddof=1))
    return Estimate(difference, mcse, difference - Z * mcse, difference + Z * mcse, n_requested, n)
