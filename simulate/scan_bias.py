"""What the scan schedule does to progression-free survival: true, as scans show it, as estimated.

Progression happens on a day and is dated by the scan that finds it. So three things are set side by
side: the latent truth of the disease, what the trial's own scans would show of it if nobody were
censored, and the mean of the Kaplan-Meier estimates of the simulated trials. Each difference is
from the latent truth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from simulate.analysis.statistics import landmark_months
from simulate.monte_carlo import ESTIMATE_COLUMNS, Estimate, mean, quantile, share_not_reached
from simulate.replicates import AnalysedReplicates
from simulate.scenario.scenario import Scenario
from simulate.truth import DELAY, LATENT, OBSERVED, Truth

KAPLAN_MEIER = "kaplan_meier"

SCAN_BIAS_COLUMNS = (
    "scenario",
    "analysis",
    "endpoint",
    "measure",
    "kind",
    "unit",
    *ESTIMATE_COLUMNS[:4],
    "difference",
    "difference_mcse",
    "difference_lower",
    "difference_upper",
    *ESTIMATE_COLUMNS[4:],
)
"""Columns of ``scan_bias.csv``.

Measures are the rates at the landmarks and the median (over replicates: the median of medians, one
that is not reached being later than all others), and the detection delay from true to documented
progression. Kinds are ``latent``, ``observed`` (both without censoring; 0 replicates stand for a
formula, else they are patients) and ``kaplan_meier``.
"""

Measured = tuple[str, str, str, Estimate]
"""Measure, kind, unit, estimate."""

SPREAD = {"median.q2.5": 0.025, "median.q97.5": 0.975}


def scan_bias(
    scenario: Scenario, replicates: dict[str, AnalysedReplicates], truth: Truth
) -> pd.DataFrame:
    """The effect of the scan schedule on progression-free survival.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    replicates : dict of str to AnalysedReplicates
        Its replicates, by analysis.
    truth : Truth
        Its true values; where there are none, the Kaplan-Meier estimates stand alone.

    Returns
    -------
    DataFrame
        Tidy, with :data:`SCAN_BIAS_COLUMNS`; rates as fractions, medians in months, delays in days.
    """
    rows = []
    for analysed in replicates.values():
        for measure, kind, unit, estimate in _measured(scenario, analysed, truth):
            latent = truth.values.get((f"pfs_{measure}", LATENT))
            difference = _difference(estimate, None if kind == LATENT else latent)
            key = (scenario.name, analysed.name, "PFS", measure, kind, unit)
            values, counts = estimate.row[:4], estimate.row[4:]
            rows.append((*key, *values, *difference, *counts))
    return pd.DataFrame(rows, columns=list(SCAN_BIAS_COLUMNS))


def _measured(scenario: Scenario, analysed: AnalysedReplicates, truth: Truth) -> Iterator[Measured]:
    for measure in [f"rate_{months}" for months in landmark_months(scenario)]:
        yield from _true(truth, measure, "fraction")
        yield measure, KAPLAN_MEIER, "fraction", mean(analysed.column(f"pfs_{measure}"))
    yield from _true(truth, "median", "months")
    medians = analysed.column("pfs_median")
    yield "median", KAPLAN_MEIER, "months", quantile(medians, 0.5)
    for measure, probability in SPREAD.items():
        yield measure, KAPLAN_MEIER, "months", quantile(medians, probability)
    yield "median.not_reached", KAPLAN_MEIER, "fraction", share_not_reached(medians)
    for (statistic, kind), estimate in truth.values.items():
        if statistic.startswith(DELAY):
            yield statistic, kind, "days", estimate


def _true(truth: Truth, measure: str, unit: str) -> Iterator[Measured]:
    for kind in (LATENT, OBSERVED):
        if (f"pfs_{measure}", kind) in truth.values:
            yield measure, kind, unit, truth.values[f"pfs_{measure}", kind]


def _difference(estimate: Estimate, latent: Estimate | None) -> tuple[float, float, float, float]:
    """Difference from the latent truth, its MCSE and its 95% Monte Carlo interval."""
    if latent is None or not (math.isfinite(estimate.estimate) and math.isfinite(latent.estimate)):
        return (math.nan,) * 4
    return estimate.less(latent).row[:4]
