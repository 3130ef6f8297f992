"""A run of a randomised trial as its report looks at it: operating characteristics by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from simulate.design_theory import design_theory, expected_of
from simulate.errors import UsageError
from simulate.look_replicates import look_design
from simulate.monte_carlo import Estimate
from simulate.randomised.nulls import true_nulls
from simulate.randomised.operating import ALL_LOOKS, AT_STOP
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.report.randomised.theory import Theory
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_in_words, population_of
from simulate.scenario.randomisation import Arm
from simulate.scenario.reading import AnyScenario
from simulate.theory.course import Expected
from simulate.theory.shared_alpha import SharedAlpha

NO_ESTIMATE = Estimate(math.nan, math.nan, math.nan, math.nan, 0, 0)
"""What stands for a measure that was not estimated."""

EVERYBODY = "all"
"""The arm under which measures of all arms together stand."""

MOST_SHOWN = 3
"""Hypotheses of which each is told by itself."""

_TITLES = {"PFS": "Progression-free survival", "OS": "Overall survival"}


class Key(NamedTuple):
    """What an operating characteristic is found by."""

    measure: str
    analysis: str
    endpoint: str
    arm: str
    hypothesis: str


class Characteristics:
    """Operating characteristics of one scenario, found by name."""

    def __init__(self, table: pd.DataFrame) -> None:
        names = ("measure", "analysis", "endpoint", "arm", "hypothesis")
        keys = zip(*(table[name] for name in names), strict=True)
        fields = ("estimate", "mcse", "lower", "upper", "n_requested", "n_analysed")
        rows = zip(*(table[name].tolist() for name in fields), strict=True)
        self._found = {Key(*key): Estimate(*row) for key, row in zip(keys, rows, strict=True)}

    def of_trial(self, measure: str, analysis: str = AT_STOP) -> Estimate:
        """A measure of the trial at a look, by default at the one with which it ended."""
        return self._get(measure, analysis)

    def of_endpoint(
        self, endpoint: str, measure: str, analysis: str = AT_STOP, arm: str = EVERYBODY
    ) -> Estimate:
        """A measure of an endpoint at a look, of all arms or of one."""
        return self._get(measure, analysis, endpoint, arm)

    def of_hypothesis(
        self, hypothesis: Hypothesis, measure: str, analysis: str = ALL_LOOKS
    ) -> Estimate:
        """A measure of a hypothesis, over all looks or at one."""
        return self._get(measure, analysis, hypothesis.endpoint, EVERYBODY, hypothesis.name)

    def of_versions(
        self,
        one: str,
        other: str,
        measure: str,
        *,
        analysis: str = AT_STOP,
        arm: str = EVERYBODY,
        hypothesis: str = "",
    ) -> Estimate:
        """A difference between two endpoints, the first less the second."""
        return self._get(measure, analysis, f"{one} - {other}", arm, hypothesis)

    def of_several(self, which: str) -> Estimate:
        """Probability that ``any`` or ``all`` of several hypotheses are rejected."""
        return self._get("reject", ALL_LOOKS, hypothesis=which)

    @property
    def familywise_error(self) -> Estimate:
        """Probability that a true hypothesis of no effect is rejected."""
        return self._get("familywise_error", ALL_LOOKS)

    def _get(
        self,
        measure: str,
        analysis: str,
        endpoint: str = "",
        arm: str = EVERYBODY,
        hypothesis: str = "",
    ) -> Estimate:
        return self._found.get(Key(measure, analysis, endpoint, arm, hypothesis), NO_ESTIMATE)


@dataclass(frozen=True)
class RandomisedView:
    """A result, seen by the report."""

    result: RandomisedResult

    @property
    def scenario(self) -> AnyScenario:
        """What was simulated."""
        return self.result.job.scenario

    @property
    def outcomes(self) -> Outcomes:
        """How each replicate went."""
        return self.result.outcomes

    @property
    def n(self) -> int:
        """Replicates."""
        return self.outcomes.n

    @property
    def analyses(self) -> tuple[Analysis, ...]:
        """The looks in their order."""
        return self.scenario.analyses

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """What is tested."""
        return self.scenario.hypotheses

    @property
    def has_many(self) -> bool:
        """Whether there are so many hypotheses that each has a row, and not a picture."""
        return len(self.hypotheses) > MOST_SHOWN

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms in the order of the scenario."""
        return self.scenario.arms

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoints of times, PFS before OS."""
        names = look_design(self.scenario).endpoints
        return tuple(each for each in names if not self.scenario.is_rate(each))

    @property
    def rates(self) -> tuple[str, ...]:
        """Endpoints of which a rate is compared."""
        return tuple(filter(self.scenario.is_rate, look_design(self.scenario).endpoints))

    @cached_property
    def under_null(self) -> bool:
        """Whether no arm does anything, so that every rejection is an error."""
        true = true_nulls(self.scenario)
        return bool(self.hypotheses) and all(each.name in true for each in self.hypotheses)

    @cached_property
    def measured(self) -> Characteristics:
        """Operating characteristics by name."""
        return Characteristics(self.result.operating)

    @cached_property
    def theory(self) -> Theory:
        """What theory says, by name; it says nothing where it has no formula."""
        return Theory(self.result.theory, shares_alpha=self.scenario.graph is not None)

    @cached_property
    def shared(self) -> SharedAlpha | None:
        """What theory says of hypotheses that share alpha; None if they do not, or it cannot."""
        if self.scenario.graph is None:
            return None
        try:
            return design_theory(self.scenario).shared
        except UsageError:  # survival has no formula, or looks cannot be told apart
            return None

    @cached_property
    def expected(self) -> Expected | None:
        """What the scenario expects by formula; None where there is none."""
        try:
            return expected_of(self.scenario)
        except UsageError:
            return None

    def looks_of(self, hypothesis: Hypothesis) -> tuple[Analysis, ...]:
        """The looks at which a hypothesis is tested."""
        return tuple(self.analyses[i] for i in self.outcomes.looks_of(hypothesis))

    def endpoint_title(self, endpoint: str) -> str:
        """An endpoint as people read it; one with a name of its own has that behind it."""
        title = _TITLES[self.scenario.event_of(endpoint)]
        return title if endpoint in _TITLES else f"{title} ({endpoint})"

    def decided_looks(self, hypothesis: Hypothesis) -> tuple[Analysis, ...]:
        """The looks that test a hypothesis, or decide it in some trial."""
        return tuple(self.analyses[i] for i in self.outcomes.decided_looks(hypothesis))

    def label(self, arm: str) -> str:
        """An arm as people read it."""
        return next((each.label for each in self.arms if each.name == arm), arm)


def look_label(analysis: Analysis) -> str:
    """A look as people read it: ``first interim``."""
    return analysis.name.replace("_", " ")


def hypothesis_label(hypothesis: Hypothesis, view: RandomisedView) -> str:
    """A hypothesis as people read it: ``PFS, experimental against control``."""
    arms = f"{view.label(hypothesis.experimental)} against {view.label(hypothesis.control)}"
    whom = ""
    if hypothesis.population:
        whom = f" ({population_in_words(population_of(hypothesis.population))})"
    return f"{hypothesis.endpoint}{whom}, {arms}"
