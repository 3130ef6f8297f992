"""Plain survival models for planning: times to progression and death by arm, without cycles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from simulate.scenario.assessment import CalendarRow
from simulate.scenario.distributions import Time, check_intervals
from simulate.scenario.fields import (
    Days,
    FileSafeName,
    HazardRatio,
    Level,
    LevelList,
    PositiveDays,
    Section,
    reject,
)
from simulate.scenario.readers import Observed
from simulate.scenario.response_model import ResponseModel

TRANSITIONS = {
    "single": ("event",),
    "illness_death": ("progression", "death_without_progression", "death_after_progression"),
    "copula": ("progression", "death"),
}
"""Keys of the times of each kind of model."""

# Which of them a model has is for a rule to say, so that it can name those of this very model.
_KEYS = list(dict.fromkeys(key for keys in TRANSITIONS.values() for key in keys))
Transition = Annotated[str, WithJsonSchema({"type": "string", "enum": _KEYS})]
"""A time of the model, by its key."""


class EffectBlock(Section):
    """What every effect has."""

    arm: FileSafeName
    """The arm that has the effect."""
    on: Transition
    """The time whose hazard it changes, by its key in the model."""
    when: Mapping[FileSafeName, LevelList] = Field(default_factory=dict)
    """Levels of baseline variables, all of which must match; by default all patients have it."""


class Proportional(EffectBlock):
    """The hazard is multiplied all the time."""

    kind: Literal["proportional"]
    hazard_ratio: HazardRatio
    """Of the arm to the model's own hazard."""


class Delayed(EffectBlock):
    """The hazard is multiplied from a time on."""

    kind: Literal["delayed"]
    hazard_ratio: HazardRatio
    """From the delay on."""
    delay: PositiveDays
    """Time without any effect."""


class Diminishing(EffectBlock):
    """The effect fades: the log hazard ratio goes to 0 on a straight line."""

    kind: Literal["diminishing"]
    hazard_ratio: HazardRatio
    """At first."""
    from_: Days = Field(alias="from")
    """Time from which it fades."""
    until: PositiveDays
    """Time from which there is no effect."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.until <= self.from_:
            reject("the effect must end after it begins to fade", key="until")
        return self


class PiecewiseEffect(EffectBlock):
    """A hazard ratio for each of several times; crossing hazards are one below 1 and one above."""

    kind: Literal["piecewise"]
    hazard_ratios: Annotated[tuple[HazardRatio, ...], Field(min_length=1)]
    """In each interval."""
    from_: Annotated[tuple[Days, ...], Field(min_length=1, alias="from")]
    """Start of each interval, the first at 0 days."""

    @model_validator(mode="after")
    def _intervals(self) -> Self:
        check_intervals(self.from_, len(self.hazard_ratios), "hazard ratios")
        return self


class OwnLaw(EffectBlock):
    """The arm has a distribution of its own; prognostic factors still apply."""

    kind: Literal["distribution"]
    time: Time
    """Time to the event in this arm."""


Effect = Annotated[
    Proportional | Delayed | Diminishing | PiecewiseEffect | OwnLaw, Field(discriminator="kind")
]
"""What an arm does to a time of the model; several on one time are multiplied."""


class SurvivalFactor(Section):
    """A level of a baseline variable that changes hazards in all arms."""

    variable: FileSafeName
    """Name of a baseline variable."""
    level: Level
    """Its level."""
    hazard_ratios: Annotated[Mapping[Transition, HazardRatio], Field(min_length=1)]
    """Hazard ratio against patients without the level, by the key of the time."""


class ModelBlock(Observed):
    """What every model has."""

    effects: tuple[Effect, ...] = ()
    """What the arms do; an arm without an effect follows the model as it stands."""
    prognostic_factors: tuple[SurvivalFactor, ...] = ()
    """Levels of baseline variables that change hazards; by default none."""
    dropout: Time | None = None
    """Time from randomisation to loss to follow-up; by default nobody is lost."""
    response: ResponseModel | None = Field(default=None, exclude_if=lambda block: block is None)
    """Objective response, which gives the endpoint ORR; by default there is none."""
    dropout_by_arm: Mapping[FileSafeName, Time] = Field(default_factory=dict)
    """The same for single arms, in the place of dropout."""
    observation: Literal["exact", "scans"] = "exact"
    """Whether progression is known on its day, or at the next scan of the calendar."""
    calendar: tuple[CalendarRow, ...] = ()
    """When scans are done, counted from randomisation; needed for observation by scans."""
    calendar_by_arm: Mapping[FileSafeName, tuple[CalendarRow, ...]] = Field(
        default_factory=dict, exclude_if=lambda calendars: not calendars
    )
    """The same for single arms, in the place of calendar."""

    @model_validator(mode="after")
    def _scans_have_a_calendar(self) -> Self:
        if self.observation == "scans" and not self.calendar:
            reject("observation by scans needs a calendar", key="observation")
        if self.observation == "exact":
            self._no_scans()
        return self

    def _no_scans(self) -> None:
        """Refuse what needs scans where there are none."""
        for key in ("calendar_by_arm", "visits", "readers", "treating_reader"):
            if getattr(self, key):
                reject(
                    f"{key} needs scans, and observation is exact",
                    key=key,
                    hint="Write observation: scans, and give a calendar",
                )
        if self.calendar:
            reject(
                "a calendar says nothing where observation is exact",
                key="calendar",
                hint="Write observation: scans",
            )


class SingleModel(ModelBlock):
    """One endpoint alone."""

    kind: Literal["single"]
    endpoint: Literal["PFS", "OS"] = "PFS"
    """What the event is: progression or death (PFS), or death (OS)."""
    event: Time
    """Time from randomisation to the event."""

    @model_validator(mode="after")
    def _death_is_not_scanned(self) -> Self:
        if self.endpoint == "OS" and self.observation == "scans":
            reject("death is known without scans", key="observation", hint="Write exact")
        return self


class IllnessDeathModel(ModelBlock):
    """Progression and death as transitions of an illness-death model."""

    kind: Literal["illness_death"]
    progression: Time
    """Time from randomisation to progression, were there no death before it."""
    death_without_progression: Time
    """Time from randomisation to death, were there no progression before it."""
    death_after_progression: Time
    """Time from progression to death."""


class CopulaModel(ModelBlock):
    """Times to progression and to death with given marginals and a Gaussian copula.

    Progression-free survival ends with the first of the two.
    """

    kind: Literal["copula"]
    progression: Time
    """Time from randomisation to progression, were there no death before it."""
    death: Time
    """Time from randomisation to death."""
    correlation: Annotated[float, Field(gt=-1, lt=1)]
    """Correlation of the normal scores of the two times."""


SurvivalModel = Annotated[
    SingleModel | IllnessDeathModel | CopulaModel, Field(discriminator="kind")
]
"""How progression and death come."""


Event = Literal["PFS", "OS", "ORR"]
"""What the event of an endpoint is: progression or death, death, or a response."""

ORR: Event = "ORR"
"""The endpoint of which a rate is compared, and not a time."""


def endpoints_of(model: SingleModel | IllnessDeathModel | CopulaModel) -> tuple[Event, ...]:
    """Endpoints that a model gives: PFS before OS before ORR."""
    times: tuple[Event, ...] = ("PFS", "OS")
    if isinstance(model, SingleModel):
        times = (model.endpoint,)
    return times if model.response is None else (*times, ORR)
