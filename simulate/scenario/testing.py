"""The tests of a hypothesis: what is compared at each look, and how."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeGuard

from pydantic import Discriminator, Field, Tag, model_validator

from simulate.scenario.fields import (
    FileSafeName,
    Label,
    OpenProbability,
    PositiveDays,
    Section,
    exactly_one,
    reject,
)

Exponent = Annotated[float, Field(ge=0, le=10)]
"""A power of survival, or of what is lost of it."""

NAMED = "[name]"
"""Tag of a test that is given by its name alone; no key can be called so."""

TestName = Literal["log_rank", "stratified_log_rank"]
"""Tests that need no more than a name."""


class LogRank(Section):
    """The log-rank test, as a further test."""

    kind: Literal["log_rank"]
    stratified: bool = False
    """Whether in the strata of the randomisation."""


class FlemingHarrington(Section):
    """A log-rank test with weights S^rho (1 - S)^gamma, S being survival of both arms together."""

    kind: Literal["fleming_harrington"]
    rho: Exponent = 0.0
    """0 and gamma 0 is the log-rank test; more gives weight to early events."""
    gamma: Exponent = 0.0
    """More gives weight to late events."""
    stratified: bool = False
    """Whether in the strata of the randomisation."""


class ModestlyWeighted(Section):
    """The modestly weighted log-rank test (Magirr and Burman 2019): weights 1 / max(S, floor)."""

    kind: Literal["modestly_weighted"]
    delay: PositiveDays | None = None
    """Time until which weights rise: the floor is the survival of both arms together there."""
    survival: OpenProbability | None = None
    """The floor itself, such as 0.5; either this or delay."""
    stratified: bool = False
    """Whether in the strata of the randomisation."""

    @model_validator(mode="after")
    def _one_floor(self) -> Self:
        exactly_one(self, "delay", "survival")
        return self


class CombinedWeight(Section):
    """One of the weights of a combination."""

    rho: Exponent | None = None
    """Power of survival: a Fleming-Harrington weight."""
    gamma: Exponent | None = None
    """Power of what is lost of survival; rho or gamma may be left out, which is 0."""
    delay: PositiveDays | None = None
    """Time until which a modest weight rises."""
    survival: OpenProbability | None = None
    """Survival down to which a modest weight rises."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        powers = self.rho is not None or self.gamma is not None
        if powers + (self.delay is not None) + (self.survival is not None) != 1:
            reject(
                "a weight is one of: rho with gamma, delay, survival",
                hint="Write {rho: 0, gamma: 1}, {delay: 6 months} or {survival: 0.5}",
            )
        return self


class MaxCombo(Section):
    """The largest of several weighted log-rank statistics, by their joint distribution."""

    kind: Literal["max_combo"]
    weights: Annotated[tuple[CombinedWeight, ...], Field(min_length=2, max_length=4)]
    """Two to four weights, such as [{rho: 0, gamma: 0}, {rho: 0, gamma: 1}]."""
    stratified: bool = False
    """Whether in the strata of the randomisation."""

    @model_validator(mode="after")
    def _different(self) -> Self:
        seen = {(w.rho or 0.0, w.gamma or 0.0, w.delay, w.survival) for w in self.weights}
        if len(seen) < len(self.weights):
            reject("a weight is given twice", key="weights")
        return self


class RestrictedMean(Section):
    """The difference of mean survival restricted to a time."""

    kind: Literal["rmst"]
    until: PositiveDays
    """Time up to which the mean is taken."""


class Milestone(Section):
    """The difference of event-free rates at a time."""

    kind: Literal["milestone"]
    time: PositiveDays
    """The time."""
    scale: Literal["linear", "log_log"] = "linear"
    """Scale on which the rates are compared."""


class WinRatio(Section):
    """All pairs of patients compared, by the most important endpoint that decides."""

    kind: Literal["win_ratio"]
    order: Annotated[tuple[Label, ...], Field(min_length=1, max_length=8)]
    """Endpoints in the order of their importance, such as [OS, PFS]."""
    measure: Literal["win_ratio", "net_benefit"] = "win_ratio"
    """What is tested: the log of wins to losses, or their difference."""

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.order)) < len(self.order):
            reject("an endpoint is given twice", key="order")
        return self


class IntervalCensored(Section):
    """The score test for progression that is known to lie between two scans (Finkelstein 1986).

    It allows for calendars that differ by arm, and for scans that are missed. Its endpoint is PFS
    that is seen at scans.
    """

    kind: Literal["interval_censored"]
    stratified: bool = False
    """Whether in the strata of the randomisation."""


