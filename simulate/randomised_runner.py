"""Chunks of replicates of a randomised trial with patients in cycles and scans, and its looks.

What follows from a trial is found by the rules of :mod:`simulate.looks`, as for a trial with plain
survival models; here is where the days and events come from.
"""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulate.arm_desks import DrawnArm, drawn_arms, have_room, take_rules
from simulate.choose_engine import BATCH
from simulate.compiled import kernel, rule
from simulate.distributions import FloatArray, FloatColumn, IntArray
from simulate.engines.batch.trial import Desk, new_desk, run_trial
from simulate.engines.choice import Engine, get_engine
from simulate.errors import SimulateError
from simulate.ledger import PATIENTS, Ledger, empty_ledger, ledger_of
from simulate.look_days import randomised_design
from simulate.look_samples import (
    SeenPatients,
    arm_rules,
    find_event_days,
    find_free_days,
    seen_patients,
    take_sample,
)
from simulate.looks.book import BoundBook
from simulate.looks.boundaries import Boundaries
from simulate.looks.bounds import BoundTree
from simulate.looks.build import look_plan, look_room
from simulate.looks.columns import column_names
from simulate.looks.conduct import conduct_looks
from simulate.looks.plan import LookPlan
from simulate.looks.samples import Enrolled, LookRoom
from simulate.packed import Packed, pack, unpacked
from simulate.plan import AnyPlan, trial_plan, with_lists
from simulate.plans import KEPT, Plans
from simulate.readings import at_address
from simulate.scenario.trial import Trial
from simulate.theory.joint_bounds import covariances
from simulate.theory.planned_looks import expected_events
from simulate.told_readers import tell_readers

ChunkOfLooks = dict[str, FloatArray]
"""By the name of the analysis: shape (replicates, columns)."""


class Watch(NamedTuple):
    """All that is needed to look at one trial after another."""

    plan: LookPlan
    seen: SeenPatients
    room: LookRoom


class Slate(NamedTuple):
    """The looks at the replicates of a chunk, for compiled code."""

    watch: Watch
    tree: BoundTree
    values: FloatColumn
    """By row, look and column."""


@rule
def look_at_trial(watch: Watch, tree: BoundTree, out: FloatColumn, at: int) -> bool:
    """Make the looks of the trial in the ledger and write their rows; False without bounds."""
    seen, tests = watch.seen, watch.plan.tests
    find_event_days(seen)
    if tests.has_intervals == 1:
        find_free_days(seen, tests.is_by_scans, watch.room.tally.tests.intervals.free_day)
    enrolled = Enrolled(
        seen.ledger.size[PATIENTS],
        seen.ledger.subjects.enrolment_trial_day,
        seen.arm,
        seen.ledger.subjects.stratum,
        seen.group,
        seen.event_day,
        seen.stride,
    )
    if not conduct_looks(watch.plan, tree, enrolled, take_sample, seen, watch.room, out, at):
        return False
    tell_readers(seen, watch.plan, out, at)
    return True


@kernel
def look_compiled(block: IntArray, at: int) -> bool:
    """Look at the trial in the ledger, in compiled code."""
    slate = unpacked(block, Slate)
    return look_at_trial(slate.watch, slate.tree, slate.values, at)


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
        self._boundaries = Boundaries(design, covariances(trial), expected_events(trial))
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
        return BoundBook(self._boundaries, len(self._boundaries), as_lists=as_lists)

    # ---- compiled -------------------------------------------------------------------------------

    def _run_compiled(self, replicates: range) -> FloatArray:
        bench = self._bench()
        values = np.full(len(replicates) * self._n_columns, np.nan)
        if not self._has_draws:
            self._fill(bench, replicates, replicates, values)
            return values
        for draw, of_draw in self._plans.by_draw(replicates):
            drawn = self._drawn(draw)  # kept as long as it is read
            if not have_room(bench.desk, drawn):
                larger = self._new_bench(self._plans.of_draw(draw))
                self._fill(larger, replicates, of_draw, values)
                continue
            take_rules(bench.packed, drawn)
            self._fill(bench, replicates, of_draw, values)
        return values

    def _fill(self, bench: _Bench, chunk: range, replicates: range, values: FloatArray) -> None:
        """Run some of the replicates of a chunk, and write the rows of their looks."""
        book = bench.book
        packed = pack(Slate(bench.watch, book.tree, values))
        for replicate in replicates:
            at_address(bench.watch.seen.readings, seed=self._seed, replicate=replicate)
            if not run_trial(bench.packed.block, self._seed, replicate):
                raise SimulateError(
                    f"replicate {replicate} screens more patients than have room; "
                    "the engine 'reference' can run it"
                )
            while not look_compiled(packed.block, (replicate - chunk.start) * self._n_columns):
                if book.learn():
                    packed = pack(Slate(bench.watch, book.tree, values))

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
        return _Bench(desk, pack(desk), self._watch(desk.ledger), self._book(as_lists=False))

    # ---- in plain Python ------------------------------------------------------------------------

    def _run_in_python(self, replicates: range) -> FloatArray:
        bench = self._bench_in_python()
        values = [math.nan] * (len(replicates) * self._n_columns)
        for row, replicate in enumerate(replicates):
            engine = self._engine_of(bench, replicate)
            ledger = ledger_of(engine.simulate(seed=self._seed, replicate=replicate))
            watch = bench.watch._replace(seen=bench.watch.seen._replace(ledger=ledger))
            at_address(watch.seen.readings, seed=self._seed, replicate=replicate)
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
    packed: Packed
    """The desk."""
    watch: Watch
    book: BoundBook


class _InPython(NamedTuple):
    """The same in plain Python."""

    engine: Engine
    watch: Watch
    book: BoundBook
