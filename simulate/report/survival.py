"""The section on survival: three endpoints, each drawn, and their rates in a table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.analysis.kaplan_meier import KaplanMeier, kaplan_meier
from simulate.analysis.statistics import SURVIVAL_ENDPOINTS
from simulate.analysis.survival import sample_of
from simulate.plots.style import BAND, EXAMPLE, REPORTED, SIMULATED, SOFT
from simulate.plots.survival import (
    SPARSE,
    Landmark,
    median_mark,
    plot_at_risk,
    plot_survival,
)
from simulate.report.blocks import Block, Picture, Prose, Section
from simulate.report.landmarks import landmark_table, median_table
from simulate.report.numbers import listed, with_unit
from simulate.report.operating import why_no_truth
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.units import DAYS_PER_MONTH

SHOWN = ("pfs", "os", "dor")


def survival_section(view: View) -> Section:
    """Kaplan-Meier curves, landmark rates and medians."""
    blocks: list[Block] = [Prose(_how_to_read(view))]
    for name in SHOWN:
        picture = _picture(view, name)
        if picture is None:
            _, _, long_name = SURVIVAL_ENDPOINTS[name]
            blocks.append(Prose(f"{long_name}: no replicate has a patient to analyse."))
        else:
            blocks.append(picture)
    return Section("survival", "Survival", [*blocks, *landmark_table(view), median_table(view)])


def _how_to_read(view: View) -> str:
    text = (
        "Each figure lays one simulated trial, the example replicate, over what all "
        f"{view.n:,} replicates give on each day. Times run from the "
        f"{view.scenario.endpoints.time_zero.replace('_', ' ')}; a month is {DAYS_PER_MONTH} days. "
        f"Curves are Kaplan-Meier estimates with {view.confidence} limits on the log(-log) scale "
        "(Greenwood's variance)."
    )
    return f"{text} {why_no_truth(view)}".rstrip()


def example_curve(view: View, endpoint: str) -> KaplanMeier | None:
    """Kaplan-Meier curve of the example replicate in months, None if there is nobody in it."""
    if view.example is None:
        return None
    time, event = sample_of(view.example.endpoints[view.analysed.name], endpoint)
    if not len(time):
        return None
    confidence = view.scenario.endpoints.confidence
    return kaplan_meier(time / DAYS_PER_MONTH, event, confidence=confidence)


def curve_band(view: View, curve: str) -> pd.DataFrame:
    """Curves of all replicates by day at the last analysis, for the days that any reaches."""
    table = view.result.curves
    chosen = (table["analysis"] == view.analysed.name) & (table["curve"] == curve)
    return table[chosen & (table["observed_share"] > 0)].reset_index(drop=True)


def _picture(view: View, name: str) -> Picture | None:
    curve, band = example_curve(view, name), curve_band(view, name)
    if curve is None and band.empty:
        return None
    band = band.assign(month=band["day"] / DAYS_PER_MONTH)
    _, short, long_name = SURVIVAL_ENDPOINTS[name]
    marks = [
        Landmark(float(m), *(value / 100 for value in view.reported(f"{name}_rate_{m}")))
        for m in view.months
    ]
    marks = [mark for mark in marks if not math.isnan(mark.rate)]
    reported = view.reported(f"{name}_median").value
    simulated = view.spread(f"{name}_median").median

    def draw(figure: Figure) -> None:
        rows = _numbers_at_risk(view, name, curve)
        upper, lower = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 0.055 * len(rows) + 0.02]}
        )
        plot_survival(curve, band=band, reported=marks, endpoint=long_name, ax=upper)
        medians = []
        if median_mark(upper, simulated, color=SIMULATED, marker="^"):
            medians.append((SIMULATED, "^", "Median time, simulated"))
        if median_mark(upper, reported, color=REPORTED, marker="D"):
            medians.append((REPORTED, "D", "Median time, reported"))
        _legend(upper, view, medians, has_reported=bool(marks), has_example=curve is not None)
        plot_at_risk(_within(rows, upper.get_xlim()[1]), ax=lower)

    return Picture(
        figure_svg(
            f"km-{name}",
            draw,
            width=8.6,
            height=4.9,
            description=f"Kaplan-Meier curves of {long_name.lower()} over months",
        ),
        f"{long_name} ({short})",
        _caption(view, name, band, bool(marks)),
    )


def _numbers_at_risk(
    view: View, name: str, curve: KaplanMeier | None
) -> dict[str, dict[float, float]]:
    rows: dict[str, dict[float, float]] = {}
    size = "responders" if name == "dor" else "n_enrolled"
    if curve is not None:
        ticks = np.arange(0, curve.last_time, 6)
        numbers = curve.at_risk_at(ticks)
        rows["At risk, example"] = dict(zip(ticks.tolist(), numbers.tolist(), strict=True))
    medians = {0.0: view.spread(size).median}
    for m in view.months:
        medians[float(m)] = view.spread(f"{name}_at_risk_{m}").median
    rows["At risk, median"] = {m: n for m, n in medians.items() if not math.isnan(n)}
    return rows


def _within(rows: dict[str, dict[float, float]], end: float) -> dict[str, dict[float, float]]:
    """Numbers at risk up to the end of the axis."""
    return {name: {m: n for m, n in row.items() if m <= end} for name, row in rows.items()}


def _legend(
    ax: Axes,
    view: View,
    medians: list[tuple[str, str, str]],
    *,
    has_reported: bool,
    has_example: bool,
) -> None:
    handles: list[Line2D | Patch] = []
    labels = []
    if has_example:
        handles += [
            Line2D([], [], color=EXAMPLE, lw=1.3, marker="|", markersize=5),
            Line2D([], [], color=SOFT, lw=0.8, linestyle=(0, (1, 1.6))),
        ]
        labels += ["Example replicate; ticks: censored", f"Its {view.confidence} limits"]
    handles += [Line2D([], [], color=SIMULATED, lw=1.6), Patch(color=BAND)]
    labels += [f"Median of {view.n:,} replicates", "95% of replicates"]
    if has_reported:
        handles.append(Line2D([], [], color=REPORTED, marker="o", lw=1.4, ms=5, mec="white"))
        labels.append(f"Reported rate, {view.confidence} interval")
    for color, marker, words in medians:
        handles.append(Line2D([], [], color=color, marker=marker, ls="none", ms=6, mec="white"))
        labels.append(words)
    ax.legend(handles, labels, loc="lower left", borderaxespad=0.6, labelspacing=0.3)


def _caption(view: View, name: str, band: pd.DataFrame, has_reported: bool) -> str:
    population = "responders" if name == "dor" else "all patients with a first dose"
    parts = [
        f"Of {population}. The ink line is one replicate, the blue line the pointwise median of "
        "all, and 95% of the replicates lie within the band on each day."
    ]
    sparse = band.loc[band["observed_share"] < SPARSE, "month"]
    if not sparse.empty:
        parts.append(
            f"From {sparse.iloc[0]:.1f} months on, where the band is hatched and the line dashed, "
            "fewer than half of the replicates still have data; the others have ended."
        )
    if has_reported:
        months = listed([m for m in view.months if not _unprinted(view, name, m)])
        parts.append(f"Points are the published rates at {months} months.")
    simulated, reported = view.spread(f"{name}_median"), view.reported(f"{name}_median")
    text = (
        f"The median over replicates of the median time is {with_unit(simulated.median, 'months')}"
    )
    if not math.isnan(reported.value):
        text += f"; reported: {with_unit(reported.value, 'months')}"
    return " ".join([*parts, text + "."])


def _unprinted(view: View, name: str, months: str) -> bool:
    return math.isnan(view.reported(f"{name}_rate_{months}").value)
