"""The section on subgroups: one trial's forest plots, with the spread of chance behind them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.analysis.proportions import clopper_pearson
from simulate.analysis.response import responses_of
from simulate.analysis.survival import sample_of
from simulate.plots.forest import plot_forest
from simulate.report.blocks import Picture, Prose, Section, Table
from simulate.report.numbers import in_unit, interval, listed, number
from simulate.report.svg import figure_svg
from simulate.report.view import View

_PREFERRED = "12"  # months


def subgroups_section(view: View) -> Section:
    """Forest plots of the response rate and a rate of PFS; empty without subgroups."""
    if view.result.subgroups.empty or not view.analysed.groups:
        return Section("subgroups", "Subgroups", [])
    measures = ["orr"]
    if view.months:
        middle = view.months[(len(view.months) - 1) // 2]
        measures.append(f"pfs_rate_{_PREFERRED if _PREFERRED in view.months else middle}")
    tables = {measure: _groups(view, measure) for measure in measures}
    return Section(
        "subgroups",
        "Subgroups",
        [Prose(_meaning(view)), _picture(view, tables), _table(view, tables)],
    )


def _meaning(view: View) -> str:
    factors = view.scenario.disease.prognostic_factors
    if not factors:
        return (
            "No effect of any baseline variable was simulated: all groups share one truth. What "
            "differs between them, in the example replicate as over all replicates, is chance "
            "alone; the bands show how far apart groups of these sizes come to lie without any "
            "reason."
        )
    names = listed(
        f"{factor.variable} ({factor.level}: hazard ratio of progression {factor.progression:g})"
        for factor in factors
    )
    return (
        f"The simulated disease depends on {names}. The bands hold these effects and chance "
        "together; groups of all other variables differ by chance and by what they share with "
        "these."
    )


def _groups(view: View, measure: str) -> pd.DataFrame:
    """Example estimates and the range over replicates, a row a group."""
    table = view.result.subgroups
    table = table[table["analysis"] == view.analysed.name]
    chosen = table[table["measure"] == measure].reset_index(drop=True)
    sizes = table[table["measure"] == "n"].reset_index(drop=True)
    estimates = [_example(view, measure, i) for i in range(len(view.analysed.groups))]
    return pd.DataFrame(
        {
            "subgroup": chosen["subgroup"],
            "group": chosen["group"],
            "estimate": [e[0] for e in estimates],
            "lower": [e[1] for e in estimates],
            "upper": [e[2] for e in estimates],
            "n": [e[3] for e in estimates],
            "median": chosen["median"],
            "low": chosen["lower"],
            "high": chosen["upper"],
            "median_n": sizes["median"],
            "n_requested": chosen["n_requested"],
            "n_analysed": chosen["n_analysed"],
        }
    )


def _example(view: View, measure: str, group: int) -> tuple[float, float, float, int]:
    """Estimate, limits and number of patients of a group in the example replicate."""
    nothing = (math.nan, math.nan, math.nan)
    if view.example is None:
        return (*nothing, 0)
    snapshot = view.example.snapshots[view.analysed.name]
    endpoints = view.example.endpoints[view.analysed.name]
    chosen = view.analysed.groups[group]
    rows = np.isin(snapshot.baseline[str(chosen.variable_id)], chosen.levels)
    own = {name: column[rows] for name, column in endpoints.items()}
    confidence = view.scenario.endpoints.confidence
    if measure == "orr":
        found = responses_of(own)
        n, responders = found.assessed, found.complete + found.partial
        if n == 0:
            return (*nothing, 0)
        limits = clopper_pearson(responders, n, confidence=confidence)
        return responders / n, float(limits.lower), float(limits.upper), n
    time, event = sample_of(own, "pfs")
    if not len(time):
        return (*nothing, 0)
    curve = kaplan_meier(time, event, confidence=confidence)
    landmark = view.scenario.endpoints.landmarks[view.months.index(measure.rsplit("_", 1)[1])]
    lower, upper = curve.interval_at(landmark)
    return float(curve.survival_at(landmark)), float(lower), float(upper), len(time)


def _title(measure: str) -> str:
    return (
        "Objective response rate, %"
        if measure == "orr"
        else f"PFS rate at {measure.rsplit('_', 1)[1]} months, %"
    )


def _overall(view: View, measure: str) -> float:
    return view.spread(measure).median / 100


def _picture(view: View, tables: dict[str, pd.DataFrame]) -> Picture:
    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(tables), squeeze=False)[0]
        for i, (ax, (measure, table)) in enumerate(zip(panels, tables.items(), strict=True)):
            plot_forest(table, overall=_overall(view, measure), labels=i == 0, ax=ax)
            ax.set_title(_title(measure), fontsize=9)

    table = next(iter(tables.values()))
    height = 0.7 + 0.235 * (len(table) + 1.5 * table["subgroup"].nunique())
    return Picture(
        figure_svg("forest", draw, width=8.6, height=height, description="Forest plots"),
        "Subgroups of one trial against the spread over replicates",
        f"Dots and lines: the example replicate with its {view.confidence} intervals (exact for "
        "response, Kaplan-Meier with log(-log) limits for PFS), n its patients. Bands: 95% of the "
        "replicates, with their median. Dashed: the median over replicates of all patients.",
    )


def _errors(view: View) -> str:
    """The largest Monte Carlo error of the medians over replicates, in percentage points."""
    table = view.result.subgroups
    rates = table[(table["analysis"] == view.analysed.name) & (table["measure"] != "n")]
    errors = rates["mcse"].tolist()
    defined = [error for error in errors if not math.isnan(error)]
    return number(100 * max(defined), 2) if defined else "undefined"


def _table(view: View, tables: dict[str, pd.DataFrame]) -> Table:
    first = next(iter(tables.values()))
    rows, groups, previous = [], {}, None
    for i in range(len(first)):
        if first["subgroup"][i] != previous:
            previous = first["subgroup"][i]
            groups[i] = str(previous)
        cells = [str(first["group"][i]), in_unit(first["median_n"][i], "patients")]
        for table in tables.values():
            cells += [
                in_unit(100 * table["median"][i], "%"),
                interval(100 * table["low"][i], 100 * table["high"][i], "%"),
                number(table["n_requested"][i] - table["n_analysed"][i], 0),
            ]
        rows.append(cells)
    header = ["Group", "Patients, median"]
    for measure in tables:
        header += [_title(measure), "95% of replicates", "Failed"]
    return Table(
        "Subgroups over replicates",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            f"Of {view.n:,} replicates requested; failed are those in which the group has nobody "
            f"to analyse. Medians; their Monte Carlo standard errors are at most {_errors(view)} "
            "percentage points."
        ),
        groups=groups,
    )
