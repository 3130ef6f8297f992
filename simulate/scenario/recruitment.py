"""When patients come, where only their number matters: arrivals by day, in all or by region."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import (
    Days,
    FileSafeName,
    Identifier,
    RatePerDay,
    Section,
    exactly_one,
    reject,
)


class AccrualRow(Section):
    """The rate of arrivals from a time on, until that of the next row."""

    from_: Days = Field(alias="from")
    """Start, counted from the origin; the first row starts at 0 days."""
    rate: RatePerDay
    """Patients expected, such as 36.7 per month."""
    to_rate: RatePerDay | None = None
    """Rate at the end of the row, reached on a straight line; by default the rate stays."""


def _check_rows(rows: tuple[AccrualRow, ...]) -> None:
    if rows[0].from_ != 0:
        reject(
            "the first row must start at 0 days",
            key="accrual",
            hint="Where nobody comes at first: {from: 0 months, rate: 0 per month}",
        )
    if any(after.from_ <= before.from_ for before, after in pairwise(rows)):
        reject("the starts of the rows must increase", key="accrual")
    if rows[-1].to_rate is not None:
        reject("the last row goes on for good and cannot have a to_rate", key="accrual")
    if all(row.rate == 0 and not row.to_rate for row in rows):
        reject("nobody ever comes: all rates are 0", key="accrual")


AccrualRows = Annotated[tuple[AccrualRow, ...], Field(min_length=1)]


class Region(Section):
    """A region (or a site) with a pace of its own."""

    id: Identifier
    """Permanent number of the region."""
    name: FileSafeName
    """Name in tables."""
    accrual: AccrualRows
    """Its arrivals: a Poisson number each day."""
    cap: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Most patients that it may enrol; by default there is no limit."""

    @model_validator(mode="after")
    def _rows(self) -> Self:
        _check_rows(self.accrual)
        return self


class Recruitment(Section):
    """How patients enter a trial for planning: a Poisson number each day until all are there."""

    accrual: AccrualRows | None = None
    """Arrivals of the whole trial; or give regions."""
    regions: Annotated[tuple[Region, ...], Field(min_length=1, max_length=1000)] | None = None
    """Regions, each with its accrual; all compete until the sample size is reached."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        exactly_one(self, "accrual", "regions")
        if self.accrual is not None:
            _check_rows(self.accrual)
        return self

    @property
    def all_regions(self) -> tuple[Region, ...]:
        """The regions, or the whole trial as the only one."""
        if self.regions is not None:
            return self.regions
        assert self.accrual is not None  # one of the two is given
        return (Region.model_construct(id=1, name="all", accrual=self.accrual, cap=None),)
