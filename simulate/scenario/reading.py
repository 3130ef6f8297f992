"""A scenario file of any kind, read as what it is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from simulate.scenario.compose import read_chain
from simulate.scenario.scenario import Scenario
from simulate.scenario.source import refuse
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.tree import Block

SURVIVAL = "survival"
"""The key by which a file says that it has plain survival models."""

PATIENTS = ("disease", "treatment", "assessment", "follow_up")
"""Keys by which a file says that it has patients in cycles and scans."""

_RANDOMISED = (
    "arms",
    "randomisation",
    "hypotheses",
    "multiplicity",
    "estimates",
    "max_study_duration",
)

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
    return _kind(files).from_chain(files, Path(name), overrides)


def _kind(files: Sequence[Block]) -> type[Scenario] | type[SurvivalScenario]:
    """What a file describes; one that leaves out or misspells its key is told by the others.

    Raises
    ------
    ScenarioError
        If it describes both kinds of trial.
    """
    entries = {key: entry for file in files for key, entry in file.entries.items()}
    of_patients = [key for key in PATIENTS if key in entries]
    if SURVIVAL not in entries:
        is_randomised = any(key in entries for key in _RANDOMISED)
        return SurvivalScenario if is_randomised and not of_patients else Scenario
    if of_patients:
        keys = ", ".join(of_patients)
        raise refuse(
            entries[SURVIVAL].key_mark,
            f"a trial has plain survival models or patients in cycles and scans, not both "
            f"(given beside it: {keys})",
            key=SURVIVAL,
            hint=f"Leave out {SURVIVAL}, or {keys}",
        )
    return SurvivalScenario
