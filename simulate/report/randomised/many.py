"""What is told of many hypotheses at once, each in a row: decisions, estimates and what-ifs."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from simulate.monte_carlo import Estimate
from simulate.plots.what_ifs import plot_variants
from simulate.report.blocks import Block, Picture, Table
from simulate.report.numbers import NO_VALUE, number
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import monte_carlo_interval, with_error
from simulate.report.svg import figure_svg
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis


def decisions_of_many(view: RandomisedView) -> list[Block]:
    """How often each hypothesis is rejected, as a picture, and at which look, as a table."""
    return [_picture(view), _table(view)]


def _picture(view: RandomisedView) -> Picture:
    found = [(h.name, view.measured.of_hypothesis(h, "reject")) for h in view.hypotheses]
    table = pd.DataFrame(
        [(name, 100 * e.estimate, 100 * e.lower, 100 * e.upper) for name, e in found],
        columns=["label", "estimate", "lower", "upper"],
    )
    words = "Type I error" if view.under_null else "Power"

    def draw(figure: Figure) -> None:
        plot_variants(table, label=f"{words}, %", ax=figure.subplots())

    svg = figure_svg(
        "hypotheses",
        draw,
        width=8.6,
        height=0.75 + 0.25 * len(table),
        description=f"{words} of each hypothesis",
    )
    caption = (
        "Probability that each is rejected, with 95% Monte Carlo intervals. The line and its band "
        "are those of the first."
    )
    return Picture(svg, f"{words} of each hypothesis", caption)


def _table(view: RandomisedView) -> Table:
    by_theory = any(not math.isnan(view.theory.rejected(h)) for h in view.hypotheses)
    looks = [
        look for look in view.analyses if any(_decides(view, h, look) for h in view.hypotheses)
    ]
    gives_up = any(_stops(view, h, "futility").estimate > 0 for h in view.hypotheses)
    header = ["", "Rejected", "95% interval", *(["Theory"] if by_theory else [])]
    header += [f"At the {look_label(look)}" for look in looks] if len(looks) > 1 else []
    header += [*(["Given up for futility"] if gives_up else []), "Not rejected"]
    rows = []
    for each in view.hypotheses:
        found = view.measured.of_hypothesis(each, "reject")
        row = [each.name, with_error(found, 100, 2), monte_carlo_interval(found, 100, 2)]
        row += [number(100 * view.theory.rejected(each), 2)] if by_theory else []
        row += [_at(view, each, look) for look in looks] if len(looks) > 1 else []
        row += [with_error(_stops(view, each, "futility"), 100, 2)] if gives_up else []
        rows.append([*row, with_error(_stops(view, each, "end"), 100, 2)])
    caption = "At a look: rejected there."
    return Table(
        "Decisions, % of all trials",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=caption if len(looks) > 1 else "",
    )


def _decides(view: RandomisedView, hypothesis: Hypothesis, look: Analysis) -> bool:
    return look in view.decided_looks(hypothesis)


def _stops(view: RandomisedView, hypothesis: Hypothesis, why: str) -> Estimate:
    return view.measured.of_hypothesis(hypothesis, f"stop_{why}")


def _at(view: RandomisedView, hypothesis: Hypothesis, look: Analysis) -> str:
    if not _decides(view, hypothesis, look):
        return NO_VALUE
    found = view.measured.of_hypothesis(hypothesis, "stop_efficacy", look.name)
    return with_error(found, 100, 2)


def estimates_of_many(view: RandomisedView, hypotheses: list[Hypothesis]) -> Table:
    """Hazard ratio of each hypothesis at its decision, its bias and its coverage."""
    rows = [[each.name, *_estimates(view, each)] for each in hypotheses]
    header = ["", "Hazard ratio", "Log hazard ratio", "Bias", "Bias if rejected", "Coverage, %"]
    keep = [i for i in range(len(header)) if i < 3 or any(row[i] != NO_VALUE for row in rows)]
    held = "Bias of the log hazard ratio and coverage of the 95% interval are against the true one"
    held += ", or, where hazards are not proportional, the average that theory expects by then."
    return Table(
        "Hazard ratios at the decision",
        [header[i] for i in keep],
        [[row[i] for i in keep] for row in rows],
        numeric=tuple(range(1, len(keep))),
        caption="Hazard ratio: the geometric mean over trials. " + (held if len(keep) > 3 else ""),
    )


def _estimates(view: RandomisedView, hypothesis: Hypothesis) -> list[str]:
    def get(measure: str) -> Estimate:
        return view.measured.of_hypothesis(hypothesis, f"log_hazard_ratio.{measure}", "stop")

    middle = get("mean")
    of = "" if not math.isnan(get("bias").estimate) else "_of_average"
    return [
        number(math.exp(middle.estimate), 3),
        with_error(middle, 1, 4, sign=True),
        with_error(get(f"bias{of}"), 1, 4, sign=True),
        with_error(get(f"bias{of}_if_rejected"), 1, 4, sign=True),
        with_error(get(f"coverage{of}"), 100, 2),
    ]
