"""Objective response in plain survival models: who responds, and from when it is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import (
    FileSafeName,
    Level,
    LevelList,
    OpenProbability,
    PositiveDaysUp,
    Section,
    exactly_one,
)

OddsRatio = Annotated[float, Field(gt=0, le=1000)]
"""How many times the odds of a response are multiplied; 1 is no effect."""


class ResponseEffect(Section):
    """What an arm does to the response rate."""

    arm: FileSafeName
    """The arm that has the effect."""
    rate: OpenProbability | None = None
    """Its response rate, in the place of the model's own; prognostic factors still apply."""
    odds_ratio: OddsRatio | None = None
    """Or the odds ratio to the model's own rate; several are multiplied."""
    when: Mapping[FileSafeName, LevelList] = Field(default_factory=dict)
    """Levels of baseline variables, all of which must match; by default all patients have it."""

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        exactly_one(self, "rate", "odds_ratio")
        return self

    def applies_to(self, arm: str, levels: Mapping[str, str]) -> bool:
        """Whether patients of an arm with some levels have the effect."""
        return arm == self.arm and all(levels[name] in some for name, some in self.when.items())


class ResponseFactor(Section):
    """A level of a baseline variable that changes the response rate in all arms."""

    variable: FileSafeName
    """Name of a baseline variable."""
    level: Level
    """Its level."""
    odds_ratio: OddsRatio
    """Odds ratio of a response against patients without the level."""


class ResponseModel(Section):
    """Objective response, as an endpoint of the looks: ORR.

    A response is known at one time after randomisation. Who has progressed, died or dropped out by
    then has none, and is counted; who has not been followed so long is not counted yet.
    """

    rate: OpenProbability
    """Objective response rate: the part of all patients of whom a response is known in the end."""
    evaluable_after: PositiveDaysUp
    """Time from randomisation at which it is known who has responded, rounded up to whole days."""
    effects: tuple[ResponseEffect, ...] = ()
    """What the arms do; an arm without an effect has the model's own rate."""
    prognostic_factors: tuple[ResponseFactor, ...] = ()
    """Levels of baseline variables that change the rate; by default none."""
    correlation: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    """Correlation of the normal scores of response and time to progression (of the event, where
    there is only one): above 0 those who respond progress later. By default what comes after
    evaluable_after does not depend on response, given arm and levels."""

    def rate_of(self, arm: str, levels: Mapping[str, str]) -> float:
        """Objective response rate of the patients of an arm with some levels."""
        effects = [each for each in self.effects if each.applies_to(arm, levels)]
        own = [each.rate for each in effects if each.rate is not None]
        rate = own[0] if own else self.rate
        ratios = [each.odds_ratio for each in effects if each.odds_ratio is not None]
        ratios += [
            factor.odds_ratio
            for factor in self.prognostic_factors
            if levels.get(factor.variable) == factor.level
        ]
        odds = rate / (1.0 - rate) * math.prod(ratios)
        return odds / (1.0 + odds) if ratios else rate

    @property
    def variables(self) -> frozenset[str]:
        """Baseline variables on which the rate depends."""
        named = {factor.variable for factor in self.prognostic_factors}
        return frozenset(named | {name for effect in self.effects for name in effect.when})
