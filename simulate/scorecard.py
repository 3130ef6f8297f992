"""The scorecard: each published fact beside what the simulated trials give."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from simulate.analysis.proportions import clopper_pearson
from simulate.analysis.row import all_statistics
from simulate.facts import Fact
from simulate.monte_carlo import percentile_of, quantiles
from simulate.replicates import AnalysedReplicates
from simulate.scenario.parameters import DRAWS, POINT
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
    "parameters",
)
"""Columns of ``scorecard.csv``: the 2.5%, 50% and 97.5% points of the simulated values.

A fact has a row for each predictive check: ``parameters`` is ``point`` where all replicates have
the same parameters, and ``draws`` where they take draws from the posterior of a calibration.
"""


def scorecard(
    scenario: Scenario,
    replicates: dict[str, AnalysedReplicates],
    facts: list[Fact],
    posterior: dict[str, AnalysedReplicates] | None = None,
) -> pd.DataFrame:
    """Compare every fact that the simulator speaks to with the last analysis of the replicates.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    replicates : dict of str to AnalysedReplicates
        Its replicates, by analysis.
    facts : list of Fact
        What is published.
    posterior : dict of str to AnalysedReplicates
        Replicates of the same scenario over posterior draws, if there are any.

    Returns
    -------
    DataFrame
        With :data:`SCORECARD_COLUMNS` and, before them, ``statistic``; empty without facts.
    """
    checks = {POINT if scenario.draws is None else DRAWS: replicates}
    if posterior is not None:
        checks[DRAWS] = posterior
    statistics = all_statistics(scenario)
    roles = scenario.calibration.roles if scenario.calibration else None
    rows = []
    for fact in facts:
        fact = replace(fact, role=role_of(fact, roles))
        for parameters, found in checks.items():
            if fact.statistic in statistics:
                last = list(found.values())[-1]
                values = last.column(fact.statistic) * statistics[fact.statistic].scale
            elif fact.statistic.startswith("design_cp_"):
                values = np.array([_design_limit(fact.statistic)])
            else:
                continue
            rows.append((fact.statistic, *_row(fact, values), parameters))
    return pd.DataFrame(rows, columns=["statistic", *SCORECARD_COLUMNS])


def role_of(fact: Fact, roles: Mapping[str, str] | None) -> str:
    """Role of a fact: that in the fit in use, if there is one, and else that of the file of facts.

    What the file calls calibrated or held out and the fit does not know is a check.
    """
    if roles is None or fact.role == "input":
        return fact.role
    if fact.statistic in roles:
        return roles[fact.statistic]
    return "check" if fact.role in ("calibrated", "held_out") else fact.role


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
