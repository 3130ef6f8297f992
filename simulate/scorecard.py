"""The scorecard: each published fact beside what the simulated trials give."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from simulate.analysis.proportions import clopper_pearson
from simulate.analysis.row import all_statistics
from simulate.facts import Fact
from simulate.monte_carlo import percentile_of, quantiles
from simulate.replicates import AnalysedReplicates
from simulate.scenario.scenario import Scenario

SCORECARD_COLUMNS = (
    "fact",
    "locator",
    "unit",
    "denominator",
    "reported",
    "median",
    "lower",
    "upper",
    "percentile",
    "inside",
    "role",
    "n_replicates",
)
"""Columns of ``scorecard.csv``: the 2.5%, 50% and 97.5% points of the simulated values."""


def scorecard(
    scenario: Scenario, replicates: dict[str, AnalysedReplicates], facts: list[Fact]
) -> pd.DataFrame:
    """Compare every fact that the simulator speaks to with the last analysis of the replicates.

    Returns
    -------
    DataFrame
        With :data:`SCORECARD_COLUMNS` and, before them, ``statistic``; empty without facts.
    """
    last = list(replicates.values())[-1]
    statistics = all_statistics(scenario)
    rows = []
    for fact in facts:
        if fact.statistic in statistics:
            values = last.column(fact.statistic) * statistics[fact.statistic].scale
        elif fact.statistic.startswith("design_cp_"):
            values = np.array([_design_limit(fact.statistic)])
        else:
            continue
        rows.append((fact.statistic, *_row(fact, values)))
    return pd.DataFrame(rows, columns=["statistic", *SCORECARD_COLUMNS])


def _row(fact: Fact, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[object, ...]:
    lower, median, upper = (q.estimate for q in quantiles(values, (0.025, 0.5, 0.975)))
    inside = lower <= fact.value <= upper
    percentile = percentile_of(values, fact.value)
    if len(values) == 1:  # computed by formula: equal to the printed digit
        inside, percentile = round(float(values[0]), 1) == fact.value, math.nan
    return (
        fact.label,
        fact.locator,
        fact.unit,
        fact.denominator,
        fact.value,
        median,
        lower,
        upper,
        percentile,
        bool(inside),
        fact.role,
        int(np.count_nonzero(~np.isnan(values))),
    )


def _design_limit(statistic: str) -> float:
    """A limit of the design's own Clopper-Pearson intervals, such as design_cp_20_50_lower."""
    *_, count, n, limit = statistic.split("_")
    interval = clopper_pearson(int(count), int(n))
    return 100 * float(interval.lower if limit == "lower" else interval.upper)
