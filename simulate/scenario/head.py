"""What every scenario begins with, whatever kind of trial it describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from simulate.scenario.analyses import SampleSize
from simulate.scenario.fields import Date, FileSafeName, Label, Replicates, Section
from simulate.scenario.grid import Coordinate, Grid


class Variant(Section):
    """A what-if: the same trial with a few fields changed."""

    name: FileSafeName
    """Name in tables and of the variant's folder."""
    title: Label | None = None
    """What it is, in a line; by default its name."""
    replicates: Replicates | None = None
    """Number of replicates; by default as many as the scenario has."""
    set: Annotated[Mapping[str, Any], Field(min_length=1)]
    """Fields to change, such as assessment.window: 3 days; a block replaces the whole block."""


class Head(Section):
    """What every scenario begins with."""

    name: FileSafeName
    """Name of the scenario and of its results folder."""
    title: Label
    """What it is, in a line."""
    reference: str = ""
    """Publication or protocol that it describes."""
    origin: Date
    """Calendar date of trial day 0."""
    sample_size: SampleSize
    """Number of patients to enrol."""
    replicates: Replicates = 1000
    """Number of simulated trials, unless the command line says otherwise."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 20250
    """Seed of all random numbers; scenarios with one seed share their draws, compared in pairs."""
    sweep: tuple[Variant, ...] = ()
    """What-ifs that are run beside the scenario; by default none."""
    grid: Grid | None = Field(default=None, exclude_if=lambda grid: grid is None)
    """What-ifs in every combination of the values of some fields; each joins the sweep."""

    @property
    def coordinates(self) -> dict[str, dict[str, Coordinate]]:
        """Value of each field of the grid in each of its variants, by the variant's name.

        Variants that the sweep lists one by one are not among them.
        """
        if self.grid is None:
            return {}
        cells = self.grid.cells()
        of_grid = self.sweep[len(self.sweep) - len(cells) :]
        return {variant.name: cell for variant, cell in zip(of_grid, cells, strict=True)}
