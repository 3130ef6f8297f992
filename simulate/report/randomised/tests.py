"""The section on tests side by side: how often each is significant on the same data."""

from __future__ import annotations

import math
from collections.abc import Mapping

from simulate.describe.tests import test_in_words
from simulate.report.blocks import Block, Heading, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, capital, counted
from simulate.report.randomised.effects import effects_tables
from simulate.report.randomised.measured import measured_of
from simulate.report.randomised.view import (
    Characteristics,
    RandomisedView,
    hypothesis_label,
    look_label,
)
from simulate.report.randomised.words import percent, with_error
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import FurtherTest, TestBlock, TestName, is_stratified

_OWN = "z"


def tests_section(view: RandomisedView) -> Section:
    """Every test of each hypothesis by look, and what tests estimate; empty without either."""
    blocks: list[Block] = []
    has_further = bool(view.scenario.estimates.tests)
    for hypothesis in view.hypotheses:
        tables = [_table(view, hypothesis)] if has_further else []
        tables += effects_tables(view, hypothesis)
        if tables and len(view.hypotheses) > 1:
            blocks.append(Heading(hypothesis_label(hypothesis, view)))
        blocks += tables
    if has_further:
        blocks.insert(0, Prose(_introduction(view)))
    title = "Tests side by side" if has_further else "What the test estimates"
    return Section("tests", title, blocks)


def _introduction(view: RandomisedView) -> str:
    return (
        f"All tests are made on the same {counted(view.n, 'trial')}, and only the first decides. "
        "Shown is how often each is significant at a look, at the hypothesis's one-sided alpha: "
        "what a trial with this look alone would have as its power, or as its type I error if "
        "there is no effect. Trials that stopped before a look are not among those of the look."
    )


def _table(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    own = [(_OWN, _label("decides", hypothesis.test))]
    further = [
        (f"{each.name}.{_OWN}", _label(each.name, each.test))
        for each in view.scenario.estimates.tests
    ]
    rows = [
        [
            label,
            *(_cell(view.measured, hypothesis, column, a.name) for a in view.analyses),
        ]
        for column, label in [*own, *further]
    ]
    undefined = any(
        _undefined(view.measured, hypothesis, column, a.name)
        for column, _ in (*own, *further)
        for a in view.analyses
    )
    return Table(
        f"Significant at one-sided {100 * hypothesis.alpha:g}%, % of the trials that made the look",
        ["Test", *(capital(look_label(analysis)) for analysis in view.analyses)],
        rows,
        numeric=tuple(range(1, 1 + len(view.analyses))),
        caption=_WHERE_UNDEFINED if undefined else "",
    )


def tests_by_variant(view: RandomisedView, titles: Mapping[str, str]) -> list[Block]:
    """How often each test is significant at the last look, in each what-if; a table a hypothesis.

    Parameters
    ----------
    view
        The result.
    titles
        Variants to show, by name, as people read them.
    """
    if not view.scenario.estimates.tests or not titles:
        return []
    found = {"Scenario as it stands": view.measured}
    found |= {title: measured_of(view, name) for name, title in titles.items()}
    last = view.analyses[-1]
    tables: list[Block] = []
    for hypothesis in view.hypotheses:
        tests = [(_OWN, "decides"), *((f"{t.name}.{_OWN}", t.name) for t in _further(view))]
        rows = [
            [label, *(_cell(each, hypothesis, column, last.name) for each in found.values())]
            for column, label in tests
        ]
        several = f" for {hypothesis.name}" if len(view.hypotheses) > 1 else ""
        tables.append(
            Table(
                f"Tests by variant{several}: significant at the {look_label(last)}, %",
                ["Test", *found],
                rows,
                numeric=tuple(range(1, 1 + len(found))),
                caption=(
                    f"At one-sided {100 * hypothesis.alpha:g}%, of the trials that made the look, "
                    "\N{PLUS-MINUS SIGN} Monte Carlo standard error. The tests are those of "
                    "\N{LEFT DOUBLE QUOTATION MARK}Tests side by side"
                    "\N{RIGHT DOUBLE QUOTATION MARK}."
                ),
            )
        )
    return tables


def _further(view: RandomisedView) -> tuple[FurtherTest, ...]:
    return view.scenario.estimates.tests


_WHERE_UNDEFINED = (
    "Where a share is said to be not defined: in these trials the test says nothing, such as a "
    "restricted mean up to a time that nobody of an arm is followed to. They count as not "
    "significant."
)


def _cell(measured: Characteristics, hypothesis: Hypothesis, column: str, analysis: str) -> str:
    found = measured.of_hypothesis(hypothesis, f"{column}.significant", analysis)
    undefined = _undefined(measured, hypothesis, column, analysis)
    if not found.n_analysed:
        return undefined or NO_VALUE
    text = with_error(found, 100.0, 2)
    return f"{text} ({undefined})" if undefined else text


def _undefined(
    measured: Characteristics, hypothesis: Hypothesis, column: str, analysis: str
) -> str:
    """How often a test is not defined; nothing where it always is."""
    found = measured.of_hypothesis(hypothesis, f"{column}.undefined", analysis)
    return "" if math.isnan(found.estimate) else f"not defined: {percent(found)}"


def _label(name: str, test: TestName | TestBlock) -> str:
    stratified = ", stratified" if is_stratified(test) else ""
    return f"{name}: {test_in_words(test)}{stratified}"
