"""Summaries over replicates, as the tables of a result."""

from __future__ import annotations

import pandas as pd

from simulate.analysis.curves import CURVES
from simulate.monte_carlo import quantiles
from simulate.paired import COMPARE_COLUMNS, paired_differences
from simulate.replicates import AnalysedReplicates
from simulate.scenario.scenario import Scenario


def curve_table(replicates: dict[str, AnalysedReplicates]) -> pd.DataFrame:
    """Pointwise median and 95% limits of the curves over replicates."""
    tables = []
    for name, analysed in replicates.items():
        counts = analysed.curves
        for curve in CURVES:
            tables.append(
                pd.DataFrame(
                    {
                        "analysis": name,
                        "curve": curve,
                        "day": counts.grid,
                        "median": counts.quantile(curve, 0.5),
                        "lower": counts.quantile(curve, 0.025),
                        "upper": counts.quantile(curve, 0.975),
                        "observed_share": counts.observed_share(curve),
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


SUBGROUP_COLUMNS = (
    "analysis",
    "subgroup",
    "group",
    "measure",
    "median",
    "lower",
    "upper",
    "mcse",
    "n_requested",
    "n_analysed",
)


def subgroup_table(replicates: dict[str, AnalysedReplicates]) -> pd.DataFrame:
    """Median, 95% limits and Monte Carlo error over replicates of every subgroup's estimates."""
    rows = []
    for name, analysed in replicates.items():
        for i, group in enumerate(analysed.groups):
            for measure in analysed.measures:
                values = analysed.subgroup(i, measure)
                middle, low, high = quantiles(values, (0.5, 0.025, 0.975))
                limits = low.estimate, high.estimate
                counts = middle.n_requested, middle.n_analysed
                key = name, group.subgroup, group.group, measure
                rows.append((*key, middle.estimate, *limits, middle.mcse, *counts))
    return pd.DataFrame(rows, columns=list(SUBGROUP_COLUMNS))


def sweep_table(
    scenario: Scenario,
    replicates: dict[str, AnalysedReplicates],
    variants: dict[str, dict[str, AnalysedReplicates]],
) -> pd.DataFrame:
    """Paired differences of every variant of the sweep against the scenario itself."""
    tables = [
        paired_differences(scenario.variant(name), results, scenario, replicates)
        for name, results in variants.items()
    ]
    if not tables:
        return pd.DataFrame(columns=list(COMPARE_COLUMNS))
    return pd.concat(tables, ignore_index=True)
