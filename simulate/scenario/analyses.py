"""What is analysed, and when: data cuts, endpoints, subgroups, and the design's own questions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from simulate.scenario.fields import (
    LONGEST_NAME,
    Date,
    DaysUp,
    FileSafeName,
    Identifier,
    Label,
    LevelList,
    OpenProbability,
    PositiveDays,
    PositiveDaysUp,
    Section,
    exactly_one,
    reject,
)


def _is_left_out(value: object) -> bool:
    """Whether a key that came later says nothing, so that fingerprints stay what they were."""
    return value is None or value == 0 or value == {}


EndpointName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=LONGEST_NAME)
]
"""The name of an endpoint: letters, digits and _; PFS, OS, ORR, or one that is defined."""


class EventCount(Section):
    """A number of events."""

    endpoint: EndpointName
    """Whose events are counted, in all arms together."""
    count: Annotated[int, Field(ge=1, le=1_000_000)]
    """The data are cut at the end of the day on which so many are known."""
    adjudication_lag: DaysUp = Field(default=0, exclude_if=_is_left_out)
    """Time that a reader takes over an event before it counts here, rounded up to whole days; by
    default none."""
    population: Mapping[FileSafeName, LevelList] = Field(
        default_factory=dict, exclude_if=_is_left_out
    )
    """Levels of baseline variables: only events of these patients are counted, such as
    {biomarker: positive}; by default those of all."""


class EnrolledCount(Section):
    """A number of enrolled patients, and a time after it."""

    count: Annotated[int, Field(ge=1, le=1_000_000)]
    """Patients enrolled."""
    after: DaysUp = Field(default=0)
    """Time from the day on which the last of them was enrolled, rounded up to whole days; by
    default that very day."""


class Trigger(Section):
    """One condition for a data cut."""

    date: Date | None = None
    """The end of this day."""
    events: EventCount | None = Field(default=None, exclude_if=_is_left_out)
    """The day on which so many events are known."""
    enrolled: EnrolledCount | None = Field(default=None, exclude_if=_is_left_out)
    """The day on which so many patients are enrolled, or some time after it."""
    follow_up: PositiveDaysUp | None = Field(default=None, exclude_if=_is_left_out)
    """The day on which the last patient to be enrolled could have been followed so long, in whole
    days, rounded up."""

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        exactly_one(self, *type(self).model_fields)
        return self


Triggers = Annotated[tuple[Trigger, ...], Field(min_length=1, max_length=8)]


class Cut(Trigger):
    """What triggers the data cut."""

    all: Triggers | None = Field(default=None, exclude_if=_is_left_out)
    """The day on which the last of several conditions is met."""
    any: Triggers | None = Field(default=None, exclude_if=_is_left_out)
    """The day on which the first of several conditions is met."""

    @property
    def clauses(self) -> tuple[tuple[Trigger, ...], ...]:
        """The same in one form: the first day on which all conditions of one of these are met."""
        if self.all is not None:
            return (self.all,)
        if self.any is not None:
            return tuple((each,) for each in self.any)
        return ((self,),)

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Every single condition."""
        return tuple(each for clause in self.clauses for each in clause)


class Analysis(Section):
    """One look at the data."""

    id: Identifier
    """Permanent number of the analysis."""
    name: FileSafeName
    """Name in tables."""
    cut: Cut
    """When the data are cut."""
    cleaning_lag: DaysUp = Field(default=0, exclude_if=_is_left_out)
    """Time from the data cut to the decision, rounded up to whole days; by default it is made on
    the day of the cut."""


class Subgroup(Section):
    """A baseline variable by which results are split."""

    name: Label
    """Name as people read it."""
    variable: FileSafeName
    """Name of a baseline variable with levels."""
    groups: Annotated[Mapping[str, LevelList], Field(min_length=1)] | None = None
    """Levels taken together under a name; by default each level by itself."""


def increasing(times: tuple[float, ...]) -> tuple[float, ...]:
    """Require that times increase."""
    if any(later <= earlier for earlier, later in pairwise(times)):
        reject("the times must increase")
    return times


class Endpoints(Section):
    """How endpoints are estimated."""

    confidence: OpenProbability = 0.95
    """Confidence level of all intervals."""
    landmarks: Annotated[tuple[PositiveDays, ...], AfterValidator(increasing)] = ()
    """Times at which event-free rates are given, such as [6 months, 12 months]."""
    time_zero: Literal["first_dose", "randomisation"] = "first_dose"
    """Day from which times to events are counted."""
    evaluable_after: DaysUp = Field(default=0, exclude_if=_is_left_out)
    """Time from randomisation from which on a patient is counted in response rates of arms (ORR),
    rounded up to whole days; by default at once, and who has no confirmed response has none."""
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
