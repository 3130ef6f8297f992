"""The section on enrolment and follow-up, under every model of accrual that was run."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from simulate.analysis.curves import CurveCounts
from simulate.monte_carlo import quantile
from simulate.plots.enrolment import plot_enrolment
from simulate.replicates import AnalysedReplicates
from simulate.report.blocks import Block, Picture, Prose, Section, Table
from simulate.report.facts import fact_dates
from simulate.report.numbers import in_unit, interval, listed, number
from simulate.report.svg import figure_svg
from simulate.report.view import View, spread_of
from simulate.scenario.scenario import Scenario

FOLLOW_UP = (
    "n_enrolled",
    "enrolment_duration",
    "followup_median",
    "followup_median_naive",
    "followup_min",
    "followup_max",
)

_MOST_PANELS = 3


@dataclass(frozen=True)
class Accrual:
    """One model of accrual that was run."""

    title: str
    scenario: Scenario
    analysed: AnalysedReplicates


def accruals(view: View) -> list[Accrual]:
    """The scenario, and every variant that enrols differently."""
    base = view.scenario
    found = [Accrual("As in the scenario", base, view.analysed)]
    for variant in base.sweep:
        other = base.variant(variant.name)
        same = (other.enrolment, other.sample_size, other.origin)
        if same != (base.enrolment, base.sample_size, base.origin):
            results = view.result.variants.get(variant.name, {})
            analysed = results.get(view.analysed.name)
            if analysed is not None:
                found.append(Accrual(other.title, other, analysed))
    return found


def enrolment_section(view: View) -> Section:
    """Cumulative enrolment, and the follow-up that comes of it."""
    found = accruals(view)
    blocks: list[Block] = [_picture(view, found[:_MOST_PANELS]), _table(view, found)]
    explanation = (
        "Enrolment decides how long patients can be followed by the data cut. Median follow-up is "
        "that of the reverse Kaplan-Meier method, in which a death ends the observation without "
        "being the end of follow-up; the median of all observed times, deaths included, stands "
        "beside it because publications do not always say which they print."
    )
    return Section("enrolment", "Enrolment and follow-up", [Prose(explanation), *blocks])


def _band(accrual: Accrual) -> pd.DataFrame:
    curves: CurveCounts = accrual.analysed.curves
    size = accrual.scenario.sample_size
    origin = accrual.scenario.origin
    return pd.DataFrame(
        {
            "date": [origin + dt.timedelta(days=int(day)) for day in curves.grid],
            "median": size * curves.quantile("enrolled", 0.5),
            "lower": size * curves.quantile("enrolled", 0.025),
            "upper": size * curves.quantile("enrolled", 0.975),
        }
    )


def _example_dates(view: View) -> list[dt.date]:
    if view.example is None:
        return []
    days = view.example.snapshots[view.analysed.name].subjects["enrolment_trial_day"]
    return [view.scenario.origin + dt.timedelta(days=int(day)) for day in days]


def _reported(view: View) -> list[tuple[dt.date, float]]:
    dates, n = fact_dates(view.scenario), view.reported("n_enrolled").value
    if math.isnan(n):
        return []
    known = (("enrolment_first", 1.0), ("enrolment_last", n))
    return [(dates[name], count) for name, count in known if name in dates]


def _picture(view: View, found: list[Accrual]) -> Picture:
    bands = [_band(accrual) for accrual in found]
    reported = _reported(view)
    last = [*(_full(band) for band in bands), *(date for date, _ in reported)]
    end = max(last) + dt.timedelta(days=60)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
        for i, (ax, accrual, band) in enumerate(zip(panels, found, bands, strict=True)):
            example = _example_dates(view) if i == 0 else ()
            plot_enrolment(band, example=example, reported=reported, end=end, ax=ax)
            ax.set_title(textwrap.fill(accrual.title, 84 // len(found)), fontsize=9)
            if i:
                ax.set_ylabel("")

    parts = [
        "Blue: the median over replicates with the band of 95% of them, day by day. Ink: the "
        "example replicate."
    ]
    if reported:
        parts.append("Diamonds: the published first and last enrolment.")
    if len(found) > 1:
        names = listed(accrual.title for accrual in found[1:])
        parts.append(f"Right: {names}.")
    return Picture(
        figure_svg(
            "enrolment",
            draw,
            width=8.6,
            height=3.3,
            description="Patients enrolled over calendar time",
        ),
        "Cumulative enrolment",
        " ".join(parts),
    )


def _full(band: pd.DataFrame) -> dt.date:
    """First day on which the lower limit of the band is as high as it gets."""
    reached = band.loc[band["lower"] >= band["lower"].max(), "date"]
    date: dt.date = reached.iloc[0]
    return date


def _errors(view: View, found: list[Accrual]) -> str:
    """The largest Monte Carlo error of the medians of follow-up, in words."""
    errors = [
        quantile(accrual.analysed.column(name), 0.5).mcse
        for accrual in found
        for name in FOLLOW_UP
        if view.unit(name) == "months"
    ]
    errors = [error for error in errors if not math.isnan(error)]
    if not errors:
        return ""
    return f"Monte Carlo standard errors of the medians: at most {number(max(errors), 2)} months."


def _table(view: View, found: list[Accrual]) -> Table:
    rows = []
    for name in FOLLOW_UP:
        statistic = view.statistics[name]
        unit = statistic.unit
        cells = [f"{statistic.label}, {unit}"]
        if view.has_facts:
            cells.append(in_unit(view.reported(name).value, unit))
        for accrual in found:
            spread = spread_of(accrual.analysed.column(name) * statistic.scale)
            cells += [in_unit(spread.median, unit), interval(spread.lower, spread.upper, unit)]
        rows.append(cells)
    header = ["", *(["Reported"] if view.has_facts else [])]
    for accrual in found:
        header += [accrual.title, "95% of replicates"]
    return Table(
        "Enrolment and follow-up by model of accrual",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=" ".join(
            [
                "Medians over replicates, and the limits of 95% of them.",
                *(f"{a.title}: {a.analysed.n:,} replicates." for a in found),
                _errors(view, found),
            ]
        ),
    )
