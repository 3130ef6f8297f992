"""Chunks of replicates of a randomised trial with patients in cycles and scans, and its looks.

What follows from a trial is found by the rules of :mod:`simulate.looks`, as for a trial with plain
survival models; here is where the days and events come from.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulate.arm_desks import DrawnArm, drawn_arms, have_room, take_rules
from simulate.choose_engine import BATCH
from simulate.compiled import kernel, rule
from simulate.distributions import FloatArray, FloatColumn, IntArray, IntColumn
from simulate.engines.batch.trial import Desk, new_desk, simulate_trial
from simulate.engines.choice import Engine, get_engine
from simulate.errors import SimulateError
from simulate.ledger import PATIENTS, Ledger, empty_ledger, ledger_of
from simulate.look_samples import (
    ENDPOINTS,
    SeenPatients,
    arm_rules,
    find_event_days,
    seen_patients,
    take_sample,
)
from simulate.looks.book import BoundBook
from simulate.looks.boundaries import Boundaries
from simulate.looks.bounds import BoundTree
from simulate.looks.build import look_plan, look_room
from simulate.looks.columns import column_names
from simulate.looks.conduct import Enrolled, LookRoom, conduct_looks
from simulate.looks.design import LookDesign
from simulate.looks.plan import LookPlan
from simulate.packed import Packed, pack, unpacked
from simulate.plan import AnyPlan, trial_plan, with_lists
from simulate.plans import KEPT, Plans
from simulate.scenario.trial import Trial

ChunkOfLooks = dict[str, FloatArray]
"""By the name of the analysis: shape (replicates, columns)."""


class Watch(NamedTuple):
    """All that is needed to look at one trial after another."""

    plan: LookPlan
    seen: SeenPatients
    room: LookRoom


class Slate(NamedTuple):
    """The looks at the replicates of a chunk, for compiled code."""

    desk: Desk
    watch: Watch
    tree: BoundTree
    to_do: IntColumn
    """Rows that are still to be run."""
    values: FloatColumn
    """By row, look and column."""


@rule
def look_at_trial(watch: Watch, tree: BoundTree, out: FloatColumn, at: int) -> bool:
    """Make the looks of the trial in the ledger and write their rows; False without bounds."""
    seen = watch.seen
    find_event_days(seen)
    enrolled = Enrolled(
        seen.ledger.size[PATIENTS],
        seen.ledger.subjects.enrolment_trial_day,
        seen.arm,
        seen.ledger.subjects.stratum,
        seen.event_day,
        seen.stride,
    )
    return conduct_looks(watch.plan, tree, enrolled, take_sample, seen, watch.room, out, at)


@kernel
def run_looks(
    block: IntArray, seed: int, first: int, n: int, most_misses: int, n_columns: int
) -> int:
    """Simulate the replicates of the first n rows that are to do, and look at them.

    Returns
    -------
    int
        Rows that are still to do, for want of bounds; they are put first. Below 0: the row, less
        one, whose trial screens more patients than have room.
    """
    slate = unpacked(block, Slate)
    left = 0
    for k in range(n):
        row = slate.to_do[k]
        is_done = False
        if slate.tree.n_missed[0] < most_misses:
            if not simulate_trial(slate.desk, seed, first + row):
                return -1 - row
            is_done = look_at_trial(slate.watch, slate.tree, slate.values, row * n_columns)
        slate.to_do[left] = row
        left += 0 if is_done else 1
    return left


def randomised_design(trial: Trial) -> LookDesign:
    """The looks of a randomised trial with patients in cycles and scans."""
    assert trial.max_study_duration is not None  # the scenario's rules demand it
    return LookDesign(
        analyses=trial.analyses,
        hypotheses=trial.hypotheses,
        estimates=trial.estimates,
        endpoints=ENDPOINTS,
        arms=tuple(arm.name for arm in trial.arms),
        sample_size=trial.sample_size,
        origin=trial.origin,
        last_day=math.floor(trial.max_study_duration),
    )


class RandomisedRunner:
    """Runs chunks of one scenario; several threads may use it at once.

    Parameters
    ----------
    trial : Trial
        The scenario, which has arms.
    seed : int
        Seed of the run.
    engine : str
        Name of the engine.
    """

    def __init__(self, trial: Trial, *, seed: int, engine: str) -> None:
        design = randomised_design(trial)
        self.names = column_names(design)
        self._analyses = tuple(analysis.name for analysis in trial.analyses)
        self._seed, self._engine = seed, engine
        self._plans = Plans(trial)
        self._has_draws = trial.draws is not None
        self._looks = look_plan(design)
        self._boundaries = Boundaries(design)
        self._rules = arm_rules(trial)
        self._kept = lru_cache(maxsize=KEPT)(self._draw)
        self._lock = threading.Lock()
        self._own = threading.local()

    def run(self, replicates: range) -> ChunkOfLooks:
        """Simulate some replicates and look at them.

        Raises
        ------
        SimulateError
            If a replicate screens more patients than there is room for.
        """
        run = self._run_compiled if self._engine == BATCH else self._run_in_python
        values = run(replicates).reshape(len(replicates), len(self._analyses), len(self.names))
        return {name: values[:, look] for look, name in enumerate(self._analyses)}

    @property
    def _n_columns(self) -> int:
        """Numbers that are kept of a replicate."""
        return len(self._analyses) * len(self.names)

    def _watch(self, ledger: Ledger) -> Watch:
        plan = trial_plan(self._plans.point)
        n, n_strata = plan.shared.enrolment.n_patients, plan.allotment.randomisation.n_strata
        room = look_room(self._looks, n, n_strata)
        return Watch(self._looks, seen_patients(self._rules, ledger, n), room)

    def _book(self, *, as_lists: bool) -> BoundBook:
        return BoundBook(self._boundaries, self._looks.n_hypotheses, as_lists=as_lists)

    # ---- compiled -------------------------------------------------------------------------------

    def _run_compiled(self, replicates: range) -> FloatArray:
        bench = self._bench()
        slate = _slate(bench, len(replicates), self._n_columns)
        packed = pack(slate)
        if not self._has_draws:
            self._fill(slate, packed, bench.book, replicates, replicates)
            return np.asarray(slate.values)
        for draw, of_draw in self._plans.by_draw(replicates):
            drawn = self._drawn(draw)  # kept as long as it is read
            if have_room(bench.desk, drawn):
                self._fill(slate, packed, bench.book, replicates, of_draw, drawn)
                continue
            larger = self._new_bench(self._plans.of_draw(draw))._replace(book=bench.book)
            other = _slate(larger, 0, 0)._replace(to_do=slate.to_do, values=slate.values)
            self._fill(other, pack(other), bench.book, replicates, of_draw, drawn)
        return np.asarray(slate.values)

    def _fill(
        self,
        slate: Slate,
        packed: Packed,
        book: BoundBook,
        replicates: range,
        chosen: range,
        drawn: Sequence[DrawnArm] = (),
    ) -> None:
        """Run some of the replicates of a slate, until all bounds that they need are known."""
        rows = np.arange(len(replicates))[chosen.start - replicates.start :: chosen.step]
        np.asarray(slate.to_do)[: len(chosen)] = rows[: len(chosen)]
        left = len(chosen)
        while left > 0:
            if drawn:
                take_rules(packed, drawn)
            left = run_looks(
                packed.block, self._seed, replicates.start, left, book.most_misses, self._n_columns
            )
            if left < 0:
                raise SimulateError(
                    f"replicate {replicates[-1 - left]} screens more patients than have room; "
                    "the engine 'reference' can run it"
                )
            if left > 0 and book.learn():
                packed = pack(slate._replace(tree=book.tree))

    def _drawn(self, draw: int) -> list[DrawnArm]:
        """The rules of a draw; threads that ask at once wait for one."""
        with self._lock:
            return self._kept(draw)

    def _draw(self, draw: int) -> list[DrawnArm]:
        return drawn_arms(self._plans.of_draw(draw))

    def _bench(self) -> _Bench:
        """The thread's own bench, made once."""
        if not hasattr(self._own, "bench"):
            self._own.bench = self._new_bench(self._plans.point)
        bench: _Bench = self._own.bench
        return bench

    def _new_bench(self, plan: AnyPlan) -> _Bench:
        desk = new_desk(plan)
        return _Bench(desk, self._watch(desk.ledger), self._book(as_lists=False))

    # ---- in plain Python ------------------------------------------------------------------------

    def _run_in_python(self, replicates: range) -> FloatArray:
        bench = self._bench_in_python()
        values = [math.nan] * (len(replicates) * self._n_columns)
        for row, replicate in enumerate(replicates):
            engine = self._engine_of(bench, replicate)
            ledger = ledger_of(engine.simulate(seed=self._seed, replicate=replicate))
            watch = bench.watch._replace(seen=bench.watch.seen._replace(ledger=ledger))
            while not look_at_trial(watch, bench.book.tree, values, row * self._n_columns):
                bench.book.learn()
        return np.array(values)

    def _bench_in_python(self) -> _InPython:
        if not hasattr(self._own, "in_python"):
            nothing = empty_ledger(
                patients=0, screened=0, variables=0, assessments=0, doses=0, events=0, drug_stops=0
            )
            self._own.in_python = _InPython(
                get_engine(self._engine, self._plans.point),
                with_lists(self._watch(nothing)),
                self._book(as_lists=True),
            )
        bench: _InPython = self._own.in_python
        return bench

    def _engine_of(self, bench: _InPython, replicate: int) -> Engine:
        """The engine of a replicate: one for all, unless replicates take posterior draws."""
        plan = self._plans.of(replicate)
        return bench.engine if plan is self._plans.point else get_engine(self._engine, plan)


class _Bench(NamedTuple):
    """What a thread of compiled code keeps from chunk to chunk."""

    desk: Desk
    watch: Watch
    book: BoundBook


class _InPython(NamedTuple):
    """The same in plain Python."""

    engine: Engine
    watch: Watch
    book: BoundBook


def _slate(bench: _Bench, n: int, n_columns: int) -> Slate:
    """Room for so many replicates."""
    to_do, values = np.zeros(n, np.int64), np.full(n * n_columns, np.nan)
    return Slate(bench.desk, bench.watch, bench.book.tree, to_do, values)
