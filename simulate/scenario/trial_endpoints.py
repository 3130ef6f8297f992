"""Endpoints of patients in cycles and scans: how they are estimated, and those with a name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simulate.scenario.analyses import EndpointName, Endpoints
from simulate.scenario.assessment import CalendarRow
from simulate.scenario.fields import FileSafeName, Identifier, Section
from simulate.scenario.readers import INVESTIGATOR


class TrialEndpoint(Section):
    """One way to see progression-free or overall survival; several are seen side by side."""

    id: Identifier
    """Permanent number of the endpoint."""
    name: EndpointName
    """Name in tables, by which hypotheses and triggers take it."""
    of: Literal["PFS", "OS"]
    """What the event is: progression or death (PFS), or death (OS)."""
    reader: FileSafeName | None = None
    """Who reads the scans: the investigator, another one of readers, or latent, who sees
    progression on its very day; by default the investigator."""
    rules: FileSafeName | None = None
    """Rule set of its censoring: fda, ema or one of rule_sets. By default deaths count up to
    follow_up.death_window after the last scan, and nothing else censors."""
    grid: Annotated[tuple[CalendarRow, ...], Field(min_length=1)] | None = Field(
        default=None, exclude_if=lambda rows: rows is None
    )
    """Times at which all arms are compared, such as [{every: 12 weeks}], counted from the first
    dose: an analysis of grouped times. An event belongs to the end of its interval, once that and
    the window of its scan are over, and censoring to the last end that was seen; so arms with other
    calendars are seen alike, if readers do not err, no scan is missed and nobody leaves. At the
    end of each interval all arms have a planned scan. By default times are those of the events."""

    @property
    def who(self) -> str | None:
        """Who reads the scans; None where nobody has to."""
        return None if self.of == "OS" else self.reader or INVESTIGATOR


class TrialEndpoints(Endpoints):
    """How endpoints are estimated, and which there are."""

    named: tuple[TrialEndpoint, ...] = Field(default=(), exclude_if=lambda some: not some)
    """Endpoints of a randomised trial by name, in the order of tables; by default PFS (the
    investigator's), OS, and PFS_<name> of each other reader."""
