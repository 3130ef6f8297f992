"""How the times and counts of a scenario are distributed: families and their parameters.

The families are only described here; elsewhere they become tables of whole days. Times are in days
after reading, rates per day.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import (
    Days,
    HazardRatio,
    OpenProbability,
    PositiveDays,
    PositiveWholeDays,
    Probability,
    RatePerDay,
    Section,
    Shape,
    Sigma,
    Weight,
    WholeDays,
    exactly_one,
    reject,
)

# Days; beyond these a scale computed from a shape near 0 is of no use in any table.
_SHORTEST_SCALE, _LONGEST_SCALE = 1e-6, 1e12


class Survival(Section):
    """One point of a survival curve, from which a parameter is computed."""

    at: PositiveDays
    """Time of the point."""
    value: OpenProbability
    """Probability that the event has not happened by then."""


class Exponential(Section):
    """A constant hazard, given by exactly one of rate, median, mean or one survival probability."""

    kind: Literal["exponential"]
    rate: RatePerDay | None = None
    """The hazard, such as 0.0046 per month; 0 means that the event never happens."""
    median: PositiveDays | None = None
    """Time by which half of the patients have had the event."""
    mean: PositiveDays | None = None
    """Mean time to the event."""
    survival: Survival | None = None
    """A survival probability at a time, such as {at: 12 months, value: 0.76}."""

    @model_validator(mode="after")
    def _one_parameter(self) -> Self:
        exactly_one(self, "rate", "median", "mean", "survival")
        return self

    @property
    def rate_per_day(self) -> float:
        """The hazard per day, whichever parameter the file gives."""
        if self.rate is not None:
            return self.rate
        if self.median is not None:
            return math.log(2.0) / self.median
        if self.mean is not None:
            return 1.0 / self.mean
        assert self.survival is not None  # exactly one of the four is given
        return -math.log(self.survival.value) / self.survival.at


class Weibull(Section):
    """S(t) = exp(-(t / scale)^shape); exactly one of scale, median or one survival probability."""

    kind: Literal["weibull"]
    shape: Shape
    """Above 1 the hazard rises with time, below 1 it falls, at 1 it is constant."""
    scale: PositiveDays | None = None
    """Time by which a fraction 1 - 1/e = 63% of the patients have had the event."""
    median: PositiveDays | None = None
    """Time by which half of the patients have had the event."""
    survival: Survival | None = None
    """A survival probability at a time, such as {at: 12 months, value: 0.76}."""

    @model_validator(mode="after")
    def _one_parameter(self) -> Self:
        exactly_one(self, "scale", "median", "survival")
        if not _SHORTEST_SCALE <= self.scale_days <= _LONGEST_SCALE:
            reject("the shape and the time given here leave no usable scale", key="shape")
        return self

    @property
    def scale_days(self) -> float:
        """The scale in days, whichever parameter the file gives; infinite if it overflows."""
        if self.scale is not None:
            return self.scale
        time, survival = self.median, 0.5
        if self.survival is not None:
            time, survival = self.survival.at, self.survival.value
        assert time is not None  # exactly one of the three is given
        try:
            return float(time * (-math.log(survival)) ** (-1.0 / self.shape))
        except OverflowError:
            return math.inf


class LogNormal(Section):
    """The logarithm of the time is normal."""

    kind: Literal["lognormal"]
    median: PositiveDays
    """Time by which half of the patients have had the event."""
    sigma: Sigma
    """Standard deviation of the logarithm of the time."""


class Uniform(Section):
    """Any time between two limits is equally likely."""

    kind: Literal["uniform"]
    low: Days
    """Earliest time."""
    high: PositiveDays
    """Latest time."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            reject("high must be later than low", key="high")
        return self


class PiecewiseExponential(Section):
    """A hazard that is constant between given times."""

    kind: Literal["piecewise_exponential"]
    rates: Annotated[tuple[RatePerDay, ...], Field(min_length=1)]
    """The hazard in each interval, such as [0.02 per month, 0.05 per month]."""
    from_: Annotated[tuple[Days, ...], Field(min_length=1, alias="from")]
    """Start of each interval, the first at 0 days, such as [0 days, 6 months]."""

    @model_validator(mode="after")
    def _intervals(self) -> Self:
        check_intervals(self.from_, len(self.rates), "rates")
        return self


