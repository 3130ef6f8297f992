"""What is given: cycles, drugs and delays."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from simulate.scenario.distributions import Count
from simulate.scenario.dosing import DosingRule, Holds
from simulate.scenario.fields import (
    Days,
    DoseAmount,
    FileSafeName,
    Identifier,
    Label,
    PositiveWholeDays,
    Probability,
    Section,
    Shape,
    reject,
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
    reduced_doses: tuple[DoseAmount, ...] = ()
    """Lower dose levels, in the order in which they are taken; by default none."""
    relatedness: Probability = 0.0
    """Probability that an adverse event is judged related to this drug."""
    rules: tuple[DosingRule, ...] = ()
    """What adverse events do to the doses of this drug; by default nothing."""
    holds: Holds | None = None
    """How long doses are held; needed if a rule holds doses."""

    @model_validator(mode="after")
    def _doses_go_down(self) -> Self:
        levels = (self.dose, *self.reduced_doses)
        for higher, lower in pairwise(levels):
            if lower.unit != higher.unit or lower.amount >= higher.amount:
                reject(
                    f"a reduced dose must be lower than the one before it, in the same unit "
                    f"(given: {lower} after {higher})",
                    key="reduced_doses",
                )
        return self


class Body(Section):
    """Baseline variables from which doses by weight and body surface are computed."""

    weight: FileSafeName
    """Variable of body weight, in kg."""
    height: FileSafeName
    """Variable of height, in cm; body surface by Mosteller, sqrt(height * weight / 3600) m2."""


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
    """Delays of cycles for other reasons than adverse events; by default none."""
    body: Body | None = None
    """Where weight and height are found, for doses by weight or body surface. By default nowhere:
    then the amounts of doses are not told."""
