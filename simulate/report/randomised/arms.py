"""Medians, rates and restricted means by arm, beside what is true."""

from __future__ import annotations

import math

import numpy as np

from simulate.describe.as_if_read import AS_IF_READ
from simulate.distributions import FloatArray
from simulate.report.blocks import Block, Heading, Table
from simulate.report.numbers import NO_VALUE, number
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import with_error
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.units import DAYS_PER_MONTH


def arms_table(view: RandomisedView) -> list[Block]:
    """Estimates by arm at the last look, and the truth; empty if nothing is estimated."""
    last = view.analyses[-1]
    rows: list[list[str]] = []
    groups: dict[int, str] = {}
    for endpoint in view.endpoints:
        found = [_row(view, endpoint, measure) for measure in _measures(view)]
        found = [row for row in found if any(cell != NO_VALUE for cell in row[1::2])]
        if found:
            groups[len(rows)] = endpoint
            rows += found
    if not rows:
        return []
    header = [""]
    for arm in view.arms:
        header += [arm.label, _truth(view)]
    made = view.measured.of_trial("made", last.name).estimate
    which = f"All trials at the {look_label(last)}."
    if made < 1:
        which = (
            f"Of the {number(100 * made)}% of trials that make the {look_label(last)}; those that "
            "stopped before it are not among them, so a difference from the truth is selection too."
        )
    table = Table(
        f"Arms at the {look_label(last)}",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        groups=groups,
        caption=(
            f"{which} Medians: the median over trials and the limits of 95% of them, not reached "
            "(NR) counted as later than all others; event-free rates and restricted means (RMST): "
            "means \N{PLUS-MINUS SIGN} Monte Carlo standard error. "
            f"{_what_is_true(view)}"
        ),
    )
    return [Heading("Arms"), table]


TRUE, IF_NO_ERROR, LATENT = "true", "if no error", "latent"
"""What the values of the formula are called, by what they leave out."""

_NAMES = {
    TRUE: "True values",
    IF_NO_ERROR: "Values if readers make no error",
    LATENT: "Latent values",
}


def _truth(view: RandomisedView) -> str:
    """What the formula gives: the truth, or what it would be if nobody erred and nothing censored.

    Of patients in cycles it gives what is latent: no scan is needed to see it.
    """
    scenario = view.scenario
    if not any(map(scenario.is_read_endpoint, view.endpoints)):
        return TRUE
    return IF_NO_ERROR if isinstance(scenario, SurvivalScenario) else LATENT


def _is_grouped(view: RandomisedView, endpoint: str) -> bool:
    """Whether times are grouped on a grid, of which there is no formula."""
    return any(each.name == endpoint and each.grid for each in view.scenario.seen_endpoints)


def _what_is_true(view: RandomisedView) -> str:
    text = f"{_NAMES[_truth(view)]} are by formula, all patients of an arm together and nobody lost"
    if view.expected is None:
        return "There is no formula for what is true."
    if isinstance(view.scenario, SurvivalScenario):
        if view.scenario.survival.observation == "scans":
            text += "; of PFS, as scans show it"
        if view.scenario.is_read:
            text += f", {AS_IF_READ}"
    else:
        text += f"; {_what_is_latent(view.scenario)}"
    if any(_is_grouped(view, endpoint) for endpoint in view.endpoints):
        text += "; there is none of grouped times"
    return f"{text}."


def _what_is_latent(scenario: Scenario) -> str:
    """What the formula of patients in cycles takes no account of."""
    seen = [each for each in scenario.seen_endpoints if scenario.is_read_endpoint(each.name)]
    text = "progression on its very day, "
    if all(each.of == "OS" for each in seen):
        text += "where scans find it later"
    else:
        text += "whatever readers call and rules censor, where scans find it later"
    if scenario.switching:
        text += "; death as if nobody changed treatment"
    return text


Measure = tuple[str, str, float]
"""Label, name and factor of what is estimated of an arm."""


def _measures(view: RandomisedView) -> list[Measure]:
    rows: list[Measure] = [("Median, months", "median", 1.0)]
    for days in view.scenario.estimates.landmarks:
        months = f"{days / DAYS_PER_MONTH:g}"
        rows.append((f"Rate at {months} months, %", f"rate_{months}", 100.0))
    return [*rows, ("RMST, months", "rmst", 1.0)]


def _row(view: RandomisedView, endpoint: str, measure: Measure) -> list[str]:
    label, name, scale = measure
    cells = [label]
    for arm in view.arms:
        cells.append(_estimate(view, endpoint, measure, arm.name))
        truth = (
            math.nan if _is_grouped(view, endpoint) else true_value(view, endpoint, name, arm.name)
        )
        cells.append(number(scale * truth))
    return cells


def _estimate(view: RandomisedView, endpoint: str, measure: Measure, arm: str) -> str:
    _, name, scale = measure
    last, get = view.analyses[-1].name, view.measured.of_endpoint
    if name != "median":
        return with_error(get(endpoint, f"{name}.mean", last, arm), scale, 1)
    middle, low, high = (
        get(endpoint, f"median.{q}", last, arm).estimate for q in ("q50", "q2.5", "q97.5")
    )
    if math.isnan(middle):
        return NO_VALUE
    return f"{number(middle)} ({number(low)} to {number(high)})"


def true_value(view: RandomisedView, endpoint: str, name: str, arm: str) -> float:
    """True value of a median or restricted mean in months, or of a rate; nan if it is not known.

    Times are days from randomisation as the looks count them: an event on day d has the time d.
    """
    if view.expected is None:
        return math.nan
    survival = view.expected.survival(endpoint, arm, seen=True)
    if name == "median":
        reached = survival <= 0.5
        return float(np.argmax(reached)) / DAYS_PER_MONTH if reached.any() else math.inf
    if name == "rmst":
        limit = view.scenario.estimates.rmst
        return math.nan if limit is None else _restricted_mean(survival, limit) / DAYS_PER_MONTH
    day = math.floor(float(name.removeprefix("rate_")) * DAYS_PER_MONTH + 1e-9)
    return float(survival[day]) if 0 <= day < len(survival) else math.nan


def _restricted_mean(survival: FloatArray, limit: float) -> float:
    """Mean time up to a limit in days: the area below the curve."""
    whole = math.floor(limit)
    if whole >= len(survival):
        return math.nan
    return float(survival[:whole].sum() + (limit - whole) * survival[whole])
