"""How far readers agree, arm by arm: of the scenario, and of each of its what-ifs."""

from __future__ import annotations

from collections.abc import Mapping

from simulate.distributions import FloatArray
from simulate.looks.design import CONCORDANCE
from simulate.monte_carlo import mean
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.versions import compared_arms, discrepancy_rates, rates_between_arms
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
        f"error. {_WHAT_RATES_ARE} {_NO_BIAS} Where scans end at the call of the first reader, the "
        "second cannot call progression later."
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
                rows += _changes(view, found, one, other)
        title = f"Concordance of {one} and {other} by variant"
        caption = f"At the {look_label(view.analyses[-1])}. {_WHAT_RATES_ARE} {_HELD_AGAINST}"
        tables.append(_table(title, rows, groups, caption))
    return tables


_NO_BIAS = (
    "The rates of two arms differ also where no reader is biased: with another hazard or follow-up "
    "come other numbers of scans before and after progression. Evaluation bias is what they differ "
    "by beyond the same trial without it: a what-if."
)

_HELD_AGAINST = (
    "Less the scenario: how far the difference between the arms is another one than in the "
    "scenario, in pairs of trials. That is evaluation bias if readers are biased in one of the two "
    "and nothing else is changed; a difference between arms by itself is not."
)


def _table(title: str, rows: list[list[str]], groups: dict[int, str], caption: str) -> Table:
    return Table(title, _HEADER, rows, numeric=(1, 2, 3, 4), groups=groups, caption=caption)


def _rows(view: RandomisedView, outcomes: Outcomes, one: str, other: str) -> list[list[str]]:
    """Rates of two readers, a row an arm, and differences between compared arms."""
    rows = []
    for arm in view.arms:
        rates = discrepancy_rates(outcomes, view.analyses[-1].name, one, other, arm.name)
        rows.append([arm.label, *(with_error(mean(rate), 100.0) for rate in rates.values())])
    for arms in compared_arms(view.outcomes):
        rates = rates_between_arms(outcomes, view.analyses[-1].name, one, other, arms)
        rows.append([_less(view, arms), *map(_signed, rates.values())])
    return rows


def _changes(view: RandomisedView, variant: Outcomes, one: str, other: str) -> list[list[str]]:
    """How differences between arms change in a variant, in pairs: a row for each compared two."""
    rows, n = [], min(variant.n, view.n)
    for arms in compared_arms(view.outcomes):
        found = [
            rates_between_arms(each, view.analyses[-1].name, one, other, arms)
            for each in (variant, view.outcomes)
        ]
        changes = [found[0][name][:n] - found[1][name][:n] for name in found[0]]
        rows.append(["Less the scenario", *map(_signed, changes)])
    return rows


def _less(view: RandomisedView, arms: tuple[str, str]) -> str:
    return " less ".join(view.label(name) for name in arms)


def _signed(values: FloatArray) -> str:
    return with_error(mean(values), 100.0, sign=True)
