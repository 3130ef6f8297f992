"""The section on calendar time: when looks are, when trials end, and how large they are then."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from simulate.describe.words import duration
from simulate.monte_carlo import Estimate
from simulate.plots.distributions import plot_distribution, plot_ended, plot_look_times
from simulate.plots.style import grid
from simulate.report.blocks import Block, Picture, Prose, Section, Table
from simulate.report.numbers import capital, listed, number
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import with_error
from simulate.report.svg import figure_svg
from simulate.units import DAYS_PER_MONTH

_SPREAD = ("q2.5", "q50", "q97.5")


def calendar_section(view: RandomisedView) -> Section:
    """Distributions of calendar times, sample size and events."""
    text = (
        "How long a trial takes and how large it becomes depends on the pace of its patients, of "
        "their events, and on where it stops. Months count from the origin, "
        f"{view.scenario.origin}."
    )
    blocks: list[Block] = [Prose(text), _times(view), *_at_stop(view), _table(view)]
    return Section("calendar", "Calendar time and size", blocks)


def _times(view: RandomisedView) -> Picture:
    times = {
        look_label(look): view.outcomes.looks.column(look.name, "cut_day") / DAYS_PER_MONTH
        for look in view.analyses
    }
    ended = view.outcomes.decision_day / DAYS_PER_MONTH

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1.7, 1])
        plot_look_times(times, n=view.n, ax=upper)
        upper.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=6, title=None)
        plot_ended(ended, ax=lower)
        lower.set_xlabel("Months from the origin")
        grid(upper)
        grid(lower)

    svg = figure_svg(
        "calendar", draw, width=8.6, height=3.7, description="Calendar times of looks and end"
    )
    caption = (
        "Above, the data cut of each look, as shares of all trials (a look that a trial does not "
        "reach is not drawn); below, the share of trials that have taken their last decision."
    )
    return Picture(svg, "When looks are, and when trials end", caption)


def _at_stop(view: RandomisedView) -> list[Picture]:
    """What varies between trials of patients and events; what is the same in all is not drawn."""
    outcomes = view.outcomes
    panels = [("Patients enrolled", outcomes.at_stop("n_enrolled"))]
    panels += [
        (f"{endpoint} events", outcomes.at_stop(f"{endpoint.lower()}.events"))
        for endpoint in view.endpoints
    ]
    panels = [(label, values) for label, values in panels if np.nanmax(values) > np.nanmin(values)]
    if not panels:
        return []

    def draw(figure: Figure) -> None:
        axes = np.atleast_1d(figure.subplots(1, len(panels)))
        for ax, (label, values) in zip(axes, panels, strict=True):
            plot_distribution(values, label=label, looks=outcomes.stopped_at, whole=True, ax=ax)
            grid(ax)
        for ax in axes[1:]:
            ax.set_ylabel("")

    svg = figure_svg(
        "at-stop", draw, width=8.6, height=2.0, description="Patients and events at the end"
    )
    caption = (
        "All trials at the data cut with which they end, in the colour of the look at which they "
        "do. The line is the mean."
    )
    words = " and ".join(
        word
        for word in ("patients", "events")
        if any((label == "Patients enrolled") == (word == "patients") for label, _ in panels)
    )
    return [Picture(svg, f"{capital(words)} when the trial ends", caption)]


def _table(view: RandomisedView) -> Table:
    """Mean and quantiles, of the end of the trial and of every look."""
    rows: list[tuple[str, ...]] = []
    groups = {0: "When the trial ends"}
    rows.append(_row("Patients", _of_trial(view, "sample_size")))
    rows.append(_row("Months to the data cut", _of_trial(view, "cut_time")))
    rows.append(_row("Months to the decision", _of_trial(view, "duration")))
    for endpoint in view.endpoints:
        rows.append(_row(f"{endpoint} events", _of_endpoint(view, endpoint, "stop")))
    for look in view.analyses:
        made = view.measured.of_trial("made", look.name)
        groups[len(rows)] = (
            f"{look_label(look).capitalize()}, made in {number(100 * made.estimate)}% of trials"
        )
        rows.append(_row("Patients", _of_trial(view, "n_enrolled", look.name)))
        rows.append(_row("Months to the data cut", _of_trial(view, "cut_time", look.name)))
        for endpoint in view.endpoints:
            rows.append(_row(f"{endpoint} events", _of_endpoint(view, endpoint, look.name)))
        overshoot = _of_trial(view, "overshoot", look.name)
        if overshoot[0].n_analysed:
            rows.append(_row("Events beyond the target", overshoot))
    return Table(
        "Size, events and time",
        ("", "Mean", "SD", "2.5%", "Median", "97.5%"),
        rows,
        numeric=(1, 2, 3, 4, 5),
        groups=groups,
        caption=f"Over trials; of a look, over those that made it. {_why_beyond(view)}",
    )


def _why_beyond(view: RandomisedView) -> str:
    """Why there may be more events at a look than it waits for."""
    lags = {
        trigger.events.adjudication_lag
        for look in view.analyses
        for trigger in look.cut.triggers
        if trigger.events is not None and trigger.events.adjudication_lag > 0
    }
    if not lags:
        return (
            "Events on the day on which the target is reached all count, so that there may be some "
            "beyond it."
        )
    return (
        f"A look waits {listed(duration(lag) for lag in sorted(lags))} for events to be "
        "adjudicated, and then counts all that have come until the data cut: these are the events "
        "beyond the target."
    )


Spread = list[Estimate]
"""Mean, standard deviation and three quantiles."""


def _of_trial(view: RandomisedView, name: str, analysis: str = "stop") -> Spread:
    measures = ("mean", "sd", *_SPREAD)
    return [view.measured.of_trial(f"{name}.{what}", analysis) for what in measures]


def _of_endpoint(view: RandomisedView, endpoint: str, analysis: str) -> Spread:
    measures = ("mean", "sd", *_SPREAD)
    return [view.measured.of_endpoint(endpoint, f"events.{what}", analysis) for what in measures]


def _row(label: str, spread: Spread) -> tuple[str, ...]:
    mean, sd, *rest = spread
    digits = 1 if label.startswith("Months") else 0  # the others are counts
    quantiles = (number(q.estimate, digits) for q in rest)
    return (label, with_error(mean), number(sd.estimate), *quantiles)
