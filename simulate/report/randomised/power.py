"""The section on power: theory beside simulation, and what is decided at each look."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from simulate.monte_carlo import Estimate
from simulate.plots.decisions import decisions_legend, plot_decisions
from simulate.report.blocks import Block, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, counted, number
from simulate.report.randomised.view import (
    ENDPOINTS,
    RandomisedView,
    hypothesis_label,
    look_label,
)
from simulate.report.randomised.words import monte_carlo_interval, with_error
from simulate.report.svg import figure_svg
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis

Compared = tuple[str, Estimate, float, float, int]
"""Label, simulation, theory, factor and digits of one line of a table."""


def power_section(view: RandomisedView) -> Section:
    """What is decided and when, by theory and by simulation."""
    blocks: list[Block] = [Prose(_introduction(view))]
    for hypothesis in view.hypotheses:
        if len(view.hypotheses) > 1:
            blocks.append(Heading(hypothesis_label(hypothesis, view)))
        blocks += [_picture(view, hypothesis), _decided(view, hypothesis)]
    blocks += [Heading("Size, events and time"), _of_trial(view)]
    title = "Type I error" if view.under_null else "Power"
    title = title if view.hypotheses else "The looks"
    return Section("power", f"{title}: theory beside simulation", blocks)


def _introduction(view: RandomisedView) -> str:
    runs = f"Simulated numbers are of {counted(view.n, 'trial')}"
    text = (
        f"{runs}, with their Monte Carlo standard error (\N{PLUS-MINUS SIGN}) and 95% Monte Carlo "
        "interval."
    )
    if not view.theory:
        return f"{text} There is no theory to set beside them."
    return (
        f"{text} Theory is computed without any random number: events and calendar times by "
        "integrating the scenario's survival over its accrual, power from the joint normal "
        "distribution of Z at the looks. It is an approximation where hazards are not proportional "
        "or looks are not at their planned events, so a difference beyond the Monte Carlo error "
        "tells of the approximation as well."
    )


# ---- what is decided ------------------------------------------------------------------------


def decisions_table(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """Shares of all trials by the end of each look, as `plot_decisions` takes them."""
    rows, futility = [], 0.0
    get = view.measured.of_hypothesis
    for look in view.looks_of(hypothesis):
        futility += get(hypothesis, "stop_futility", look.name).estimate
        rejected = get(hypothesis, "reject_by_then", look.name).estimate
        failed = get(hypothesis, "stop_end", look.name).estimate
        rows.append(
            {
                "name": look_label(look),
                "rejected": rejected,
                "goes_on": max(1.0 - rejected - failed - futility, 0.0),
                "not_rejected": failed,
                "futility": futility,
            }
        )
    return pd.DataFrame(rows)


def theory_table(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """The same by theory: shares that are rejected, and stopped for futility, by each look."""
    rows, futility = [], 0.0
    for look in view.looks_of(hypothesis):
        where = {"hypothesis": hypothesis.name, "analysis": look.name}
        stopped = view.theory.value("stop_futility", **where)
        futility += 0.0 if math.isnan(stopped) else stopped
        rows.append(
            {"rejected": view.theory.value("reject_by_then", **where), "futility": futility}
        )
    return pd.DataFrame(rows)


def _picture(view: RandomisedView, hypothesis: Hypothesis) -> Picture:
    decisions, theory = decisions_table(view, hypothesis), theory_table(view, hypothesis)
    has_theory = bool(theory["rejected"].notna().any())

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plot_decisions(decisions, theory=theory, ax=ax)
        decisions_legend(decisions, ax, theory=has_theory)

    svg = figure_svg(
        f"decisions-{hypothesis.name}",
        draw,
        width=8.6,
        height=0.95 + 0.42 * len(decisions),
        description="What is decided at each look",
    )
    caption = "All trials by what has been decided by the end of each look."
    if has_theory:
        caption += " Lines in ink are where theory has the ends of the coloured bars."
    return Picture(svg, f"Decisions on {hypothesis.name} by look", caption)


def _decided(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    """Probability of each decision at each look and in all."""
    looks = view.looks_of(hypothesis)
    rows: list[Compared] = [_compared(view, hypothesis, "reject", "Rejected, in all")]
    if len(looks) > 1:
        rows += [
            _compared(view, hypothesis, "stop_efficacy", f"Rejected at the {look_label(look)}", look)
            for look in looks
        ]
    for look in looks[:-1]:
        label = f"Stopped for futility at the {look_label(look)}"
        rows.append(_compared(view, hypothesis, "stop_futility", label, look))
    rows.append(_compared(view, hypothesis, "stop_end", "Not rejected at the last look"))
    shown = [row for row in rows if row[1].estimate > 0 or row[2] > 0 or "in all" in row[0]]
    return _beside_theory(view, f"Decisions on {hypothesis.name}, % of all trials", shown)


def _compared(
    view: RandomisedView,
    hypothesis: Hypothesis,
    measure: str,
    label: str,
    look: Analysis | None = None,
) -> Compared:
    analysis = "all" if look is None else look.name
    found = view.measured.of_hypothesis(hypothesis, measure, analysis)
    expected = view.theory.value(measure, hypothesis=hypothesis.name, analysis=analysis)
    return label, found, expected, 100.0, 2


def _beside_theory(view: RandomisedView, title: str, rows: list[Compared]) -> Table:
    cells = [
        (
            label,
            with_error(found, scale, digits),
            monte_carlo_interval(found, scale, digits),
            number(scale * expected, digits),
            _difference(found, expected),
        )
        for label, found, expected, scale, digits in rows
    ]
    header = ["", "Simulated", "95% interval", "Theory", "Difference, MCSE"]
    keep = 5 if any(row[3] != NO_VALUE for row in cells) else 3
    caption = (
        "Difference: simulated less theory, in Monte Carlo standard errors of the simulation."
        if keep == 5
        else ""
    )
    return Table(
        title,
        header[:keep],
        [row[:keep] for row in cells],
        numeric=tuple(range(1, keep)),
        caption=caption,
    )


def _difference(found: Estimate, expected: float) -> str:
    if math.isnan(expected) or not found.mcse > 0:
        return NO_VALUE
    value = (found.estimate - expected) / found.mcse
    text = number(value, 1)
    return f"+{text}" if value > 0 and text.strip("0.") else text


# ---- the trial ------------------------------------------------------------------------------


def _of_trial(view: RandomisedView) -> Table:
    """Sizes, events and calendar times, of the looks and of the trial as it ends."""
    rows = [
        _trial(view, "sample_size", "Patients when the trial ends"),
        _trial(view, "duration", "Months to the last decision"),
    ]
    for endpoint in view.scenario.endpoints:
        found = view.measured.of_endpoint(endpoint, "events.mean")
        expected = view.theory.value("events.mean", analysis="stop", endpoint=endpoint)
        label = f"{ENDPOINTS[endpoint]}: events when the trial ends"
        rows.append((label, found, expected, 1.0, 1))
    for look in view.analyses:
        rows += _of_look(view, look)
    return _beside_theory(view, "Means over trials", [row for row in rows if row[1].n_analysed])


def _trial(view: RandomisedView, measure: str, label: str) -> Compared:
    name = f"{measure}.mean"
    expected = view.theory.value(name, analysis="stop")
    return label, view.measured.of_trial(name), expected, 1.0, 1


def _of_look(view: RandomisedView, look: Analysis) -> list[Compared]:
    label = look_label(look).capitalize()
    rows: list[Compared] = []
    for measure, words in (("cut_time", "month of the data cut"), ("n_enrolled", "patients")):
        name = f"{measure}.mean"
        expected = view.theory.value(name, analysis=look.name)
        rows.append(
            (f"{label}: {words}", view.measured.of_trial(name, look.name), expected, 1.0, 1)
        )
    for endpoint in view.scenario.endpoints:
        found = view.measured.of_endpoint(endpoint, "events.mean", look.name)
        expected = view.theory.value("events.mean", analysis=look.name, endpoint=endpoint)
        rows.append((f"{label}: {endpoint} events", found, expected, 1.0, 1))
    return rows


