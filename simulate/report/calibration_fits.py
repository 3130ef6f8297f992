"""The fits of a calibration as the report looks at them: the one in use, and the others beside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from simulate.calibration.tables import FitFolder, read_fit_folder
from simulate.report.view import View
from simulate.scenario.calibration import POINT_FILE

FIRST = "full"
"""Name of the fit that others are compared with, if there is one; else it is the one in use."""

FARTHEST = 3
"""Labels of targets that are told in a sentence."""


@dataclass(frozen=True)
class Fits:
    """All fits of the calibration that a scenario uses."""

    used: FitFolder
    all: tuple[FitFolder, ...]

    @cached_property
    def first(self) -> FitFolder:
        """The fit that others are compared with."""
        return next((fit for fit in self.all if fit.name == FIRST), self.used)

    @property
    def held_out(self) -> list[FitFolder]:
        """Fits of the same structure that leave facts out."""
        found = [fit for fit in self._others if not _is_structure(fit) and _leaves_out(fit)]
        return [fit for fit in found if self.stage_of(fit) or fit.held_out_check is not None]

    @property
    def structures(self) -> list[FitFolder]:
        """Fits of other structures to the same targets, the most likely one first."""
        found = [fit for fit in self._others if _is_structure(fit) and self.stage_of(fit)]
        return sorted(found, key=lambda fit: -self.log_bayes_factor(fit))

    @property
    def _others(self) -> list[FitFolder]:
        """All but the first that can be compared with it."""
        return [fit for fit in self.all if fit.name != self.first.name and fit.content is not None]

    def stage_of(self, fit: FitFolder) -> str:
        """The stage in which a fit differs from the first; nothing if they cannot be compared."""
        mine, other = self.first.stages, fit.stages
        common = [name for name in mine if name in other]
        differing = [name for name in common if _differ(mine[name], other[name])]
        return differing[0] if differing else ""

    def log_bayes_factor(self, fit: FitFolder) -> float:
        """Log of the evidence for a fit over that for the first, in the stage that differs."""
        stage = self.stage_of(fit)
        mine, other = self.first.stages[stage], fit.stages[stage]
        return float(other["log_evidence"]) - float(mine["log_evidence"])


def fits_of(view: View) -> Fits | None:
    """The fits of the calibration that gives the scenario its parameters; None without one."""
    if view.scenario.calibration is None:
        return None
    folder = view.scenario.calibration.folder
    read = {path: read_fit_folder(path) for path in _folders(folder)}
    return Fits(read[folder], tuple(read.values()))


def _folders(used: Path) -> list[Path]:
    """Folders of all fits, the one in use among them."""
    return sorted(path.parent for path in used.parent.glob(f"*/{POINT_FILE}"))


def _is_structure(fit: FitFolder) -> bool:
    return fit.content is not None and bool(fit.content.structure)


def _leaves_out(fit: FitFolder) -> bool:
    return fit.content is not None and bool(fit.content.held_out)


def _differ(one: dict[str, object], other: dict[str, object]) -> bool:
    """Whether two fits estimated a stage each for itself."""
    return any(one[key] != other[key] for key in ("log_posterior", "misfit", "log_evidence"))


def targets_of(fit: FitFolder, stage: str) -> pd.DataFrame:
    """Targets of a stage; none if their table is not there."""
    if fit.targets is None:
        return pd.DataFrame()
    return fit.targets[fit.targets["stage"] == stage].reset_index(drop=True)


def parameters_of(fit: FitFolder, stage: str) -> pd.DataFrame:
    """Parameters of a stage; none if their table is not there."""
    if fit.parameters is None:
        return pd.DataFrame()
    return fit.parameters[fit.parameters["stage"] == stage].reset_index(drop=True)
