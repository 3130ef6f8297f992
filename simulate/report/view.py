"""A run as the report looks at it: its last analysis, by statistic, in the units people read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from simulate.analysis.row import all_statistics
from simulate.analysis.statistics import Statistic, landmark_months
from simulate.distributions import FloatArray
from simulate.example import ExampleTrial
from simulate.monte_carlo import Estimate, quantiles
from simulate.replicates import AnalysedReplicates
from simulate.run import RunResult
from simulate.scenario.analyses import Analysis
from simulate.scenario.parameters import DRAWS, POINT
from simulate.scenario.scenario import Scenario


class Spread(NamedTuple):
    """Median of a statistic over replicates, and the limits between which 95% of them lie."""

    median: float
    lower: float
    upper: float


class Reported(NamedTuple):
    """A published number, in its unit; nan for what is not printed."""

    value: float
    lower: float
    upper: float


NOT_REPORTED = Reported(float("nan"), float("nan"), float("nan"))


_OF_A_CHECK = ("median", "lower", "upper", "percentile", "inside", "n_replicates")
"""Columns of the scorecard that a predictive check gives."""


def spread_of(values: FloatArray) -> Spread:
    """Median and 95% limits of some values, infinity counted as later than all others."""
    return Spread(*(q.estimate for q in quantiles(values, (0.5, 0.025, 0.975))))


@dataclass(frozen=True)
class View:
    """A result, seen at its last analysis."""

    result: RunResult

    @property
    def scenario(self) -> Scenario:
        """What was simulated."""
        return self.result.job.scenario

    @cached_property
    def analysed(self) -> AnalysedReplicates:
        """All replicates at the last analysis."""
        return list(self.result.replicates.values())[-1]

    @property
    def analysis(self) -> Analysis:
        """The last analysis."""
        return self.scenario.analyses[-1]

    @cached_property
    def statistics(self) -> dict[str, Statistic]:
        """What each statistic is."""
        return all_statistics(self.scenario)

    @property
    def months(self) -> tuple[str, ...]:
        """Landmarks as they stand in names."""
        return landmark_months(self.scenario)

    @property
    def example(self) -> ExampleTrial | None:
        """The replicate shown as an example."""
        return self.result.examples[0] if self.result.examples else None

    @property
    def confidence(self) -> str:
        """Confidence of all intervals of the analysis, such as 95%."""
        return f"{100 * self.scenario.endpoints.confidence:g}%"

    @property
    def n(self) -> int:
        """Replicates."""
        return self.analysed.n

    def values(self, statistic: str) -> FloatArray:
        """Values of a statistic in every replicate, in its unit."""
        return self.analysed.column(statistic) * self.statistics[statistic].scale

    def spread(self, statistic: str) -> Spread:
        """Median and 95% limits of a statistic, in its unit."""
        median, lower, upper = (self._quantile(statistic, q) for q in ("q50", "q2.5", "q97.5"))
        return Spread(median.estimate, lower.estimate, upper.estimate)

    def unit(self, statistic: str) -> str:
        """Unit of a statistic."""
        return self.statistics[statistic].unit

    def median(self, statistic: str) -> Estimate:
        """Median of a statistic with its Monte Carlo error, in its unit."""
        return self._quantile(statistic, "q50")

    def _quantile(self, statistic: str, which: str) -> Estimate:
        """A quantile of a statistic over replicates, in its unit."""
        of = self.statistics[statistic]
        found = self._characteristics[of.population, of.endpoint, f"{of.measure}.{which}"]
        return Estimate(
            estimate=of.scale * found.estimate,
            mcse=of.scale * found.mcse,
            lower=of.scale * found.lower,
            upper=of.scale * found.upper,
            n_requested=found.n_requested,
            n_analysed=found.n_analysed,
        )

    def truth(self, statistic: str, kind: str) -> float:
        """True value of a statistic in its unit, nan if there is none."""
        return self.result.truth.value(statistic, kind) * self.statistics[statistic].scale

    @property
    def has_posterior(self) -> bool:
        """Whether facts are held against posterior draws as well as against the point."""
        return self.result.posterior is not None

    @cached_property
    def facts(self) -> pd.DataFrame:
        """The scorecard, a row a fact.

        If it was made over posterior draws as well, columns that end in ``_draws`` hold what it
        found there.
        """
        card = self.result.scorecard
        if not self.has_posterior:
            return card
        first, over = (
            card[card["parameters"] == each].reset_index(drop=True) for each in (POINT, DRAWS)
        )
        return first.assign(**{f"{name}_draws": over[name] for name in _OF_A_CHECK})

    @cached_property
    def _facts(self) -> dict[str, float]:
        card = self.facts
        pairs = zip(card["statistic"], card["reported"], strict=True)
        return {str(name): float(value) for name, value in pairs}

    def reported(self, statistic: str) -> Reported:
        """What the publication says of a statistic, with its printed limits."""
        names = (statistic, f"{statistic}_lower", f"{statistic}_upper")
        return Reported(*(self._facts.get(name, float("nan")) for name in names))

    @cached_property
    def judged(self) -> pd.DataFrame:
        """Facts held against simulated trials: all but inputs and what a formula gives."""
        card = self.facts
        simulated = card["statistic"].isin(list(self.statistics))
        return card[simulated & (card["role"] != "input")].reset_index(drop=True)

    @property
    def has_facts(self) -> bool:
        """Whether there is something published to compare with."""
        return not self.result.scorecard.empty

    def operating(self, endpoint: str, measure: str) -> Estimate | None:
        """An operating characteristic of the last analysis, None if it was not estimated."""
        found = (
            estimate
            for (_, of, what), estimate in self._characteristics.items()
            if (of, what) == (endpoint, measure)
        )
        return next(found, None)

    @cached_property
    def _characteristics(self) -> dict[tuple[str, str, str], Estimate]:
        """Operating characteristics of the last analysis by population, endpoint and measure."""
        table = self.result.operating
        rows = table[table["analysis"] == self.analysed.name]
        keys = zip(rows["population"], rows["endpoint"], rows["measure"], strict=True)
        fields = ("estimate", "mcse", "lower", "upper", "n_requested", "n_analysed")
        estimates = (
            Estimate(*row) for row in zip(*(rows[f].tolist() for f in fields), strict=True)
        )
        return dict(zip(keys, estimates, strict=True))
