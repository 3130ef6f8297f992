"""Several tests of a hypothesis on the same data: how often each is significant.

A test is *significant* at a look if its Z is at or above the normal quantile of alpha: all of it,
also where several hypotheses share it. That is a share of all trials that made the look, also those
in which the hypothesis had been decided before; so where trials stop by what is decided, later
looks are those of the rest. A test is *beyond the bound* if Z is at or above the efficacy bound
that the hypothesis has at this look: a share of the trials in which it is still tested there. A
test that is *not defined* in a trial is not significant there: it is part of the share as such, and
the trial is counted as failed. Looks that do not test the hypothesis are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from simulate.distributions import FloatArray
from simulate.monte_carlo import Estimate, mean, proportion
from simulate.randomised.outcomes import BoolArray, Outcomes
from simulate.scenario.monitoring import Hypothesis

OWN = "z"
"""Column of the test that decides; that of a further test is its name and ``.z``."""


class Share(NamedTuple):
    """How often a test of a hypothesis is significant at a look."""

    analysis: str
    column: str
    """Column of the test, without the name of the hypothesis."""
    significant: Estimate
    beyond_bound: Estimate
    undefined: Estimate
    """Trials that made the look and have no defined statistic."""
    difference: Estimate
    """How much more often than the test that decides it is significant, in pairs."""


def columns_of_tests(outcomes: Outcomes, hypothesis: Hypothesis) -> tuple[str, ...]:
    """Columns of further tests, in their order; empty without any."""
    start, end = f"{hypothesis.name}.", f".{OWN}"
    names = (name.removeprefix(start) for name in outcomes.looks.names if name.startswith(start))
    return tuple(name for name in names if name.endswith(end))


def side_by_side(outcomes: Outcomes, hypothesis: Hypothesis) -> Iterator[Share]:
    """How often each test of a hypothesis is significant; nothing without further tests."""
    further = columns_of_tests(outcomes, hypothesis)
    level = float(-ndtri(outcomes.alpha(hypothesis)))
    for look in outcomes.looks_of(hypothesis) if further else ():
        analysis, column = outcomes.analyses[look], outcomes.looks.column
        made = ~np.isnan(column(analysis.name, "cut_day"))
        bound = column(analysis.name, f"{hypothesis.name}.efficacy_bound")
        has_bound = made & np.isfinite(bound)
        own = column(analysis.name, f"{hypothesis.name}.{OWN}") >= level
        for name in (OWN, *further) if made.any() else ():
            z = column(analysis.name, f"{hypothesis.name}.{name}")
            is_known = ~np.isnan(z)
            significant = np.where(made, z >= level, np.nan)
            beyond = np.where(has_bound, z >= np.where(has_bound, bound, 0.0), np.nan)
            yield Share(
                analysis.name,
                name,
                _of_defined(significant, is_known),
                _of_defined(beyond, is_known),
                proportion(np.where(made, ~is_known, np.nan)),
                mean(np.where(made, significant - own, np.nan)),
            )


def _of_defined(values: FloatArray, is_known: BoolArray) -> Estimate:
    """A share of all trials, of which those without a statistic are counted as failed."""
    share = proportion(values)
    return replace(share, n_analysed=int((is_known & ~np.isnan(values)).sum()))
