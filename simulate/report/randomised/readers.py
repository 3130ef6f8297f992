"""The section on readers and rules: endpoints side by side, and how far readers agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.describe.readers import versions_in_words
from simulate.distributions import FloatArray
from simulate.monte_carlo import Estimate, mean, quantiles
from simulate.plots.what_ifs import plot_variants
from simulate.randomised.versions import (
    arms_in_words,
    compared_arms,
    log_ratios,
    pairs_of_hypotheses,
)
from simulate.report.blocks import Block, Picture, Points, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, number
from simulate.report.randomised.concordance import concordance_tables
from simulate.report.randomised.reported import reported_blocks
from simulate.report.randomised.switching import switching_blocks
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import percent, with_error
from simulate.report.svg import figure_svg
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_scenario import SurvivalScenario

_STOP = "stop"


def readers_section(view: RandomisedView) -> Section:
    """Endpoints of PFS side by side; empty unless there are several, or several readers."""
    title = "What readers and rules do"
    scenario = view.scenario
    has_versions = (
        scenario.endpoints
        if isinstance(scenario, SurvivalScenario)
        else scenario.is_read or scenario.endpoints.named
    )
    if not has_versions:
        return Section("readers", title, [])
    versions = _versions(view)
    blocks: list[Block] = []
    if len(versions) > 1:
        blocks += [*_words(view), _side_by_side(view), *_picture(view, versions)]
        blocks.append(_differences(view, versions))
    blocks += reported_blocks(view)
    blocks += concordance_tables(view)
    blocks += switching_blocks(view)
    return Section("readers", title, blocks)


def _versions(view: RandomisedView) -> list[str]:
    """Endpoints whose event is progression or death, in the order of the scenario."""
    return [each for each in view.endpoints if view.scenario.event_of(each) == "PFS"]


def _words(view: RandomisedView) -> list[Block]:
    return [
        Prose(
            "The same patients under several endpoints, all of which are analysed at the data cut "
            "with which the trial ends."
        ),
        Points([("", text) for text in versions_in_words(view.scenario)]),
    ]


def _tested(view: RandomisedView, endpoint: str) -> Hypothesis | None:
    """The first hypothesis on an endpoint."""
    return next((each for each in view.hypotheses if each.endpoint == endpoint), None)


# ---- side by side ---------------------------------------------------------------------------


def _side_by_side(view: RandomisedView) -> Table:
    arms = [arm.label for arm in view.arms]
    header = ["", "Events", *(f"Median, {label}" for label in arms), "Hazard ratio", "Power"]
    return Table(
        "Endpoints side by side",
        header,
        [list(_version(view, each)) for each in view.endpoints],
        numeric=tuple(range(1, len(header))),
        caption=(
            f"Events and hazard ratios (geometric mean): means over trials {_when(view)}. "
            "Medians in months: the median over trials. Where progression is seen at scans, "
            "medians sit on scan days. Power: of the first hypothesis on the endpoint, by its own "
            "bounds; none where it is not tested."
        ),
    )


def _when(view: RandomisedView) -> str:
    if view.scenario.estimates.when == "every_look":
        return "at their last look"
    return (
        "at their last look; the hazard ratio of a hypothesis that was decided before, when it was"
    )


def _version(view: RandomisedView, endpoint: str) -> Iterator[str]:
    yield endpoint
    yield with_error(view.measured.of_endpoint(endpoint, "events.mean", _STOP))
    for arm in view.arms:
        values = view.outcomes.at_stop(f"{endpoint.lower()}.median.{arm.name}")
        known = values[~np.isnan(values)]
        yield number(float(np.median(known))) if len(known) else NO_VALUE
    ratio = math.exp(mean(_log_ratios(view, endpoint)).estimate)
    yield NO_VALUE if math.isnan(ratio) else number(ratio, 3)
    hypothesis = _tested(view, endpoint)
    if hypothesis is None:
        yield NO_VALUE
        return
    yield percent(view.measured.of_hypothesis(hypothesis, "reject"))


def _log_ratios(view: RandomisedView, endpoint: str) -> FloatArray:
    """Log hazard ratio of an endpoint at the last look of each trial, of the first arms compared.

    nan where there is none.
    """
    nothing = np.full(view.n, np.nan)
    for arms in compared_arms(view.outcomes)[:1]:
        found = log_ratios(view.outcomes, endpoint, arms)
        return nothing if found is None else np.where(np.isfinite(found), found, np.nan)
    return nothing


def _picture(view: RandomisedView, versions: list[str]) -> list[Picture]:
    """Hazard ratio of each version."""
    rows = []
    for endpoint in versions:
        found = quantiles(np.exp(_log_ratios(view, endpoint)), (0.025, 0.5, 0.975))
        low, middle, high = (each.estimate for each in found)
        if math.isfinite(middle):
            rows.append((endpoint, middle, low, high))
    if len(rows) < 2:
        return []
    table = pd.DataFrame(rows, columns=["label", "estimate", "lower", "upper"])

    def draw(figure: Figure) -> None:
        plot_variants(table, label="Hazard ratio", ax=figure.subplots())

    svg = figure_svg(
        "readers-and-rules",
        draw,
        width=8.6,
        height=0.75 + 0.25 * len(table),
        description="Hazard ratio by endpoint",
    )
    caption = (
        "Median over trials and the limits of 95% of them. The line and the band are those of the "
        "first endpoint."
    )
    return [Picture(svg, "Hazard ratio by endpoint", caption)]


# ---- differences ----------------------------------------------------------------------------


def _differences(view: RandomisedView, versions: list[str]) -> Table:
    arms = [f"Median, {arm.label}" for arm in view.arms]
    header = ["", "Events", *arms, "Log hazard ratio", "Power, points"]
    first, *others = versions
    return Table(
        f"Differences from {first}, in pairs",
        header,
        [list(_difference(view, first, each)) for each in others],
        numeric=tuple(range(1, len(header))),
        caption=(
            f"The endpoint less {first} in the same patients, mean \N{PLUS-MINUS SIGN} Monte Carlo "
            "standard error of the differences; medians in months, where both are reached."
        ),
    )


def _difference(view: RandomisedView, first: str, other: str) -> Iterator[str]:
    yield other
    get = view.measured.of_versions
    yield with_error(_less(get(first, other, "events.difference")), sign=True)
    for arm in view.arms:
        found = get(first, other, "median.difference", arm=arm.name)
        yield with_error(_less(found), 1.0, 2, sign=True)
    name = _pair(view, first, other)
    ratio = get(first, other, "log_hazard_ratio.difference", hypothesis=name)
    if math.isnan(ratio.estimate):
        arms = "".join(map(arms_in_words, compared_arms(view.outcomes)[:1]))
        ratio = get(first, other, "log_hazard_ratio.difference", arm=arms)
    yield with_error(_less(ratio), 1.0, 4, sign=True)
    power = get(first, other, "reject.difference", hypothesis=name, analysis="all")
    yield with_error(_less(power), 100.0, 1, sign=True)


def _pair(view: RandomisedView, first: str, other: str) -> str:
    """Name of the pair of hypotheses on two endpoints; nothing without one."""
    for one, two in pairs_of_hypotheses(view.outcomes):
        if (one.endpoint, two.endpoint) == (first, other):
            return f"{one.name} - {two.name}"
    return ""


def _less(found: Estimate) -> Estimate:
    """The difference the other way round."""
    return replace(found, estimate=-found.estimate, lower=-found.upper, upper=-found.lower)
