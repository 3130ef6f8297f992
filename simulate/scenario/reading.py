"""A scenario file of any kind, read as what it is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from simulate.scenario.compose import read_chain
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario

SURVIVAL = "survival"
"""The key by which a file says that it has plain survival models."""

AnyScenario = Scenario | SurvivalScenario


def read_scenario(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> AnyScenario:
    """Read and check a scenario file of any kind; see :meth:`Scenario.from_file`.

    Raises
    ------
    ScenarioError
        With every problem of the file.
    UsageError
        If an override has no ``=``.
    """
    name = os.fspath(path)
    files = read_chain(name)
    kind = SurvivalScenario if any(SURVIVAL in file.entries for file in files) else Scenario
    return kind.from_chain(files, Path(name), overrides)
