"""Chunks of replicates of a randomised survival trial: simulated and looked at by rules.

Both engines' trials go through the same rules; in plain Python over lists, or compiled over arrays.
What comes out depends on scenario, seed and replicate alone.
"""

from __future__ import annotations

import math
import threading
from typing import NamedTuple

import numpy as np

from simulate.build_observation import observation, review_plan, review_room
from simulate.build_survival_plan import build_survival_plan
from simulate.choose_engine import BATCH
from simulate.compiled import kernel, rule
from simulate.distributions import FloatArray, FloatColumn, IntArray, IntColumn, ShortColumn
from simulate.engines.batch.survival import (
    SurvivalDesk,
    new_survival_desk,
    simulate_survival_trial,
)
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.looks.book import BoundBook
from simulate.looks.boundaries import Boundaries
from simulate.looks.bounds import BoundTree
from simulate.looks.build import look_plan, look_room
from simulate.looks.columns import column_names
from simulate.looks.concordance import tell_agreement
from simulate.looks.conduct import conduct_looks
from simulate.looks.design import survival_design
from simulate.looks.plan import LookPlan
from simulate.looks.review_plan import Review
from simulate.looks.samples import Enrolled, LookRoom
from simulate.looks.seen import (
    Observation,
    Seen,
    find_event_days,
    find_free_days,
    take_sample,
)
from simulate.packed import Packed, pack, unpacked
from simulate.plan import with_lists
from simulate.reading_words import look_up_reading, read_words
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_ledger import SurvivalLedger
from simulate.theory.joint_bounds import covariances
from simulate.theory.planned_looks import expected_events

ChunkOfLooks = dict[str, FloatArray]
"""By the name of the analysis: shape (replicates, columns)."""


class Watch(NamedTuple):
    """All that is needed to look at one trial after another."""

    plan: LookPlan
    observation: Observation
    event_day: ShortColumn
    room: LookRoom
    review: Review


class Slate(NamedTuple):
    """The looks at the replicates of a chunk, for compiled code."""

    desk: SurvivalDesk
    watch: Watch
    tree: BoundTree
    to_do: IntColumn
    """Rows that are still to be run."""
    values: FloatColumn
    """By row, look and column."""


@rule
def look_at_trial(
    watch: Watch, tree: BoundTree, ledger: SurvivalLedger, out: FloatColumn, at: int
) -> bool:
    """Make the looks of a trial and write their rows; False if bounds are missing."""
    stride = len(watch.room.day)
    seen = Seen(watch.observation, ledger, watch.event_day, stride, watch.review)
    find_event_days(seen)
    if watch.plan.tests.has_intervals == 1:
        find_free_days(
            seen, watch.plan.tests.is_by_scans, watch.room.tally.tests.intervals.free_day
        )
    enrolled = Enrolled(
        ledger.n[0],
        ledger.enrolment_trial_day,
        ledger.arm,
        ledger.stratum,
        ledger.cell,
        watch.event_day,
        stride,
    )
    if not conduct_looks(watch.plan, tree, enrolled, take_sample, seen, watch.room, out, at):
        return False
    tell_agreement(watch.review, ledger, watch.plan, out, at, stride)
    return True


@kernel
def run_looks(
    block: IntArray, seed: int, first: int, n: int, most_misses: int, n_columns: int
) -> int:
    """Simulate the replicates of the first n rows that are to do, and look at them.

    Returns
    -------
    int
        Rows that are still to do, for want of bounds; they are put first.
    """
    slate = unpacked(block, Slate)
    left = 0
    for k in range(n):
        row = slate.to_do[k]
        is_done = False
        if slate.tree.n_missed[0] < most_misses:
            simulate_survival_trial(slate.desk, seed, first + row)
            if slate.watch.review.plan.is_needed == 1:
                n_patients = slate.desk.ledger.n[0]
                look_up_reading(slate.watch.review, seed, first + row, n_patients)
            is_done = look_at_trial(
                slate.watch, slate.tree, slate.desk.ledger, slate.values, row * n_columns
            )
        slate.to_do[left] = row
        left += 0 if is_done else 1
    return left


