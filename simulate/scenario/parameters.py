"""Where a scenario takes its parameters from: the key ``parameters``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulate.scenario.fields import FileSafeName, Label, Section

POINT, DRAWS = "point", "draws"


class Parameters(Section):
    """A calibration whose values replace those of this file and of the files that it extends."""

    from_: Label = Field(alias="from")
    """Folder of the calibration, seen from this file."""
    fit: FileSafeName = "full"
    """Which of its fits: the name of a folder in it."""
    use: Literal["point", "draws"] = "point"
    """The point, or posterior draws: of D draws, replicate r takes draw r mod D."""
