"""The section that sets the published facts beside the simulated trials."""

from __future__ import annotations

import pandas as pd

from simulate.report.blocks import Block, Details, Prose, Section, Table
from simulate.report.numbers import in_unit, interval, number
from simulate.report.view import View


def scorecard_section(view: View) -> Section:
    """The scorecard; empty without facts."""
    return Section("scorecard", "Scorecard", _blocks(view) if view.has_facts else [])


def _blocks(view: View) -> list[Block]:
    card = view.result.scorecard
    judged, inputs = card[card["role"] != "input"], card[card["role"] == "input"]
    return [
        Prose(f"{int(judged['inside'].sum())} of {len(judged)} reported numbers lie inside."),
        fact_table(judged, "Reported facts and simulated trials"),
        Details("Facts that were put into the scenario", [fact_table(inputs, "Inputs")]),
    ]


def fact_table(card: pd.DataFrame, title: str) -> Table:
    """One row a fact."""
    rows = [
        (
            str(fact.fact),
            str(fact.locator),
            str(fact.unit),
            in_unit(fact.reported, fact.unit),
            in_unit(fact.median, fact.unit),
            interval(fact.lower, fact.upper, fact.unit),
            number(fact.percentile, 0),
            "yes" if fact.inside else "no",
            str(fact.role),
        )
        for fact in card.itertuples()
    ]
    outside = frozenset(i for i, inside in enumerate(card["inside"]) if not inside)
    header = ("Fact", "Where", "Unit", "Reported", "Simulated", "95%", "Percentile", "Inside", "Role")
    return Table(title, header, rows, numeric=(3, 4), marked=outside)
