"""How each replicate of a randomised trial went: where it stopped, and why.

A replicate has a row at every look that was made. These are read here once, so that every table
and picture counts the same things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simulate.choose_engine import EngineChoice
from simulate.distributions import FloatArray
from simulate.look_replicates import LookedReplicates
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis

BoolArray = npt.NDArray[np.bool_]

GOES_ON, REJECTED, FUTILE, NOT_REJECTED = range(4)
"""Decisions on a hypothesis at a look."""


class LookReplicates(Protocol):
    """All replicates of a randomised trial, look by look."""

    @property
    def n(self) -> int:
        """Replicates."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""

    def column(self, analysis: str, name: str) -> FloatArray:
        """A column of a look in every replicate; nan where the look was not made."""

    def rows(self, analysis: str, start: int, stop: int) -> dict[str, Any]:
        """All columns of a look in some replicates, with columns that say what a row is."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Replicates as a run gives them, look by look."""

    by_analysis: dict[str, LookedReplicates]

    @property
    def n(self) -> int:
        """Replicates."""
        return next(iter(self.by_analysis.values())).n

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return next(iter(self.by_analysis.values())).names

    @property
    def engine(self) -> EngineChoice:
        """The engine that ran them, and why."""
        return next(iter(self.by_analysis.values())).engine

    def column(self, analysis: str, name: str) -> FloatArray:
        """A column of a look in every replicate; nan where the look was not made."""
        return self.by_analysis[analysis].column(name)

    def rows(self, analysis: str, start: int, stop: int) -> dict[str, Any]:
        """All columns of a look in some replicates, with columns that say what a row is."""
        return self.by_analysis[analysis].rows(start, stop)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """How replicates went.

    Attributes
    ----------
    looks
        The replicates.
    analyses
        The looks in their order.
    hypotheses
        What is tested.
    endpoints
        Names of the endpoints.
    readers
        Who reads the scans, by the name of the endpoint; endpoints without a reader are left out.
    kinds
        PFS or OS, by the name of the endpoint, for endpoints that are named otherwise.
    shared_alpha
        One-sided alpha that the hypotheses share; None if each has its own.
    """

    looks: LookReplicates
    analyses: tuple[Analysis, ...]
    hypotheses: tuple[Hypothesis, ...]
    endpoints: tuple[str, ...] = ("PFS", "OS")
    readers: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    shared_alpha: float | None = None

    @property
    def n(self) -> int:
        """Replicates."""
        return self.looks.n

    def alpha(self, hypothesis: Hypothesis) -> float:
        """The most one-sided alpha that a hypothesis can have."""
        return hypothesis.alpha if self.shared_alpha is None else self.shared_alpha

    def at_looks(self, name: str) -> FloatArray:
        """A column at all looks, shape (looks, replicates); nan where a look was not made."""
        return np.stack([self.looks.column(each.name, name) for each in self.analyses])

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.looks.names

    def events_of(self, endpoint: str) -> str:
        """What the events of an endpoint are: PFS or OS."""
        return self.kinds.get(endpoint, endpoint)

    @property
    def told_endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints whose events are told."""
        return tuple(name for name in self.endpoints if self.has(f"{name.lower()}.events"))

    @cached_property
    def stopped_at(self) -> npt.NDArray[np.int64]:
        """Position of the look with which each replicate ended."""
        stopped = self.at_looks("stopped") == 1.0
        last = len(self.analyses) - 1
        return np.asarray(np.where(stopped.any(axis=0), stopped.argmax(axis=0), last))

    def at_stop(self, name: str) -> FloatArray:
        """A column at the look with which each replicate ended."""
        return self._at(name, self.stopped_at)

    def _at(self, name: str, look: npt.NDArray[np.int64]) -> FloatArray:
        values = self.at_looks(name)
        return np.asarray(values[look, np.arange(self.n)])

    @cached_property
    def decision_day(self) -> FloatArray:
        """Trial day of the decision with which each replicate ended: its cut and the cleaning."""
        return self.at_stop("decision_day")

    def decisions(self, hypothesis: Hypothesis) -> FloatArray:
        """Decisions on a hypothesis, shape (looks, replicates); nan where none was made."""
        return self.at_looks(f"{hypothesis.name}.decision")

    def is_open(self, hypothesis: Hypothesis, analysis: str) -> BoolArray:
        """Whether a look is made in which a hypothesis was not decided before, by replicate."""
        return ~np.isnan(self.looks.column(analysis, f"{hypothesis.name}.decision"))

    def decided(self, hypothesis: Hypothesis, decision: int) -> BoolArray:
        """Whether a decision was made at each look, shape (looks, replicates)."""
        return np.asarray(self.decisions(hypothesis) == decision)

    def rejects(self, hypothesis: Hypothesis) -> BoolArray:
        """Whether each replicate rejects a hypothesis, at whatever look."""
        return np.asarray(self.decided(hypothesis, REJECTED).any(axis=0))

    def undefined_at(self, hypothesis: Hypothesis, analysis: str) -> BoolArray:
        """Whether a look tests a hypothesis whose statistic is not defined, in each replicate.

        A statistic may say nothing: a restricted mean up to a time that nobody of an arm is
        followed to, a log-rank test without events. It does not reject.
        """
        if not self.has(f"{hypothesis.name}.z"):
            return np.zeros(self.n, bool)
        column = self.looks.column
        is_tested = np.isfinite(column(analysis, f"{hypothesis.name}.efficacy_bound"))
        return np.asarray(is_tested & np.isnan(column(analysis, f"{hypothesis.name}.z")))

    def undefined(self, hypothesis: Hypothesis) -> BoolArray:
        """Whether each replicate has no defined statistic when it decides a hypothesis."""
        by_look = np.stack([self.undefined_at(hypothesis, each.name) for each in self.analyses])
        return np.asarray(by_look[self.decided_at(hypothesis), np.arange(self.n)])

    def decided_at(self, hypothesis: Hypothesis) -> npt.NDArray[np.int64]:
        """Position of the look at which a hypothesis was decided; the last made if never."""
        found = self.decisions(hypothesis)
        final = found > GOES_ON
        return np.asarray(np.where(final.any(axis=0), final.argmax(axis=0), self.stopped_at))

    def estimated_at(self, hypothesis: Hypothesis) -> npt.NDArray[np.int64]:
        """Position of the look whose hazard ratio is that of the decision on a hypothesis.

        One that is decided, or left undecided, at a look that does not test it has the hazard ratio
        of its last look before, if that look tells any: its statistic is that one, too.
        """
        decided, own = self.decided_at(hypothesis), self.looks_of(hypothesis)
        known = np.isfinite(self.at_looks(f"{hypothesis.name}.log_hr"))
        last = np.full(self.n, -1)
        for look in own:
            last[look < decided] = look
        elsewhere = ~np.isin(decided, own) & (last >= 0) & known[last, np.arange(self.n)]
        return np.asarray(np.where(elsewhere, last, decided))

    def log_hazard_ratio(self, hypothesis: Hypothesis, *, error: bool = False) -> FloatArray:
        """The log hazard ratio of the decision on a hypothesis, or its standard error."""
        column = "log_hr_se" if error else "log_hr"
        return self._at(f"{hypothesis.name}.{column}", self.estimated_at(hypothesis))

    def at_decision(self, hypothesis: Hypothesis, name: str) -> FloatArray:
        """A column of a hypothesis at the look at which it was decided."""
        return self._at(f"{hypothesis.name}.{name}", self.decided_at(hypothesis))

    def looks_of(self, hypothesis: Hypothesis) -> tuple[int, ...]:
        """Positions of the looks at which a hypothesis is tested."""
        return tuple(
            i
            for i, each in enumerate(self.analyses)
            if not hypothesis.analyses or each.name in hypothesis.analyses
        )

    def decided_looks(self, hypothesis: Hypothesis) -> tuple[int, ...]:
        """Positions of the looks that test a hypothesis, or decide it in some replicate.

        Where hypotheses share alpha, one may be decided at a look that tests others.
        """
        decided: BoolArray = np.any(self.decisions(hypothesis) > GOES_ON, axis=1)
        own = self.looks_of(hypothesis)
        return tuple(i for i in range(len(self.analyses)) if i in own or decided[i])
