"""All Kaplan-Meier curves of n patients that give the printed figures.

A curve is a path: the patients leave observation one after the other, each by the event or by
censoring, and between two checkpoints (`simulate.reconstruct.demands`) only their order counts.
Tied events are events one after the other: neither the estimate nor Greenwood's sum tells them
apart. The search walks over departures. Its states are (checkpoints passed, events, survival,
Greenwood's sum); states that cannot meet the next figure are dropped, and states that are equal to
`FINEST` in survival and lower limit are merged. Each state keeps one true path to it, without any
rounding, so whatever is found is exact; what merging may lose is a curve that meets a figure by
less than `Found.resolution`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulate.analysis.product_limit import FloatArray, log_log_limits, normal_quantile
from simulate.reconstruct.ahead import Ahead
from simulate.reconstruct.demands import (
    CensoringStart,
    Checkpoint,
    Crossing,
    Demands,
    Landmark,
    Line,
)

FINEST = 1e-5
"""Difference of survival below which two states are the same; of the lower limit, 5 times that
where limits are printed, and 50 times where only its crossing of one half is."""

_LIMIT_WIDTH, _CROSSING_WIDTH = 5.0, 50.0

MOST_STATES = 2_000_000
"""States kept for each stage; beyond that, nearly equal ones are merged more coarsely."""

_EARLY_CENSORING = 1e4  # weighs more than any distance from the printed figures

IntArray = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(slots=True)
class States:
    """States of one number of departures and one stage (checkpoints passed)."""

    events: IntArray
    survival: FloatArray
    greenwood: FloatArray
    cost: FloatArray
    parent: IntArray
    """Number of the state before, -1 for none."""

    def take(self, rows: IntArray | Bools) -> States:
        """Some of the states."""
        return States(*(getattr(self, name)[rows] for name in self.__slots__))

    def __len__(self) -> int:
        """How many."""
        return int(self.events.size)


def together(parts: list[States]) -> States:
    """States of several blocks as one."""
    return States(*(np.concatenate([getattr(p, name) for p in parts]) for name in States.__slots__))


@dataclass(slots=True)
class Block:
    """The states of one stage after one number of departures, and how they are reached."""

    stage: int
    departures: int
    first: int
    """Number of the first state."""
    states: States
    came_from: IntArray
    """State before, for every way into the block, merged ones included."""
    came_to: IntArray
    """State reached by that way."""


@dataclass(slots=True)
class Found:
    """The outcome of a search."""

    demands: Demands
    blocks: list[Block] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """Numbers of the states at which everything is met."""
    resolution: float = FINEST
    """Coarsest merging that was needed."""
    furthest: int = 0
    """Most checkpoints that any path passed."""
    nearest: States | None = None
    """States that came to the checkpoint at which all paths ended, whether they met it or not."""


class _Search:
    def __init__(self, demands: Demands, most_states: int) -> None:
        self.demands = demands
        self.z = normal_quantile(demands.confidence)
        self.last = len(demands.checkpoints)
        self.ahead = [Ahead.of(demands, stage, self.z) for stage in range(self.last + 1)]
        self.most = max(2000, most_states // (demands.n + 1))
        self.found = Found(demands)
        self.count = 0

    def run(self) -> Found:
        n = self.demands.n
        one = np.ones(1)
        start = States(np.zeros(1, np.int64), one, 0 * one, 0 * one, np.full(1, -1))
        arriving: dict[int, list[States]] = {0: [start]}
        for departures in range(n + 1):
            following: dict[int, list[States]] = {}
            for stage in range(self.last + 1):
                if stage not in arriving:
                    continue
                block = self._block(stage, departures, together(arriving.pop(stage)))
                if not len(block.states):
                    continue
                passing = self._passing(block)
                if passing is not None and len(passing):
                    arriving.setdefault(stage + 1, []).append(passing)
                if departures < n:
                    following.setdefault(stage, []).extend(self._departures(block))
            arriving = {stage: parts for stage, parts in following.items() if parts}
        return self.found

    def _limits(self, states: States) -> tuple[FloatArray, FloatArray]:
        lower, upper = log_log_limits(states.survival, states.greenwood, self.z)
        gone = states.survival == 0.0  # as the median's limits see it
        return np.where(gone, 0.0, lower), np.where(gone, 1.0, upper)

    def _line(self, states: States, line: Line) -> FloatArray:
        if line is Line.SURVIVAL:
            return states.survival
        return self._limits(states)[0 if line is Line.LOWER else 1]

    def _block(self, stage: int, departures: int, states: States) -> Block:
        """Drop what leads nowhere, merge what is equal, and number the rest."""
        alive = self.ahead[stage].is_possible(
            states.events, states.survival, states.greenwood, departures
        )
        for line in self.demands.not_reached:
            alive &= ~is_half(self._line(states, line))
        states = states.take(alive)
        kept, to = self._merged(states, self._lower_width(stage))
        block = Block(
            stage, departures, self.count, states.take(kept), states.parent, to + self.count
        )
        self.count += kept.size
        if kept.size:
            self.found.blocks.append(block)
            self.found.furthest = max(self.found.furthest, stage)
            if stage == self.last:
                done = self._done(block.states)
                self.found.ends.extend((np.flatnonzero(done) + block.first).tolist())
        return block

    def _done(self, states: States) -> Bools:
        total = self.demands.total_events
        return np.ones(len(states), bool) if total is None else states.events == total

    def _lower_width(self, stage: int) -> float:
        """How finely the lower limit has to be told apart from here on; 0 for not at all."""
        later = self.demands.checkpoints[stage:]
        if any(isinstance(c, Landmark) and (c.lower or c.upper) for c in later):
            return _LIMIT_WIDTH
        lines = {c.line for c in later if isinstance(c, Crossing)} | self.demands.not_reached
        return _CROSSING_WIDTH if lines - {Line.SURVIVAL} else 0.0

    def _merged(self, states: States, lower_width: float) -> tuple[IntArray, IntArray]:
        """Rows to keep, the best of each bin, and for each row the kept one that stands for it."""
        if not len(states):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        lower = self._limits(states)[0] / lower_width if lower_width else 0.0 * states.survival
        width = FINEST
        while True:
            bins = (states.events << 44) + (
                (np.rint(states.survival / width).astype(np.int64) << 22)
                + np.rint(lower / width).astype(np.int64)
            )
            order = np.lexsort((states.cost, bins))
            new = np.append(True, np.diff(bins[order]) != 0)
            if new.sum() <= self.most:
                break
            width *= 2.0
        self.found.resolution = max(self.found.resolution, width)
        to = np.empty(order.size, np.int64)
        to[order] = np.cumsum(new) - 1
        return order[new], to

    def _passing(self, block: Block) -> States | None:
        """States that pass the next checkpoint now, and are then in the next stage."""
        if block.stage == self.last:
            return None
        checkpoint = self.demands.checkpoints[block.stage]
        states = block.states
        numbers = np.arange(len(states)) + block.first
        cost = states.cost
        if isinstance(checkpoint, Landmark):
            meets, distance = self._meets(checkpoint, states, block.departures)
            cost = cost + distance
        elif isinstance(checkpoint, Crossing):
            meets = is_half(self._line(states, checkpoint.line))
        else:
            meets = np.ones(len(states), bool)
        meets &= self._may_enter(states, block.stage + 1)
        if block.stage + 1 == self.last:
            cost = cost + _EARLY_CENSORING * (block.departures - states.events)
        moved = States(states.events, states.survival, states.greenwood, cost, numbers)
        return moved.take(meets)

    def _may_enter(self, states: States, stage: int) -> Bools:
        """No line may have crossed one half before the time at which it is to do so."""
        free = np.ones(len(states), bool)
        now = self.demands.checkpoints[stage - 1].time
        for later in self.demands.checkpoints[stage:]:
            if isinstance(later, Crossing) and later.time > now:
                free &= ~is_half(self._line(states, later.line))
        return free

    def _meets(self, mark: Landmark, states: States, gone: int) -> tuple[Bools, FloatArray]:
        """Which states give the figures of a landmark, and how far from their middle they are."""
        lower, upper = self._limits(states)
        meets = np.ones(len(states), bool)
        distance = np.zeros(len(states))
        figures = ((mark.rate, states.survival), (mark.lower, lower), (mark.upper, upper))
        for printed, value in figures:
            if printed is not None:
                meets &= (value >= printed.low) & (value <= printed.high)
                distance += ((value - printed.value) / printed.half) ** 2
        if mark.events is not None:
            meets &= states.events == mark.events
        if mark.at_risk is not None:
            meets &= self.demands.n - gone == mark.at_risk
        return meets, distance

    def _departures(self, block: Block) -> list[States]:
        """Each state with one more event, and with one more patient censored."""
        states, stage = block.states, block.stage
        numbers = np.arange(len(states)) + block.first
        at_risk = self.demands.n - block.departures
        an_event, a_censoring = self._may_depart(states, stage)
        after_event = States(
            states.events + 1,
            states.survival * ((at_risk - 1) / at_risk),
            states.greenwood + (1.0 / (at_risk * (at_risk - 1)) if at_risk > 1 else 0.0),
            states.cost,
            numbers,
        )
        after_censoring = States(
            states.events, states.survival, states.greenwood, states.cost, numbers
        )
        moves = (after_event.take(an_event), after_censoring.take(a_censoring))
        return [part for part in moves if len(part)]

    def _may_depart(self, states: States, stage: int) -> tuple[Bools, Bools]:
        """Which states may have an event next, and which a censoring."""
        checkpoint = self.demands.checkpoints[stage] if stage < self.last else None
        goes_on = np.ones(len(states), np.bool_)
        if isinstance(checkpoint, Crossing):  # who has crossed can only pass
            goes_on = ~is_half(self._line(states, checkpoint.line))
        elif checkpoint is None:
            goes_on = ~self._done(states)
        a_censoring = goes_on & self._may_censor(stage)
        # Where survival is exactly one half the median lies midway to the next event. It is as
        # printed if that event comes at the same time, or never.
        passed = [i for i, c in enumerate(self.demands.checkpoints[:stage]) if _is_median(c)]
        if not passed:
            return goes_on, a_censoring
        elsewhere = np.abs(states.survival - 0.5) > 1e-12
        checkpoints = self.demands.checkpoints
        is_now = checkpoints[stage - 1].time == checkpoints[passed[-1]].time
        return goes_on & (elsewhere | is_now), a_censoring & (elsewhere | (not is_now))

    def _may_censor(self, stage: int) -> bool:
        """No censoring too early, nor between checkpoints of one time, where events come first."""
        checkpoints = self.demands.checkpoints
        if any(isinstance(c, CensoringStart) for c in checkpoints[stage:]):
            return False
        between = checkpoints[max(0, stage - 1) : stage + 1]
        return stage == 0 or len(between) < 2 or between[0].time < between[1].time


def _is_median(checkpoint: Checkpoint) -> bool:
    return isinstance(checkpoint, Crossing) and checkpoint.line is Line.SURVIVAL


def is_half(values: FloatArray) -> Bools:
    """Whether a line has fallen to one half, as the median's definition sees it."""
    return np.asarray(values <= 0.5 + 1e-12, dtype=np.bool_)


def search(demands: Demands, *, most_states: int = MOST_STATES) -> Found:
    """Find every curve that meets the demands.

    Parameters
    ----------
    demands
        The printed figures of one curve.
    most_states
        Bound of memory: states kept for each stage (number of checkpoints passed).
    """
    return _Search(demands, most_states).run()
