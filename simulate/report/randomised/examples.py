"""The section on example trials: survival by arm of one of each kind, and one month by month."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulate.analysis.kaplan_meier import KaplanMeier, kaplan_meier
from simulate.plots.arms import LookMark, arm_colors, month_step, plot_arms, plot_months
from simulate.plots.survival import plot_at_risk
from simulate.randomised.example import ExampleTrial
from simulate.report.blocks import Block, Details, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import capital, counted, listed, number
from simulate.report.randomised.months import month_table, story_of
from simulate.report.randomised.view import ENDPOINTS, RandomisedView
from simulate.report.svg import figure_svg
from simulate.units import DAYS_PER_MONTH


def examples_section(view: RandomisedView) -> Section:
    """Single trials to look at; empty without examples."""
    examples = view.result.examples
    if not examples:
        return Section("examples", "Example trials", [])
    text = (
        "One simulated trial of each kind that occurred, the first of its kind, cut where it "
        "ended. They show what a team would see; that they exist says nothing of how often."
    )
    blocks: list[Block] = [Prose(text)]
    shown, *others = _endpoints(view)
    blocks.append(_curves(view, shown))
    for endpoint in others:
        blocks.append(
            Details(f"{ENDPOINTS[endpoint]} of the same trials", [_curves(view, endpoint)])
        )
    first = examples[0]
    blocks += [
        Heading(f"Trial {first.replicate} month by month: {first.kind}"),
        Prose(story_of(view, first)),
        _months_picture(view, first),
        Details("The same in numbers", [month_table(view, first)]),
    ]
    return Section("examples", "Example trials", blocks)


def _endpoints(view: RandomisedView) -> list[str]:
    """Endpoints of the examples, those that are tested first."""
    tested = [hypothesis.endpoint for hypothesis in view.hypotheses]
    found = dict.fromkeys([*tested, *view.scenario.endpoints])
    return [e for e in found if all(e.lower() in each.samples for each in view.result.examples)]


# ---- survival -------------------------------------------------------------------------------


def curves_of(view: RandomisedView, example: ExampleTrial, endpoint: str) -> dict[str, KaplanMeier]:
    """Kaplan-Meier curve of every arm of a trial in months, by the arm's label."""
    sample = example.samples[endpoint.lower()]
    found = {}
    for arm in view.arms:
        rows = sample[sample["arm"] == arm.name]
        days, event = rows["day"].to_numpy(float), rows["event"].to_numpy(bool)
        if len(days):
            found[arm.label] = kaplan_meier(days / DAYS_PER_MONTH, event)
    return found


def _curves(view: RandomisedView, endpoint: str) -> Picture:
    examples = view.result.examples
    columns = 1 if len(examples) == 1 else 2
    rows = math.ceil(len(examples) / columns)
    colors = labelled_colors(view)
    curves = [curves_of(view, example, endpoint) for example in examples]
    longest = [curve.last_time for each in curves for curve in each.values()]
    months = max([6.0, *(math.ceil(last) for last in longest)])
    risk = 0.075 * len(view.arms) + 0.02

    def draw(figure: Figure) -> None:
        grid = figure.subplots(
            2 * rows, columns, squeeze=False, sharex=True, height_ratios=[1, risk] * rows
        )
        for i, (example, each) in enumerate(zip(examples, curves, strict=True)):
            upper, lower = (
                grid[2 * (i // columns)][i % columns],
                grid[2 * (i // columns) + 1][i % columns],
            )
            plot_arms(each, colors=colors, months=months, endpoint=endpoint, ax=upper)
            upper.set_title(capital(example.kind), pad=12)
            _estimate(view, example, endpoint, upper)
            plot_at_risk(_at_risk(each, months), ax=lower)
            lower.tick_params(axis="y", labelsize=7.5)
        for i in range(len(examples), rows * columns):
            for ax in (
                grid[2 * (i // columns)][i % columns],
                grid[2 * (i // columns) + 1][i % columns],
            ):
                ax.axis("off")
        handles = [Line2D([], [], color=colors[arm.label], lw=1.5) for arm in view.arms]
        figure.legend(
            handles, [arm.label for arm in view.arms], loc="outside upper left", ncols=len(handles)
        )

    svg = figure_svg(
        f"examples-{endpoint.lower()}",
        draw,
        width=8.6,
        height=(2.5 + 0.2 * len(view.arms)) * rows + 0.3,
        description=f"{ENDPOINTS[endpoint]} by arm of example trials",
    )
    names = listed(f"trial {example.replicate} {example.kind}" for example in examples)
    caption = (
        "Kaplan-Meier curves by arm as known at the data cut with which the trial ended, in months "
        "from randomisation; ticks are censored patients, numbers below are at risk. Shown: "
        f"{names}."
    )
    return Picture(svg, f"{ENDPOINTS[endpoint]} by arm in example trials", caption)


def labelled_colors(view: RandomisedView) -> dict[str, str]:
    """Colour of each arm by its label."""
    controls = frozenset(view.label(hypothesis.control) for hypothesis in view.hypotheses)
    return arm_colors([arm.label for arm in view.arms], controls)


def _estimate(view: RandomisedView, example: ExampleTrial, endpoint: str, ax: object) -> None:
    """The hazard ratio of the endpoint's hypothesis at the last look, in the corner of a figure."""
    texts = []
    for hypothesis in view.hypotheses:
        column = f"{hypothesis.name}.log_hr"
        if hypothesis.endpoint != endpoint or column not in example.looks:
            continue
        row = example.looks.dropna(subset=[column]).iloc[-1:]
        for log_ratio, z in zip(row[column], row[f"{hypothesis.name}.z"], strict=True):
            several = f"{hypothesis.name}: " if len(view.hypotheses) > 1 else ""
            texts.append(f"{several}HR {math.exp(log_ratio):.2f}, Z {number(z, 2)}")
    ax.text(  # type: ignore[attr-defined]
        0.98,
        0.97,
        "\n".join(texts),
        transform=ax.transAxes,  # type: ignore[attr-defined]
        ha="right",
        va="top",
        fontsize=8,
    )


def _at_risk(curves: dict[str, KaplanMeier], months: float) -> dict[str, dict[float, float]]:
    ticks = np.arange(0, months, month_step(months))
    return {
        name: dict(zip(ticks.tolist(), curve.at_risk_at(ticks).tolist(), strict=True))
        for name, curve in curves.items()
    }


# ---- months ---------------------------------------------------------------------------------


def _months_picture(view: RandomisedView, example: ExampleTrial) -> Picture:
    counts = {
        endpoint.lower(): f"{endpoint} events"
        for endpoint in view.scenario.endpoints
        if endpoint.lower() in example.months
    }

    def draw(figure: Figure) -> None:
        plot_months(example.months, counts=counts, looks=look_marks(example), ax=figure.subplots())

    svg = figure_svg("months", draw, width=8.6, height=2.9, description="One trial month by month")
    caption = (
        f"Trial {example.replicate}: patients enrolled and events known by the end of each month "
        f"from the origin, {view.scenario.origin}. Dashed lines are the data cuts of its "
        f"{counted(len(example.looks), 'look')}."
    )
    return Picture(svg, "One trial over time", caption)


def look_marks(example: ExampleTrial) -> list[LookMark]:
    """The looks of a trial with their months."""
    rows = example.looks.to_dict("records")
    return [
        LookMark(float(row["cut_day"]) / DAYS_PER_MONTH, str(row["analysis"]).replace("_", " "))
        for row in rows
    ]
