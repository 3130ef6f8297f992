"""Two randomised trials compared replicate by replicate, on common random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from simulate.distributions import FloatArray
from simulate.looks.design import SWITCHED
from simulate.monte_carlo import Estimate, mean
from simulate.paired import COMPARE_COLUMNS
from simulate.randomised.operating import ALL_LOOKS, AT_STOP, POPULATION
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.versions import compared_arms, untested
from simulate.units import DAYS_PER_MONTH

Value = tuple[str, str, str, FloatArray]
"""Analysis, endpoint, name of the statistic, and its value in every replicate."""


def values(outcomes: Outcomes) -> Iterator[Value]:
    """What is compared: one number a replicate."""
    for hypothesis in outcomes.hypotheses:
        name, endpoint = hypothesis.name, hypothesis.endpoint
        rejects = outcomes.rejects(hypothesis).astype(float)
        yield ALL_LOOKS, endpoint, f"{name}.reject", rejects
        if outcomes.has(f"{name}.log_hr"):
            log_hr = outcomes.log_hazard_ratio(hypothesis)
            yield AT_STOP, endpoint, f"{name}.log_hazard_ratio", log_hr
    comparisons = compared_arms(outcomes)
    for endpoint, arms, log_hr in untested(outcomes):
        statistic = ratio_name(endpoint, arms if len(comparisons) > 1 else ())
        yield AT_STOP, endpoint, statistic, log_hr
    for column in outcomes.looks.names:
        if column.startswith(f"{SWITCHED}."):
            yield AT_STOP, "", column, outcomes.at_stop(column)
    yield AT_STOP, "", "sample_size", outcomes.at_stop("n_enrolled_at_decision")
    yield AT_STOP, "", "duration", outcomes.decision_day / DAYS_PER_MONTH
    for name in outcomes.told_endpoints:
        yield AT_STOP, name, "events", outcomes.at_stop(f"{name.lower()}.events")
    for analysis in outcomes.analyses:
        reached = outcomes.looks.column(analysis.name, "target_reached")
        yield analysis.name, "", "target_not_reached", 1 - reached


def ratio_name(endpoint: str, arms: Iterable[str] = ()) -> str:
    """Statistic of a hazard ratio that is not tested, with the arms if several are compared."""
    return ".".join((endpoint.lower(), *arms, "log_hazard_ratio"))


def paired_contrasts(
    name: str, outcomes: Outcomes, against: str, outcomes_against: Outcomes
) -> pd.DataFrame:
    """Differences ``name - against`` of what both trials have, over their common replicates.

    The Monte Carlo error of a difference is that of the differences within pairs.

    Returns
    -------
    DataFrame
        With :data:`simulate.paired.COMPARE_COLUMNS`.
    """
    n = min(outcomes.n, outcomes_against.n)
    theirs = {value[:3]: value[3][:n] for value in values(outcomes_against)}
    rows: list[tuple[object, ...]] = []
    for analysis, endpoint, statistic, mine in values(outcomes):
        other = theirs.get((analysis, endpoint, statistic))
        if other is None:
            continue
        first, second, difference = contrast(mine[:n], other)
        key = (name, against, analysis, POPULATION, endpoint, statistic, "mean")
        # all of the pairs in which both are finite, so that the difference is that of the values
        estimate, mcse, lower, upper, _, pairs, failed = difference.row
        rows.append((*key, first, second, estimate, mcse, lower, upper, pairs, failed))
    return pd.DataFrame(rows, columns=list(COMPARE_COLUMNS))


def contrast(mine: FloatArray, other: FloatArray) -> tuple[float, float, Estimate]:
    """Means of two trials over the pairs in which both are finite, and their difference."""
    usable = np.isfinite(mine) & np.isfinite(other)
    difference = np.full(len(mine), np.nan)
    difference[usable] = mine[usable] - other[usable]
    first = float(mine[usable].mean()) if usable.any() else np.nan
    second = float(other[usable].mean()) if usable.any() else np.nan
    return first, second, mean(difference)


def sweep_table(
    name: str, outcomes: Outcomes, variants: dict[str, tuple[str, Outcomes]]
) -> pd.DataFrame:
    """Paired contrasts of every variant against the scenario.

    Parameters
    ----------
    name : str
        Name of the scenario.
    outcomes : Outcomes
        Its replicates.
    variants : dict of str to (str, Outcomes)
        Full name and replicates of each variant, by its short name.
    """
    tables = [
        paired_contrasts(full, of_variant, name, outcomes) for full, of_variant in variants.values()
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COMPARE_COLUMNS)
