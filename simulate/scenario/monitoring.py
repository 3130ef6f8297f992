"""Hypotheses, their tests at each look, and the boundaries by which a trial stops."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simulate.scenario.analyses import EndpointName, increasing
from simulate.scenario.fields import (
    FileSafeName,
    Identifier,
    LevelList,
    OpenProbability,
    PositiveDays,
    Probability,
    Section,
    reject,
)
from simulate.scenario.testing import FurtherTest, Test


def _is_empty(value: object) -> bool:
    """Whether a list that came later is empty, so that fingerprints stay what they were."""
    return value == () or value == {}


class OBrienFleming(Section):
    """Spending of O'Brien-Fleming type (Lan and DeMets 1983)."""

    kind: Literal["obrien_fleming"]


class Pocock(Section):
    """Spending of Pocock type (Lan and DeMets 1983)."""

    kind: Literal["pocock"]


class HwangShihDeCani(Section):
    """The gamma family (Hwang, Shih and DeCani 1990)."""

    kind: Literal["hwang_shih_decani"]
    gamma: Annotated[float, Field(ge=-40, le=40)]
    """-4 is near O'Brien-Fleming, 1 near Pocock, 0 spends evenly."""


class KimDeMets(Section):
    """The power family (Kim and DeMets 1987)."""

    kind: Literal["kim_demets"]
    rho: Annotated[float, Field(gt=0, le=50)]
    """Power of the information fraction; 3 is near O'Brien-Fleming, 1 near Pocock."""


class GivenSpending(Section):
    """Error spent by each look, as given."""

    kind: Literal["cumulative"]
    spent: Annotated[tuple[Probability, ...], Field(min_length=1)]
    """Error spent up to each of the hypothesis's looks, the last all of it."""

    @model_validator(mode="after")
    def _increasing(self) -> Self:
        if any(later < earlier for earlier, later in pairwise(self.spent)):
            reject("the error spent cannot fall", key="spent")
        return self


Spending = Annotated[
    OBrienFleming | Pocock | HwangShihDeCani | KimDeMets | GivenSpending,
    Field(discriminator="kind"),
]
"""How the error is spent over the looks."""


class Futility(Section):
    """When a trial stops because it would hardly succeed."""

    spending: Spending
    """How the type II error is spent."""
    beta: OpenProbability = 0.1
    """Type II error in all, for the effect at which the planned events give the power 1 - beta."""
    binding: bool = False
    """Whether the efficacy bounds count on the trial stopping for futility."""


class Hypothesis(Section):
    """One comparison of two arms, with its test and its boundaries."""

    id: Identifier
    """Permanent number of the hypothesis."""
    name: FileSafeName
    """Name in tables."""
    endpoint: EndpointName
    """What is compared."""
    experimental: FileSafeName
    """Arm that is hoped to be better."""
    control: FileSafeName
    """Arm that it is compared with."""
    population: Mapping[FileSafeName, LevelList] = Field(default_factory=dict, exclude_if=_is_empty)
    """Levels of baseline variables: only these patients are tested, such as {biomarker: positive};
    by default all."""
    test: Test = "log_rank"
    """Test at each look; a stratified one takes the strata of the randomisation. Alpha is spent by
    events whatever the test. The bounds of weighted tests and combinations count on the correlation
    of looks that their weights give them; those of the others take information to be in proportion
    to events, as it is for log_rank, and the type I error may differ from alpha a little."""
    alpha: Annotated[OpenProbability, Field(lt=0.5)] = 0.025
    """One-sided type I error in all."""
    analyses: tuple[FileSafeName, ...] = ()
    """Names of the analyses at which it is tested, in their order; by default all."""
    information: Annotated[int, Field(ge=1)] | None = None
    """Events at which all error is spent; by default those that trigger its last analysis. Of a
    response rate: evaluable patients, by default all of its two arms."""
    efficacy: Spending | None = None
    """How alpha is spent; by default all at the last analysis."""
    futility: Futility | None = None
    """Stopping for futility; by default never."""
    design_hazard_ratio: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Hazard ratio that the trial is designed for; theory tells the power there too."""

    @model_validator(mode="after")
    def _two_arms(self) -> Self:
        if self.experimental == self.control:
            reject("an arm cannot be compared with itself", key="control")
        return self


class Estimates(Section):
    """What is estimated at a look beside the tests."""

    when: Literal["every_look", "stop"] = "every_look"
    """At every look, or only at the one with which the trial stops."""
    landmarks: Annotated[tuple[PositiveDays, ...], AfterValidator(increasing)] = ()
    """Times at which event-free rates are given, such as [12 months, 24 months]."""
    rmst: PositiveDays | None = None
    """Time up to which mean survival is restricted; by default it is not given."""
    confidence: OpenProbability = 0.95
    """Confidence level of intervals."""
    tests: tuple[FurtherTest, ...] = Field(default=(), exclude_if=_is_empty)
    """Further tests, told at each look that tests their hypothesis and deciding nothing."""