class ResponseTest(Section):
    """The difference of response rates, among the patients who are evaluable at the look.

    Its limits are Miettinen and Nurminen's; in strata those with their weights.
    """

    kind: Literal["response"]
    method: Literal["miettinen_nurminen", "cmh"] = "miettinen_nurminen"
    """Score test, or Cochran-Mantel-Haenszel in the strata of the randomisation."""


AS_BLOCKS = {
    "fleming_harrington": "{kind: fleming_harrington, rho: 0, gamma: 1}",
    "modestly_weighted": "{kind: modestly_weighted, delay: 6 months}",
    "max_combo": "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}]}",
    "rmst": "{kind: rmst, until: 36 months}",
    "milestone": "{kind: milestone, time: 24 months}",
    "win_ratio": "{kind: win_ratio, order: [OS, PFS]}",
    "interval_censored": "{kind: interval_censored}",
    "response": "{kind: response}",
}
"""How a test is written that needs more than its name."""

TestBlock = (
    LogRank
    | FlemingHarrington
    | ModestlyWeighted
    | MaxCombo
    | RestrictedMean
    | Milestone
    | WinRatio
    | IntervalCensored
    | ResponseTest
)
"""A test with its settings."""


def _kind(value: object) -> object:
    """By what a test is told from the others: its kind, or that it is a name."""
    if isinstance(value, dict):
        return value.get("kind")
    return getattr(value, "kind", NAMED)


Test = Annotated[
    Annotated[TestName, Tag(NAMED)]
    | Annotated[LogRank, Tag("log_rank")]
    | Annotated[FlemingHarrington, Tag("fleming_harrington")]
    | Annotated[ModestlyWeighted, Tag("modestly_weighted")]
    | Annotated[MaxCombo, Tag("max_combo")]
    | Annotated[RestrictedMean, Tag("rmst")]
    | Annotated[Milestone, Tag("milestone")]
    | Annotated[WinRatio, Tag("win_ratio")]
    | Annotated[IntervalCensored, Tag("interval_censored")]
    | Annotated[ResponseTest, Tag("response")],
    Discriminator(_kind),
]
"""A test: a name, or a block with its kind and settings."""


class FurtherTest(Section):
    """A test that is told beside the one that decides."""

    name: FileSafeName
    """Name in tables: the columns are those of a hypothesis, such as pfs.NAME.z."""
    test: Test
    """The test, as in a hypothesis."""
    hypotheses: Annotated[tuple[FileSafeName, ...], Field(min_length=1)] | None = Field(
        default=None, exclude_if=lambda names: names is None
    )
    """Names of the hypotheses that it is told of; by default all whose endpoint it compares."""


def compares(test: TestName | TestBlock, *, is_rate: bool, is_seen_at_scans: bool) -> bool:
    """Whether a test can be made of an endpoint.

    Parameters
    ----------
    test
        The test.
    is_rate
        Whether the endpoint is a response rate, and not a time.
    is_seen_at_scans
        Whether progression of the endpoint is known to lie between two scans.
    """
    if is_of_rates(test) != is_rate:
        return False
    return is_seen_at_scans or not isinstance(test, IntervalCensored)


def is_asked_of(further: FurtherTest, hypothesis: str) -> bool:
    """Whether a further test is asked for of a hypothesis: it names it, or it names none."""
    return not further.hypotheses or hypothesis in further.hypotheses


def is_stratified(test: TestName | TestBlock) -> bool:
    """Whether a test compares the arms in the strata of the randomisation."""
    if isinstance(test, str):
        return test == "stratified_log_rank"
    if isinstance(test, ResponseTest):
        return test.method == "cmh"
    return bool(getattr(test, "stratified", False))


def is_log_rank(test: TestName | TestBlock) -> bool:
    """Whether a test is a log-rank test without weights, of which theory gives the power."""
    return isinstance(test, str | LogRank)


def compares_curves(test: TestName | TestBlock) -> TypeGuard[RestrictedMean | Milestone]:
    """Whether a test compares the Kaplan-Meier curves of the arms up to a time."""
    return isinstance(test, RestrictedMean | Milestone)


def is_on_log_log(test: TestName | TestBlock) -> bool:
    """Whether a test compares milestone rates on the scale of log(-log S)."""
    return isinstance(test, Milestone) and test.scale == "log_log"


def is_of_rates(test: TestName | TestBlock) -> bool:
    """Whether a test compares response rates."""
    return isinstance(test, ResponseTest)


def has_power(test: TestName | TestBlock) -> bool:
    """Whether theory gives the power of a test."""
    return not isinstance(test, WinRatio | IntervalCensored)


def name_of(test: TestName | TestBlock) -> str:
    """A test in a word, as tables have it: log_rank, stratified_max_combo."""
    if isinstance(test, str):
        return test
    return f"stratified_{test.kind}" if is_stratified(test) else test.kind
