"""The section on example trials: survival by arm of one of each kind, and one month by month."""

from __future__ import annotations

from matplotlib.figure import Figure

from simulate.plots.arms import LookMark, plot_months
from simulate.randomised.example import ExampleTrial
from simulate.report.blocks import Block, Details, Heading, Picture, Points, Prose, Section
from simulate.report.numbers import counted
from simulate.report.randomised.curves import curves_picture
from simulate.report.randomised.months import month_table, story_of
from simulate.report.randomised.view import RandomisedView
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
    blocks.append(curves_picture(view, shown))
    for endpoint in others:
        summary = f"{view.endpoint_title(endpoint)} of the same trials"
        blocks.append(Details(summary, [curves_picture(view, endpoint)]))
    first = examples[0]
    blocks += [
        Heading(f"Trial {first.replicate} month by month: {first.kind}"),
        Points([("", text) for text in story_of(view, first)]),
        _months_picture(view, first),
        Details("The same in numbers", [month_table(view, first)]),
    ]
    return Section("examples", "Example trials", blocks)


def _endpoints(view: RandomisedView) -> list[str]:
    """Endpoints of the examples, those that are tested first."""
    tested = [each.endpoint for each in view.hypotheses if each.endpoint in view.endpoints]
    found = dict.fromkeys([*tested, *view.endpoints])
    return [e for e in found if all(e.lower() in each.samples for each in view.result.examples)]


# ---- months ---------------------------------------------------------------------------------


def _months_picture(view: RandomisedView, example: ExampleTrial) -> Picture:
    counts = {f"{e.lower()}.events": f"{e} events" for e in view.endpoints}
    # the last month goes up to the cut only
    cut = example.cut_day / DAYS_PER_MONTH
    months = example.months.assign(month=example.months["month"].clip(upper=cut))

    def draw(figure: Figure) -> None:
        plot_months(months, counts=counts, looks=look_marks(example), ax=figure.subplots())

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
