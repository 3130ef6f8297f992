"""Bounds of the hypotheses of a scenario, by the events of their looks so far.

The mathematics is that of :mod:`simulate.sequential`. A bound depends on the events of its look and
of those before it, and on nothing else, so that it is the same in whatever order trials are run.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from simulate.distributions import IntArray
from simulate.looks.build_tests import jointly_normal
from simulate.looks.combined import CombinedBounds, Covariance
from simulate.looks.design import LookDesign
from simulate.looks.levels import roots
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential.actual import ActualBounds, BoundTable, final_looks
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import BetaSpending, GroupSequential, NoFutility
from simulate.sequential.refusals import LEAST_GAIN
from simulate.spending import spending_of

Path = tuple[int, ...]
"""Events of a hypothesis at its looks so far."""


ExpectedEvents = Mapping[str, Sequence[float]]
"""By the name of a hypothesis: events with which its looks are planned."""

_NOTHING: ExpectedEvents = MappingProxyType({})


class LookBounds(NamedTuple):
    """Bounds of one look."""

    efficacy: float
    """Z at or above rejects; infinite where nothing does."""
    futility: float
    """Z at or below gives up; minus infinity where nothing does."""
    decides: bool
    """Whether the look decides whatever Z is: the last, or one with all planned events."""


class Boundaries:
    """Bounds of all hypotheses of a scenario, kept once found; threads may share them.

    The roots of :func:`simulate.looks.levels.roots` number them.

    Parameters
    ----------
    design : LookDesign
        The looks.
    covariances : mapping of str to Covariance
        By the name of the hypothesis, for those whose bounds need them.
    expected : mapping of str to sequence of float
        By the name of a hypothesis: events with which its looks are planned, where the looks
        themselves do not tell (see :func:`planned_fractions`).
    """

    def __init__(
        self,
        design: LookDesign,
        covariances: Mapping[str, Covariance] | None = None,
        expected: ExpectedEvents = _NOTHING,
    ) -> None:
        known = covariances or {}
        hypotheses = [design.hypotheses[root.hypothesis] for root in roots(design)]
        self._roots = [
            _Boundary(design, hypothesis, root.level, known.get(hypothesis.name), expected)
            for hypothesis, root in zip(hypotheses, roots(design), strict=True)
        ]
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count the hypotheses, each as often as it may have another level."""
        return len(self._roots)

    def find(self, root: int, paths: Sequence[Path]) -> list[LookBounds]:
        """Bounds of the last look of each path, of a hypothesis at a level."""
        with self._lock:
            return self._roots[root].find(paths)


class _Boundary:
    """Bounds of one hypothesis at one level."""

    def __init__(
        self,
        design: LookDesign,
        hypothesis: Hypothesis,
        level: float,
        covariance: Covariance | None,
        expected: ExpectedEvents,
    ) -> None:
        information = design.information(hypothesis)
        self._n_looks = len(design.looks_of(hypothesis))
        self._planned = 1.0 if math.isnan(information) else information
        self._gives_up = hypothesis.futility is not None
        bounds = find_design_bounds(group_sequential(design, hypothesis, level, expected))
        self._table = BoundTable(bounds, self._planned)
        self._known: dict[Path, LookBounds] = {}
        self._combined: CombinedBounds | None = None
        if covariance is not None:
            n_statistics = jointly_normal(hypothesis.test)
            self._combined = CombinedBounds(covariance, n_statistics, self._n_looks, self._spent)

    def _spent(self, path: Path) -> float:
        """Alpha spent by the end of the last look of a path."""
        row = np.array([self._to_the_end(path)], np.int64)
        return float(self._table.bounds(row).alpha_spent[0, len(path) - 1])

    def find(self, paths: Sequence[Path]) -> list[LookBounds]:
        missing = [path for path in dict.fromkeys(paths) if path not in self._known]
        if missing:
            rows = np.array([self._to_the_end(path) for path in missing], np.int64)
            found = self._table.bounds(rows)
            for row, path in enumerate(missing):
                self._known[path] = self._at_end(path, rows[row : row + 1], found, row)
        return [self._known[path] for path in paths]

    def _to_the_end(self, path: Path) -> Path:
        """A path with looks to come: the next ones bring nothing, the last all that was planned.

        What comes later does not change the bounds of a look.
        """
        n_later = self._n_looks - len(path)
        if n_later == 0:
            return path
        end = max(path[-1], math.ceil(self._planned))
        return (*path, *(path[-1],) * (n_later - 1), end)

    def _at_end(self, path: Path, counts: IntArray, found: ActualBounds, row: int) -> LookBounds:
        look = len(path) - 1
        decides = int(final_looks(counts, self._planned)[0]) <= look
        futility = float(found.futility_z[row, look]) if self._gives_up else -math.inf
        efficacy = float(found.efficacy_z[row, look])
        if self._combined is not None:
            efficacy = self._combined.efficacy(path)
        return LookBounds(efficacy, futility, decides)


# ---- designs --------------------------------------------------------------------------------


def group_sequential(
    design: LookDesign, hypothesis: Hypothesis, level: float, expected: ExpectedEvents
) -> GroupSequential:
    """The group-sequential design of a hypothesis at a one-sided level."""
    fractions = planned_fractions(design, hypothesis, expected)
    futility = hypothesis.futility
    return GroupSequential(
        fractions=fractions,
        efficacy=spending_of(hypothesis.efficacy, level, fractions),
        futility=(
            BetaSpending(spending_of(futility.spending, futility.beta, fractions))
            if futility is not None
            else NoFutility()
        ),
        binding=futility is not None and futility.binding,
    )


def planned_fractions(
    design: LookDesign, hypothesis: Hypothesis, expected: ExpectedEvents = _NOTHING
) -> tuple[float, ...]:
    """Information fractions at which the looks of a hypothesis are planned, the last one 1.

    Where a look is triggered by something else than its events, it is planned with those that are
    expected. If none are known, or a look is next to none or next to another one (within
    :data:`~simulate.sequential.refusals.LEAST_GAIN`), it is planned evenly between the looks
    beside it.
    """
    information = design.information(hypothesis)
    counts: Sequence[float | None] = expected.get(
        hypothesis.name, design.planned_events(hypothesis)
    )
    known: dict[int, float] = {-1: 0.0, len(counts) - 1: 1.0}
    for look, count in enumerate(counts[:-1]):
        fraction = math.nan if count is None else count / information
        before = max(known[earlier] for earlier in known if earlier < look)
        if fraction - before >= LEAST_GAIN and 1.0 - fraction >= LEAST_GAIN:
            known[look] = fraction
    places = sorted(known)
    return tuple(np.interp(range(len(counts)), places, [known[i] for i in places]).tolist())
