"""Trials simulated at given values of the parameters: what the data would look like there.

The whole trial is simulated, as it is observed: scanned, confirmed, censored, cut. Replicates are
of the calibration's own reserved range, different ones for each point.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulate.analysis.row import statistic_names
from simulate.batch_runner import BatchRunner
from simulate.build_plan import build_plan, rebuilt_plan
from simulate.calibration.links import natural
from simulate.calibration.scales import Target, on_scale
from simulate.calibration.store import Store
from simulate.distributions import FloatArray
from simulate.plans import Plans
from simulate.scenario.calibration import CalibratedParameter
from simulate.scenario.calibration_design import Parameter
from simulate.scenario.drawn import trial_of_draw
from simulate.scenario.scenario import Scenario
from simulate.steps import Progress
from simulate.streams import RESERVED_REPLICATES

FIRST_REPLICATE = RESERVED_REPLICATES + 2**30
"""First replicate of the calibration's own range."""

BLOCK = 64
"""Points of a block: what is kept at once, and lost at most when the work is interrupted."""

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True)
class TrialSimulator:
    """Simulates a stage's targets at values of its parameters."""

    scenario: Scenario
    parameters: tuple[Parameter, ...]
    targets: tuple[Target, ...]
    seed: int
    workers: int = 1
    store: Store | None = None
    """Where trials are kept, so that an interrupted calibration goes on."""

    def run(self, points: FloatArray, *, trials: int, first: int, progress: Progress) -> FloatArray:
        """Targets of trials at each point.

        Parameters
        ----------
        points : (n, free) array
            Free parameters on the scale of their links.
        trials : int
            Trials at each point.
        first : int
            Replicate of the first trial, counted from the start of the calibration's range.
        progress : callable
            Told the trials just simulated.

        Returns
        -------
        (n, trials, targets) array
            On the targets' scales; nan where a target is not defined.
        """
        found = np.empty((len(points), trials, len(self.targets)))
        start = FIRST_REPLICATE + first
        for at in range(0, len(points), BLOCK):
            rows = slice(at, min(at + BLOCK, len(points)))
            replicates = range(start + at * trials, start + rows.stop * trials)
            found[rows] = self._block(points[rows], replicates, trials, progress)
        return found

    def _block(
        self, points: FloatArray, replicates: range, trials: int, progress: Progress
    ) -> FloatArray:
        """Targets at a few points, taken from the store if they are there."""
        key = self._key(points, replicates)
        kept = None if self.store is None else self.store.get(key)
        if kept is not None and kept.shape == (len(points), trials, len(self.targets)):
            progress(len(replicates))
            return kept
        found = np.empty((len(points), trials, len(self.targets)))
        desk = _Desk(self, points)

        def one(row: int) -> tuple[int, FloatArray]:
            at = replicates.start + row * trials
            return row, desk.run(row, range(at, at + trials))

        for row, values in _mapped(one, range(len(points)), self.workers):
            found[row] = values
            progress(trials)
        if self.store is not None:
            self.store.put(key, found)
        return found

    def identity(self) -> str:
        """What makes its trials what they are, but for the points and the replicates."""
        declared = [(p.field, p.unit, p.link, p.times, p.equals) for p in self.parameters]
        return repr((self.scenario.digest(), self.seed, declared, self.targets))

    def _key(self, points: FloatArray, replicates: range) -> str:
        said = f"{self.identity()} {replicates}".encode()
        return hashlib.sha256(said + points.tobytes()).hexdigest()[:32]


class _Desk:
    """A block of points, ready to be simulated by several threads."""

    def __init__(self, simulator: TrialSimulator, points: FloatArray) -> None:
        values = natural(simulator.parameters, points)
        fields = tuple(
            CalibratedParameter(name=p.name, label=p.label, field=p.field, unit=p.unit, value=0.0)
            for p in simulator.parameters
        )
        columns = [values[p.name].tolist() for p in simulator.parameters]
        rows = tuple(zip(*columns, strict=True))
        first = {f.field: f.as_written(value) for f, value in zip(fields, rows[0], strict=True)}
        self._scenario = simulator.scenario.with_overrides(first)
        self._draws = self._scenario.draws_of(fields, rows)
        plans = Plans(self._scenario)
        self._plan = build_plan(self._scenario)
        self._runner = BatchRunner(self._scenario, plans, seed=simulator.seed)
        self._targets = simulator.targets
        self._place = {name: i for i, name in enumerate(statistic_names(self._scenario))}

    def run(self, row: int, replicates: range) -> FloatArray:
        """Targets of some trials at a point, shape (trials, targets)."""
        trial = trial_of_draw(self._scenario, self._draws, row)
        plan = rebuilt_plan(self._plan, self._scenario, trial)
        values, _ = self._runner.run_with(plan, replicates)[-1]
        rows = values.reshape(len(replicates), -1)

        def column(name: str) -> FloatArray:
            return rows[:, self._place[name]]

        n = trial.sample_size
        return np.stack([on_scale(target, column, n) for target in self._targets], axis=1)


def _mapped(function: Callable[[_T], _R], tasks: Sequence[_T], workers: int) -> Iterator[_R]:
    if workers == 1:
        yield from map(function, tasks)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(function, tasks)
