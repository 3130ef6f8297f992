"""What a publication prints about survival, as a file of figures describes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from simulate.reconstruct.demands import Landmark
from simulate.reconstruct.printed import Printed, parse_printed_rate, parse_printed_time
from simulate.scenario.fields import (
    FileSafeName,
    Label,
    OpenProbability,
    Probability,
    Section,
    exactly_one,
)
from simulate.scenario.json_schema import Schema, file_schema
from simulate.units import NUMBER

_RATE_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": rf"^\s*{NUMBER}\s*%?\s*$", "examples": ["87.4%"]},
    ]
}
_TIME_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": rf"^\s*(NR|{NUMBER})\s*$", "examples": ["NR"]},
    ]
}

PrintedRate = Annotated[Printed, BeforeValidator(parse_printed_rate), WithJsonSchema(_RATE_SCHEMA)]
"""A survival rate or its limit as printed; its digits count."""

PrintedTime = Annotated[Printed, BeforeValidator(parse_printed_time), WithJsonSchema(_TIME_SCHEMA)]
"""A time as printed, in the unit of the file, or NR for not reached; its digits count."""

Time = Annotated[float, Field(ge=0, le=1e6)]
"""A time in the unit of the file."""

Patients = Annotated[int, Field(ge=1, le=100_000)]
"""A number of patients."""

Number = Annotated[int, Field(ge=0, le=100_000)]
"""A number of events or of patients at risk."""


class PublishedRate(Section):
    """Survival at one time."""

    time: Annotated[Time, Field(gt=0)]
    """When; events of that time are included."""
    rate: PrintedRate
    """Survival rate, such as 87.4%."""
    lower: PrintedRate | None = None
    """Its lower confidence limit, log-log; by default not printed."""
    upper: PrintedRate | None = None
    """Its upper confidence limit."""
    events: Number | None = None
    """Events by then; by default not printed."""
    at_risk: Number | None = None
    """Patients under observation for at least so long; by default not printed."""

    def as_landmark(self) -> Landmark:
        """The same for the search."""
        return Landmark(self.time, self.rate, self.lower, self.upper, self.events, self.at_risk)


class PublishedMedian(Section):
    """Median time to the event."""

    time: PrintedTime
    """The median, such as 27.7, or NR."""
    lower: PrintedTime | None = None
    """Its lower confidence limit (Brookmeyer and Crowley, log-log); by default not printed."""
    upper: PrintedTime | None = None
    """Its upper confidence limit."""


class PublishedCurve(Section):
    """What is printed about one Kaplan-Meier curve."""

    endpoint: FileSafeName
    """Name of the endpoint, such as pfs."""
    group: FileSafeName = "all"
    """Name of the patients, such as an arm."""
    n: Patients
    """Number of patients."""
    landmarks: Annotated[tuple[PublishedRate, ...], Field(min_length=1)] | None = None
    """Rates printed for some times, in the order of time."""
    points: Annotated[tuple[tuple[Time, Probability], ...], Field(min_length=1)] | None = None
    """Points read from the figure: [time, survival], in the order of time."""
    at_risk: tuple[tuple[Time, Number], ...] = ()
    """Numbers at risk printed below the figure: [time, number]."""
    median: PublishedMedian | None = None
    """Median; searched for with landmarks, compared only with points."""
    total_events: Number | None = None
    """Events in all; by default not printed."""
    first_censoring: Time = 0.0
    """Nobody is censored before this time."""
    last_time: Annotated[Time, Field(gt=0)] | None = None
    """The longest observation; by default 1.2 times the last printed time."""
    confidence: OpenProbability = 0.95
    """Two-sided confidence of all limits."""
    tolerance: Annotated[Probability, Field(gt=0, le=0.2)] = 0.02
    """How far the reconstructed curve may be from a point."""

    @property
    def name(self) -> str:
        """The curve as people read it: short names, such as pfs, in capitals."""
        endpoint = self.endpoint.upper() if len(self.endpoint) <= 3 else self.endpoint
        return endpoint if self.group == "all" else f"{endpoint}, {self.group}"

    @model_validator(mode="after")
    def _one_form(self) -> PublishedCurve:
        exactly_one(self, "landmarks", "points")
        return self


class Publication(Section):
    """All that a file of printed figures says."""

    name: FileSafeName
    """Name of the results folder."""
    title: Label
    """What it is, in a line."""
    reference: str = ""
    """The publication."""
    time_unit: Literal["days", "weeks", "months", "years"]
    """Unit of all times in the file and in the data that are made."""
    curves: Annotated[tuple[PublishedCurve, ...], Field(min_length=1)]
    """The curves."""


def publication_schema() -> Schema:
    """Build the JSON Schema of a file of printed figures."""
    return file_schema(
        Publication,
        title="Printed Kaplan-Meier figures",
        description="What simulate reconstruct turns into pseudo individual data.",
    )
