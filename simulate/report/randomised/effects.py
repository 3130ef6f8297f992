"""What tests estimate, in tables: differences and ratios, and which weight was largest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from simulate.describe.tests import test_in_words, weight_in_words
from simulate.looks.columns import OWN_TEST, estimate_columns
from simulate.monte_carlo import Z
from simulate.randomised.effects import LARGEST_WEIGHT, RATIOS
from simulate.report.blocks import Table
from simulate.report.numbers import NO_VALUE, capital, number, signed
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import with_error
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import MaxCombo, RestrictedMean, TestBlock, TestName


class _Told(NamedTuple):
    """A test, and how the columns of its estimates begin."""

    label: str
    start: str
    test: TestName | TestBlock

    @property
    def measure(self) -> str:
        """Column of the estimate."""
        return f"{self.start}{estimate_columns(self.test)[0]}"


def effects_tables(view: RandomisedView, hypothesis: Hypothesis) -> list[Table]:
    """Tables of what the tests of a hypothesis estimate; none if they estimate nothing."""
    told = [
        _Told("decides", OWN_TEST, hypothesis.test),
        *(
            _Told(each.name, f"{each.name}.", each.test)
            for each in view.scenario.further_tests(hypothesis)
        ),
    ]
    told = [each for each in told if estimate_columns(each.test)]
    combinations = [each for each in told if isinstance(each.test, MaxCombo)]
    others = [each for each in told if not isinstance(each.test, MaxCombo)]
    tables = _estimates(view, hypothesis, others) if others else []
    return [*tables, *(_weights(view, hypothesis, each) for each in combinations)]


def _estimates(view: RandomisedView, hypothesis: Hypothesis, told: list[_Told]) -> list[Table]:
    """The table of estimates; none if no trial has any."""
    rows: list[list[str]] = []
    groups: dict[int, str] = {}
    for look in view.analyses:
        cells = [list(_row(view, hypothesis, look, each)) for each in told]
        if any(row[1] != NO_VALUE for row in cells):
            groups[len(rows)] = capital(look_label(look))
            rows += cells
    if not rows:
        return []
    table = Table(
        "What the tests estimate",
        ("Test", "Estimate", "Standard error", "95% interval", "95% of trials"),
        rows,
        numeric=(1, 2, 3, 4),
        groups=groups if len(groups) > 1 else {},
        caption=(
            "Over the trials that made the look and in which the estimate is defined. Estimate: "
            "the mean, of a ratio the geometric mean. Standard error: the mean of what trials "
            "report, of a ratio that of its log. 95% interval: what a trial with these would "
            "report. 95% of trials: the limits between which their estimates lie. Means are in "
            "months, rates and net benefits in percentage points."
        ),
    )
    return [table]


def _row(
    view: RandomisedView, hypothesis: Hypothesis, look: Analysis, told: _Told
) -> Iterator[str]:
    """Cells of a test at a look."""
    yield f"{told.label}: {test_in_words(told.test)}"
    measure = told.measure

    def get(name: str) -> float:
        return view.measured.of_hypothesis(hypothesis, name, look.name).estimate

    found = view.measured.of_hypothesis(hypothesis, f"{measure}.mean", look.name)
    middle, error = found.estimate, get(f"{measure}_se.mean")
    if math.isnan(middle):
        yield from [NO_VALUE] * 4
        return
    lower, upper = middle - Z * error, middle + Z * error
    kind = estimate_columns(told.test)[0]
    if kind in RATIOS:
        ratio = f"{measure.removesuffix(kind)}{RATIOS[kind]}"
        yield number(math.exp(middle), 2)
        yield number(error, 3)
        yield f"{number(math.exp(lower), 2)} to {number(math.exp(upper), 2)}"
        yield f"{number(get(f'{ratio}.q2.5'), 2)} to {number(get(f'{ratio}.q97.5'), 2)}"
        return
    scale, digits = (1.0, 2) if isinstance(told.test, RestrictedMean) else (100.0, 1)
    yield with_error(found, scale, digits, sign=True)
    yield number(scale * error, digits)
    yield f"{signed(scale * lower, digits)} to {signed(scale * upper, digits)}"
    low, high = (scale * get(f"{measure}.{q}") for q in ("q2.5", "q97.5"))
    yield f"{signed(low, digits)} to {signed(high, digits)}"


def _weights(view: RandomisedView, hypothesis: Hypothesis, told: _Told) -> Table:
    """How often each weight of a combination is the largest, by look."""
    assert isinstance(told.test, MaxCombo)
    assert told.measure.endswith(LARGEST_WEIGHT)
    get = view.measured.of_hypothesis
    rows = []
    for i, weight in enumerate(told.test.weights):
        cells = [get(hypothesis, f"{told.measure}.{i + 1}", look.name) for look in view.analyses]
        rows.append([weight_in_words(weight), *(with_error(cell, 100.0, 1) for cell in cells)])
    return Table(
        f"Which weight of {told.label} is the largest, % of the trials that made the look",
        ("Weight", *(capital(look_label(look)) for look in view.analyses)),
        rows,
        numeric=tuple(range(1, 1 + len(view.analyses))),
    )
