"""Endpoints by name, and the rules by which their events are counted or censored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulate.scenario.analyses import EndpointName
from simulate.scenario.assessment import CalendarRow
from simulate.scenario.fields import (
    FileSafeName,
    Identifier,
    PositiveDays,
    PositiveWholeDays,
    Section,
)


class RuleSet(Section):
    """What becomes of an event of PFS that other things came before.

    It has one of its keys at least; that every event counts, whatever comes between (treatment
    policy), is the rule set ema.
    """

    name: FileSafeName
    """Name by which endpoints take it."""
    missed_visits: Annotated[int, Field(ge=1, le=1000)] | None = None
    """So many scans in a row not done directly before the event, or more, and PFS is censored at
    the last scan before them; by default never. A gap that a later scan ends says nothing. A scan
    that was planned and is not done counts, whatever the reason."""
    new_therapy: Literal["censor", "ignore"] = "ignore"
    """Whether new anticancer therapy before the event censors PFS at the last scan up to it."""
    death_window: PositiveWholeDays | None = None
    """A death later than this after the last scan censors PFS at that scan; by default none. It
    must be at least the longest time between planned scans."""

    @property
    def censors(self) -> bool:
        """Whether anything is censored."""
        limits = self.missed_visits is not None or self.death_window is not None
        return limits or self.new_therapy == "censor"


FDA = RuleSet(name="fda", missed_visits=2, new_therapy="censor")
EMA = RuleSet(name="ema")
BUILT_IN = (FDA, EMA)
"""Rule sets that every scenario has.

FDA: Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics (2018), the table of
PFS with censoring at the last adequate assessment before missed visits or new therapy. EMA: the
guideline on anticancer medicinal products, Appendix 1 (2012), events whatever comes between.
"""


LATENT_READER = "latent"
"""Reader of an endpoint whose progression is known on its very day: the truth, beside what is
seen."""


class SurvivalEndpoint(Section):
    """One way to see progression-free or overall survival; several are seen side by side."""

    id: Identifier
    """Permanent number of the endpoint."""
    name: EndpointName
    """Name in tables, by which hypotheses and triggers take it."""
    of: Literal["PFS", "OS", "ORR"]
    """What the event is: progression or death (PFS), death (OS), or a response (ORR), of which the
    rate is compared."""
    reader: FileSafeName | None = None
    """Who reads the scans; by default progression is seen without error at a scan. The reader
    latent sees it on its very day."""
    rules: FileSafeName | None = None
    """Rule set of its censoring: fda, ema or one of rule_sets; by default every event counts."""
    grid: Annotated[tuple[CalendarRow, ...], Field(min_length=1)] | None = Field(
        default=None, exclude_if=lambda rows: rows is None
    )
    """Times at which all arms are compared, such as [{every: 12 weeks}]: an analysis of grouped
    times. An event belongs to the end of its interval, once that is over, and censoring to the
    start; so arms with other calendars are seen alike, if readers do not err, no scan is missed and
    nobody leaves. There must be a scan in each interval, and at its end if calendars differ by arm.
    By default times are those of the events."""


class ReportedMedian(Section):
    """A median that was reported elsewhere, beside which the report sets the simulated ones."""

    endpoint: EndpointName
    """The endpoint it is held against."""
    arm: FileSafeName
    """The arm."""
    median: PositiveDays
    """The median."""
