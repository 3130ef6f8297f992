"""How far readers agree, arm by arm: of the scenario, and of each of its what-ifs."""

from __future__ import annotations

from collections.abc import Mapping

from simulate.looks.design import CONCORDANCE
from simulate.monte_carlo import mean
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.versions import discrepancy_rates
from simulate.report.blocks import Block, Table
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import with_error

_HEADER = (
    "",
    "Agree on progression, %",
    "Agree on its scan, %",
    "Early discrepancy, %",
    "Late discrepancy, %",
)

_WHAT_RATES_ARE = (
    "Agree on progression: both call it or neither does. Agree on its scan: of those that both "
    "call. Early discrepancy: the first reader is earlier or alone, of those that the first calls. "
    "Late discrepancy: the first reader is later or silent, of all discrepancies (Amit et al. "
    "2011)."
)


def concordance_tables(view: RandomisedView) -> list[Block]:
    """Rates of each pair of readers by arm; nothing without readers to compare."""
    rows: list[list[str]] = []
    groups: dict[int, str] = {}
    for one, other in view.scenario.pairs_of_readers:
        groups[len(rows)] = f"{one} and {other}"
        rows += _rows(view, view.outcomes, one, other)
    caption = (
        f"At the {look_label(view.analyses[-1])}, mean \N{PLUS-MINUS SIGN} Monte Carlo standard "
        f"error. {_WHAT_RATES_ARE} A difference between arms is a sign of evaluation bias. Where "
        "scans end at the call of the first reader, the second cannot call progression later."
    )
    return [_table("Concordance of readers", rows, groups, caption)] if rows else []


def concordance_of_variants(view: RandomisedView, titles: Mapping[str, str]) -> list[Block]:
    """The same of each what-if, beside the scenario.

    Parameters
    ----------
    view
        The result.
    titles
        Variants to show, by name, as people read them.
    """
    tables: list[Block] = []
    for one, other in view.scenario.pairs_of_readers if titles else ():
        rows = _rows(view, view.outcomes, one, other)
        groups = {0: "Scenario as it stands"}
        for name, title in titles.items():
            found = view.result.variants[name]
            if found.has(f"{CONCORDANCE}.{one}.{other}.both_same.{view.arms[0].name}"):
                groups[len(rows)] = title
                rows += _rows(view, found, one, other)
        title = f"Concordance of {one} and {other} by variant"
        caption = f"At the {look_label(view.analyses[-1])}. {_WHAT_RATES_ARE} {_WHAT_BIAS_DOES}"
        tables.append(_table(title, rows, groups, caption))
    return tables


_WHAT_BIAS_DOES = (
    "If the first reader overlooks progression in one arm, agreement on its scan and late "
    "discrepancy tell the arms apart. Early discrepancy hardly does: it is a part of the calls "
    "that this reader does make, and of these about the same part stands alone."
)


def _table(title: str, rows: list[list[str]], groups: dict[int, str], caption: str) -> Table:
    return Table(title, _HEADER, rows, numeric=(1, 2, 3, 4), groups=groups, caption=caption)


def _rows(view: RandomisedView, outcomes: Outcomes, one: str, other: str) -> list[list[str]]:
    """Rates of two readers, a row an arm."""
    rows = []
    for arm in view.arms:
        rates = discrepancy_rates(outcomes, view.analyses[-1].name, one, other, arm.name)
        rows.append([arm.label, *(with_error(mean(rate), 100.0) for rate in rates.values())])
    return rows
