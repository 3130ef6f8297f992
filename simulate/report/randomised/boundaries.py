"""The section on boundaries: what is planned, what trials had, and where they stood."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.monte_carlo import quantiles
from simulate.plots.boundaries import boundaries_legend, plot_boundaries
from simulate.report.blocks import Block, Details, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, counted, number
from simulate.report.randomised.bounds import (
    MEASURES,
    Row,
    bounds_by_level,
    bounds_of,
    simulated_bounds,
)
from simulate.report.randomised.view import RandomisedView, hypothesis_label, look_label
from simulate.report.randomised.words import small
from simulate.report.svg import figure_svg
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis

_HEADER = (
    "Look",
    "Events",
    "Information",
    "Efficacy, Z",
    "Nominal p",
    "Hazard ratio",
    "Futility, Z",
    "Hazard ratio",
)


def boundaries_section(view: RandomisedView) -> Section:
    """The bounds of each hypothesis; empty without hypotheses."""
    blocks: list[Block] = []
    if view.has_many:
        pictures = [each for h in view.hypotheses for each in _picture(view, h)]
        blocks += [_table(view, view.hypotheses), Details("The same as pictures", pictures)]
    else:
        for hypothesis in view.hypotheses:
            if len(view.hypotheses) > 1:
                blocks.append(Heading(hypothesis_label(hypothesis, view)))
            blocks += [_table(view, [hypothesis]), *_picture(view, hypothesis)]
    if blocks:
        blocks.insert(0, Prose(_introduction(view)))
    return Section("boundaries", "Boundaries", blocks)


def _introduction(view: RandomisedView) -> str:
    several = len(view.hypotheses) > 1
    text = (
        f"{'A hypothesis is rejected' if several else 'A trial stops for efficacy'} at a look at "
        "which Z, positive where the experimental arm is better, reaches the efficacy bound; the "
        "bounds are found anew at the events that each trial actually has, so that the error is "
        "spent as planned."
    )
    if several:
        text += " The trial goes on until all hypotheses are decided."
    if view.scenario.graph is not None:
        text += " Bounds depend on the level: the part of alpha that the hypothesis has."
    binding = [h.futility.binding for h in view.hypotheses if h.futility is not None]
    if not binding:
        return text
    futility = (
        f"It {'is given up' if several else 'stops'} for futility at or below the futility bound."
    )
    if all(binding):
        return f"{text} {futility} That bound is binding: the efficacy bounds count on it."
    return (
        f"{text} {futility} A non-binding bound leaves the type I error as it is if a trial goes "
        "on nevertheless; in the simulation every trial keeps to it."
    )


# ---- table ----------------------------------------------------------------------------------


def _table(view: RandomisedView, hypotheses: Sequence[Hypothesis]) -> Table:
    rows: list[tuple[str, ...]] = []
    groups: dict[int, str] = {}
    for hypothesis in hypotheses:
        several = f"{hypothesis.name}: " if len(hypotheses) > 1 else ""
        for part in bounds_of(view, hypothesis):
            groups[len(rows)] = several + (part.title.lower() if several else part.title)
            rows += [_row(_labelled(look, n), values) for look, values, n in part.rows]
    counted_are = {view.scenario.is_rate(each.endpoint) for each in hypotheses}
    header = (_HEADER[0], *_COUNTED[frozenset(counted_are)], *_HEADER[2:])
    caption = {"Information": _information(counted_are), **_CAPTION}
    keep = [i for i in range(len(_HEADER)) if i < 2 or any(row[i] != NO_VALUE for row in rows)]
    return Table(
        "Boundaries"
        + (f" of {hypotheses[0].name}" if 1 == len(hypotheses) < len(view.hypotheses) else ""),
        [header[i] for i in keep],
        [[row[i] for i in keep] for row in rows],
        numeric=tuple(range(1, len(keep))),
        groups=groups,
        caption=" ".join(
            text for name, text in caption.items() if name in [header[i] for i in keep]
        ),
    )


_COUNTED = {
    frozenset({False}): ("Events",),
    frozenset({True}): ("Patients",),
    frozenset({False, True}): ("Events or patients",),
}
"""What information is counted in, by whether hypotheses are on rates."""


def _information(are_rates: set[bool]) -> str:
    of_rates = "evaluable patients" if are_rates == {True} else "events, or evaluable patients,"
    what = "events" if are_rates == {False} else of_rates
    return f"Information is {what} as a share of those at which all error is spent."


_CAPTION = {
    "Nominal p": "p values are one-sided.",
    "Hazard ratio": (
        "The hazard ratio at a bound is the largest observed one that rejects, or the smallest "
        "that stops for futility, if the information on it is what events and allocation give."
    ),
}
"""What a caption says of a column that is there."""

_DIGITS = (1, 3, 3, 5, 3, 3, 3)


def _labelled(look: Analysis, n: int) -> str:
    return f"{look_label(look)} ({counted(n, 'trial')})" if n else look_label(look)


def _row(label: str, values: Row) -> tuple[str, ...]:
    cells = (
        _shown(name, values[name], digits) if math.isfinite(values[name]) else NO_VALUE
        for name, digits in zip(MEASURES, _DIGITS, strict=True)
    )
    return (label, *cells)


def _shown(name: str, value: float, digits: int) -> str:
    """A number; a p value that rounds to nothing is told to be below the last digit."""
    return small(value, digits) if name == "efficacy_p" else number(value, digits)


# ---- picture --------------------------------------------------------------------------------


def bounds_table(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """Bounds and where trials stood, a row a look, as `plot_boundaries` takes them."""
    rows = []
    for look in view.looks_of(hypothesis):
        column = view.outcomes.looks.column
        is_open = view.outcomes.is_open(hypothesis, look.name)
        z, log_ratio = (
            np.where(is_open, column(look.name, f"{hypothesis.name}.{what}"), np.nan)
            for what in ("z", "log_hr")
        )
        low, middle, high = _spread(z)
        hr_low, hr_middle, hr_high = np.exp(_spread(log_ratio))
        bounds, at_most = _lowest_and_highest(view, hypothesis, look)
        rows.append(
            {
                "name": look_label(look),
                "fraction": simulated_bounds(view, hypothesis, look.name)["fraction"],
                "z_efficacy": bounds.get("efficacy_bound", math.nan),
                "z_futility": bounds.get("futility_bound", math.nan),
                "z_highest": at_most.get("efficacy_bound", math.nan),
                "z_lower": low,
                "z_median": middle,
                "z_upper": high,
                "hr_efficacy": bounds.get("hazard_ratio_at_bound", math.nan),
                "hr_futility": bounds.get("hazard_ratio_at_futility", math.nan),
                "hr_highest": at_most.get("hazard_ratio_at_bound", math.nan),
                "hr_lower": hr_low,
                "hr_median": hr_middle,
                "hr_upper": hr_high,
            }
        )
    table = pd.DataFrame(rows)
    known = table[np.isfinite(table["fraction"])]
    return pd.DataFrame(known).reset_index(drop=True)


def _lowest_and_highest(
    view: RandomisedView, hypothesis: Hypothesis, look: Analysis
) -> tuple[Row, Row]:
    """Mean bounds of a look at the lowest and at the highest level that trials have there.

    The second is empty where they have one level.
    """
    if view.scenario.graph is None:
        return simulated_bounds(view, hypothesis, look.name), {}
    found = [row for row, _ in bounds_by_level(view, hypothesis, look.name).values()]
    return (found[0] if found else {}), (found[-1] if len(found) > 1 else {})


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float]:
    finite = np.where(np.isfinite(values), values, np.nan)
    low, middle, high = (q.estimate for q in quantiles(finite, (0.025, 0.5, 0.975)))
    return low, middle, high


def _has_any(table: pd.DataFrame, *columns: str) -> bool:
    """Whether there is a number in any of the columns."""
    return bool(np.isfinite(table[list(columns)].to_numpy(float)).any())


def _picture(view: RandomisedView, hypothesis: Hypothesis) -> list[Picture]:
    table = bounds_table(view, hypothesis)
    if table.empty:
        return []
    futility, levels = _has_any(table, "z_futility"), _has_any(table, "z_highest")
    bounds_are_ratios = _has_any(table, "hr_efficacy", "hr_futility")
    has_ratios = bounds_are_ratios or _has_any(table, "hr_median")

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 2 if has_ratios else 1, squeeze=False)[0]
        plot_boundaries(table, label="Z", ax=axes[0])
        if has_ratios:
            plot_boundaries(table, scale="hr", label="Hazard ratio", ax=axes[1])
        boundaries_legend(axes[0], futility=futility, levels=levels)

    svg = figure_svg(
        f"boundaries-{hypothesis.name}",
        draw,
        width=8.6,
        height=3.3,
        description=(
            f"Boundaries on Z{' and on the hazard ratio' if bounds_are_ratios else ''} by "
            "information fraction"
            + (", and observed hazard ratios" if has_ratios and not bounds_are_ratios else "")
        ),
    )
    several = len(view.hypotheses) > 1
    beyond = "hypothesis is decided" if several else "trial stops"
    before = "in which it was decided" if several else "that stopped"
    scales = "on Z and as hazard ratios" if bounds_are_ratios else "on Z"
    caption = (
        f"Mean bounds at the looks, {scales}; "
        f"beyond a bound, in its colour, the {beyond}. Bars are the trials that made the look: "
        f"those {before} before it are not among them, which is why a later bar can lie lower."
    )
    if has_ratios and not bounds_are_ratios:
        caption += " Observed hazard ratios have no bound: the test does not decide by them."
    if levels:
        caption += " Dashed: the bound at the highest level that trials have at the look."
    of = f" of {hypothesis.name}" if several else ""
    return [Picture(svg, f"Bounds{of}, and where trials stood", caption)]
