"""Chunks of replicates by the batch engine, simulated and analysed in compiled code."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulate.analysis.curves import BINS, CURVES
from simulate.analysis.one_trial import analyse_trial
from simulate.analysis.plan import AnalysisPlan, analysis_plan
from simulate.analysis.workspace import Workspace, workspace
from simulate.compiled import kernel
from simulate.distributions import FloatArray, IntArray, ShortArray, ShortColumn
from simulate.engines.batch.layout import Layout, layout_of
from simulate.engines.batch.trial import Desk, new_desk, simulate_trial
from simulate.errors import SimulateError
from simulate.packed import Packed, pack, unpacked
from simulate.plan import AnyPlan, Plan, trial_plan
from simulate.plans import KEPT, Plans
from simulate.scenario.trial import Trial


class Slate(NamedTuple):
    """One analysis of the replicates of a chunk; those of all analyses share the desk."""

    desk: Desk
    analysis: AnalysisPlan
    work: Workspace
    values: FloatArray
    """A row a replicate, one after the other."""
    curve_counts: ShortColumn


class _Bench(NamedTuple):
    """Slates of all analyses, and how compiled code finds them."""

    slates: list[Slate]
    blocks: IntArray
    """A row a slate."""
    packed: list[Packed]
    """What must live as long as the blocks."""

    def take(self, drawn: list[tuple[_Drawn, Packed]]) -> None:
        """Let the arms have other rules, which must live as long as they are used."""
        for arm, (_, packed) in zip(self.packed[0].rows, drawn, strict=True):
            arm.block[: len(packed.block)] = packed.block


class _Drawn(NamedTuple):
    """What differs between the desks of draws: the first fields of an :class:`ArmDesk`."""

    plan: Plan
    layout: Layout


class BatchRunner:
    """Runs chunks of one scenario; several threads may use it at once.

    Parameters
    ----------
    trial : Trial
        The scenario.
    plans : Plans
        The same as numbers.
    seed : int
        Seed of the run.
    """

    def __init__(self, trial: Trial, plans: Plans, *, seed: int) -> None:
        self._plans, self._plan, self._seed = plans, plans.point, seed
        self._has_draws = trial.draws is not None
        self._analyses = [analysis_plan(trial, analysis) for analysis in trial.analyses]
        self._own = threading.local()
        self._kept = lru_cache(maxsize=KEPT)(self._make_drawn)
        self._lock = threading.Lock()

    def run(self, replicates: range) -> list[tuple[FloatArray, ShortArray]]:
        """Values and curve counts of some replicates, by analysis in the scenario's order.

        Raises
        ------
        SimulateError
            If a replicate screens more patients than there is room for.
        """
        if self._has_draws:
            return self._run_draws(replicates)
        bench = self._bench(self._desk(), len(replicates))
        self._simulate(bench.blocks, replicates.start, len(replicates))
        return [(slate.values, np.asarray(slate.curve_counts)) for slate in bench.slates]

    def run_with(self, plan: AnyPlan, replicates: range) -> list[tuple[FloatArray, ShortArray]]:
        """The same with another plan of the scenario, such as one of other parameters."""
        drawn = _drawn(plan)
        desk = self._desk()
        if not _fits(drawn, desk):
            desk = new_desk(plan)
        bench = self._bench(desk, len(replicates))
        bench.take(drawn)
        self._simulate(bench.blocks, replicates.start, len(replicates))
        return [(slate.values, np.asarray(slate.curve_counts)) for slate in bench.slates]

    def _run_draws(self, replicates: range) -> list[tuple[FloatArray, ShortArray]]:
        """The same where replicates differ in their plans: those of a draw one after the other."""
        desk = self._desk()
        own = self._bench(desk, 1)
        values = [np.empty((len(replicates), len(slate.values))) for slate in own.slates]
        counts = [np.zeros_like(np.asarray(slate.curve_counts)) for slate in own.slates]
        for draw, of_draw in self._plans.by_draw(replicates):
            drawn = self._drawn(draw)  # kept as long as it is read
            bench = (
                own if _fits(drawn, desk) else self._bench(new_desk(self._plans.of_draw(draw)), 1)
            )
            bench.take(drawn)
            for replicate in of_draw:
                for slate in bench.slates:
                    slate.values.fill(np.nan)
                self._simulate(bench.blocks, replicate, 1)
                for slate, rows in zip(bench.slates, values, strict=True):
                    rows[replicate - replicates.start] = slate.values
            for slate, count in zip(bench.slates, counts, strict=True):
                count += np.asarray(slate.curve_counts)
                np.asarray(slate.curve_counts).fill(0)
        return [(rows.ravel(), count) for rows, count in zip(values, counts, strict=True)]

    def _drawn(self, draw: int) -> list[tuple[_Drawn, Packed]]:
        """What differs between the desks of draws; threads that ask at once wait for one."""
        with self._lock:
            return self._kept(draw)

    def _make_drawn(self, draw: int) -> list[tuple[_Drawn, Packed]]:
        return _drawn(self._plans.of_draw(draw))

    def _simulate(self, blocks: IntArray, first: int, n: int) -> None:
        done = run_replicates(blocks, self._seed, first, n)
        if done < n:
            raise SimulateError(
                f"replicate {first + done} screens more patients than have room; "
                "the engine 'reference' can run it"
            )

    def _desk(self) -> Desk:
        """The thread's own desk, made once."""
        if not hasattr(self._own, "desk"):
            self._own.desk = new_desk(self._plan)
        desk: Desk = self._own.desk
        return desk

    def _bench(self, desk: Desk, n: int) -> _Bench:
        """A desk ready for all analyses of so many replicates."""
        slates = [self._slate(desk, analysis, n) for analysis in self._analyses]
        packed = [pack(slate) for slate in slates]
        return _Bench(slates, np.stack([each.block for each in packed]), packed)

    def _slate(self, desk: Desk, analysis: AnalysisPlan, n: int) -> Slate:
        work = workspace(analysis, trial_plan(self._plan).shared.enrolment.n_patients)
        values = np.full(n * analysis.n_columns, np.nan)
        n_counts = len(CURVES) * analysis.curves.n_points * (BINS + 1)
        return Slate(desk, analysis, work, values, np.zeros(n_counts, np.int32))


