"""A figure as it is printed: it stands for every number that rounds to it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from simulate.units import NUMBER, QuantityError

NOT_REACHED = "NR"

_RATE_FORM = "Write it as it is printed, such as 87.4%"
_TIME_FORM = f"Write it as it is printed, in the time_unit, such as 27.7; or {NOT_REACHED}"
_FIGURE = re.compile(rf"({NUMBER})\s*(%?)", re.ASCII)

# Doubles near a rounding boundary may fall on either side of it.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed figure.

    Attributes
    ----------
    value
        Its number, a percentage as a fraction; infinity for not reached.
    half
        Half a unit of the last printed digit, on the scale of `value`.
    text
        How it is printed.
    """

    value: float
    half: float
    text: str

    @property
    def low(self) -> float:
        """Smallest number that rounds to it."""
        return self.value - self.half - _SLACK

    @property
    def high(self) -> float:
        """Largest number that rounds to it."""
        return self.value + self.half + _SLACK

    @property
    def is_reached(self) -> bool:
        """Whether it is a number."""
        return math.isfinite(self.value)

    def holds(self, value: float) -> bool:
        """Tell whether a number is printed as this figure."""
        if not self.is_reached:
            return value == self.value
        return self.low <= value <= self.high

    def like(self, value: float) -> str:
        """Print another number in the same way."""
        if math.isinf(value):
            return NOT_REACHED
        if math.isnan(value):
            return "undefined"
        percent = self.text.endswith("%")
        places = _places(self.text) if self.is_reached else 1
        return f"{100 * value:.{places}f}%" if percent else f"{value:.{places}f}"


def _places(text: str) -> int:
    """Digits after the decimal point of a printed number."""
    number = text.strip().rstrip("% ").lower()
    mantissa, _, exponent = number.partition("e")
    return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))


def _number(text: str, form: str) -> tuple[float, float, bool]:
    """Value, half a unit of its last digit, and whether it is a percentage."""
    match = _FIGURE.fullmatch(text.strip())
    if match is None:
        raise QuantityError("a printed figure is needed", form)
    scale = 100.0 if match[2] else 1.0
    try:
        value, unit = float(match[1]), 10.0 ** -_places(match[1])
    except (OverflowError, ValueError):
        raise QuantityError("a printed figure is needed", form) from None
    return value / scale, 0.5 * unit / scale, bool(match[2])


def _text(value: object, form: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return NOT_REACHED if value == math.inf else repr(value)
    raise QuantityError("a printed figure is needed", form)


def parse_printed_rate(value: object) -> Printed:
    """Read a printed survival rate or limit, such as ``87.4%`` or ``0.874``.

    The digits count: ``93.0%`` is printed to a tenth of a per cent, ``93%`` to a whole one.

    Raises
    ------
    QuantityError
        If it is not a number, or lies outside 0 to 1.
    """
    if isinstance(value, Printed):
        return value
    text = _text(value, _RATE_FORM)
    number, half, _ = _number(text, _RATE_FORM)
    if not 0.0 <= number <= 1.0:
        raise QuantityError("a survival rate must lie between 0 and 100%", _RATE_FORM)
    return Printed(number, half, text)


def parse_printed_time(value: object) -> Printed:
    """Read a printed time, such as ``27.7``, or ``NR`` for one that is not reached.

    Raises
    ------
    QuantityError
        If it is neither, or is not above 0.
    """
    if isinstance(value, Printed):
        return value
    text = _text(value, _TIME_FORM)
    if text == NOT_REACHED:
        return Printed(math.inf, 0.0, text)
    number, half, percent = _number(text, _TIME_FORM)
    if percent:
        raise QuantityError("a time is needed", _TIME_FORM)
    if not 0.0 < number <= 1e6:
        raise QuantityError("a time must be more than 0", _TIME_FORM)
    return Printed(number, half, text)
