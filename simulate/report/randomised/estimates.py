"""The section on estimates: what the trial would report, and how far that is from true."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from simulate.monte_carlo import Estimate
from simulate.plots.hazard_ratios import plot_hazard_ratios
from simulate.plots.style import EFFICACY, FUTILITY, NOT_REJECTED
from simulate.randomised.outcomes import FUTILE
from simulate.report.blocks import Block, Details, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, number, signed
from simulate.report.randomised.arms import arms_table
from simulate.report.randomised.many import estimates_of_many
from simulate.report.randomised.view import RandomisedView, hypothesis_label, look_label
from simulate.report.randomised.words import monte_carlo_interval, small
from simulate.report.svg import figure_svg
from simulate.scenario.monitoring import Hypothesis

_AT_DECISION = "stop"

_AVERAGE = "_of_average"
"""How measures end that are held against the average hazard ratio of a look."""


def estimates_section(view: RandomisedView) -> Section:
    """Hazard ratios at the decision, medians and rates by arm; empty if nothing is estimated."""
    told = [
        each
        for each in view.hypotheses
        if not view.scenario.is_rate(each.endpoint) and view.outcomes.has(f"{each.name}.log_hr")
    ]
    blocks = [block for each in told for block in _of_hypothesis(view, each)]
    if view.has_many and told:
        blocks = [estimates_of_many(view, told), Details("Each hypothesis by itself", blocks)]
    blocks += arms_table(view)
    return Section("estimates", "What the trial would report", blocks)


def _of_hypothesis(view: RandomisedView, hypothesis: Hypothesis) -> list[Block]:
    several = [Heading(hypothesis_label(hypothesis, view))] if len(view.hypotheses) > 1 else []
    return [
        *several,
        Prose(_in_words(view, hypothesis)),
        _picture(view, hypothesis),
        _table(view, hypothesis),
    ]


def true_log_ratio(view: RandomisedView, hypothesis: Hypothesis) -> float:
    """True log hazard ratio; nan where hazards are not proportional."""
    mean = _of(view, hypothesis, "log_hazard_ratio.mean").estimate
    return mean - _of(view, hypothesis, "log_hazard_ratio.bias").estimate


def _of(view: RandomisedView, hypothesis: Hypothesis, measure: str) -> Estimate:
    return view.measured.of_hypothesis(hypothesis, measure, _AT_DECISION)


def _in_words(view: RandomisedView, hypothesis: Hypothesis) -> str:
    truth = true_log_ratio(view, hypothesis)
    if math.isnan(truth):
        return (
            "The hazard ratio is that of Cox's model at the look that decides. There is no single "
            "true one to hold it against: hazards of the two arms are not proportional over time "
            "or not the same for all patients, so what is estimated depends on the follow-up too."
            + _against_average(view, hypothesis)
        )
    given = _of(view, hypothesis, "log_hazard_ratio.bias_if_rejected")
    text = (
        "The hazard ratio is that of Cox's model at the look that decides; the true one is "
        f"{number(math.exp(truth), 2)}. Stopping early picks trials that look better than they "
        "are, so that the estimate is biased"
    )
    if math.isnan(given.estimate):
        return text + "."
    factor = 100 * (math.exp(given.estimate) - 1)
    verb = "below" if factor < 0 else "above"
    return (
        f"{text}: among trials that reject, its geometric mean lies {number(abs(factor))}% {verb} "
        "the truth."
    )


def _against_average(view: RandomisedView, hypothesis: Hypothesis) -> str:
    """What bias and coverage are held against instead, if theory has it."""
    if math.isnan(_of(view, hypothesis, f"log_hazard_ratio.bias{_AVERAGE}").estimate):
        return ""
    looks = [
        f"{number(view.theory.at_look(hypothesis, 'hazard_ratio', look.name), 3)} at the "
        f"{look_label(look)}"
        for look in view.looks_of(hypothesis)
    ]
    return (
        " Bias and coverage are told against the average hazard ratio that theory expects at the "
        f"look that decides: {', '.join(looks)}."
    )


def ratios_by_decision(
    view: RandomisedView, hypothesis: Hypothesis
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Log hazard ratios at the decision, by what was decided."""
    outcomes = view.outcomes
    values = outcomes.log_hazard_ratio(hypothesis)
    rejected = outcomes.rejects(hypothesis)
    futile = outcomes.decided(hypothesis, FUTILE).any(axis=0)
    found = {
        "Rejected": values[rejected],
        "Not rejected": values[~rejected & ~futile],
        "Stopped for futility": values[futile],
    }
    return {name: each for name, each in found.items() if len(each)}


