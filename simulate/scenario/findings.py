"""What a rule between fields of a scenario finds wrong."""

from __future__ import annotations

from typing import NamedTuple

from simulate.scenario.tree import Path


class Finding(NamedTuple):
    """A rule that is broken: the field to look at, what is wrong, and what to do."""

    path: Path
    message: str
    hint: str = ""