class PiecewiseHazardRatio(Section):
    """Another distribution, its hazard multiplied by a ratio for each of several times.

    So an arm differs from another one late ([1, 0.6]), for a while ([0.6, 1]), or with hazards that
    cross ([1.3, 0.6]).
    """

    kind: Literal["piecewise_hazard_ratio"]
    of: Annotated[
        Exponential | Weibull | LogNormal | PiecewiseExponential, Field(discriminator="kind")
    ]
    """The distribution whose hazard it is."""
    hazard_ratios: Annotated[tuple[HazardRatio, ...], Field(min_length=1)]
    """The ratio in each interval, such as [1, 0.6]."""
    from_: Annotated[tuple[Days, ...], Field(min_length=1, alias="from")]
    """Start of each interval, the first at 0 days, such as [0 days, 6 months]."""

    @model_validator(mode="after")
    def _intervals(self) -> Self:
        check_intervals(self.from_, len(self.hazard_ratios), "hazard ratios")
        return self


def check_intervals(starts: tuple[float, ...], n: int, what: str) -> None:
    """Refuse, at the key ``from``, starts of intervals that do not fit the n numbers in them."""
    if len(starts) != n:
        reject(f"as many starts as {what} are needed (given: {len(starts)} and {n})", key="from")
    if starts[0] != 0:
        reject("the first interval must start at 0 days", key="from")
    if not _increasing(starts):
        reject("the starts of the intervals must increase", key="from")


class Geometric(Section):
    """Each step is the one with the same probability, until a last one that takes all who are left.

    P(number = j) = p (1 - p)^(j - 1) for j below `at_most`; the time is number * every.
    """

    kind: Literal["geometric"]
    probability: Annotated[Probability, Field(gt=0)]
    """Probability p at each step."""
    every: PositiveWholeDays
    """Time between steps."""
    at_most: Annotated[int, Field(ge=1, le=1000)]
    """Number of the last step, which takes the remaining probability."""


class Discrete(Section):
    """One of a list of times."""

    kind: Literal["discrete"]
    values: Annotated[tuple[WholeDays, ...], Field(min_length=1)]
    """The times, increasing."""
    weights: Annotated[tuple[Weight, ...], Field(min_length=1)]
    """Relative frequency of each time."""

    @model_validator(mode="after")
    def _matching(self) -> Self:
        if len(self.values) != len(self.weights):
            reject(
                "as many weights as values are needed "
                f"(given: {len(self.weights)} and {len(self.values)})",
                key="weights",
            )
        if not _increasing(self.values):
            reject("the values must increase", key="values")
        if not sum(self.weights) > 0:
            reject("the weights are all 0", key="weights")
        return self


def _increasing(times: tuple[float, ...]) -> bool:
    return all(earlier < later for earlier, later in pairwise(times))


EverybodysTime = Annotated[
    Exponential
    | Weibull
    | LogNormal
    | Uniform
    | PiecewiseExponential
    | PiecewiseHazardRatio
    | Geometric
    | Discrete,
    Field(discriminator="kind"),
]
"""The time to something that sooner or later happens to everybody."""


class Cure(Section):
    """A mixture: to a fraction of patients it never happens."""

    kind: Literal["cure"]
    cured: Probability
    """Fraction to whom it never happens."""
    others: EverybodysTime
    """Time to the event of all others."""


Time = Annotated[
    Exponential
    | Weibull
    | LogNormal
    | Uniform
    | PiecewiseExponential
    | PiecewiseHazardRatio
    | Geometric
    | Discrete
    | Cure,
    Field(discriminator="kind"),
]
"""The time to an event that may never happen."""


class LogNormalCount(Section):
    """A log-normal number, rounded to the nearest whole number and kept within limits."""

    kind: Literal["lognormal"]
    median: Annotated[float, Field(gt=0, le=1000)]
    """Median before rounding."""
    sigma: Sigma
    """Standard deviation of the logarithm."""
    at_least: Annotated[int, Field(ge=0, le=1000)]
    """Smallest number; smaller ones become this."""
    at_most: Annotated[int, Field(ge=1, le=1000)]
    """Largest number; larger ones become this."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.at_least > self.at_most:
            reject("at_most must not be less than at_least", key="at_most")
        return self


class FixedCount(Section):
    """The same number for every patient."""

    kind: Literal["fixed"]
    value: Annotated[int, Field(ge=0, le=1000)]
    """The number."""


Count = Annotated[LogNormalCount | FixedCount, Field(discriminator="kind")]
"""How many, for each patient."""
