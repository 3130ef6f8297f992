"""One example trial in words and month by month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simulate.randomised.example import ExampleTrial
from simulate.randomised.outcomes import FUTILE, GOES_ON, NOT_REJECTED, REJECTED
from simulate.report.blocks import Table
from simulate.report.numbers import counted, number
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.scenario.analyses import Analysis
from simulate.units import DAYS_PER_MONTH

_DECISIONS = {
    GOES_ON: "the trial goes on",
    REJECTED: "the null hypothesis is rejected",
    FUTILE: "the trial stops for futility",
    NOT_REJECTED: "the null hypothesis is not rejected",
}


_OF_ONE = {
    GOES_ON: "nothing is decided on it",
    REJECTED: "it is rejected",
    FUTILE: "it is given up for futility",
    NOT_REJECTED: "it is not rejected",
}
"""The same of one of several hypotheses."""


def story_of(view: RandomisedView, example: ExampleTrial) -> list[str]:
    """What happened at each look of a trial."""
    looks = {analysis.name: analysis for analysis in view.analyses}
    rows = example.looks.to_dict("records")
    told = [_at_look(view, looks[str(row["analysis"])], row) for row in rows]
    return [line for lines in told for line in lines]


def _at_look(view: RandomisedView, look: Analysis, row: dict[Any, Any]) -> list[str]:
    """A look and what it decides; of many hypotheses each in a line of its own."""
    month = number(float(row["cut_day"]) / DAYS_PER_MONTH)
    events = [
        f"{int(row[f'{endpoint.lower()}.events']):,} {endpoint} events"
        for endpoint in view.endpoints
        if not math.isnan(row.get(f"{endpoint.lower()}.events", math.nan))
    ]
    known = ", ".join([counted(int(row["n_enrolled"]), "patient"), *events])
    text = f"The {look_label(look)} is cut in month {month} with {known}"
    words = _OF_ONE if len(view.hypotheses) > 1 else _DECISIONS
    decisions = [found for each in view.hypotheses if (found := _decision(row, each.name, words))]
    if view.has_many:
        return [f"{text}.", *(f"{each}." for each in decisions)]
    return [f"{text}: {'; '.join(decisions)}." if decisions else f"{text}."]


def _decision(row: dict[Any, Any], name: str, words: Mapping[int, str]) -> str:
    """What is decided on a hypothesis that a look tests, with its Z and bound."""
    decision = row.get(f"{name}.decision", math.nan)
    is_tested = not math.isnan(row.get(f"{name}.efficacy_bound", math.nan))
    if math.isnan(decision):
        return ""
    if not is_tested:  # nothing can reject it any more, or the look has no say in it
        return f"{name} is not rejected" if decision > GOES_ON else ""
    z, bound = (number(float(row[f"{name}.{what}"]), 2) for what in ("z", "efficacy_bound"))
    ratio = math.exp(float(row.get(f"{name}.log_hr", math.nan)))
    spends = math.isfinite(float(row[f"{name}.efficacy_bound"]))
    found = f"Z of {name} is {z}, " + (f"the bound {bound}" if spends else "no alpha is spent")
    if not math.isnan(ratio):
        found += f", the hazard ratio {number(ratio, 2)}"
    return f"{found}, and {words[int(decision)]}"


def month_table(view: RandomisedView, example: ExampleTrial) -> Table:
    """Patients and events of a trial by the end of each month; months of looks stand out."""
    months = example.months
    endpoints = view.endpoints
    looks: dict[int, str] = {}
    for row in example.looks.to_dict("records"):
        month = math.ceil(float(row["cut_day"]) / DAYS_PER_MONTH)
        name = str(row["analysis"]).replace("_", " ")
        looks[month] = f"{looks[month]}, {name}" if month in looks else name
    before = {"enrolled": 0, **{f"{e.lower()}.events": 0 for e in endpoints}}
    rows = []
    for record in months[months["month"] > 0].to_dict("records"):
        month = int(record["month"])
        cells = [f"{month}"]
        for name in before:
            value = int(record[name])
            cells += [f"{value:,}", f"{value - before[name]:,}"]
            before[name] = value
        rows.append((*cells, looks.get(month, "")))
    header = ["Month", "Enrolled", "new"]
    for endpoint in endpoints:
        header += [f"{endpoint} events", "new"]
    return Table(
        f"Trial {example.replicate} month by month",
        [*header, "Data cut"],
        rows,
        numeric=tuple(range(len(header))),
        marked=frozenset(i for i, row in enumerate(rows) if row[-1]),
        caption=(
            "By the end of each month from the origin, the last one up to the data cut. Events are "
            "those known by then."
        ),
    )
