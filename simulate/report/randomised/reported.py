"""Medians that other trials have reported, beside those that were simulated."""

from __future__ import annotations

import math

import numpy as np

from simulate.monte_carlo import mean, share_not_reached
from simulate.report.blocks import Block, Table
from simulate.report.numbers import NO_VALUE, number
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import PLUS_MINUS, with_error
from simulate.scenario.survival_endpoints import ReportedMedian
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.units import DAYS_PER_MONTH


def reported_blocks(view: RandomisedView) -> list[Block]:
    """A row a reported median; nothing without any."""
    scenario = view.scenario
    if not isinstance(scenario, SurvivalScenario) or not scenario.reported_medians:
        return []
    return [
        Table(
            "Medians beside those that were reported, months",
            ("", "Reported", "Simulated, mean", "Median", "95% of trials", "Below reported"),
            [_row(view, each) for each in scenario.reported_medians],
            numeric=(1, 2, 3, 4, 5),
            caption=(
                "Simulated: medians of single trials at their last look, their mean over the "
                f"trials that reach it ({PLUS_MINUS} Monte Carlo standard error), their median, "
                "and how many lie below the reported one. Where progression is seen at scans, the "
                "median of a trial sits on a scan day: most trials give one of a few numbers, as "
                "far apart as scans are, which the mean evens out."
            ),
        )
    ]


def _row(view: RandomisedView, reported: ReportedMedian) -> list[str]:
    values = view.outcomes.at_stop(f"{reported.endpoint.lower()}.median.{reported.arm}")
    known = values[~np.isnan(values)]
    months = reported.median / DAYS_PER_MONTH
    label = f"{reported.endpoint}, {view.label(reported.arm)}"
    if not len(known):
        return [label, number(months, 1), *[NO_VALUE] * 4]
    missing = share_not_reached(values).estimate
    reached = mean(np.where(np.isfinite(values), values, np.nan))
    low, middle, high = np.quantile(known, (0.025, 0.5, 0.975), method="inverted_cdf")
    below = f"{number(100 * float(np.mean(known < months)), 1)}%"
    text = with_error(reached, 1.0, 1)
    if missing > 0:
        text += f" ({number(100 * missing, 1)}% NR)"
    return [
        label,
        number(months, 1),
        text,
        _months(middle),
        f"{_months(low)} to {_months(high)}",
        below,
    ]


def _months(value: float) -> str:
    return "NR" if math.isinf(value) else number(value, 1)
