"""What-ifs in every combination of the values of several fields."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from itertools import product
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import Replicates, Section, reject

MOST_VARIANTS = 500
"""Combinations of a grid: each is a scenario that is checked and run."""

Coordinate = str | int | float | bool | dt.date | None
"""Value of a field in a variant: as the file has it, a block or a list as its text."""


class Grid(Section):
    """What-ifs in every combination of the values of several fields."""

    replicates: Replicates | None = None
    """Number of replicates of each; by default as many as the scenario has."""
    fields: Annotated[
        Mapping[str, Annotated[tuple[Any, ...], Field(min_length=1)]], Field(min_length=1)
    ]
    """Values of each field, such as survival.effects.0.hazard_ratio: [0.6, 0.7, 0.8]."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for field, values in self.fields.items():
            texts = [as_written(value) for value in values]
            twice = next((text for i, text in enumerate(texts) if text in texts[:i]), None)
            if twice is not None:
                reject(f"{field} has the value {twice} twice", key="fields")
        if self.size > MOST_VARIANTS:
            numbers = " x ".join(str(len(values)) for values in self.fields.values())
            reject(
                f"a grid has at most {MOST_VARIANTS} variants (given: {numbers} = {self.size})",
                key="fields",
                hint="Give fewer values, or split the grid between several files",
            )
        return self

    @property
    def size(self) -> int:
        """Number of combinations."""
        return math.prod(len(values) for values in self.fields.values())

    def cells(self) -> list[dict[str, Coordinate]]:
        """Value of each field in each combination; the last field changes first."""
        values = [[_coordinate(each) for each in of_field] for of_field in self.fields.values()]
        return [dict(zip(self.fields, cell, strict=True)) for cell in product(*values)]


def _coordinate(value: Any) -> Coordinate:
    return as_written(value) if isinstance(value, Mapping | list | tuple) else value


def as_written(value: Any) -> str:
    """Give a value in the text of a scenario file, on one line and without marks or sources."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {as_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_written, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
