"""The files of a calibration: what they are called, what they hold, and how they are read.

In the folder of each fit:

- ``point.yaml``: the point values, as scenarios take them by ``parameters: {from: …}``
- ``draws.parquet``: draws of the joint posterior, in the units of ``point.yaml``
- ``parameters.csv``: prior and posterior of every parameter, and how far the data informed it
- ``covariance.csv``: posterior covariance on the scale of the links
- ``targets.csv``: the published statistics used, beside what the fitted model gives
- ``diagnostics.json``: convergence, fit, evidence, and from what it was made
- ``truths.csv``: survival by formula at the point and over the draws
- ``held_out_check.csv``: facts that the fit did not use, held against trials over its draws

Beside the folders of the fits, if it was checked: ``coverage.csv``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulate.errors import ScenarioError
from simulate.scenario.calibration import PointFile, find_fit
from simulate.scenario.tree import Mark
from simulate.scorecard import SCORECARD_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

POINT, DRAWS, PARAMETERS = "point.yaml", "draws.parquet", "parameters.csv"
COVARIANCE, TARGETS, DIAGNOSTICS = "covariance.csv", "targets.csv", "diagnostics.json"
HELD_OUT_CHECK, TRUTHS = "held_out_check.csv", "truths.csv"
COVERAGE = "coverage.csv"

PARAMETER_COLUMNS = (
    "parameter",
    "label",
    "stage",
    "unit",
    "link",
    "point",
    "posterior_lower",
    "posterior_median",
    "posterior_upper",
    "prior_lower",
    "prior_median",
    "prior_upper",
    "shrinkage",
    "information",
    "rhat",
    "effective_size",
    "prior_source",
)
"""Of ``parameters.csv``: limits are the 2.5% and 97.5% points; shrinkage is the posterior over the
prior standard deviation on the scale of the link."""

TARGET_COLUMNS = (
    "target",
    "label",
    "stage",
    "scale",
    "reported",
    "observed",
    "fitted",
    "sd",
    "z",
    "emulator_error",
    "locator",
)
"""Of ``targets.csv``: observed and fitted on the target's scale, sd of a trial there, z their
distance in it; the emulator's error in the same unit."""

TRUTH_COLUMNS = (
    "truth",
    "endpoint",
    "measure",
    "month",
    "unit",
    "point",
    "lower",
    "median",
    "upper",
    "n_draws",
)
"""Of ``truths.csv``: latent survival at the point; its 2.5%, 50% and 97.5% points over the draws;
``month`` is the landmark of a rate."""

PRIOR, POSTERIOR = "prior", "posterior"
"""Where the true parameters of a check of coverage are drawn from."""

COVERAGE_COLUMNS = (
    "truth",
    "parameter",
    "label",
    "level",
    "covered",
    "n",
    "share",
    "lower",
    "upper",
    "inside",
)
"""Of ``coverage.csv``: counts, and the exact 95% interval of the share; ``inside`` tells whether
that interval holds the level; ``truth`` is where the true parameters were drawn from."""

SCORECARD = ("statistic", *SCORECARD_COLUMNS)
"""Columns of ``held_out_check.csv``: those of the scorecard."""

STAGE_KEYS = (
    "stage",
    "n_parameters",
    "n_targets",
    "misfit",
    "log_posterior",
    "log_evidence",
    "largest_rhat",
    "least_effective_size",
    "effective_share_by_simulation",
)
"""Of each stage in ``diagnostics.json``."""


@dataclass(frozen=True)
class FitFolder:
    """What the folder of a fit says of it; None for a file that is missing or cannot be read."""

    path: Path
    content: PointFile | None
    parameters: pd.DataFrame | None
    targets: pd.DataFrame | None
    diagnostics: dict[str, Any] | None
    truths: pd.DataFrame | None
    held_out_check: pd.DataFrame | None

    @property
    def name(self) -> str:
        """Name of the fit."""
        return self.path.name

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """Diagnostics of each stage, by its name."""
        known = [] if self.diagnostics is None else self.diagnostics["stages"]
        return {stage["stage"]: stage for stage in known}


def read_fit_folder(path: Path) -> FitFolder:
    """Read the tables of a fit."""
    return FitFolder(
        path=path,
        content=_read_point(path),
        parameters=read_table(path / PARAMETERS, PARAMETER_COLUMNS),
        targets=read_table(path / TARGETS, TARGET_COLUMNS),
        diagnostics=_read_diagnostics(path / DIAGNOSTICS),
        truths=read_table(path / TRUTHS, TRUTH_COLUMNS),
        held_out_check=read_table(path / HELD_OUT_CHECK, SCORECARD),
    )


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame | None:
    """Read a table that a calibration wrote; None if it is not there or has other columns."""
    import pandas as pd  # only here: a scenario without a calibration need not wait for it

    try:
        found = pd.read_csv(path)
    except (OSError, ValueError):
        return None
    return found if set(columns) <= set(found.columns) and len(found) else None


def _read_point(path: Path) -> PointFile | None:
    place = Mark(str(path))
    try:
        found = find_fit(path.parent, str(path.parent), path.name, places=(place, place))
    except ScenarioError:
        return None
    return found.content


def _read_diagnostics(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        stages = found["stages"]
        whole = all(set(STAGE_KEYS) <= set(stage) for stage in stages)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if whole and stages else None
