"""The section on tests side by side: how often each is significant on the same data."""

from __future__ import annotations

import math

from simulate.describe.tests import test_in_words
from simulate.monte_carlo import Estimate
from simulate.report.blocks import Block, Heading, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, capital, counted
from simulate.report.randomised.view import RandomisedView, hypothesis_label, look_label
from simulate.report.randomised.words import percent, with_error
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import TestBlock, TestName, is_stratified

_OWN = "z"


def tests_section(view: RandomisedView) -> Section:
    """Every test of each hypothesis by look; empty without further tests."""
    blocks: list[Block] = []
    if view.scenario.estimates.tests:
        blocks.append(Prose(_introduction(view)))
        for hypothesis in view.hypotheses:
            if len(view.hypotheses) > 1:
                blocks.append(Heading(hypothesis_label(hypothesis, view)))
            blocks.append(_table(view, hypothesis))
    return Section("tests", "Tests side by side", blocks)


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
            *(_cell(view, hypothesis, column, a.name) for a in view.analyses),
        ]
        for column, label in [*own, *further]
    ]
    undefined = any(
        _undefined(view, hypothesis, column, a.name)
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


_WHERE_UNDEFINED = (
    "Where a share is said to be not defined: in these trials the test says nothing, such as a "
    "restricted mean up to a time that nobody of an arm is followed to. They count as not "
    "significant."
)


def _cell(view: RandomisedView, hypothesis: Hypothesis, column: str, analysis: str) -> str:
    get = view.measured.of_hypothesis
    found: Estimate = get(hypothesis, f"{column}.significant", analysis)
    undefined = _undefined(view, hypothesis, column, analysis)
    if not found.n_analysed:
        return undefined or NO_VALUE
    text = with_error(found, 100.0, 2)
    return f"{text} ({undefined})" if undefined else text


def _undefined(view: RandomisedView, hypothesis: Hypothesis, column: str, analysis: str) -> str:
    """How often a test is not defined; nothing where it always is."""
    found = view.measured.of_hypothesis(hypothesis, f"{column}.undefined", analysis)
    return "" if math.isnan(found.estimate) else f"not defined: {percent(found)}"


def _label(name: str, test: TestName | TestBlock) -> str:
    stratified = ", stratified" if is_stratified(test) else ""
    return f"{name}: {test_in_words(test)}{stratified}"
