"""The section on boundaries: what is planned, what trials had, and where they stood."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.monte_carlo import quantiles
from simulate.plots.boundaries import boundaries_legend, plot_boundaries
from simulate.report.blocks import Block, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, number
from simulate.report.randomised.view import RandomisedView, hypothesis_label, look_label
from simulate.report.svg import figure_svg
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential.boundaries import nominal_p

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

_MEASURES = (
    "tested_events",
    "fraction",
    "efficacy_bound",
    "efficacy_p",
    "hazard_ratio_at_bound",
    "futility_bound",
    "hazard_ratio_at_futility",
)


def boundaries_section(view: RandomisedView) -> Section:
    """The bounds of each hypothesis; empty without hypotheses."""
    blocks: list[Block] = []
    for hypothesis in view.hypotheses:
        if len(view.hypotheses) > 1:
            blocks.append(Heading(hypothesis_label(hypothesis, view)))
        blocks += [_table(view, hypothesis), *_picture(view, hypothesis)]
    if blocks:
        blocks.insert(0, Prose(_introduction(view)))
    return Section("boundaries", "Boundaries", blocks)


def _introduction(view: RandomisedView) -> str:
    text = (
        "A trial stops for efficacy at a look at which Z, positive where the experimental arm is "
        "better, reaches the efficacy bound; the bounds are found anew at the events that each "
        "trial actually has, so that the error is spent as planned."
    )
    binding = [h.futility.binding for h in view.hypotheses if h.futility is not None]
    if not binding:
        return text
    futility = "It stops for futility at or below the futility bound."
    if all(binding):
        return f"{text} {futility} That bound is binding: the efficacy bounds count on it."
    return (
        f"{text} {futility} A non-binding bound leaves the type I error as it is if a trial goes "
        "on nevertheless; in the simulation every trial keeps to it."
    )


# ---- table ----------------------------------------------------------------------------------


def _table(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    looks = view.looks_of(hypothesis)
    rows: list[tuple[str, ...]] = []
    groups: dict[int, str] = {}
    planned = [_row(look_label(look), _planned(view, hypothesis, look.name)) for look in looks]
    if any(cell != NO_VALUE for row in planned for cell in row[1:]):
        groups[0] = "Planned"
        rows += planned
    groups[len(rows)] = "Simulated, mean over the trials that made the look"
    rows += [
        _row(look_label(look), simulated_bounds(view, hypothesis, look.name)) for look in looks
    ]
    keep = [i for i in range(len(_HEADER)) if i < 2 or any(row[i] != NO_VALUE for row in rows)]
    return Table(
        "Boundaries" + (f" of {hypothesis.name}" if len(view.hypotheses) > 1 else ""),
        [_HEADER[i] for i in keep],
        [[row[i] for i in keep] for row in rows],
        numeric=tuple(range(1, len(keep))),
        groups=groups,
        caption=" ".join(
            text for name, text in _CAPTION.items() if name in [_HEADER[i] for i in keep]
        ),
    )


_CAPTION = {
    "Information": "Information is events as a share of those at which all error is spent.",
    "Nominal p": "p values are one-sided.",
    "Hazard ratio": (
        "The hazard ratio at a bound is the largest observed one that rejects, or the smallest "
        "that stops for futility, if the information on it is what events and allocation give."
    ),
}
"""What a caption says of a column that is there."""

_DIGITS = (1, 3, 3, 5, 3, 3, 3)


def _row(label: str, values: dict[str, float]) -> tuple[str, ...]:
    cells = (
        number(values[name], digits) if math.isfinite(values[name]) else NO_VALUE
        for name, digits in zip(_MEASURES, _DIGITS, strict=True)
    )
    return (label, *cells)


_PLANNED = (
    "planned_events",
    "information_fraction",
    "efficacy_z",
    "efficacy_p",
    "efficacy_hazard_ratio",
    "futility_z",
    "futility_hazard_ratio",
)
"""Columns of theory that hold the same."""


def _planned(view: RandomisedView, hypothesis: Hypothesis, analysis: str) -> dict[str, float]:
    found = {
        name: view.theory.at_look(hypothesis, column, analysis)
        for name, column in zip(_MEASURES, _PLANNED, strict=True)
    }
    if math.isinf(found["efficacy_bound"]):
        found["efficacy_p"] = found["hazard_ratio_at_bound"] = math.nan  # nothing rejects there
    if found["futility_bound"] >= found["efficacy_bound"]:
        found["futility_bound"] = found["hazard_ratio_at_futility"] = math.nan
    return found


def simulated_bounds(
    view: RandomisedView, hypothesis: Hypothesis, analysis: str
) -> dict[str, float]:
    """Mean bounds of a look over the trials that made it; nan or infinite where it has none."""
    found = {
        name: view.measured.of_hypothesis(hypothesis, f"{name}.mean", analysis).estimate
        for name in ("tested_events", "fraction", "efficacy_bound", "futility_bound")
    }
    ratio = view.measured.of_hypothesis(hypothesis, "hazard_ratio_at_bound.mean", analysis).estimate
    found["hazard_ratio_at_bound"] = ratio
    found["efficacy_p"] = _p(found["efficacy_bound"])
    found["hazard_ratio_at_futility"] = math.nan
    if found["futility_bound"] >= found["efficacy_bound"]:
        found["futility_bound"] = math.nan  # at the last look both are one
    elif math.isfinite(ratio) and found["efficacy_bound"]:
        per_z = math.log(ratio) / found["efficacy_bound"]
        found["hazard_ratio_at_futility"] = math.exp(per_z * found["futility_bound"])
    return found


def _p(z: float) -> float:
    return float(nominal_p(z)) if math.isfinite(z) else math.nan


# ---- picture --------------------------------------------------------------------------------


def bounds_table(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """Bounds and where trials stood, a row a look, as `plot_boundaries` takes them."""
    rows = []
    for look in view.looks_of(hypothesis):
        bounds = simulated_bounds(view, hypothesis, look.name)
        column = view.outcomes.looks.column
        is_open = view.outcomes.is_open(hypothesis, look.name)
        z, log_ratio = (
            np.where(is_open, column(look.name, f"{hypothesis.name}.{what}"), np.nan)
            for what in ("z", "log_hr")
        )
        low, middle, high = _spread(z)
        hr_low, hr_middle, hr_high = np.exp(_spread(log_ratio))
        rows.append(
            {
                "name": look_label(look),
                "fraction": bounds["fraction"],
                "z_efficacy": bounds["efficacy_bound"],
                "z_futility": bounds["futility_bound"],
                "z_lower": low,
                "z_median": middle,
                "z_upper": high,
                "hr_efficacy": bounds["hazard_ratio_at_bound"],
                "hr_futility": bounds["hazard_ratio_at_futility"],
                "hr_lower": hr_low,
                "hr_median": hr_middle,
                "hr_upper": hr_high,
            }
        )
    table = pd.DataFrame(rows)
    known = table[np.isfinite(table["fraction"])]
    return pd.DataFrame(known).reset_index(drop=True)


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float, float]:
    finite = np.where(np.isfinite(values), values, np.nan)
    low, middle, high = (q.estimate for q in quantiles(finite, (0.025, 0.5, 0.975)))
    return low, middle, high


def _picture(view: RandomisedView, hypothesis: Hypothesis) -> list[Picture]:
    table = bounds_table(view, hypothesis)
    if table.empty:
        return []
    futility = bool(np.isfinite(table["z_futility"]).any())

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        plot_boundaries(table, label="Z", ax=left)
        plot_boundaries(table, scale="hr", label="Hazard ratio", ax=right)
        boundaries_legend(left, futility=futility)

    svg = figure_svg(
        f"boundaries-{hypothesis.name}",
        draw,
        width=8.6,
        height=3.3,
        description="Boundaries on Z and on the hazard ratio by information fraction",
    )
    caption = (
        "Mean bounds at the looks, on Z and as hazard ratios; beyond a bound, in its colour, the "
        "trial stops. Bars are the trials that made the look: those that stopped before it are not "
        "among them, which is why a later bar can lie lower."
    )
    return [Picture(svg, "Bounds, and where trials stood", caption)]
