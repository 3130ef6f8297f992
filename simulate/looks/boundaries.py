"""Bounds of the hypotheses of a scenario, by the events of their looks so far.

The mathematics is that of :mod:`simulate.sequential`. A bound depends on the events of its look and
of those before it, and on nothing else, so that it is the same in whatever order trials are run.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.distributions import IntArray
from simulate.looks.design import LookDesign
from simulate.scenario import monitoring
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential.actual import ActualBounds, BoundTable, final_looks
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import BetaSpending, GroupSequential, NoFutility
from simulate.sequential.spending import (
    GivenSpending,
    HwangShihDeCani,
    KimDeMets,
    NoSpending,
    OBrienFlemingType,
    PocockType,
    Spending,
)

Path = tuple[int, ...]
"""Events of a hypothesis at its looks so far."""


class LookBounds(NamedTuple):
    """Bounds of one look."""

    efficacy: float
    """Z at or above rejects; infinite where nothing does."""
    futility: float
    """Z at or below gives up; minus infinity where nothing does."""
    decides: bool
    """Whether the look decides whatever Z is: the last, or one with all planned events."""


class Boundaries:
    """Bounds of all hypotheses of a scenario, kept once found; threads may share them."""

    def __init__(self, design: LookDesign) -> None:
        self._hypotheses = [_Boundary(design, h) for h in design.hypotheses]
        self._lock = threading.Lock()

    def find(self, hypothesis: int, paths: Sequence[Path]) -> list[LookBounds]:
        """Bounds of the last look of each path."""
        with self._lock:
            return self._hypotheses[hypothesis].find(paths)


class _Boundary:
    """Bounds of one hypothesis."""

    def __init__(self, design: LookDesign, hypothesis: Hypothesis) -> None:
        information = design.information(hypothesis)
        self._n_looks = len(design.looks_of(hypothesis))
        self._planned = 1.0 if math.isnan(information) else information
        self._gives_up = hypothesis.futility is not None
        bounds = find_design_bounds(group_sequential(design, hypothesis))
        self._table = BoundTable(bounds, self._planned)
        self._known: dict[Path, LookBounds] = {}

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
        return LookBounds(float(found.efficacy_z[row, look]), futility, decides)


# ---- designs --------------------------------------------------------------------------------


def group_sequential(design: LookDesign, hypothesis: Hypothesis) -> GroupSequential:
    """The group-sequential design of a hypothesis."""
    fractions = planned_fractions(design, hypothesis)
    futility = hypothesis.futility
    return GroupSequential(
        fractions=fractions,
        efficacy=_spending(hypothesis.efficacy, hypothesis.alpha, fractions),
        futility=(
            BetaSpending(_spending(futility.spending, futility.beta, fractions))
            if futility is not None
            else NoFutility()
        ),
        binding=futility is not None and futility.binding,
    )


def planned_fractions(design: LookDesign, hypothesis: Hypothesis) -> tuple[float, ...]:
    """Information fractions at which the looks of a hypothesis are planned, the last one 1.

    Where a look is triggered by something else than its events, or by as many as the next look, it
    is planned evenly between the looks beside it.
    """
    information, counts = design.information(hypothesis), design.planned_events(hypothesis)
    known: dict[int, float] = {-1: 0.0, len(counts) - 1: 1.0}
    for look, count in enumerate(counts[:-1]):
        fraction = math.nan if count is None else count / information
        if max(known[before] for before in known if before < look) < fraction < 1.0:
            known[look] = fraction
    places = sorted(known)
    return tuple(np.interp(range(len(counts)), places, [known[i] for i in places]).tolist())


def _spending(
    chosen: monitoring.Spending | None, total: float, fractions: tuple[float, ...]
) -> Spending:
    """The spending function that a scenario chooses; without one all is spent at the end."""
    match chosen:
        case monitoring.OBrienFleming():
            return OBrienFlemingType(total)
        case monitoring.Pocock():
            return PocockType(total)
        case monitoring.HwangShihDeCani(gamma=gamma):
            return HwangShihDeCani(total, gamma)
        case monitoring.KimDeMets(rho=rho):
            return KimDeMets(total, rho)
        case monitoring.GivenSpending(spent=spent):
            return GivenSpending(total, fractions, spent)
        case None:
            return NoSpending(total)
