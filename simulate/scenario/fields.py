"""The kinds of value that a scenario's fields hold, and the base of all its blocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from simulate.units import (
    NUMBER,
    Dose,
    parse_days_up,
    parse_dose,
    parse_duration,
    parse_probability,
    parse_rate,
    parse_whole_days,
)

EARLIEST_YEAR, LATEST_YEAR = 1950, 2150

# Keys that say where a number is from, in any block; so nothing else can have these names.
SOURCE_KEYS = ("source", "at", "note")
RESERVED = frozenset(("value", *SOURCE_KEYS))


def reject(message: str, *, key: str = "", hint: str = "") -> NoReturn:
    """Refuse a block or value from inside a validator.

    Parameters
    ----------
    message
        What is wrong.
    key
        Key inside the block at which the problem is shown; by default the block itself.
    hint
        What to do about it.
    """
    detail: dict[str, Any] = {"problem": message, "key": key, "hint": hint}
    raise PydanticCustomError("scenario", "{problem}", detail)


class Section(BaseModel):
    """A block of a scenario: frozen, strict, and without room for unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_by_alias=True,
        validate_by_name=False,
    )


def _form(pattern: str, example: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": [example]}


_UNIT = "(days?|weeks?|months?|years?)"
DURATION_SCHEMA = _form(rf"^\s*{NUMBER}\s*{_UNIT}\s*$", "6 weeks")
RATE_SCHEMA = _form(rf"^\s*{NUMBER}\s*(per\s+|/\s*){_UNIT}\s*$", "0.005 per month")
DOSE_SCHEMA = _form(rf"^\s*{NUMBER}\s*[A-Za-z][A-Za-z0-9/]*\s*$", "30 mg/kg")
PROBABILITY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        _form(rf"^\s*{NUMBER}\s*%\s*$", "40%"),
    ]
}
_DURATION = WithJsonSchema(DURATION_SCHEMA)
_RATE = WithJsonSchema(RATE_SCHEMA)
_DOSE = WithJsonSchema(DOSE_SCHEMA)
_PROBABILITY = WithJsonSchema(PROBABILITY_SCHEMA)

Days = Annotated[float, BeforeValidator(parse_duration), _DURATION]
"""A length of time, in days; zero or more."""

PositiveDays = Annotated[float, Field(gt=0), BeforeValidator(parse_duration), _DURATION]
"""A length of time, in days; more than zero."""

WholeDays = Annotated[int, BeforeValidator(parse_whole_days), _DURATION]
"""A length of time in whole days; zero or more."""

PositiveWholeDays = Annotated[int, Field(gt=0), BeforeValidator(parse_whole_days), _DURATION]
"""A length of time in whole days; one or more."""

DaysUp = Annotated[int, BeforeValidator(parse_days_up), _DURATION]
"""A length of time, rounded up to whole days; zero or more."""

PositiveDaysUp = Annotated[int, Field(gt=0), BeforeValidator(parse_days_up), _DURATION]
"""A length of time, rounded up to whole days; one or more."""

RatePerDay = Annotated[float, BeforeValidator(parse_rate), _RATE]
"""A rate, per day; zero or more."""

PositiveRatePerDay = Annotated[float, Field(gt=0), BeforeValidator(parse_rate), _RATE]
"""A rate, per day; more than zero."""

DoseAmount = Annotated[Dose, BeforeValidator(parse_dose), _DOSE]
"""A dose with its unit."""

Probability = Annotated[float, BeforeValidator(parse_probability), _PROBABILITY]
"""A probability from 0 to 1, both included."""

OpenProbability = Annotated[
    float, Field(gt=0, lt=1), BeforeValidator(parse_probability), _PROBABILITY
]
"""A probability strictly between 0 and 1."""

Shape = Annotated[float, Field(gt=0, le=100)]
"""The shape of a Weibull or gamma distribution."""

Sigma = Annotated[float, Field(gt=0, le=10)]
"""The standard deviation of a logarithm."""

HazardRatio = Annotated[float, Field(gt=0, le=1000)]
"""How many times the hazard is multiplied; 1 is no effect."""

Weight = Annotated[float, Field(ge=0, le=1e12)]
"""A relative frequency: a count of patients or a share, not necessarily adding up to 1."""

Identifier = Annotated[int, Field(ge=1, le=65535)]
"""A permanent whole number by which random numbers are looked up, so it is never changed."""

LONGEST_NAME = 64
"""Characters of a name in tables and of a folder."""

# Replicates from 2^31 on are kept for calibration, truth and coverage runs.
Replicates = Annotated[int, Field(ge=1, lt=2**31)]
"""A number of simulated trials."""

FileSafeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=LONGEST_NAME)]
"""A name that can be part of a file or column name: lower-case letters, digits and _."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A name or text as people read it."""


def _year_in_range(date: dt.date) -> dt.date:
    if not EARLIEST_YEAR <= date.year <= LATEST_YEAR:
        reject(f"the year must lie between {EARLIEST_YEAR} and {LATEST_YEAR}")
    return date


Date = Annotated[dt.date, AfterValidator(_year_in_range)]
"""A calendar date."""


def _ordered(days: tuple[int, int]) -> tuple[int, int]:
    if days[0] > days[1]:
        reject("the first day must not be after the last")
    return days


DayRange = Annotated[tuple[WholeDays, WholeDays], AfterValidator(_ordered)]
"""First and last whole day of a range, both included."""


def _level(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return reject("the name of a level is needed", hint='Put it in quotes, such as "1.0"')


def _level_list(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, tuple | list) else (value,)
    if not values:
        reject("at least one level is needed")
    return tuple(_level(item) for item in values)


_LEVEL_SCHEMA: dict[str, Any] = {"type": ["string", "integer"]}

Level = Annotated[str, BeforeValidator(_level), WithJsonSchema(_LEVEL_SCHEMA)]
"""The name of a level of a baseline variable; a whole number is read as its text."""

LevelList = Annotated[
    tuple[str, ...],
    BeforeValidator(_level_list),
    WithJsonSchema({"anyOf": [_LEVEL_SCHEMA, {"type": "array", "items": _LEVEL_SCHEMA}]}),
]
"""One level or a list of levels."""


def _some_weight(weights: Mapping[str, float]) -> Mapping[str, float]:
    if not weights:
        reject("at least one level is needed")
    if not sum(weights.values()) > 0:
        reject("the weights of the levels are all 0")
    if "" in weights:
        reject("a level needs a name")
    return weights


LevelWeights = Annotated[Mapping[str, Weight], AfterValidator(_some_weight)]
"""Relative frequency of each level."""


def exactly_one(block: Section, *keys: str) -> str:
    """Require exactly one of some keys, and tell which one is given."""
    given = [key for key in keys if getattr(block, key) is not None]
    allowed = ", ".join(keys)
    if not given:
        reject(f"exactly one of these keys is needed: {allowed}")
    if len(given) > 1:
        reject(
            f"exactly one of these keys is needed: {allowed} (given: {', '.join(given)})",
            key=given[1],
        )
    return given[0]
