"""Survival by arm of the example trials, one panel a trial."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulate.analysis.kaplan_meier import KaplanMeier, kaplan_meier
from simulate.plots.arms import arm_colors, month_step, plot_arms
from simulate.plots.survival import plot_at_risk
from simulate.randomised.example import ExampleTrial
from simulate.report.blocks import Picture
from simulate.report.numbers import capital, listed, number
from simulate.report.randomised.view import RandomisedView
from simulate.report.svg import figure_svg
from simulate.units import DAYS_PER_MONTH

_SHORTEST = 6.0  # months

_LONGEST = 16
"""Characters of a label that leave room for the curves."""

Curves = dict[str, KaplanMeier]
"""Curve of each arm in months, by the arm's label."""


def curves_of(view: RandomisedView, example: ExampleTrial, endpoint: str) -> Curves:
    """Kaplan-Meier curve of every arm of a trial; arms without patients are left out."""
    sample = example.samples[endpoint.lower()]
    found = {}
    for arm in view.arms:
        rows = sample[sample["arm"] == arm.name]
        days, event = rows["day"].to_numpy(float), rows["event"].to_numpy(bool)
        if len(days):
            found[arm.label] = kaplan_meier(days / DAYS_PER_MONTH, event)
    return found


def curves_picture(view: RandomisedView, endpoint: str) -> Picture:
    """An endpoint by arm in all example trials."""
    examples = view.result.examples
    columns = min(2, len(examples))
    rows = -(-len(examples) // columns)
    curves = [curves_of(view, example, endpoint) for example in examples]
    longest = [curve.last_time for each in curves for curve in each.values()]
    months = float(max([_SHORTEST, *(math.ceil(last) for last in longest)]))

    def draw(figure: Figure) -> None:
        heights = [1, 0.075 * len(view.arms) + 0.02, 0.06]  # curves, numbers at risk, a gap
        grid = figure.subplots(
            3 * rows, columns, squeeze=False, sharex=True, height_ratios=heights * rows
        )
        for ax in grid.flat:
            ax.set_visible(False)
        for i, (example, each) in enumerate(zip(examples, curves, strict=True)):
            panel = grid[3 * (i // columns) :, i % columns]
            _panel(view, example, each, endpoint, months, panel[0], panel[1])
        _legend(view, figure)

    svg = figure_svg(
        f"examples-{endpoint.lower()}",
        draw,
        width=8.6 if columns > 1 else 5.4,
        height=(2.6 + 0.2 * len(view.arms)) * rows + 0.3,
        description=f"{view.endpoint_title(endpoint)} by arm of example trials",
    )
    names = listed(f"trial {example.replicate} {example.kind}" for example in examples)
    caption = (
        "Kaplan-Meier curves by arm as known at the data cut with which the trial ended, in months "
        "from randomisation; ticks are censored patients, numbers below are at risk. Shown: "
        f"{names}."
    )
    return Picture(svg, f"{view.endpoint_title(endpoint)} by arm in example trials", caption)


def _panel(
    view: RandomisedView,
    example: ExampleTrial,
    curves: Curves,
    endpoint: str,
    months: float,
    upper: Axes,
    lower: Axes,
) -> None:
    """One trial: its curves, its hazard ratio in the corner, and its numbers at risk."""
    upper.set_visible(True)
    lower.set_visible(True)
    plot_arms(curves, colors=labelled_colors(view), months=months, endpoint=endpoint, ax=upper)
    upper.set_title(capital(example.kind), pad=8)
    text = _estimates(view, example, endpoint)
    upper.text(0.98, 0.97, text, transform=upper.transAxes, ha="right", va="top", fontsize=8)
    colors = labelled_colors(view)
    shown = [colors[label] for label in curves]
    plot_at_risk(_at_risk(view, curves, months), colors=shown, ax=lower)
    lower.tick_params(axis="y", labelsize=7.5)


def labelled_colors(view: RandomisedView) -> dict[str, str]:
    """Colour of each arm by its label."""
    controls = frozenset(view.label(hypothesis.control) for hypothesis in view.hypotheses)
    return arm_colors([arm.label for arm in view.arms], controls)


def _estimates(view: RandomisedView, example: ExampleTrial, endpoint: str) -> str:
    """Hazard ratio and Z of each hypothesis of an endpoint, when it was last tested."""
    texts = []
    for hypothesis in view.hypotheses:
        column, tested = f"{hypothesis.name}.log_hr", f"{hypothesis.name}.efficacy_bound"
        if hypothesis.endpoint != endpoint or column not in example.looks:
            continue
        for row in example.looks.dropna(subset=[column, tested]).iloc[-1:].to_dict("records"):
            several = f"{hypothesis.name}: " if len(view.hypotheses) > 1 else ""
            z = number(float(row[f"{hypothesis.name}.z"]), 2)
            texts.append(f"{several}HR {math.exp(row[column]):.2f}, Z {z}")
    return "\n".join(texts)


def _at_risk(view: RandomisedView, curves: Curves, months: float) -> dict[str, dict[float, float]]:
    """Numbers at risk by arm; an arm with a long label goes by its name."""
    ticks = np.arange(0, months, month_step(months))
    names = {arm.label: arm.name.replace("_", " ") for arm in view.arms}
    return {
        label if len(label) <= _LONGEST else names[label]: dict(
            zip(ticks.tolist(), curve.at_risk_at(ticks).tolist(), strict=True)
        )
        for label, curve in curves.items()
    }


def _legend(view: RandomisedView, figure: Figure) -> None:
    colors = labelled_colors(view)
    handles = [Line2D([], [], color=color, lw=1.5) for color in colors.values()]
    figure.legend(handles, list(colors), loc="outside upper left", ncols=min(4, len(handles)))
