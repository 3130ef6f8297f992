"""How a design that cannot be is refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from simulate.errors import SimulateError


class DesignError(SimulateError):
    """A design that cannot be: which part, what is wrong, and what to do.

    Attributes
    ----------
    part
        Name of the part that is wrong, such as ``fractions``; a scenario maps it to its field.
    message
        What is wrong, with what was given.
    hint
        What is allowed, or what to do.
    """

    def __init__(self, part: str, message: str, hint: str = "") -> None:
        text = f"{part}: {message}"
        super().__init__(f"{text}. {hint}" if hint else text)
        self.part = part
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[DesignError], tuple[str, str, str]]:
        """Survive the way back from a worker process, which rebuilds an error from its parts."""
        return (type(self), (self.part, self.message, self.hint))


def between(part: str, value: float, low: float, high: float) -> float:
    """Give the value if it lies strictly between two numbers.

    Raises
    ------
    DesignError
        If it does not, or is not a number.
    """
    if not low < value < high:
        allowed = f"a number above {low:g}" + (
            f" and below {high:g}" if high < float("inf") else ""
        )
        raise DesignError(part, f"{value:g} is not possible", f"Give {allowed}")
    return float(value)


LEAST_GAIN = 1e-6
"""Least share of the last look's information that every look gains.

With less, such as a billionth of an expected event, two looks are one: no bound tells them apart,
and the integration would need more nodes than there is room for.
"""


def gaining(part: str, information: Sequence[float]) -> tuple[float, ...]:
    """Give the information of the looks if every look gains some, that of the first included.

    Raises
    ------
    DesignError
        If there is no look, or one does not gain :data:`LEAST_GAIN` of the last one's information.
    """
    values = increasing(part, information)
    for number, (before, after) in enumerate(pairwise((0.0, *values)), start=1):
        if after - before < LEAST_GAIN * values[-1]:
            raise DesignError(
                part,
                f"look {number} gains {after - before:.4g}, less than a millionth of the last "
                f"look's {values[-1]:g}",
                "Move the look, or leave it out",
            )
    return values


def increasing(part: str, values: Sequence[float], *, above: float = 0.0) -> tuple[float, ...]:
    """Give the values if each is above the one before it, and the first above a number.

    Raises
    ------
    DesignError
        If there is none, or their order is wrong.
    """
    if not values:
        raise DesignError(part, "none is given", "Give at least one")
    before = above
    for number, value in enumerate(values, start=1):
        if not value > before:
            raise DesignError(
                part,
                f"number {number} is {value:g} and follows {before:g}",
                "Give them in increasing order",
            )
        before = value
    return tuple(float(value) for value in values)
