"""Quantities as people write them: ``27.7 months``, ``0.0008 per month``, ``30 mg/kg``, ``40%``.

A month is 30.4375 days (365.25 / 12) and a week is 7 days, everywhere. Durations become days, rates
become rates per day, so that no other part of the program ever meets a unit.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

DAYS_PER_WEEK = 7
DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25

_DAYS_IN: dict[str, float] = {
    "day": 1.0,
    "days": 1.0,
    "week": float(DAYS_PER_WEEK),
    "weeks": float(DAYS_PER_WEEK),
    "month": DAYS_PER_MONTH,
    "months": DAYS_PER_MONTH,
    "year": DAYS_PER_YEAR,
    "years": DAYS_PER_YEAR,
}

# Beyond these a number is a slip of the pen; they also keep every later product finite.
LONGEST_DURATION = 1_000_000.0
HIGHEST_RATE = 100.0

DOSE_UNITS = ("mg/kg", "mg/m2", "mg", "ug/kg", "ug", "g", "AUC", "IU")

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_DURATION = re.compile(rf"({NUMBER})\s*([A-Za-z]+)", re.ASCII)
_RATE = re.compile(rf"({NUMBER})\s*(?:per\s+|/\s*)([A-Za-z]+)", re.ASCII)
_DOSE = re.compile(rf"({NUMBER})\s*([A-Za-z][A-Za-z0-9/]*)", re.ASCII)
_PERCENT = re.compile(rf"({NUMBER})\s*%", re.ASCII)

_DURATION_FORM = "Write a number and a unit, such as 6 weeks (units: days, weeks, months, years)"
_RATE_FORM = (
    "Write a number per unit of time, such as 0.005 per month (units: day, week, month, year)"
)
_DOSE_FORM = f"Write a number and a unit, such as 30 mg/kg (units: {', '.join(DOSE_UNITS)})"
_PROBABILITY_FORM = "Write a number from 0 to 1, or a percentage such as 40%"


class QuantityError(ValueError):
    """A quantity that cannot be read: what was required, and the form that would be right.

    Attributes
    ----------
    message
        What is wrong, without the value that was given.
    hint
        The right form, with an example.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Dose:
    """A prescribed dose, such as 30 mg/kg.

    Attributes
    ----------
    amount
        The number before the unit, above 0.
    unit
        One of `DOSE_UNITS`.
    """

    amount: float
    unit: str

    def __str__(self) -> str:
        """Write the dose as in a protocol."""
        return f"{self.amount:g} {self.unit}"


def parse_duration(text: object) -> float:
    """Read a length of time such as ``27.7 months``.

    Returns
    -------
    float
        Days, zero or more.

    Raises
    ------
    QuantityError
        If it is not a number with a unit of time, is negative, or is longer than a million days.
    """
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise QuantityError("a length of time is needed", _DURATION_FORM)
    if match[2] not in _DAYS_IN:
        raise QuantityError(f"unknown unit of time {match[2]!r}", _DURATION_FORM)
    days = float(match[1]) * _DAYS_IN[match[2]]
    if days < 0:
        raise QuantityError("a length of time cannot be negative")
    if days > LONGEST_DURATION:
        raise QuantityError(f"a length of time may be {LONGEST_DURATION:,.0f} days at most")
    return days


def time_as_written(days: float) -> str:
    """A length of time as one would write it in a scenario: months where they are round."""
    months = round(days / DAYS_PER_MONTH, 1)
    if months >= 1.0 and abs(months * DAYS_PER_MONTH - days) < 1e-6:
        return f"{months:g} months"
    return f"{days:g} days"


def parse_whole_days(text: object) -> int:
    """Read a length of time that has to be a whole number of days, such as ``6 weeks``.

    Returns
    -------
    int
        Days, zero or more.

    Raises
    ------
    QuantityError
        As `parse_duration`, or if the days are not whole (a month is 30.4375 days).
    """
    days = parse_duration(text)
    if days != math.floor(days):
        raise QuantityError(
            f"a whole number of days is needed, and this is {days:.10g} days",
            "Write it in days or weeks, such as 21 days",
        )
    return int(days)


def parse_days_up(text: object) -> int:
    """Read a length of time and round it up to whole days, such as ``18 months`` to 548.

    Returns
    -------
    int
        Days, zero or more.

    Raises
    ------
    QuantityError
        As `parse_duration`.
    """
    return math.ceil(parse_duration(text))


def parse_rate(text: object) -> float:
    """Read a rate such as ``0.0008 per month``.

    Returns
    -------
    float
        Events per day, zero or more.

    Raises
    ------
    QuantityError
        If it is not a number per unit of time, is negative, or is above 100 per day.
    """
    match = _RATE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise QuantityError("a rate is needed", _RATE_FORM)
    if match[2] not in _DAYS_IN:
        raise QuantityError(f"unknown unit of time {match[2]!r}", _RATE_FORM)
    rate = float(match[1]) / _DAYS_IN[match[2]]
    if rate < 0:
        raise QuantityError("a rate cannot be negative")
    if rate > HIGHEST_RATE:
        raise QuantityError(f"a rate may be {HIGHEST_RATE:g} per day at most")
    return rate


def parse_dose(text: object) -> Dose:
    """Read a dose such as ``30 mg/kg``.

    Raises
    ------
    QuantityError
        If it is not a number with a known unit, or is not above 0.
    """
    match = _DOSE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise QuantityError("a dose is needed", _DOSE_FORM)
    if match[2] not in DOSE_UNITS:
        raise QuantityError(f"unknown unit of dose {match[2]!r}", _DOSE_FORM)
    amount = float(match[1])
    if not 0 < amount <= 1e9:
        raise QuantityError("a dose must be more than 0 and less than a thousand million")
    return Dose(amount, match[2])


def parse_probability(value: object) -> float:
    """Read a probability, as a number from 0 to 1 or as a percentage.

    Raises
    ------
    QuantityError
        If it is neither, or lies outside 0 to 1.
    """
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value.strip())):
        # Dividing (and not multiplying by 0.01) gives the double nearest to the decimal meant.
        probability = float(match[1]) / 100.0
    elif isinstance(value, int | float) and not isinstance(value, bool):
        probability = float(value)
    else:
        raise QuantityError("a probability is needed", _PROBABILITY_FORM)
    if not 0.0 <= probability <= 1.0:
        raise QuantityError("a probability must lie between 0 and 1", _PROBABILITY_FORM)
    return probability


def is_quantity(text: str) -> bool:
    """Tell whether a text is a duration, a rate, a dose or a percentage, right or wrong."""
    return any(form.fullmatch(text.strip()) for form in (_DURATION, _RATE, _DOSE, _PERCENT))
