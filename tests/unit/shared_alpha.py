"""Looks whose hypotheses share alpha, and the procedure that decides them, in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from look_trials import ARMS, LAST_DAY, ORIGIN, Case, random_case

from simulate.looks.boundaries import LookBounds, Path
from simulate.looks.design import LookDesign
from simulate.looks.levels import roots
from simulate.multiplicity.graph import Graph
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Estimates, Hypothesis

ALPHA = 0.025


class LevelBoundaries:
    """Bounds that any count and the level change, and that the test can foresee."""

    def __init__(self, design: LookDesign) -> None:
        self._design = design
        self._roots = roots(design)

    def __len__(self) -> int:
        return len(self._roots)

    def bounds(self, hypothesis: int, level: float, path: Path) -> LookBounds:
        n_looks = len(self._design.looks_of(self._design.hypotheses[hypothesis]))
        return LookBounds(
            1.0 - 1.2 * level / ALPHA - 0.01 * path[-1] - 0.001 * sum(path[:-1]),
            -1.6 + 0.001 * path[-1] - level,
            decides=len(path) == n_looks,
        )

    def find(self, root: int, paths: Sequence[Path]) -> list[LookBounds]:
        hypothesis, level = self._roots[root]
        return [self.bounds(hypothesis, level, path) for path in paths]


def random_graph(rng: np.random.Generator, n: int) -> Graph:
    """A graph of which some hypotheses have nothing at first."""
    weights = rng.dirichlet(np.ones(n)) * (rng.random(n) < 0.6)
    ways = rng.random((n, n)) * (rng.random((n, n)) < 0.7)
    np.fill_diagonal(ways, 0.0)
    sums = ways.sum(axis=1, keepdims=True)
    return Graph(weights, np.divide(ways, sums, out=np.zeros_like(ways), where=sums > 0))


def random_design(rng: np.random.Generator) -> LookDesign:
    """Two to four hypotheses with looks of their own, at one to five looks."""
    n, names = int(rng.integers(2, 5)), [f"look_{i}" for i in range(rng.integers(1, 6))]
    return LookDesign(
        analyses=tuple(
            Analysis(id=i + 1, name=name, cut={"date": ORIGIN}) for i, name in enumerate(names)
        ),
        hypotheses=tuple(
            Hypothesis(
                id=h + 1,
                name=f"h{h}",
                endpoint="PFS",
                experimental="high",
                control="control",
                analyses=tuple(n for n in names if rng.random() < 0.6) or tuple(names[:1]),
                information=int(rng.integers(20, 80)),
            )
            for h in range(n)
        ),
        estimates=Estimates(),
        endpoints=("PFS",),
        arms=ARMS,
        sample_size=100,
        origin=ORIGIN,
        last_day=LAST_DAY,
        graph=random_graph(rng, n),
        alpha=ALPHA,
    )


@dataclass
class SharingCase(Case):
    """A trial whose hypotheses share alpha."""

    @property
    def boundaries(self) -> LevelBoundaries:
        return LevelBoundaries(self.design)


def sharing_case(rng: np.random.Generator) -> SharingCase:
    """A trial of patients with a random graph on its hypotheses, two at least."""
    while True:
        case = random_case(rng)
        n = len(case.design.hypotheses)
        if n > 1:
            break
    shared = vars(case.design) | {"graph": random_graph(rng, n), "alpha": ALPHA}
    return SharingCase(LookDesign(**shared), case.patients, case.scans)


@dataclass
class Open:
    """A hypothesis that is not decided."""

    path: Path = ()
    z: float = math.nan
    level: float = 0.0
    is_over: bool = False
    tested_now: bool = False


@dataclass
class Procedure:
    """The hypotheses of a trial, from look to look."""

    design: LookDesign
    boundaries: LevelBoundaries
    rejected: set[int] = field(default_factory=set)
    given_up: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    open: dict[int, Open] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open = {h: Open() for h in range(len(self.design.hypotheses))}

    def level(self, h: int, rejected: set[int]) -> float:
        assert self.design.graph is not None
        return ALPHA * float(self.design.graph.after(rejected).weights[h])

    def look(self, look: int, events: Sequence[int], z: Sequence[float]) -> None:
        """Test what the look tests, and decide what can be decided."""
        for h, each in self.open.items():
            is_asked = look in self.design.looks_of(self.design.hypotheses[h])
            each.tested_now = is_asked and not each.is_over
            if each.tested_now:
                each.path, each.z = (*each.path, events[h]), z[h]
        while self._reject():  # in the order of the hypotheses, over and over
            pass
        for h in list(self.open):
            if self.open[h].tested_now:
                self._judge(h, look)
        for h in [h for h in self.open if not self._possible(h, set(self.rejected))]:
            self.failed.add(h)
        for h in self.failed | self.given_up:
            self.open.pop(h, None)

    def _bounds(self, h: int) -> LookBounds:
        return self.boundaries.bounds(h, self.open[h].level, self.open[h].path)

    def _reject(self) -> bool:
        before = len(self.rejected)
        for h, each in list(self.open.items()):
            each.level = self.level(h, self.rejected)
            can_be = each.path and (each.tested_now or each.is_over) and each.level > 0
            if can_be and each.z >= self._bounds(h).efficacy:
                self.rejected.add(h)
                del self.open[h]
        return len(self.rejected) > before

    def _judge(self, h: int, look: int) -> None:
        each, hypothesis = self.open[h], self.design.hypotheses[h]
        if each.level == 0:
            is_last = look == self.design.looks_of(hypothesis)[-1]
            each.is_over = is_last or each.path[-1] >= self.design.information(hypothesis)
        elif self._bounds(h).decides:
            each.is_over = True
        elif each.z <= self._bounds(h).futility:
            self.given_up.add(h)

    def _possible(self, h: int, rejected: set[int]) -> bool:
        """Whether some course of the trial rejects a hypothesis."""
        if h in self.given_up:
            return False
        if self._next(h, rejected):
            return True
        others = [g for g in self.open if g not in rejected | self.given_up | {h}]
        return any(self._next(g, rejected) and self._possible(h, rejected | {g}) for g in others)

    def _next(self, h: int, rejected: set[int]) -> bool:
        """Whether a hypothesis could be rejected next, after some others."""
        level, each = self.level(h, rejected), self.open[h]
        return level > (each.level + 1e-9 if each.is_over else 1e-9)

    def decision(self, h: int) -> float:
        where = {1.0: self.rejected, 2.0: self.given_up, 3.0: self.failed}
        return next((code for code, which in where.items() if h in which), 0.0)
