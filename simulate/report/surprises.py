"""A sentence on every published number that surprises, and on those of which more is known."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from simulate.report.blocks import Block, Points, Prose
from simulate.report.numbers import interval, number, with_unit

OUTER = 2.5
"""Percent of a distribution on either side that make up its outer 5%."""

EXPLANATIONS = {
    "followup_median_naive": (
        "The printed median follow-up is read as reverse Kaplan-Meier, the row above. The plain "
        "median of all observed times is shorter by construction, as it ends at deaths; it is "
        "shown as a check of that reading only."
    ),
    "soc_grade3_cardiac_disorders": (
        "The paper counts no cardiac event of grade 3 or more, although a grade 3 pericardial "
        "effusion stopped treatment in one patient. Simulated effusions are cardiac disorders, as "
        "in CTCAE 5.0, and count."
    ),
}
"""What is to be known of a fact, said whether it lies inside or not; by its statistic."""


Fact = Mapping[Hashable, Any]


def is_surprising(fact: Fact, check: str = "") -> bool:
    """Whether a reported value lies outside a predictive interval or in the outer 5%.

    Parameters
    ----------
    fact
        A row of :attr:`simulate.report.view.View.facts`.
    check
        End of the columns of the check: nothing for the first one, ``_draws`` for the posterior.
    """
    if not fact[f"inside{check}"]:
        return True
    percentile = float(fact[f"percentile{check}"])
    return percentile < OUTER or percentile > 100 - OUTER  # never for a formula, which has none


def remarks(facts: pd.DataFrame) -> list[Block]:
    """Sentences on surprising facts, and on those of which something is to be known."""
    if "inside_draws" in facts:
        return _over_both(facts)
    rows = facts.to_dict("records")
    worth = [row for row in rows if is_surprising(row) or str(row["statistic"]) in EXPLANATIONS]
    return [Points([_remark(row) for row in worth])] if worth else []


def _over_both(facts: pd.DataFrame) -> list[Block]:
    """The same for both predictive checks, by how far the surprise goes."""
    groups: dict[str, list[Fact]] = {text: [] for text in _GROUPS.values()}
    for fact in facts.to_dict("records"):
        verdict = (is_surprising(fact), is_surprising(fact, "_draws"))
        if any(verdict) or str(fact["statistic"]) in EXPLANATIONS:
            groups[_GROUPS[verdict]].append(fact)
    blocks: list[Block] = []
    for text, found in groups.items():
        if found:
            blocks += [Prose(text), Points([_remark(fact) for fact in found])]
    return blocks


_GROUPS = {
    (True, True): (
        "Surprising under both: chance and the uncertainty of the parameters together do not "
        "explain them."
    ),
    (True, False): (
        "Surprising at the point alone: the uncertainty of the parameters makes room for them."
    ),
    (False, True): (
        "Surprising over the posterior alone: its draws lie, on the whole, further away than the "
        "point."
    ),
    (False, False): "Not surprising, but to be known:",
}
"""What is said of facts by whether they surprise at the point, and over the posterior."""


def _remark(fact: Fact) -> tuple[str, str]:
    """The fact's name and a sentence on it."""
    unit, reported = str(fact["unit"]), float(fact["reported"])
    if math.isnan(fact["lower"]):
        text = f"reported {with_unit(reported, unit)}; no replicate gives it"
    else:
        text = f"the reported {with_unit(reported, unit)} lies {_place(fact, '')}"
        if "inside_draws" in fact:
            text += f" at the point, and {_place(fact, '_draws')} over the posterior"
    known = EXPLANATIONS.get(str(fact["statistic"]))
    return f"{fact['fact']}:", f"{text}. {known}" if known else f"{text}."


def _place(fact: Fact, check: str) -> str:
    """Where the reported value lies in one predictive check."""
    reported, lower, upper = (fact["reported"], fact[f"lower{check}"], fact[f"upper{check}"])
    side = "above" if reported > upper else "below" if reported < lower else "within"
    simulated = "" if check else "the simulated "
    text = f"{side} {simulated}{interval(lower, upper, str(fact['unit']))}"
    percentile = fact[f"percentile{check}"]
    return text if math.isnan(percentile) else f"{text} (percentile {number(percentile, 1)})"
