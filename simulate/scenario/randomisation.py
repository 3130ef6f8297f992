"""How patients are given an arm."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import (
    FileSafeName,
    Label,
    Probability,
    Section,
    reject,
)

MOST_IN_A_BLOCK = 60
"""Places of a block: words of a block are looked up by its place."""

MOST_ARMS = 8
MOST_ARM_ID = 255


class Arm(Section):
    """One arm of a randomised trial."""

    id: Annotated[int, Field(ge=1, le=MOST_ARM_ID)]
    """Permanent number of the arm."""
    name: FileSafeName
    """Name in tables."""
    title: Label | None = None
    """Name as people read it; by default the name."""
    allocation: Annotated[int, Field(ge=1, le=MOST_IN_A_BLOCK)] = 1
    """Its part in the allocation ratio: 2 and 1 are two patients to one."""

    @property
    def label(self) -> str:
        """Name as people read it."""
        return self.title or self.name.replace("_", " ")


class Minimisation(Section):
    """Minimisation of the imbalance over factors (Pocock and Simon 1975)."""

    probability: Annotated[Probability, Field(gt=0)] = 0.8
    """Probability of an arm that leaves the least imbalance; the others share the rest."""
    factors: tuple[FileSafeName, ...] = ()
    """Baseline variables that are balanced; by default the strata."""


class Randomisation(Section):
    """How patients are given an arm."""

    method: Literal["blocks", "minimisation", "simple"] = "blocks"
    """Permuted blocks, minimisation (Pocock and Simon 1975), or each patient by himself."""
    block_sizes: Annotated[
        tuple[Annotated[int, Field(ge=1, le=MOST_IN_A_BLOCK)], ...], Field(min_length=1)
    ] = (4,)
    """Places of a block; of several sizes each block has one, all equally likely."""
    strata: tuple[FileSafeName, ...] = ()
    """Baseline variables with a list of blocks for each combination of their levels.

    A stratified test takes them as its strata, whatever the method.
    """
    by_site: bool = False
    """Whether each site (each region, where there are no sites) has lists of its own."""
    minimisation: Minimisation | None = None
    """How method minimisation works; by default with probability 0.8 over the strata."""

    @model_validator(mode="after")
    def _minimisation_has_its_method(self) -> Self:
        if self.minimisation is not None and self.method != "minimisation":
            reject(
                f"it says nothing with method {self.method}",
                key="minimisation",
                hint="Write method: minimisation, or leave it out",
            )
        return self

    @property
    def factors(self) -> tuple[str, ...]:
        """Baseline variables that minimisation balances."""
        chosen = self.minimisation.factors if self.minimisation is not None else ()
        return chosen or self.strata
