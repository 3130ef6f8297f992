"""What is analysed, and when: data cuts, endpoints, subgroups, and the design's own questions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simulate.scenario.fields import (
    Date,
    FileSafeName,
    Identifier,
    Label,
    LevelList,
    OpenProbability,
    PositiveDays,
    Section,
    exactly_one,
    reject,
)


class Cut(Section):
    """What triggers the data cut."""

    date: Date | None = None
    """The data are cut at the end of this day."""

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        exactly_one(self, "date")
        return self


class Analysis(Section):
    """One look at the data."""

    id: Identifier
    """Permanent number of the analysis."""
    name: FileSafeName
    """Name in tables."""
    cut: Cut
    """When the data are cut."""


class Subgroup(Section):
    """A baseline variable by which results are split."""

    name: Label
    """Name as people read it."""
    variable: FileSafeName
    """Name of a baseline variable with levels."""
    groups: Annotated[Mapping[str, LevelList], Field(min_length=1)] | None = None
    """Levels taken together under a name; by default each level by itself."""


def _increasing(times: tuple[float, ...]) -> tuple[float, ...]:
    if any(later <= earlier for earlier, later in pairwise(times)):
        reject("the times must increase")
    return times


class Endpoints(Section):
    """How endpoints are estimated."""

    confidence: OpenProbability = 0.95
    """Confidence level of all intervals."""
    landmarks: Annotated[tuple[PositiveDays, ...], AfterValidator(_increasing)] = ()
    """Times at which event-free rates are given, such as [6 months, 12 months]."""
    time_zero: Literal["first_dose", "randomisation"] = "first_dose"
    """Day from which times to events are counted."""
    subgroups: tuple[Subgroup, ...] = ()
    """Subgroups of the forest plots; by default none."""


SampleSize = Annotated[int, Field(ge=1, le=1_000_000)]


def _ordered(sizes: tuple[int, int]) -> tuple[int, int]:
    if sizes[0] > sizes[1]:
        reject("the smaller sample size comes first")
    return sizes


class Design(Section):
    """Questions about the design itself."""

    sample_sizes: Annotated[tuple[SampleSize, SampleSize], AfterValidator(_ordered)] | None = None
    """Smallest and largest sample size whose precision is shown, such as [50, 60]."""
    lower_limit_above: OpenProbability | None = None
    """Response rate that the lower confidence limit should exceed; the report says how often."""