_COLORS = {
    "Rejected": EFFICACY,
    "Not rejected": NOT_REJECTED,
    "Stopped for futility": FUTILITY,
}


def _picture(view: RandomisedView, hypothesis: Hypothesis) -> Picture:
    truth = true_log_ratio(view, hypothesis)

    def draw(figure: Figure) -> None:
        plot_hazard_ratios(
            ratios_by_decision(view, hypothesis),
            colors=_COLORS,
            n=view.n,
            truth=None if math.isnan(truth) else truth,
            ax=figure.subplots(),
        )

    svg = figure_svg(
        f"hazard-ratios-{hypothesis.name}",
        draw,
        width=8.6,
        height=2.7,
        description="Hazard ratios at the decision",
    )
    caption = (
        "Every trial once, at the look that decides, in the colour of its decision. A few in a "
        "thousand beyond the axis stand in its last bars."
    )
    return Picture(svg, f"Hazard ratios of {hypothesis.name} at the decision", caption)


def _table(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    rows = [
        ("Hazard ratio, mean", _of(view, hypothesis, "hazard_ratio.mean"), 1.0, 3, False),
        ("Hazard ratio, median", _of(view, hypothesis, "hazard_ratio.q50"), 1.0, 3, False),
        ("Log hazard ratio, mean", _of(view, hypothesis, "log_hazard_ratio.mean"), 1.0, 4, False),
        (
            "Bias of the log hazard ratio",
            _of(view, hypothesis, "log_hazard_ratio.bias"),
            1,
            4,
            True,
        ),
        (
            "Bias among trials that reject",
            _of(view, hypothesis, "log_hazard_ratio.bias_if_rejected"),
            1.0,
            4,
            True,
        ),
        (
            "Coverage of the 95% interval, %",
            _of(view, hypothesis, "log_hazard_ratio.coverage"),
            100.0,
            2,
            False,
        ),
    ]
    rows += [
        (label, _of(view, hypothesis, f"log_hazard_ratio.{measure}"), scale, digits, sign)
        for label, measure, scale, digits, sign in _OF_AVERAGE
    ]
    # where alpha is shared, bounds depend on the level: the section on boundaries has them
    for look in view.looks_of(hypothesis) if view.scenario.graph is None else ():
        found = view.measured.of_hypothesis(hypothesis, "hazard_ratio_at_bound.mean", look.name)
        label = f"Hazard ratio at the bound of the {look_label(look)}"
        rows.append((label, found, 1.0, 3, False))
    cells = [
        _row(label, found, scale, digits, sign=sign)
        for label, found, scale, digits, sign in rows
        if not math.isnan(found.estimate)
    ]
    has_bounds = any(cell[0].startswith("Hazard ratio at the bound") for cell in cells)
    return Table(
        f"Hazard ratio of {hypothesis.name} at the decision",
        ("", "Estimate", "MCSE", "95% interval", "Trials"),
        cells,
        numeric=(1, 2, 3, 4),
        caption=(
            f"Intervals are those of the Monte Carlo error. {_AT_BOUND if has_bounds else ''}"
            "Coverage is that of the usual interval, which takes no account of earlier looks."
        ),
    )


_AT_BOUND = (
    "The hazard ratio at the bound is the largest observed one that rejects at a look, mean over "
    "the trials that made it; some call it the minimal detectable difference. "
)

_OF_AVERAGE = (
    ("Bias against the expected average", f"bias{_AVERAGE}", 1.0, 4, True),
    ("The same among trials that reject", f"bias{_AVERAGE}_if_rejected", 1.0, 4, True),
    ("Coverage of the expected average, %", f"coverage{_AVERAGE}", 100.0, 2, False),
)
"""Lines of what is held against the average hazard ratio that theory expects at the look."""


def _row(label: str, found: Estimate, scale: float, digits: int, *, sign: bool) -> tuple[str, ...]:
    text = (signed if sign else number)(scale * found.estimate, digits)
    error = NO_VALUE if math.isnan(found.mcse) else small(scale * found.mcse, digits)
    interval = monte_carlo_interval(found, scale, digits)
    return label, text, error, interval, f"{found.n_analysed:,}"
