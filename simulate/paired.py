"""Two scenarios compared replicate by replicate.

Both were run with the same seed, so replicate k of one and of the other share every draw that the
change does not touch (common random numbers). Differences are taken within pairs; their Monte Carlo
error is that of the differences, far below that of either scenario alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulate.analysis.row import all_statistics
from simulate.analysis.statistics import Statistic
from simulate.distributions import FloatArray
from simulate.monte_carlo import Estimate, Z, mean, proportion, quantile
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
        other = replicates_against[name]
        n = min(analysed.n, other.n)
        for statistic in all_statistics(scenario).values():
            if statistic.name not in theirs or statistic.name.startswith("baseline."):
                continue
            a = analysed.column(statistic.name)[:n]
            b = other.column(statistic.name)[:n]
            key = (scenario.name, against.name, name, statistic.population, statistic.endpoint)
            for measure, first, second, difference in _differences(statistic, a, b):
                values = difference.row
                rows.append(
                    (
                        *key,
                        statistic.name,
                        measure,
                        first,
                        second,
                        *values[:4],
                        *values[5:],
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
    medians_a, medians_b = _resampled_medians(a, b)
    finite = np.isfinite(medians_a) & np.isfinite(medians_b)
    if finite.sum() < _RESAMPLES:
        return Estimate(difference, np.nan, np.nan, np.nan, n_requested, n)
    mcse = float((medians_a - medians_b).std(ddof=1))
    return Estimate(difference, mcse, difference - Z * mcse, difference + Z * mcse, n_requested, n)


def _resampled_medians(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Medians of a and of b in resamples of the pairs.

    The median of a resample lies close to that of the sample. So values far from it are put
    together as one below and one above, and instead of pairs the cells of the table of a by b are
    drawn: the same distribution at a cost that does not grow with the number of pairs.
    """
    (levels_a, code_a), (levels_b, code_b) = _levels_near_median(a), _levels_near_median(b)
    cells, count = np.unique(code_a * len(levels_b) + code_b, return_counts=True)
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    drawn = rng.multinomial(len(a), count / len(a), _RESAMPLES)
    found = []
    for levels, code in ((levels_a, cells // len(levels_b)), (levels_b, cells % len(levels_b))):
        order = np.argsort(code, kind="stable")
        cumulative = drawn[:, order].cumsum(axis=1)
        middle = (cumulative >= np.ceil(0.5 * len(a))).argmax(axis=1)
        found.append(levels[code[order][middle]])
    return found[0], found[1]


def _levels_near_median(values: FloatArray) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Distinct values within six standard errors of the median's rank, and each value's level.

    What lies below or above shares the lowest or the highest level.
    """
    n = len(values)
    ordered = np.sort(values)
    reach = int(3 * np.sqrt(n)) + 1  # the rank has the standard error sqrt(n) / 2
    low, high = ordered[max(n // 2 - reach, 0)], ordered[min(n // 2 + reach, n - 1)]
    levels, code = np.unique(np.clip(values, low, high), return_inverse=True)
    return levels, code
