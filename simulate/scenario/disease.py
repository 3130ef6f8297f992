"""The disease as it truly is, whoever looks: response, progression and death."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from simulate.scenario.distributions import EverybodysTime, Time
from simulate.scenario.fields import (
    FileSafeName,
    HazardRatio,
    Label,
    Level,
    Probability,
    Section,
    WholeDays,
    reject,
)


class Response(Section):
    """The latent response: who responds, and when."""

    probability: Probability
    """Probability that a patient's disease responds."""
    time: EverybodysTime
    """Time from first dose to response, among responders."""
    visible_before: WholeDays = Field(default=0)
    """How long before its day a response already shows on a scan."""
    complete: Probability = 0.0
    """Probability that a confirmed response is complete."""


class Progression(Section):
    """Time to true progression: by response, or by one law for everyone."""

    responders: Time | None = None
    """Time from response to progression, of responders; needs non_responders beside it."""
    non_responders: Time | None = None
    """Time from first dose to progression, of non-responders."""
    everyone: Time | None = None
    """Instead of both: time from first dose to progression, whether a patient responds or not."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        by_response = self.responders is not None or self.non_responders is not None
        if self.everyone is not None and by_response:
            reject(
                "progression is the same for everyone, or depends on response, not both "
                "(allowed: everyone alone, or responders and non_responders)",
                key="everyone",
                hint="In a file that extends another, take what it says away with "
                "responders: null and non_responders: null",
            )
        for key in ("responders", "non_responders"):
            if self.everyone is None and getattr(self, key) is None:
                reject(
                    "this key is needed and is not there",
                    key=key,
                    hint="Give responders and non_responders, or everyone instead of both",
                )
        return self

    @property
    def of_responders(self) -> Time:
        """Time to progression of responders: from response, or the law for everyone."""
        time = self.everyone or self.responders
        assert time is not None  # one of the two forms is given
        return time

    @property
    def of_non_responders(self) -> Time:
        """Time from first dose to progression of non-responders."""
        time = self.everyone or self.non_responders
        assert time is not None  # one of the two forms is given
        return time


class PrognosticFactor(Section):
    """How the patients at one level of a baseline variable fare, compared with all others."""

    variable: FileSafeName
    """Name of a baseline variable with levels."""
    level: Level
    """The level that carries the effect."""
    progression: HazardRatio = 1.0
    """Hazard ratio of progression."""
    death: HazardRatio = 1.0
    """Hazard ratio of death without progression."""
    death_after_progression: HazardRatio = 1.0
    """Hazard ratio of death after progression."""


class DoseIntensity(Section):
    """A what-if: lost dose intensity makes the disease progress sooner. No data stand behind it."""

    drug: Label
    """The drug whose relative dose intensity counts."""
    hazard_ratio_per_10_percent: HazardRatio
    """Hazard ratio of progression for each 10% of its dose intensity that is lost."""


class Disease(Section):
    """The course of the disease."""

    response: Response
    """Who responds, and when."""
    progression: Progression
    """When the disease progresses."""
    death_without_progression: Time
    """Time from first dose to a death that no progression precedes."""
    death_after_progression: Time
    """Time from true progression to death."""
    non_responder_death_hazard_ratio: HazardRatio = 1.0
    """Hazard ratio of death after progression of non-responders against responders."""
    dose_intensity: DoseIntensity | None = None
    """Effect of lost dose intensity on progression; by default there is none."""
    prognostic_factors: tuple[PrognosticFactor, ...] = ()
    """Effects of baseline variables; by default none. Their hazard ratios multiply."""
