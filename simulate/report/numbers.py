"""Numbers as the report prints them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

NOT_REACHED = "NR"
NO_VALUE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
FIGURE_SPACE = "\N{FIGURE SPACE}"
PUNCTUATION_SPACE = "\N{PUNCTUATION SPACE}"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"

SMALL_ERROR = "below 0.01 where the 95% Monte Carlo interval of a median is a single value"
"""What a Monte Carlo standard error of next to nothing means, for the note of a table."""

_DECIMALS = {"%": 1, "months": 1, "years": 0, "patients": 0, "days": 0, "cycles": 0, "doses": 0}


def decimals_of(unit: str) -> int:
    """Digits after the point with which a number of a unit is printed."""
    return _DECIMALS.get(unit, 1)


def number(value: float, decimals: int = 1) -> str:
    """A number with a fixed number of decimals; NR for infinity, a dash for no value.

    A number that is not whole is never printed as if it were: 27.5 cycles keep their half.
    """
    value = float(value)
    if math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return NOT_REACHED if value > 0 else MINUS + NOT_REACHED
    if decimals == 0 and abs(value - round(value)) > 1e-9:
        decimals = 1
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.removeprefix("-")  # no minus zero
    return text.replace("-", MINUS)


def signed(value: float, decimals: int = 1) -> str:
    """A difference with its sign."""
    text = number(value, decimals)
    is_zero = not any(digit in text for digit in "123456789")
    positive = math.isfinite(value) and value > 0 and not is_zero
    return f"+{text}" if positive else text


def in_unit(value: float, unit: str) -> str:
    """A number with the decimals usual for its unit, without the unit."""
    return number(value, decimals_of(unit))


def with_unit(value: float, unit: str) -> str:
    """A number with its unit, such as ``76.4%`` or ``27.7 months``."""
    text = in_unit(value, unit)
    if text in (NOT_REACHED, NO_VALUE):
        return "not reached" if text == NOT_REACHED else "undefined"
    return text + unit if unit == "%" else f"{text} {unit}".strip()


def error(value: float) -> str:
    """A Monte Carlo standard error to a hundredth; one below that is never printed as none."""
    return "<0.01" if 0 <= value < 0.005 else number(value, 2)


def counts_with_percent(pairs: Sequence[tuple[float, float]]) -> list[str]:
    """Counts with a percentage each, such as ``36 (63.2)``, that line up in a column."""
    percents = [number(percent) for _, percent in pairs]
    widest = max((len(text) for text in percents if text != NO_VALUE), default=0)
    return [
        NO_VALUE
        if math.isnan(count)
        else number(count, 0)
        if percent == NO_VALUE
        else f"{number(count, 0)} {FIGURE_SPACE * (widest - len(percent))}({percent})"
        for (count, _), percent in zip(pairs, percents, strict=True)
    ]


def interval(lower: float, upper: float, unit: str) -> str:
    """Two limits, such as ``63.0 to 86.8``."""
    if math.isnan(lower) and math.isnan(upper):
        return NO_VALUE
    return f"{in_unit(lower, unit)} to {in_unit(upper, unit)}"


def counted(n: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 site``, ``19 sites``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(items: Iterable[str], *, last: str = "and") -> str:
    """Several things in a row: ``a, b and c``."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def capital(text: str) -> str:
    """A text as it begins a line."""
    return text[:1].upper() + text[1:]


def on_the_point(texts: Sequence[str]) -> list[str]:
    """Texts padded on the right, so that the decimal points of a right-aligned column line up."""
    tails = [_tail(text) for text in texts]
    widest = max((tail for tail in tails if tail is not None), default=0)
    return [
        text if tail is None else text + _padding(widest, tail)
        for text, tail in zip(texts, tails, strict=True)
    ]


def _tail(text: str) -> int | None:
    """Decimals of a number, None if the text is none."""
    digits = text.replace(",", "").replace(MINUS, "").removeprefix("+").removesuffix("%")
    whole, _, decimals = digits.partition(".")
    return len(decimals) if whole.isdigit() and (not decimals or decimals.isdigit()) else None


def _padding(widest: int, tail: int) -> str:
    if widest == tail:
        return ""
    point = PUNCTUATION_SPACE if tail == 0 else ""
    return point + FIGURE_SPACE * (widest - tail)
