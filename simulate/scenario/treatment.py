"""What is given: cycles, drugs and delays."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simulate.scenario.distributions import Count
from simulate.scenario.fields import (
    Days,
    DoseAmount,
    Identifier,
    Label,
    PositiveWholeDays,
    Section,
    Shape,
)


class Drug(Section):
    """One drug of the regimen, given on the first day of each cycle."""

    id: Identifier
    """Permanent number of the drug."""
    name: Label
    """Name of the drug."""
    dose: DoseAmount
    """Prescribed dose."""
    planned_cycles: Count | None = None
    """Number of cycles in which it is given; by default as long as treatment lasts."""


class Delay(Section):
    """Delays of cycles beyond the planned day, longer in some patients than in others.

    A patient's own mean delay is gamma distributed; each of the patient's delays is exponential
    with that mean, rounded to whole days.
    """

    mean: Days
    """Mean delay of a cycle over all patients."""
    shape: Shape
    """Shape of the gamma distribution of the patients' mean delays."""


class Treatment(Section):
    """The regimen of the trial's single arm."""

    cycle_length: PositiveWholeDays
    """Planned time from one dose day to the next."""
    drugs: Annotated[tuple[Drug, ...], Field(min_length=1)]
    """The drugs given."""
    delay: Delay | None = None
    """Delays of cycles; by default none."""
