"""The table of published facts beside what the simulated trials give."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from simulate.report.blocks import Table
from simulate.report.numbers import SMALL_ERROR, error, in_unit, interval, number
from simulate.report.surprises import is_surprising
from simulate.report.view import View

_ONE = (
    *("Fact", "Where", "Unit", "Reported", "Median", "MCSE"),
    *("95%", "Percentile", "Inside", "Role"),
)
_BOTH = (
    *("Fact", "Reported", "Median", "MCSE"),
    *("95%, point", "Perc.", "95%, posterior", "Perc."),
)

_ELSEWHERE = " Where each number is printed stands in scorecard.csv."

Fact = Mapping[Hashable, Any]


def fact_table(view: View, facts: pd.DataFrame, title: str) -> Table:
    """One row a fact, grouped by topic, with one predictive check or both."""
    both = "inside_draws" in facts
    last = "Where" if facts["role"].nunique() == 1 else "Role"
    rows, groups, marked, previous = [], {}, set(), None
    for i, fact in enumerate(facts.to_dict("records")):
        if fact["topic"] != previous:
            previous = str(fact["topic"])
            groups[i] = previous
        if _stands_out(fact, both=both):
            marked.add(i)
        rows.append(_two_checks(view, fact, last) if both else _one_check(view, fact))
    return Table(
        title,
        (*_BOTH, last) if both else _ONE,
        rows,
        numeric=(1, 2, 3, 4, 5, 6, 7) if both else (3, 4, 5, 6, 7),
        caption=_caption(facts, both=both) + (_ELSEWHERE if both and last == "Role" else ""),
        marked=frozenset(marked),
        groups=groups,
    )


def _stands_out(fact: Fact, *, both: bool) -> bool:
    """Outside the only check there is, or surprising over the posterior."""
    return is_surprising(fact, "_draws") if both else not fact["inside"]


def _one_check(view: View, fact: Fact) -> tuple[str, ...]:
    return (
        str(fact["fact"]),
        str(fact["locator"]),
        str(fact["unit"]),
        *_values(view, fact),
        *_interval(fact, ""),
        "yes" if fact["inside"] else "no",
        _role(fact),
    )


def _two_checks(view: View, fact: Fact, last: str) -> tuple[str, ...]:
    """The row of a fact; there is no room for both its role and where it is printed."""
    label, unit = str(fact["fact"]), str(fact["unit"])
    return (
        label if label.endswith(unit) else f"{label}, {unit}",
        *_values(view, fact),
        *_interval(fact, ""),
        *_interval(fact, "_draws"),
        _role(fact) if last == "Role" else str(fact["locator"]),
    )


def _values(view: View, fact: Fact) -> tuple[str, str, str]:
    """What is reported, the simulated median, and its Monte Carlo error."""
    unit, statistic = str(fact["unit"]), str(fact["statistic"])
    known = statistic in view.statistics  # no Monte Carlo error of what a formula gives
    return (
        in_unit(fact["reported"], unit),
        in_unit(fact["median"], unit),
        error(view.median(statistic).mcse if known else math.nan),
    )


def _interval(fact: Fact, check: str) -> tuple[str, str]:
    limits = fact[f"lower{check}"], fact[f"upper{check}"]
    return interval(*limits, str(fact["unit"])), number(fact[f"percentile{check}"], 1)


def _role(fact: Fact) -> str:
    return str(fact["role"]).replace("_", " ")


def _caption(facts: pd.DataFrame, *, both: bool) -> str:
    n = _replicates(facts, "n_replicates")
    median = f"the median; {SMALL_ERROR}."
    first = "Perc.: percentile, the share" if both else "Percentile: share"
    percentile = (
        f"{first} of replicates below the reported value, those equal to it counted half; a dash "
        "marks what is computed by formula. MCSE: Monte Carlo standard error of"
    )
    if not both:
        return (
            f"Median and the limits of 95% of the replicates ({n} analysed for each). "
            f"{percentile} {median} Marked rows lie outside."
        )
    over = _replicates(facts, "n_replicates_draws")
    return (
        f"Median and the limits of 95% of the replicates at the point ({n} analysed for each), and "
        f"those limits over posterior draws ({over}). {percentile} {median} Marked rows lie "
        "outside the limits over the posterior, or in the outer 5%."
    )


def _replicates(facts: pd.DataFrame, column: str) -> str:
    simulated = facts[facts["percentile"].notna()]
    n = sorted({int(n) for n in simulated[column]}) or [0]
    return f"{n[0]:,}" if len(n) == 1 else f"{n[0]:,} to {n[-1]:,}"
