"""What theory says of hypotheses that share alpha: bounds at each level, errors, and power.

Power is that of normal statistics with the means that each hypothesis may expect, simulated. How
statistics of two hypotheses depend on each other is not derived from the scenario: independence and
one correlation are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from simulate.looks.build_tests import jointly_normal
from simulate.multiplicity.family_wise import (
    N_SIMULATED,
    FamilyWiseError,
    OwnLooks,
    bounds_by_look,
    family_wise_errors,
    null_statistics,
)
from simulate.multiplicity.graph import Graph, members
from simulate.multiplicity.looks import rejection_looks
from simulate.scenario.monitored import Monitored, rounded
from simulate.sequential.boundaries import Bounds
from simulate.theory.course import Expected
from simulate.theory.hypothesis import HypothesisTheory
from simulate.theory.joint_bounds import information_at, joint_bounds
from simulate.theory.performance import events_by_look
from simulate.theory.planned_bounds import planned_bounds

CORRELATION = 0.5
"""Of the statistics of two hypotheses, where they are taken to depend on each other."""

_SEED = 20130313


@dataclass(frozen=True, eq=False)
class AtLevel:
    """A hypothesis at one of its levels.

    Attributes
    ----------
    theory
        The hypothesis.
    level
        One-sided alpha.
    after
        Smallest sets of hypotheses that must be rejected for it, by name; an empty one at first.
    bounds
        Efficacy bounds at the planned events.
    as_normal
        The same of one normal statistic with independent increments that spends the same alpha:
        what a combination, which is no such statistic, is taken for.
    """

    theory: HypothesisTheory
    level: float
    after: tuple[tuple[str, ...], ...]
    bounds: Bounds
    as_normal: Bounds


@dataclass(frozen=True)
class SharedPower:
    """How often hypotheses are rejected under a truth, were their statistics normal.

    Attributes
    ----------
    truth
        What is taken to be true.
    correlation
        Of the statistics of two hypotheses.
    each, any, all
        Probability to reject each hypothesis, any, and all of them.
    n
        Simulated trials.
    """

    truth: str
    correlation: float
    each: tuple[float, ...]
    any: float
    all: float
    n: int


@dataclass(frozen=True, eq=False)
class SharedAlpha:
    """Theory of hypotheses that share alpha.

    Attributes
    ----------
    expected
        What the trial may expect.
    graph, alpha
        How they share it, and what.
    hypotheses
        Each of them.
    looks
        By hypothesis: the looks of the trial (from 0) that test it.
    n_looks
        Looks of the trial.
    """

    expected: Expected
    graph: Graph
    alpha: float
    hypotheses: tuple[HypothesisTheory, ...]
    looks: tuple[tuple[int, ...], ...]
    n_looks: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hypotheses."""
        return tuple(each.hypothesis.name for each in self.hypotheses)

    @cached_property
    def levels(self) -> tuple[AtLevel, ...]:
        """Every hypothesis at every level that it may have, from the lowest on."""
        return tuple(level for h in range(len(self.hypotheses)) for level in self._levels_of(h))

    def _levels_of(self, h: int) -> list[AtLevel]:
        theory, parts = self.hypotheses[h], self.graph.weights_by_set[:, h]
        sets: dict[float, list[int]] = {}
        for mask, part in enumerate(parts):
            if not mask >> h & 1 and rounded(part) > 0.0:
                sets.setdefault(rounded(part), []).append(mask)
        return [
            AtLevel(
                theory,
                self.alpha * part,
                tuple(tuple(self.names[i] for i in members(m)) for m in _smallest(sets[part])),
                *self._bounds(theory, self.alpha * part),
            )
            for part in sorted(sets)
        ]

    def _bounds(self, theory: HypothesisTheory, level: float) -> tuple[Bounds, Bounds]:
        """Bounds of a hypothesis at a level, and those of one normal statistic."""
        hypothesis, events = theory.hypothesis, theory.events
        planned = planned_bounds(
            hypothesis, events, theory.information, alpha=level, heeds_futility=False
        )
        if not jointly_normal(hypothesis.test):
            return planned, planned
        bounds = joint_bounds(self.expected, hypothesis, planned, events)
        return bounds, bounds if jointly_normal(hypothesis.test) == 1 else planned

    @cached_property
    def tests(self) -> tuple[OwnLooks, ...]:
        """Looks, information, and bounds by the set of rejected hypotheses, of each hypothesis."""
        n_sets, found = len(self.graph.weights_by_set), []
        for h, theory in enumerate(self.hypotheses):
            bounds = np.full((n_sets, len(theory.events)), np.inf)
            at = {each.level: each.as_normal for each in self.levels if each.theory is theory}
            information = information_at(self.expected, theory.hypothesis, theory.events)
            for mask, part in enumerate(self.graph.weights_by_set[:, h]):
                if not mask >> h & 1 and rounded(part) > 0.0:
                    bounds[mask] = at[self.alpha * rounded(part)].efficacy_z
            counts = np.maximum.accumulate(events_by_look(self.expected, theory.hypothesis))
            found.append(OwnLooks(self.looks[h], information, bounds, counts))
        return tuple(found)

    @cached_property
    def errors(self) -> list[FamilyWiseError]:
        """The family-wise error for each set of hypotheses that may be true."""
        return family_wise_errors(
            self.graph.weights_by_set, self.tests, self.n_looks, correlation=CORRELATION, seed=_SEED
        )

    def power(self, truth: str, correlation: float, n: int = N_SIMULATED) -> SharedPower | None:
        """How often hypotheses are rejected; None if one does not have this truth, or no mean of Z.

        Futility bounds are not heeded.
        """
        z = null_statistics(self.tests, self.n_looks, correlation=correlation, seed=_SEED, n=n)
        for h, theory in enumerate(self.hypotheses):
            under = theory.under(truth)
            if under is None:
                return None
            means = under.performance.means
            if np.isnan(means[np.isfinite(theory.bounds.efficacy_z)]).any():
                return None
            own = list(self.looks[h])
            z[:, h, own] = z[:, h, own] * under.spread + np.nan_to_num(means)
        rejected = rejection_looks(z, bounds_by_look(self.tests, self.n_looks)) < self.n_looks
        return SharedPower(
            truth,
            correlation,
            tuple(rejected.mean(axis=0).tolist()),
            float(rejected.any(axis=1).mean()),
            float(rejected.all(axis=1).mean()),
            n,
        )


