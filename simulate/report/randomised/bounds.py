"""Bounds of a hypothesis at its looks: as planned, as trials had them, and at each level."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simulate.describe.multiplicity import after_in_words
from simulate.describe.words import stated_percent
from simulate.distributions import FloatArray
from simulate.randomised.operating import detectable_hazard_ratio
from simulate.randomised.outcomes import BoolArray
from simulate.report.randomised.view import RandomisedView
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import is_log_rank
from simulate.sequential.boundaries import nominal_p
from simulate.theory.shared_alpha import AtLevel

MEASURES = (
    "tested_events",
    "fraction",
    "efficacy_bound",
    "efficacy_p",
    "hazard_ratio_at_bound",
    "futility_bound",
    "hazard_ratio_at_futility",
)
"""What is told of a look."""

_PLANNED = (
    "planned_events",
    "information_fraction",
    "efficacy_z",
    "efficacy_p",
    "efficacy_hazard_ratio",
    "futility_z",
    "futility_hazard_ratio",
)
"""Columns of theory that hold the same."""

Row = dict[str, float]
"""What is told of a look, by its name."""


class Bounds(NamedTuple):
    """Rows that belong together."""

    title: str
    rows: list[tuple[Analysis, Row, int]]
    """A look, what is told of it, and the trials that it is a mean of; 0 of a plan."""


def bounds_of(view: RandomisedView, hypothesis: Hypothesis) -> Iterator[Bounds]:
    """Bounds as planned and as trials had them; by level where hypotheses share alpha."""
    looks = view.looks_of(hypothesis)
    if view.scenario.graph is None:
        rows = [(look, planned_bounds(view, hypothesis, look.name), 0) for look in looks]
        if any(not math.isnan(value) for _, row, _ in rows for value in row.values()):
            yield Bounds("Planned", rows)
        simulated = [(look, simulated_bounds(view, hypothesis, look.name), 0) for look in looks]
        yield Bounds("Simulated, mean over the trials that made the look", simulated)
        return
    planned = {round(each.level, 12): each for each in _levels(view, hypothesis)}
    by_look = {look.name: bounds_by_level(view, hypothesis, look.name) for look in looks}
    levels = {level for found in by_look.values() for level in found}
    for level in sorted({*levels, *planned}):
        words = stated_percent(level)
        if level in planned:
            when = after_in_words(planned[level])
            after = when if when == "at first" else f"after {when}"
            yield Bounds(f"Planned at {words}, {after}", list(_planned_at(planned[level])))
        rows = [(look, *by_look[look.name][level]) for look in looks if level in by_look[look.name]]
        if rows:
            yield Bounds(f"Simulated at {words}, mean over the trials that have it", rows)


def _levels(view: RandomisedView, hypothesis: Hypothesis) -> list[AtLevel]:
    shared = view.shared
    if shared is None:
        return []
    return [each for each in shared.levels if each.theory.hypothesis.name == hypothesis.name]


def _planned_at(at: AtLevel) -> Iterator[tuple[Analysis, Row, int]]:
    """Planned efficacy bounds of a hypothesis at a level."""
    theory, bounds = at.theory, at.bounds
    ratios = bounds.efficacy_hazard_ratio(theory.events[-1], allocation=theory.allocation)
    for look, analysis in enumerate(theory.analyses):
        values = (
            float(theory.events[look]),
            float(theory.events[look] / theory.information),
            float(bounds.efficacy_z[look]),
            float(bounds.efficacy_p[look]),
            float(ratios[look]) if theory.has_hazard_ratio else math.nan,
            math.nan,
            math.nan,
        )
        yield analysis, dict(zip(MEASURES, values, strict=True)), 0


def planned_bounds(view: RandomisedView, hypothesis: Hypothesis, analysis: str) -> Row:
    """Planned bounds of a look by theory; nan where it says nothing."""
    found = {
        name: view.theory.at_look(hypothesis, column, analysis)
        for name, column in zip(MEASURES, _PLANNED, strict=True)
    }
    if math.isinf(found["efficacy_bound"]):
        found["efficacy_p"] = found["hazard_ratio_at_bound"] = math.nan  # nothing rejects there
    if found["futility_bound"] >= found["efficacy_bound"]:
        found["futility_bound"] = found["hazard_ratio_at_futility"] = math.nan
    return found


def simulated_bounds(view: RandomisedView, hypothesis: Hypothesis, analysis: str) -> Row:
    """Mean bounds of a look over the trials that made it; nan or infinite where it has none."""
    measured = view.measured.of_hypothesis
    names = ("tested_events", "fraction", "efficacy_bound", "futility_bound")
    means = {
        name: measured(hypothesis, f"{name}.mean", analysis).estimate
        for name in (*names, "hazard_ratio_at_bound")
    }
    return _with_the_rest(means)


def bounds_by_level(
    view: RandomisedView, hypothesis: Hypothesis, analysis: str
) -> dict[float, tuple[Row, int]]:
    """Mean bounds of a look, and of how many trials, by the level at which they test there.

    Where hypotheses share alpha, a mean over all trials would be a bound that none has.
    """
    levels = _column(view, hypothesis, "level", analysis).round(12)
    found = {}
    for level in np.unique(levels[levels > 0.0]).tolist():
        at = levels == level
        means = {
            name: _mean(_column(view, hypothesis, name, analysis), at)
            for name in ("tested_events", "fraction", "efficacy_bound", "futility_bound")
        }
        means["hazard_ratio_at_bound"] = math.nan
        if is_log_rank(hypothesis.test):
            ratio = detectable_hazard_ratio(view.outcomes, hypothesis, analysis)
            means["hazard_ratio_at_bound"] = _mean(ratio, at)
        found[level] = _with_the_rest(means), int(at.sum())
    return found


def ratios_at_bound(view: RandomisedView, hypothesis: Hypothesis, analysis: str) -> list[float]:
    """Largest hazard ratio that rejects at a look: its mean, or the means at the levels."""
    if view.scenario.graph is None:
        found = [simulated_bounds(view, hypothesis, analysis)]
    else:
        found = [row for row, _ in bounds_by_level(view, hypothesis, analysis).values()]
    ratios = [row["hazard_ratio_at_bound"] for row in found]
    return [ratio for ratio in ratios if math.isfinite(ratio)]


def _column(view: RandomisedView, hypothesis: Hypothesis, name: str, analysis: str) -> FloatArray:
    return view.outcomes.looks.column(analysis, f"{hypothesis.name}.{name}")


def _mean(values: FloatArray, at: BoolArray) -> float:
    known = values[at & np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def _with_the_rest(means: Row) -> Row:
    """What follows from the means of a look: the p value, and the hazard ratio at futility."""
    found = dict(means)
    bound, ratio = found["efficacy_bound"], found["hazard_ratio_at_bound"]
    found["efficacy_p"] = float(nominal_p(bound)) if math.isfinite(bound) else math.nan
    found["hazard_ratio_at_futility"] = math.nan
    if found["futility_bound"] >= bound:
        found["futility_bound"] = math.nan  # at the last look both are one
    elif math.isfinite(ratio) and bound:
        per_z = math.log(ratio) / bound
        found["hazard_ratio_at_futility"] = math.exp(per_z * found["futility_bound"])
    return found
