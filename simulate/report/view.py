"""A run as the report looks at it: its last analysis, by statistic, in the units people read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from simulate.analysis.stack import FloatArray
from simulate.analysis.statistics import Statistic, landmark_months
from simulate.example import ExampleTrial
from simulate.monte_carlo import Estimate, quantile
from simulate.operating import all_statistics
from simulate.replicates import AnalysedReplicates
from simulate.run import RunResult
from simulate.scenario.analyses import Analysis
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


def spread_of(values: FloatArray) -> Spread:
    """Median and 95% limits of some values, infinity counted as later than all others."""
    return Spread(*(quantile(values, p).estimate for p in (0.5, 0.025, 0.975)))


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

    @property
    def table(self) -> pd.DataFrame:
        """A row a replicate, a column a statistic."""
        return self.analysed.table

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
        return len(self.table)

    def values(self, statistic: str) -> FloatArray:
        """Values of a statistic in every replicate, in its unit."""
        return np.asarray(self.table[statistic], float) * self.statistics[statistic].scale

    def spread(self, statistic: str) -> Spread:
        """Median and 95% limits of a statistic, in its unit."""
        return spread_of(self.values(statistic))

    def unit(self, statistic: str) -> str:
        """Unit of a statistic."""
        return self.statistics[statistic].unit

    def median(self, statistic: str) -> Estimate:
        """Median of a statistic with its Monte Carlo error, in its unit."""
        return quantile(self.values(statistic), 0.5)

    def truth(self, statistic: str, kind: str) -> float:
        """True value of a statistic in its unit, nan if there is none."""
        return self.result.truth.value(statistic, kind) * self.statistics[statistic].scale

    @cached_property
    def _facts(self) -> dict[str, float]:
        card = self.result.scorecard
        pairs = zip(card["statistic"], card["reported"], strict=True)
        return {str(name): float(value) for name, value in pairs}

    def reported(self, statistic: str) -> Reported:
        """What the publication says of a statistic, with its printed limits."""
        names = (statistic, f"{statistic}_lower", f"{statistic}_upper")
        return Reported(*(self._facts.get(name, float("nan")) for name in names))

    @cached_property
    def judged(self) -> pd.DataFrame:
        """Facts held against simulated trials: all but inputs and what a formula gives."""
        card = self.result.scorecard
        simulated = card["statistic"].isin(list(self.statistics))
        return card[simulated & (card["role"] != "input")].reset_index(drop=True)

    @property
    def has_facts(self) -> bool:
        """Whether there is something published to compare with."""
        return not self.result.scorecard.empty

    def operating(self, endpoint: str, measure: str) -> Estimate | None:
        """An operating characteristic of the last analysis, None if it was not estimated."""
        table = self.result.operating
        chosen = table[
            (table["analysis"] == self.analysed.name)
            & (table["endpoint"] == endpoint)
            & (table["measure"] == measure)
        ]
        if chosen.empty:
            return None
        row = chosen.iloc[0]
        return Estimate(
            estimate=float(row["estimate"]),
            mcse=float(row["mcse"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            n_requested=int(row["n_requested"]),
            n_analysed=int(row["n_analysed"]),
        )
