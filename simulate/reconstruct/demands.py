"""What a reconstructed curve has to satisfy, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from simulate.reconstruct.printed import Printed, parse_printed_rate


class Line(Enum):
    """One of the three lines of a Kaplan-Meier figure."""

    SURVIVAL = "survival"
    LOWER = "lower"
    UPPER = "upper"


@dataclass(frozen=True, slots=True)
class Landmark:
    """A survival rate printed for one time.

    Attributes
    ----------
    time
        When, in the unit of the publication; events of that time are included.
    rate
        The survival rate.
    lower, upper
        Its confidence limits (log-log); None where they are not printed.
    events
        Events by then, if printed.
    at_risk
        Patients still under observation then, if printed.
    """

    time: float
    rate: Printed
    lower: Printed | None = None
    upper: Printed | None = None
    events: int | None = None
    at_risk: int | None = None

    @classmethod
    def printed(
        cls,
        time: float,
        rate: str,
        lower: str | None = None,
        upper: str | None = None,
        *,
        events: int | None = None,
        at_risk: int | None = None,
    ) -> Landmark:
        """Make a landmark from figures as they are printed, such as ``"87.4%"``."""
        return cls(
            time,
            parse_printed_rate(rate),
            None if lower is None else parse_printed_rate(lower),
            None if upper is None else parse_printed_rate(upper),
            events,
            at_risk,
        )


@dataclass(frozen=True, slots=True)
class Crossing:
    """The event at which a line of the figure first falls to one half: the median or its limit."""

    time: float
    line: Line


@dataclass(frozen=True, slots=True)
class CensoringStart:
    """Nobody is censored before this time."""

    time: float


Checkpoint = Landmark | Crossing | CensoringStart


@dataclass(frozen=True, slots=True)
class Demands:
    """Everything that is demanded of one curve.

    Attributes
    ----------
    n
        Patients.
    checkpoints
        In the order in which a curve has to pass them.
    not_reached
        Lines that never fall to one half.
    total_events
        Events in all; None if they are not known, then none follow the last checkpoint.
    confidence
        Two-sided confidence of the limits.
    """

    n: int
    checkpoints: tuple[Checkpoint, ...]
    not_reached: frozenset[Line] = frozenset()
    total_events: int | None = None
    confidence: float = 0.95

    @property
    def needs_variance(self) -> bool:
        """Whether any figure depends on more than the survival estimate."""
        lines = {c.line for c in self.checkpoints if isinstance(c, Crossing)} | self.not_reached
        limits = (
            isinstance(c, Landmark) and (c.lower is not None or c.upper is not None)
            for c in self.checkpoints
        )
        return any(limits) or bool(lines - {Line.SURVIVAL})


def demands(
    n: int,
    landmarks: Iterable[Landmark],
    *,
    medians: Mapping[Line, Printed] | None = None,
    total_events: int | None = None,
    first_censoring: float = 0.0,
    confidence: float = 0.95,
) -> Demands:
    """Put the printed figures of one curve into the order of time.

    Parameters
    ----------
    n
        Patients.
    landmarks
        Printed rates.
    medians
        Printed median (the line of survival) and its limits (the other lines).
    total_events
        Events in all, if printed.
    first_censoring
        Nobody is censored before this time.
    confidence
        Two-sided confidence of the limits.
    """
    marks = sorted(landmarks, key=lambda mark: mark.time)
    printed = medians or {}
    checkpoints: list[Checkpoint] = [*marks]
    checkpoints += [
        Crossing(_crossing_time(line, time, marks), line)
        for line, time in printed.items()
        if time.is_reached
    ]
    if first_censoring > 0.0:
        checkpoints.append(CensoringStart(first_censoring))
    checkpoints.sort(key=lambda c: (c.time, _order(c)))
    never = frozenset(line for line, time in printed.items() if not time.is_reached)
    return Demands(n, tuple(checkpoints), never, total_events, confidence)


def _order(checkpoint: Checkpoint) -> int:
    """Order of checkpoints of one time: the lower line falls to one half first, the upper last."""
    if isinstance(checkpoint, Crossing):
        return (Line.LOWER, Line.SURVIVAL, Line.UPPER).index(checkpoint.line)
    return 3 if isinstance(checkpoint, Landmark) else 4


def _crossing_time(line: Line, printed: Printed, landmarks: Iterable[Landmark]) -> float:
    """Time of a crossing: as printed, unless the rate at that very time puts it on one side."""
    for mark in landmarks:
        figure = {Line.SURVIVAL: mark.rate, Line.LOWER: mark.lower, Line.UPPER: mark.upper}[line]
        if figure is None or not printed.low < mark.time < printed.high:
            continue
        if figure.low > 0.5:  # the landmark comes first
            return max(printed.value, 0.5 * (mark.time + printed.high))
        if mark.at_risk is not None:  # who has the event at the landmark would be at risk there
            return min(printed.value, 0.5 * (printed.low + mark.time))
        return min(printed.value, mark.time)
    return printed.value
