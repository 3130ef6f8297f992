"""The tables that a calibration writes beside its point, made up for the small scenario."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from simulate.calibration.tables import PARAMETER_COLUMNS, TARGET_COLUMNS, TRUTH_COLUMNS

STAGE: dict[str, Any] = {
    "stage": "efficacy",
    "n_parameters": 3,
    "n_targets": 3,
    "log_posterior": -3.0,
    "misfit": 4.0,
    "log_evidence": 10.0,
    "largest_rhat": 1.004,
    "least_effective_size": 4321.0,
    "acceptance": 0.3,
    "effective_share_by_simulation": 0.91,
    "not_informed": [],
    "seconds": 1.0,
}

PARAMETERS: tuple[tuple[Any, ...], ...] = (
    # parameter, label, stage, unit, link, point, posterior, prior, shrinkage, …
    ("responder_scale", "Scale", "efficacy", "months", "log", 40.0, 35.0, 40.0, 46.0,
     20.0, 40.0, 80.0, 0.40, 5.2, 1.001, 5000.0, "earlier trials"),
    ("response", "Response", "efficacy", "", "logit", 0.7, 0.45, 0.7, 0.87,
     0.4, 0.7, 0.890909090909, 0.90, 0.2, 1.004, 4321.0, "a guess"),
    ("withdrawal", "Withdrawal", "efficacy", "per month", "log", 0.005, 0.003, 0.005, 0.008,
     0.002, 0.005, 0.0125, 0.70, 1.0, 1.002, 5000.0, None),
)  # fmt: skip

TARGETS: tuple[tuple[Any, ...], ...] = (
    # target, label, stage, scale, reported, observed, fitted, sd, z, error, locator
    ("responders", "Responders", "efficacy", "arcsine", 28.0, 0.98698, 0.95, 0.08, 0.46, 0.02,
     "Table 2"),
    ("pfs_rate_6", "PFS at 6 months", "efficacy", "arcsine", 80.0, 1.10715, 1.2, 0.07, -1.33, 0.03,
     "Figure 2"),
    ("pfs_rate_6_interval", "PFS at 6 months", "efficacy", "interval", 80.0, 0.18, 0.1, 0.1, 0.8,
     0.01, "Figure 2"),
)  # fmt: skip


def write_tables(
    fit: Path, *, stages: tuple[dict[str, Any], ...] = (STAGE,), **changed: Any
) -> None:
    """Write parameters, targets, diagnostics and truths into the folder of a fit.

    Tables can be given by ``parameters``, ``targets`` and ``truths``.
    """
    parameters = changed.get("parameters", PARAMETERS)
    targets = changed.get("targets", TARGETS)
    truths = changed.get("truths", truths_at(25.0))
    tables = {
        "parameters.csv": pd.DataFrame(parameters, columns=list(PARAMETER_COLUMNS)),
        "targets.csv": pd.DataFrame(targets, columns=list(TARGET_COLUMNS)),
        "truths.csv": pd.DataFrame(truths, columns=list(TRUTH_COLUMNS)),
    }
    for name, table in tables.items():
        table.to_csv(fit / name, index=False)
    content = {"fit": fit.name, "n_draws": 12, "stages": list(stages)}
    (fit / "diagnostics.json").write_text(json.dumps(content), encoding="utf-8")


def truths_at(median: float) -> list[tuple[Any, ...]]:
    """Truths with some median of progression-free survival."""
    return [
        ("pfs_median", "pfs", "median", None, "months", median, median - 5, median, median + 9, 12),
        ("pfs_rate_6", "pfs", "rate_6", 6.0, "%", 78.0, 70.0, 78.5, 86.0, 12),
    ]
