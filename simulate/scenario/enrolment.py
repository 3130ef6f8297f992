"""Who comes, where and when: sites, accrual and screening failures."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.distributions import (
    Discrete,
    Exponential,
    Geometric,
    LogNormal,
    PiecewiseExponential,
    Uniform,
    Weibull,
)
from simulate.scenario.fields import (
    Date,
    Days,
    Label,
    PositiveDays,
    PositiveRatePerDay,
    Probability,
    Section,
    Shape,
    reject,
)


class ActivationDates(Section):
    """Each site opens on a known date."""

    kind: Literal["dates"]
    dates: Annotated[tuple[Date, ...], Field(min_length=1)]
    """One date for each site, in the order of the sites."""


Activation = Annotated[
    Exponential
    | Weibull
    | LogNormal
    | Uniform
    | PiecewiseExponential
    | Geometric
    | Discrete
    | ActivationDates,
    Field(discriminator="kind"),
]
"""When sites open: a time from the trial's origin, or one date for each site."""


class Sites(Section):
    """The hospitals that enrol."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    """Number of sites."""
    names: tuple[Label, ...] | None = None
    """Names of the sites, one each; by default they are numbered."""
    activation: Activation | None = None
    """When each site opens, counted from the origin; by default all are open from the origin on."""
    rate_shape: Shape | None = None
    """Shape of the gamma distribution of the sites' enrolment rates, whose mean is 1.

    By default all sites enrol at the same rate.
    """


class PowerAccrual(Section):
    """The k-th of n enrolment days is spread as (day / span)^exponent between two known dates."""

    kind: Literal["power"]
    exponent: Annotated[float, Field(gt=0, le=100)]
    """1 is an even pace, above 1 enrolment accelerates."""
    first: Date
    """Day on which the first patient is enrolled."""
    last: Date
    """Day on which the last patient is enrolled."""


class RateChange(Section):
    """A time during which all sites enrol faster, slower, or not at all."""

    from_: Days = Field(alias="from")
    """Start, counted from the origin."""
    to: PositiveDays
    """End, counted from the origin; not included."""
    factor: Annotated[float, Field(ge=0, le=1000)]
    """By how much every site's rate is multiplied; 0 is a pause."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ >= self.to:
            reject("the change must end after it starts", key="to")
        return self


class PoissonGammaAccrual(Section):
    """Patients arrive at each open site as a Poisson process; sites differ in their rate.

    Anisimov and Fedorov, Statistics in Medicine 2007;26:4958-4975. All open sites compete until
    the sample size is reached or the window ends.
    """

    kind: Literal["poisson_gamma"]
    rate: PositiveRatePerDay
    """Mean rate of one open site, such as 0.32 per month."""
    window: PositiveDays
    """Time from the origin after which nobody is enrolled, full or not."""
    changes: tuple[RateChange, ...] = ()
    """Pauses and changes of pace, in order of time and not overlapping; by default none."""


class Enrolment(Section):
    """How patients enter the trial."""

    sites: Sites
    """Where patients are enrolled."""
    accrual: Annotated[PowerAccrual | PoissonGammaAccrual, Field(discriminator="kind")]
    """When patients are enrolled."""
    screening_failure: Annotated[Probability, Field(lt=1)] = 0.0
    """Probability that a screened patient is not enrolled; such patients take no place."""

    @model_validator(mode="after")
    def _screened_arrivals(self) -> Self:
        if self.screening_failure > 0 and isinstance(self.accrual, PowerAccrual):
            reject(
                "accrual of kind power gives the days of enrolled patients, none of whom fails "
                f"screening (given: {self.screening_failure:g})",
                key="screening_failure",
                hint="use poisson_gamma, whose rate counts the screened, or leave it at 0",
            )
        return self
