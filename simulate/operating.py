"""Operating characteristics: what a design and its estimators do, over many replicates.

Performance measures and their Monte Carlo errors by the ADEMP scheme (Morris, White and Crowther
2019): the distribution of every statistic, bias and coverage against both truths, precision, and
the probability of the design's own criterion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulate.analysis.proportions import clopper_pearson_width
from simulate.analysis.row import all_statistics
from simulate.analysis.single_arm_statistics import SINGLE_ARM
from simulate.analysis.statistics import Statistic, statistics_of
from simulate.distributions import FloatArray
from simulate.monte_carlo import (
    ESTIMATE_COLUMNS,
    Estimate,
    exact,
    mean,
    proportion,
    quantile,
    quantiles,
    share_not_reached,
    standard_deviation,
)
from simulate.replicates import AnalysedReplicates
from simulate.scenario.scenario import Scenario
from simulate.scenario.trial import Trial
from simulate.single_arm_operating import single_arm_measures
from simulate.truth import LATENT, OBSERVED, Truth

KEY_COLUMNS = (
    "scenario",
    "analysis",
    "population",
    "endpoint",
    "reader",
    "arm",
    "hypothesis",
    "measure",
)
OPERATING_COLUMNS = (*KEY_COLUMNS, *ESTIMATE_COLUMNS)
"""Columns of ``operating_characteristics.csv``. A measure is ``what`` or ``statistic.what``."""

READER, ARM = "investigator", "all"

SPREAD = {"q2.5": 0.025, "q50": 0.5, "q97.5": 0.975}
"""Quantiles of every statistic over replicates, by what they are called in a measure."""

Row = tuple[Statistic, str, Estimate]


def operating_characteristics(
    scenario: Scenario, replicates: dict[str, AnalysedReplicates], truth: Truth
) -> pd.DataFrame:
    """Operating characteristics of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    replicates : dict of str to AnalysedReplicates
        Its replicates, by analysis.
    truth : Truth
        Its true values.

    Returns
    -------
    DataFrame
        Tidy, with :data:`OPERATING_COLUMNS`.
    """
    rows = []
    for analysed in replicates.values():
        for statistic, what, estimate in _measures(scenario, analysed, truth):
            measure = f"{statistic.measure}.{what}"
            key = (scenario.name, analysed.name, statistic.population, statistic.endpoint)
            rows.append((*key, READER, ARM, "", measure, *estimate.row))
    return pd.DataFrame(rows, columns=list(OPERATING_COLUMNS))


def _measures(trial: Trial, analysed: AnalysedReplicates, truth: Truth) -> Iterator[Row]:
    followed = float(np.fmax.reduce(analysed.column("followup_max")))
    for name, statistic in all_statistics(trial).items():
        if statistic.endpoint == SINGLE_ARM:
            continue  # told by what each of them is
        values = analysed.column(name)
        yield from _distribution(statistic, values)
        if f"{name}_lower" in analysed.statistics:
            limits = analysed.column(f"{name}_lower"), analysed.column(f"{name}_upper")
            yield from _performance(statistic, values, limits, truth, followed)
    yield from _criterion(trial, analysed)
    yield from _precision(trial, truth)
    yield from single_arm_measures(trial, analysed)


def _distribution(statistic: Statistic, values: FloatArray) -> Iterator[Row]:
    """Mean and spread of a statistic; of one that may not be reached, how often it is not."""
    if statistic.can_be_infinite:
        yield statistic, "not_reached", share_not_reached(values)
    else:
        yield statistic, "mean", mean(values)
        yield statistic, "sd", standard_deviation(values)
    estimates = quantiles(values, tuple(SPREAD.values()))
    for what, estimate in zip(SPREAD, estimates, strict=True):
        yield statistic, what, estimate


def _performance(
    statistic: Statistic,
    estimates: FloatArray,
    limits: tuple[FloatArray, FloatArray],
    truth: Truth,
    followed: float,
) -> Iterator[Row]:
    """Bias and coverage against each truth, and the width of the interval."""
    lower, upper = limits
    undefined = np.isnan(upper) | _says_nothing(lower, upper)
    for kind in (LATENT, OBSERVED):
        true = truth.values.get((statistic.name, kind))
        if true is None or np.isnan(true.estimate):
            continue
        middle = quantile(estimates, 0.5)
        if statistic.can_be_infinite and np.isfinite(middle.estimate):
            yield statistic, f"median_bias_{kind}", middle.less(true)
        if not statistic.can_be_infinite:
            yield statistic, f"bias_{kind}", mean(estimates).less(true)
        if statistic.can_be_infinite and true.estimate > followed:
            continue  # no limit can lie beyond what is followed: every interval would cover
        covers = (lower <= true.estimate) & (true.estimate <= upper)
        # given that there is an interval, and with none counted as one that misses
        yield statistic, f"coverage_{kind}", proportion(np.where(undefined, np.nan, covers))
        missing = np.where(np.isnan(estimates), np.nan, covers & ~undefined)
        yield statistic, f"coverage_of_all_{kind}", proportion(missing)
    width = np.full(len(lower), np.nan)
    width[~undefined] = upper[~undefined] - lower[~undefined]
    if statistic.can_be_infinite:
        yield statistic, "width.q50", quantile(width, 0.5)
    else:
        yield statistic, "width.mean", mean(width)


def _says_nothing(lower: FloatArray, upper: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether an interval is none: a single point before the first event, or not reached at all."""
    return np.asarray(np.isnan(lower) | np.isinf(lower) | (lower == upper))


def _criterion(trial: Trial, analysed: AnalysedReplicates) -> Iterator[Row]:
    """Probability that the lower limit of the response rate exceeds the scenario's threshold."""
    threshold = trial.design.lower_limit_above
    if threshold is None:
        return
    lower = analysed.column("orr_lower")
    exceeds = np.where(np.isnan(lower), np.nan, lower > threshold)
    statistic = statistics_of(trial)["orr"]
    yield statistic, f"lower_limit_above_{threshold:g}", proportion(exceeds)


def _precision(trial: Trial, truth: Truth) -> Iterator[Row]:
    """Expected width of the exact interval of the response rate, by number of assessed patients.

    At the true rate, so not where doses decide what is true and there is none.
    """
    sizes, rate = trial.design.sample_sizes, truth.value("orr", OBSERVED)
    if sizes is None or math.isnan(rate):
        return
    statistic = statistics_of(trial)["orr"]
    for n in range(sizes[0], sizes[1] + 1):
        width = clopper_pearson_width(n, rate, confidence=trial.endpoints.confidence)
        yield statistic, f"expected_width_n{n}", exact(float(width))
