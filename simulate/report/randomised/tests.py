"""The section on tests side by side: how often each is significant on the same data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from simulate.describe.tests import test_in_words
from simulate.report.blocks import Block, Heading, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, capital, counted, listed
from simulate.report.randomised.effects import effects_tables
from simulate.report.randomised.measured import measured_of
from simulate.report.randomised.view import (
    Characteristics,
    RandomisedView,
    hypothesis_label,
    look_label,
)
from simulate.report.randomised.words import percent, with_error
from simulate.scenario.analyses import Analysis
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
        caption=" ".join([*_who_came(view, looks), *([_WHERE_UNDEFINED] if undefined else [])]),
    )


def _who_came(view: RandomisedView, looks: Sequence[Analysis]) -> list[str]:
    """Of which trials shares are at looks that not all trials make; nothing if all make all."""
    made = {look_label(look): view.measured.of_trial("made", look.name) for look in looks}
    some = [f"{percent(share)} to the {name}" for name, share in made.items() if share.estimate < 1]
    if not some:
        return []
    return [
        f"Shares are of the trials that came to the look ({listed(some)}), not of all: those that "
        "stopped before it are not among them. So they are not the power of the trial, nor that of "
        "a trial with this look alone."
    ]


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
            "In the same trials, those that came to the look: mean \N{PLUS-MINUS SIGN} Monte Carlo "
            "standard error of the differences."
        ),
    )


def tests_by_variant(view: RandomisedView, titles: Mapping[str, str]) -> list[Block]:
    """How often each test is significant at one look, in each what-if.

    It is the last look that all trials make in all what-ifs, so that the same trials are compared.

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
        looks = view.scenario.analyses_of(hypothesis)
        look = _last_that_all_make(looks, list(found.values()))
        further = view.scenario.further_tests(hypothesis)
        tests = [(_OWN, "decides"), *((f"{t.name}.{_OWN}", t.name) for t in further)]
        rows = [
            [label, *(_cell(each, hypothesis, column, look.name) for each in found.values())]
            for column, label in tests
        ]
        alpha = 100 * view.scenario.alpha(hypothesis)
        several = f" for {hypothesis.name}" if len(view.hypotheses) > 1 else ""
        tables.append(
            Table(
                f"Tests by variant{several}: significant at the {look_label(look)}, %",
                ["Test", *found],
                rows,
                numeric=tuple(range(1, 1 + len(found))),
                caption=(
                    f"At one-sided {alpha:g}%, {_of_which(look, looks, list(found.values()))} "
                    "The tests are those of "
                    "\N{LEFT DOUBLE QUOTATION MARK}Tests side by side"
                    "\N{RIGHT DOUBLE QUOTATION MARK}."
                ),
            )
        )
    return tables


def _all_make(look: Analysis, columns: Sequence[Characteristics]) -> bool:
    """Whether all trials of all columns come to a look."""
    return all(each.of_trial("made", look.name).estimate == 1 for each in columns)


def _last_that_all_make(looks: Sequence[Analysis], columns: Sequence[Characteristics]) -> Analysis:
    """The last look that all trials make; the first one if they make none."""
    return next((look for look in reversed(looks) if _all_make(look, columns)), looks[0])


def _of_which(look: Analysis, looks: Sequence[Analysis], columns: Sequence[Characteristics]) -> str:
    """Of which trials the shares of the columns are, and why they are not those of a later look."""
    error = "\N{PLUS-MINUS SIGN} Monte Carlo standard error."
    if not _all_make(look, columns):
        return (
            f"of the trials that came to the look, {error} Not all did, and others did in each "
            "column: columns are not of the same trials."
        )
    if look == looks[-1]:
        return f"of all trials, {error}"
    return (
        f"of all trials, {error} To later looks only some trials come, and others in each column: "
        "they could not be compared there."
    )


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
