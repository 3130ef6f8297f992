"""What the curves that were found have in common: event counts, and the one to be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.reconstruct.demands import Checkpoint
from simulate.reconstruct.paths import Bools, Found, IntArray


@dataclass(frozen=True, slots=True)
class Count:
    """A number of events that some curve has at a checkpoint.

    Attributes
    ----------
    events
        Events by then.
    fewest_censored, most_censored
        Patients censored before, at least and at most, over the curves with that many events.
    """

    events: int
    fewest_censored: int
    most_censored: int


@dataclass(frozen=True, slots=True)
class Counts:
    """All numbers of events at one checkpoint that the printed figures allow.

    Attributes
    ----------
    checkpoint
        Which.
    possible
        By the number of events, decreasing.
    """

    checkpoint: Checkpoint
    possible: tuple[Count, ...]

    @property
    def is_unique(self) -> bool:
        """Whether the printed figures leave one number only."""
        return len(self.possible) == 1


@dataclass(frozen=True, slots=True)
class Departures:
    """A curve as the order in which patients leave observation.

    Attributes
    ----------
    event
        For each departure, True for an event, False for censoring.
    stage
        For each departure, how many checkpoints lie before it.
    """

    event: Bools
    stage: IntArray


@dataclass(frozen=True, slots=True)
class _Table:
    """Every state of a search, by number."""

    stage: IntArray
    departures: IntArray
    events: IntArray
    parent: IntArray
    cost: IntArray

    @classmethod
    def of(cls, found: Found) -> _Table:
        blocks = found.blocks
        sizes = [len(block.states) for block in blocks]
        return cls(
            stage=np.repeat([block.stage for block in blocks], sizes),
            departures=np.repeat([block.departures for block in blocks], sizes),
            events=np.concatenate([block.states.events for block in blocks]),
            parent=np.concatenate([block.states.parent for block in blocks]),
            cost=np.concatenate([block.states.cost for block in blocks]),
        )


def possible_counts(found: Found) -> tuple[Counts, ...]:
    """List the numbers of events at each checkpoint, over all curves that meet the demands."""
    table = _Table.of(found)
    leads = np.zeros(table.stage.size, np.bool_)
    leads[found.ends] = True
    seen: dict[int, dict[int, list[int]]] = {}
    for block in reversed(found.blocks):
        good = leads[block.came_to] & (block.came_from >= 0)
        before, after = block.came_from[good], block.came_to[good]
        leads[before] = True
        passing = before[table.stage[before] < table.stage[after]]
        if passing.size:
            pairs = np.stack([table.events[passing], table.departures[passing]])
            at = seen.setdefault(block.stage - 1, {})
            for events, gone in np.unique(pairs, axis=1).T.tolist():
                at.setdefault(events, []).append(gone - events)
    return tuple(
        Counts(
            checkpoint,
            tuple(
                Count(events, min(censored), max(censored))
                for events, censored in sorted(seen.get(stage, {}).items(), reverse=True)
            ),
        )
        for stage, checkpoint in enumerate(found.demands.checkpoints)
    )


def best_path(found: Found) -> Departures:
    """Choose one curve: the fewest censored by the last checkpoint, then the closest to print."""
    table = _Table.of(found)
    number = min(found.ends, key=lambda end: (table.cost[end], end))
    moves: list[tuple[bool, int]] = []
    while (before := int(table.parent[number])) >= 0:
        if table.departures[before] < table.departures[number]:
            is_event = bool(table.events[before] < table.events[number])
            moves.append((is_event, int(table.stage[before])))
        number = before
    moves.reverse()
    event = np.array([is_event for is_event, _ in moves], dtype=np.bool_)
    return Departures(event, np.array([stage for _, stage in moves], dtype=np.int64))
