"""Adverse events: which, how often, how bad, and how long."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import (
    DayRange,
    FileSafeName,
    Identifier,
    Label,
    PositiveDays,
    Probability,
    Section,
    Sigma,
    WholeDays,
    reject,
)

MOST_TERMS = 255
"""Terms of a scenario: an adverse event's address is cycle * 256 + id."""

EventRate = Annotated[float, Field(ge=0, le=100)]
"""Expected events in a cycle of weight 1, of a patient without frailty."""

Relative = Annotated[float, Field(ge=0, le=100)]


class Frailties(Section):
    """Patients differ: some have many adverse events, some few (log-normal, mean 1)."""

    haematological: Sigma
    """Standard deviation of the logarithm of a patient's factor on haematological events."""
    other: Sigma
    """The same for all other events."""
    correlation: Annotated[float, Field(ge=-1, le=1)]
    """Correlation of the two logarithms."""


class CycleWeight(Section):
    """How the rate of an event changes from cycle to cycle.

    The weight of cycle c is ``later + early * exp(-(c - 1) / fades_over)``, multiplied by
    ``without`` in cycles in which the drug named is not given.
    """

    name: FileSafeName
    """Name by which terms refer to it."""
    later: Relative = 1.0
    """Weight of late cycles."""
    early: Relative = 0.0
    """What the first cycle has more."""
    fades_over: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Number of cycles over which the early excess falls to a fraction 1/e."""
    first_cycle_only: bool = False
    """The early excess is there in the first cycle and gone in the second."""
    drug: Label | None = None
    """Drug on whose being given the weight depends; by default none."""
    without: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the weight that remains in cycles without that drug."""
    reduced: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the weight that remains when that drug is given at a reduced dose."""

    @model_validator(mode="after")
    def _shares_of_a_drug(self) -> Self:
        for key in ("without", "reduced"):
            if self.drug is None and key in self.model_fields_set:
                reject(
                    "a weight that depends on no drug has no such share (drug is needed)", key=key
                )
        return self


class Duration(Section):
    """Days from onset until the event has resolved to grade 1 or better: log-normal."""

    median: PositiveDays
    """Median."""
    sigma: Sigma
    """Standard deviation of the logarithm."""


class Term(Section):
    """One kind of adverse event."""

    id: Identifier
    """Permanent number of the term."""
    name: FileSafeName
    """Name in tables."""
    label: Label
    """Preferred term as people read it (CTCAE 5.0)."""
    organ_class: Label
    """System organ class of CTCAE 5.0."""
    rate: EventRate
    """Events of any grade in a cycle of weight 1."""
    rate_grade_3: EventRate = 0.0
    """Of these, events of grade 3 or higher."""
    weight: FileSafeName
    """Name of the cycle weight."""
    frailty: Literal["haematological", "other", "none"] = "other"
    """Which of the patient's factors multiplies the rate."""
    grade: Annotated[int, Field(ge=1, le=2)] | None = None
    """Grade of every event below grade 3; by default 1 or 2 by the scenario's share."""
    onset: DayRange | None = None
    """First and last day of onset after the dose; by default the scenario's."""
    serious: Probability | None = None
    """Probability that an event of grade 3 or higher is serious; by default the scenario's."""
    special_interest: bool = False
    """Whether it is an adverse event of special interest (AESI)."""
    listed: bool = True
    """Whether it is a row of the table of adverse events."""

    @model_validator(mode="after")
    def _severe_within_any(self) -> Self:
        if self.rate_grade_3 > self.rate:
            reject(
                f"events of grade 3 or higher are among those of any grade (given: "
                f"{self.rate_grade_3:g} of {self.rate:g})",
                key="rate_grade_3",
            )
        if not 1 <= self.id <= MOST_TERMS:
            reject(f"the id of a term lies between 1 and {MOST_TERMS} (given: {self.id})", key="id")
        return self


class Toxicity(Section):
    """Adverse events of the treatment."""

    frailties: Frailties
    """How patients differ."""
    weights: Annotated[tuple[CycleWeight, ...], Field(min_length=1)]
    """How rates change from cycle to cycle."""
    onset: DayRange
    """First and last day of onset after the dose of the cycle."""
    duration: Duration
    """How long an event lasts."""
    grade_2_share: Probability
    """Share of grade 2 among events below grade 3."""
    grade_4_share: Probability
    """Share of grade 4 among events of grade 3 or higher."""
    serious_grade_3: Probability
    """Probability that an event of grade 3 or higher is serious."""
    serious_mild: Probability
    """Probability that an event below grade 3 is serious."""
    emergent_until: WholeDays = Field(default=30)
    """An event that begins this long after the last dose is still treatment-emergent."""
    fatal: FileSafeName | None = None
    """Term of grade 5 by which a death without progression is recorded; by default none."""
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    """The kinds of adverse event."""

    def position(self, name: str) -> int:
        """Position of a term in the list.

        Raises
        ------
        KeyError
            If there is no term of this name.
        """
        for position, term in enumerate(self.terms):
            if term.name == name:
                return position
        raise KeyError(name)
