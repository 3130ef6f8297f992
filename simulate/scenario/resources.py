"""What patients share at a site: infusion chairs and drug supply."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simulate.scenario.fields import Label, Section, WholeDays

Number = Annotated[int, Field(ge=1, le=1_000_000)]


class Chairs(Section):
    """Infusion chairs of each site, as the doses that can be given on a day."""

    slots: Number
    """Patients whom a site can treat on one day; who finds no place comes again the next day."""


class Supply(Section):
    """Stock of one drug at each site, ordered again when it runs low."""

    drug: Label
    """Name of the drug."""
    initial: Number
    """Doses in stock when the site opens."""
    reorder_at: Annotated[int, Field(ge=0, le=1_000_000)]
    """A delivery is ordered when no more doses than this are left."""
    order: Number
    """Doses of a delivery."""
    lead_time: WholeDays
    """Time from the order to the delivery."""


class Resources(Section):
    """What is limited at each site; a dose waits until all that it needs is there."""

    chairs: Chairs | None = None
    """Infusion chairs; by default as many as are needed."""
    supply: tuple[Supply, ...] = ()
    """Drugs with a limited stock; by default none."""
