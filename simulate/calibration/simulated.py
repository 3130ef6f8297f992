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
from simulate.build_plan import build_plan
from simulate.calibration.links import natural, written
from simulate.calibration.scales import Target, on_scale
from simulate.calibration.store import Store
from simulate.distributions import FloatArray
from simulate.scenario.calibration import Parameter
from simulate.scenario.scenario import Scenario
from simulate.streams import RESERVED_REPLICATES

FIRST_REPLICATE = RESERVED_REPLICATES + 2**30
"""First replicate of the calibration's own range."""

BLOCK = 64
"""Points of a block: what is kept at once, and lost at most when the work is interrupted."""

Progress = Callable[[int], None]
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

    def overrides(self, points: FloatArray) -> list[dict[str, object]]:
        """Fields of the scenario at each point, shape (points, free parameters)."""
        values = natural(self.parameters, points)
        return [
            {p.field: written(values[p.name][row], p.unit) for p in self.parameters}
            for row in range(len(points))
        ]

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
        tasks = list(enumerate(self.overrides(points)))

        def one(task: tuple[int, dict[str, object]]) -> tuple[int, FloatArray]:
            row, overrides = task
            at = replicates.start + row * trials
            return row, self._at(overrides, range(at, at + trials))

        for row, values in _mapped(one, tasks, self.workers):
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

    def _at(self, overrides: dict[str, object], replicates: range) -> FloatArray:
        scenario = self.scenario.with_overrides(overrides)
        runner = BatchRunner(scenario, build_plan(scenario), seed=self.seed)
        values, _ = runner.run(replicates)[-1]
        names = statistic_names(scenario)
        rows = values.reshape(len(replicates), len(names))
        place = {name: i for i, name in enumerate(names)}

        def column(name: str) -> FloatArray:
            return rows[:, place[name]]

        n = scenario.sample_size
        return np.stack([on_scale(target, column, n) for target in self.targets], axis=1)


def _mapped(function: Callable[[_T], _R], tasks: Sequence[_T], workers: int) -> Iterator[_R]:
    if workers == 1:
        yield from map(function, tasks)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(function, tasks)