class SurvivalRunner:
    """Runs chunks of one scenario; several threads may use it at once.

    Parameters
    ----------
    trial : SurvivalTrial
        The scenario.
    seed : int
        Seed of the run.
    engine : str
        Name of the engine.
    """

    def __init__(self, trial: SurvivalTrial, *, seed: int, engine: str) -> None:
        design = survival_design(trial)
        self.names = column_names(design)
        self._analyses = tuple(analysis.name for analysis in trial.analyses)
        self._trial, self._seed = trial, seed
        self._plan = build_survival_plan(trial)
        self._looks = look_plan(design)
        self._boundaries = Boundaries(design, covariances(trial), expected_events(trial))
        self._observation = observation(trial, self._plan.horizon)
        self._review = review_plan(trial, self._plan.horizon)
        self._is_compiled = engine == BATCH
        self._own = threading.local()

    def run(self, replicates: range) -> ChunkOfLooks:
        """Simulate some replicates and look at them."""
        run = self._run_compiled if self._is_compiled else self._run_in_python
        values = run(replicates).reshape(len(replicates), len(self._analyses), len(self.names))
        return {name: values[:, look] for look, name in enumerate(self._analyses)}

    def _watch(self) -> Watch:
        n = self._plan.accrual.sample_size
        return Watch(
            self._looks,
            self._observation,
            np.zeros(self._looks.n_endpoints * n, np.int32),
            look_room(self._looks, n, self._plan.randomisation.n_strata),
            Review(self._review, review_room(self._trial, self._review, n)),
        )

    def _book(self, *, as_lists: bool) -> BoundBook:
        return BoundBook(self._boundaries, len(self._boundaries), as_lists=as_lists)

    def _run_compiled(self, replicates: range) -> FloatArray:
        bench = self._bench()
        n, n_columns = len(replicates), self._looks.n_looks * len(self.names)
        slate = Slate(
            bench.desk,
            bench.watch,
            bench.book.tree,
            np.arange(n, dtype=np.int64),
            np.empty(n * n_columns),
        )
        packed, left = pack(slate, bench.packed), n
        while left > 0:
            left = run_looks(
                packed.block, self._seed, replicates.start, left, bench.book.most_misses, n_columns
            )
            if left > 0 and bench.book.learn():
                slate = slate._replace(tree=bench.book.tree)
                packed = pack(slate, bench.packed)
        return np.asarray(slate.values)

    def _bench(self) -> _Bench:
        """The thread's own bench, made once."""
        if not hasattr(self._own, "bench"):
            desk, watch = new_survival_desk(self._plan), self._watch()
            packed = {"desk": pack(desk), "watch": pack(watch)}
            self._own.bench = _Bench(desk, watch, packed, self._book(as_lists=False))
        bench: _Bench = self._own.bench
        return bench

    def _run_in_python(self, replicates: range) -> FloatArray:
        if not hasattr(self._own, "in_python"):
            self._own.in_python = _InPython(
                ReferenceSurvivalEngine(self._plan),
                with_lists(self._watch()),
                self._book(as_lists=True),
            )
        bench: _InPython = self._own.in_python
        n_columns = self._looks.n_looks * len(self.names)
        values = [math.nan] * (len(replicates) * n_columns)
        for row, replicate in enumerate(replicates):
            ledger = with_lists(bench.engine.simulate(seed=self._seed, replicate=replicate))
            read_words(bench.watch.review, seed=self._seed, replicate=replicate)
            while not look_at_trial(bench.watch, bench.book.tree, ledger, values, row * n_columns):
                bench.book.learn()
        return np.array(values)


class _Bench(NamedTuple):
    """What a thread of compiled code keeps from chunk to chunk."""

    desk: SurvivalDesk
    watch: Watch
    packed: dict[str, Packed]
    """Both, for the slate of a chunk."""
    book: BoundBook


class _InPython(NamedTuple):
    """The same in plain Python."""

    engine: ReferenceSurvivalEngine
    watch: Watch
    book: BoundBook
