"""Time pieces of work in turn, so that they can be compared on a machine whose speed drifts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Piece(NamedTuple):
    """A piece of work, and how many replicates, patients or commands it is."""

    work: Callable[[], object]
    size: int = 1
    most_rounds: int | None = None
    """Rounds after which it is left out, because it takes long."""


class Times(NamedTuple):
    """Seconds of one piece of work, one entry a round."""

    rounds: tuple[float, ...]

    @property
    def minimum(self) -> float:
        """The quietest round."""
        return min(self.rounds)

    @property
    def median(self) -> float:
        """The usual round."""
        return statistics.median(self.rounds)


def in_turn(pieces: Mapping[str, Piece], *, rounds: int) -> dict[str, Times]:
    """Time pieces of work, each once a round, round after round.

    Parameters
    ----------
    pieces : mapping of str to Piece
        What is timed, by name, in this order. Work whose first time is not like the others is to
        be done once before.
    rounds : int
        How often.

    Returns
    -------
    dict of str to Times
        Seconds for one replicate, patient or command of each piece.
    """
    found: dict[str, list[float]] = {name: [] for name in pieces}
    for done in range(rounds):
        for name, piece in pieces.items():
            if piece.most_rounds is None or done < piece.most_rounds:
                found[name].append(_seconds(piece.work) / piece.size)
    return {name: Times(tuple(seconds)) for name, seconds in found.items()}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Ratio(NamedTuple):
    """How many times as long one piece takes as another."""

    of_minima: float
    """Quietest round over quietest round."""
    median: float
    """Of the ratios within each round, which a drift of the machine leaves alone."""


def ratio(above: Times, below: Times) -> Ratio:
    """One piece's time over another's; both timed in the same rounds."""
    within = [a / b for a, b in zip(above.rounds, below.rounds, strict=True)]
    return Ratio(above.minimum / below.minimum, statistics.median(within))