def _drawn(plan: AnyPlan) -> list[tuple[_Drawn, Packed]]:
    """What differs between the desks of plans, by arm."""
    arms = [_Drawn(arm, layout_of(arm)) for arm in trial_plan(plan).arms]
    return [(arm, pack(arm)) for arm in arms]


def _fits(drawn: list[tuple[_Drawn, Packed]], desk: Desk) -> bool:
    """Whether a desk has the room that other plans need."""
    return all(
        room_of(new.layout) == room_of(own.layout)
        for (new, _), own in zip(drawn, desk.arms, strict=True)
    )


def room_of(layout: Layout) -> tuple[int, ...]:
    """Sizes of a layout on which the room of a desk depends."""
    return (
        layout.most_cycles,
        len(layout.patient.purposes),
        layout.patient.n_delay_blocks,
        layout.events.n_looked_up,
    )


@kernel
def run_replicates(blocks: IntArray, seed: int, first: int, n: int) -> int:
    """Simulate and analyse replicates ``first`` to ``first + n - 1``; how many were done."""
    desk = unpacked(blocks[0], Slate).desk
    for row in range(n):
        if not simulate_trial(desk, seed, first + row):
            return row
        for analysis in range(len(blocks)):
            slate = unpacked(blocks[analysis], Slate)
            at = row * slate.analysis.n_columns
            analyse_trial(
                slate.analysis, desk.ledger, slate.work, slate.values, at, slate.curve_counts
            )
    return n