def _smallest(sets: Sequence[int]) -> list[int]:
    """Those sets that contain no other one."""
    return [m for m in sets if not any(other != m and other & m == other for other in sets)]


def shared_alpha(
    trial: Monitored, expected: Expected, hypotheses: tuple[HypothesisTheory, ...]
) -> SharedAlpha | None:
    """Theory of the hypotheses of a trial that share alpha; None if each has its own."""
    graph = trial.graph
    if graph is None:
        return None
    names = [each.name for each in trial.analyses]
    looks = tuple(tuple(names.index(a.name) for a in each.analyses) for each in hypotheses)
    return SharedAlpha(expected, graph, trial.multiplicity.alpha, hypotheses, looks, len(names))


def level_rows(scenario: str, shared: SharedAlpha) -> Iterator[dict[str, Any]]:
    """A row for each hypothesis, level and look: efficacy bounds at the planned events."""
    for each in shared.levels:
        theory, bounds = each.theory, each.bounds
        ratios = bounds.efficacy_hazard_ratio(theory.events[-1], allocation=theory.allocation)
        if not theory.has_hazard_ratio:
            ratios = np.full(len(theory.events), np.nan)
        for look, analysis in enumerate(theory.analyses):
            yield {
                "scenario": scenario,
                "hypothesis": theory.hypothesis.name,
                "alpha": each.level,
                "after": " | ".join(" & ".join(names) for names in each.after),
                "look": look + 1,
                "analysis": analysis.name,
                "planned_events": theory.events[look],
                "efficacy_z": bounds.efficacy_z[look],
                "efficacy_p": bounds.efficacy_p[look],
                "efficacy_hazard_ratio": ratios[look],
                "alpha_spent": bounds.alpha_spent[look],
            }


def error_rows(scenario: str, shared: SharedAlpha) -> Iterator[dict[str, Any]]:
    """A row for each set of true hypotheses: the family-wise error."""
    for each in shared.errors:
        yield {
            "scenario": scenario,
            "true": " & ".join(shared.names[h] for h in each.true),
            "alpha": shared.alpha,
            "independent": each.independent,
            "at_most": each.at_most,
            "correlation": CORRELATION,
            "correlated": each.correlated,
            "mcse": each.mcse,
            "n": each.n,
        }
