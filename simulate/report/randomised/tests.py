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
from simulate.scenario.testing import TestBlock, TestName, is_stratified

_OWN = "z"


def tests_section(view: RandomisedView) -> Section:
    """Every test of each hypothesis by look, and what tests estimate; empty without either."""
    blocks: list[Block] = []
    has_further = any(map(view.scenario.further_tests, view.hypotheses))
    for hypothesis in view.hypotheses:
        has_own = view.scenario.further_tests(hypothesis)
        tables = [_table(view, hypothesis), _differences(view, hypothesis)] if has_own else []
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
        "Shown is how often each is significant at a look that tests the hypothesis, at all of its "
        "one-sided alpha and whatever was decided before. If all trials make the look, that is the "
        "power of a trial with this look alone, or its type I error if there is no effect. Trials "
        "that stopped before a look are not among those of the look."
    )


def _table(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    further = view.scenario.further_tests(hypothesis)
    labels = {_OWN: _label("decides", hypothesis.test)}
    labels |= {f"{each.name}.{_OWN}": _label(each.name, each.test) for each in further}
    looks = view.scenario.analyses_of(hypothesis)
    rows = [
        [label, *(_cell(view.measured, hypothesis, column, look.name) for look in looks)]
        for column, label in labels.items()
    ]
    undefined = any(
        _undefined(view.measured, hypothesis, column, look.name)
        for column in labels
        for look in looks
    )
    alpha = 100 * view.scenario.alpha(hypothesis)
    return Table(
        f"Significant at one-sided {alpha:g}%, % of the trials that made the look",
        ["Test", *(capital(look_label(look)) for look in looks)],
        rows,
        numeric=tuple(range(1, 1 + len(looks))),
        caption=_WHERE_UNDEFINED if undefined else "",
    )


def _differences(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    """How much more often each further test is significant than the one that decides."""
    looks = view.scenario.analyses_of(hypothesis)
    rows = []
    for each in view.scenario.further_tests(hypothesis):
        measure = f"{each.name}.{_OWN}.significant.difference"
        found = [view.measured.of_hypothesis(hypothesis, measure, look.name) for look in looks]
        rows.append([each.name, *(with_error(one, 100.0, 2, sign=True) for one in found)])
    return Table(
        "Less the test that decides, percentage points",
        ["Test", *(capital(look_label(look)) for look in looks)],
        rows,
        numeric=tuple(range(1, 1 + len(looks))),
        caption=(
            "In the same trials, mean \N{PLUS-MINUS SIGN} Monte Carlo standard error of the "
            "differences."
        ),
    )


def tests_by_variant(view: RandomisedView, titles: Mapping[str, str]) -> list[Block]:
    """How often each test is significant at the last look that tests it, in each what-if.

    Parameters
    ----------
    view
        The result.
    titles
        Variants to show, by name, as people read them.
    """
    if not titles:
        return []
    found = {"Scenario as it stands": view.measured}
    found |= {title: measured_of(view, name) for name, title in titles.items()}
    tables: list[Block] = []
    for hypothesis in filter(view.scenario.further_tests, view.hypotheses):
        last, further = view.scenario.analyses_of(hypothesis)[-1], view.scenario.further_tests
        tests = [
            (_OWN, "decides"),
            *((f"{t.name}.{_OWN}", t.name) for t in further(hypothesis)),
        ]
        rows = [
            [label, *(_cell(each, hypothesis, column, last.name) for each in found.values())]
            for column, label in tests
        ]
        alpha = 100 * view.scenario.alpha(hypothesis)
        several = f" for {hypothesis.name}" if len(view.hypotheses) > 1 else ""
        tables.append(
            Table(
                f"Tests by variant{several}: significant at the {look_label(last)}, %",
                ["Test", *found],
                rows,
                numeric=tuple(range(1, 1 + len(found))),
                caption=(
                    f"At one-sided {alpha:g}%, of the trials that made the look, "
                    "\N{PLUS-MINUS SIGN} Monte Carlo standard error. The tests are those of "
                    "\N{LEFT DOUBLE QUOTATION MARK}Tests side by side"
                    "\N{RIGHT DOUBLE QUOTATION MARK}."
                ),
            )
        )
    return tables


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
