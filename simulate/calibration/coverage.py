"""Does the calibration tell its uncertainty rightly? Coverage on trials whose truth is known.

Parameters are drawn from the prior, one trial is simulated at each draw, its targets are taken for
published ones, and the posterior is found by the calibration's own steps. Over many such trials a
central 80% interval must hold the truth in 80% of them, and the truth must fall at any rank among
the draws equally often (simulation-based calibration: Talts et al. 2018, arXiv:1804.06788).

Or they are drawn from the posterior: trials like the published one, which is where the intervals
are used. As the prior is the same, such a check is mildly optimistic.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from simulate.calibration.inference import (
    Effort,
    Wide,
    explore_prior,
    first_sample,
    refine,
)
from simulate.calibration.links import prior_moments
from simulate.calibration.posterior import sample
from simulate.calibration.simulated import TrialSimulator
from simulate.calibration.tables import COVERAGE_COLUMNS, POSTERIOR, PRIOR
from simulate.distributions import FloatArray
from simulate.steps import Step, silent

LEVELS = (0.50, 0.80, 0.95)
"""Of the central intervals whose coverage is counted."""

EFFORT = Effort(
    designs=2048,
    trials=20,
    local_designs=400,
    local_trials=20,
    mode_trials=1000,
    covariance_trials=2000,
    steps=1000,
    draws=1000,
)
"""Of each data set: less than of the calibration itself, as there are hundreds."""

_FIRST = 2**29
"""Where the data sets' own trials begin in the calibration's range of replicates."""


@dataclass(frozen=True)
class Ranks:
    """Where the truth fell among the draws of the posterior."""

    names: tuple[str, ...]
    ranks: FloatArray
    """Share of the draws below the truth, shape (data sets, parameters)."""
    shrinkage: FloatArray
    """Posterior over prior standard deviation, same shape."""
    n_skipped: int
    """Data sets that had an undefined target, such as a rate beyond the last patient."""
    truth: str = PRIOR
    """Where the true parameters were drawn from."""

    def table(self, labels: Sequence[str]) -> pd.DataFrame:
        """Coverage of central intervals, with :data:`COVERAGE_COLUMNS`."""
        rows = [self._row(i, label, level) for i, label in enumerate(labels) for level in LEVELS]
        return pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))

    def _row(self, i: int, label: str, level: float) -> tuple[object, ...]:
        rank, n = self.ranks[:, i], len(self.ranks)
        covered = int((np.abs(rank - 0.5) <= level / 2).sum())
        interval = binomtest(covered, n).proportion_ci(0.95)
        inside = bool(interval.low <= level <= interval.high)
        limits = (float(interval.low), float(interval.high))
        return (self.truth, self.names[i], label, level, covered, n, covered / n, *limits, inside)


def check_coverage(
    simulator: TrialSimulator,
    *,
    datasets: int,
    seed: int,
    effort: Effort = EFFORT,
    likely: FloatArray | None = None,
    step: Step,
) -> Ranks:
    """Calibrate to many simulated trials whose parameters are known.

    Parameters
    ----------
    simulator : TrialSimulator
        Of the stage and fit that are checked.
    datasets : int
        Trials, each with parameters of its own from the prior.
    seed : int
        Of the draws from the prior and of all samplers.
    effort : Effort
        How much is simulated for each.
    likely : (draws, parameters) array
        Draws, on the scale of the links, of which the true parameters are taken at random; by
        default they are drawn from the prior.
    step : callable
        Progress.
    """
    wide = explore_prior(simulator, effort, seed=seed, step=step)
    mean, sd = prior_moments(simulator.parameters)
    numbers = np.random.default_rng(seed)
    if likely is None:
        truths = mean + sd * numbers.standard_normal((datasets, len(mean)))
    else:
        truths = likely[numbers.integers(len(likely), size=datasets)]
    progress = step("data sets", datasets)
    observed = simulator.run(truths, trials=1, first=_FIRST, progress=lambda _done: None)[:, 0]
    usable = np.isfinite(observed).all(axis=1)
    ranks = np.full((datasets, 2 * len(mean)), np.nan)
    tasks = [(int(row), truths[row], observed[row]) for row in np.flatnonzero(usable)]
    for row, found in _each(wide, tasks, effort, seed):
        ranks[row] = found
        progress(1)
    kept, d = ranks[usable], len(mean)
    names = tuple(p.name for p in simulator.parameters if p.prior is not None)
    truth = PRIOR if likely is None else POSTERIOR
    return Ranks(names, kept[:, :d], kept[:, d:], int((~usable).sum()), truth)


Task = tuple[int, FloatArray, FloatArray]
"""Number, true parameters and targets of a data set."""


def _each(
    wide: Wide, tasks: Sequence[Task], effort: Effort, seed: int
) -> Iterator[tuple[int, FloatArray]]:
    """Ranks of each data set, as they are found; those in the store are taken from there."""
    store, missing = wide.simulator.store, []
    for task in tasks:
        kept = None if store is None else store.get(_key(wide, task, effort, seed))
        if kept is None:
            missing.append(task)
        else:
            yield task[0], kept
    for task, found in _worked(wide, missing, effort, seed):
        if store is not None:
            store.put(_key(wide, task, effort, seed), found)
        yield task[0], found


def _worked(
    wide: Wide, tasks: Sequence[Task], effort: Effort, seed: int
) -> Iterator[tuple[Task, FloatArray]]:
    workers = wide.simulator.workers
    alone = replace(wide, simulator=replace(wide.simulator, workers=1, store=None))
    if workers == 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, ranks_of(alone, task, effort, seed)
        return
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _prepare, (alone, effort, seed)
    ) as pool:
        futures = {pool.submit(_work, task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], future.result()


_shared: list[tuple[Wide, Effort, int]] = []


def _prepare(wide: Wide, effort: Effort, seed: int) -> None:
    _shared[:] = [(wide, effort, seed)]


def _work(task: Task) -> FloatArray:
    wide, effort, seed = _shared[0]
    return ranks_of(wide, task, effort, seed)


def ranks_of(wide: Wide, task: Task, effort: Effort, seed: int) -> FloatArray:
    """Share of a posterior's draws below the truth, then its shrinkage, of each parameter."""
    row, truth, observed = task
    own = seed + 1 + row
    first, found = first_sample(wide, observed, effort, seed=own, step=silent)
    posterior, mode = refine(wide.simulator, first, found, effort, seed=own, step=silent)
    kept = sample(posterior, start=mode, steps=effort.steps, n_draws=effort.draws, seed=own)
    rank = (kept.draws < truth).mean(axis=0)
    return np.concatenate([rank, kept.draws.std(axis=0, ddof=1) / posterior.prior_sd])


def _key(wide: Wide, task: Task, effort: Effort, seed: int) -> str:
    row, truth, observed = task
    said = repr((wide.simulator.identity(), effort, seed, row)).encode()
    return hashlib.sha256(said + truth.tobytes() + observed.tobytes()).hexdigest()[:32]
