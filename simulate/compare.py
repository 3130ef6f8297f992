"""Two scenarios side by side: run both on common random numbers, write and tell the differences."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from simulate.errors import UsageError
from simulate.job import Job, manifest, parts_key
from simulate.operating import all_statistics
from simulate.paired import paired_differences
from simulate.results import MANIFEST, check_folder, new_folder, write_csv, write_json
from simulate.run import Step, run_job_replicates, silent

SHOWN = (
    "orr",
    "cbr",
    "pfs_rate_",
    "pfs_median",
    "os_rate_",
    "dor_rate_",
    "pfs_events",
    "deaths",
    "followup_median",
    "on_treatment",
    "exposure_median",
    "cycles_median",
)
"""Beginnings of the names of the statistics that are shown; the file has all of them."""


def compare_scenarios(
    job: Job,
    against: Job,
    out: Path,
    *,
    name: str | None = None,
    force: bool = False,
    step: Step = silent,
) -> str:
    """Run two scenarios with the same seed and write ``compare.csv``.

    Parameters
    ----------
    job, against : Job
        The two; differences are ``job - against``.
    out : Path
        Folder of the results; the comparison goes into a folder of its own in it.
    name : str
        Name of that folder; by default ``<scenario>_vs_<scenario>``.
    force : bool
        Overwrite a comparison of other scenarios.
    step : callable
        Progress.

    Returns
    -------
    str
        The main differences as a table, and where all of them are.

    Raises
    ------
    UsageError
        If the two share no random numbers because their seeds differ, or are the same.
    """
    first, second = job.scenario, against.scenario
    if job.seed != against.seed:
        raise UsageError(
            f"the scenarios have different seeds ({job.seed} and {against.seed}), so their "
            "replicates are not pairs; give one --seed for both"
        )
    if first.name == second.name:
        raise UsageError(f"both scenarios are named {first.name}; give one of them another name")
    folder = out / (name or f"{first.name}_vs_{second.name}")
    digest = hashlib.sha256(f"{first.digest()} {second.digest()}".encode()).hexdigest()
    check_folder(folder, digest, force=force)
    parts = out / f".{folder.name}.parts-{parts_key(job)}-{parts_key(against)}"
    results = [run_job_replicates(each, parts=parts, step=step) for each in (job, against)]
    table = paired_differences(first, results[0], second, results[1])
    with new_folder(folder) as temporary:
        write_csv(table, temporary / "compare.csv")
        record = {"digest": digest, "of": manifest(job), "against": manifest(against)}
        write_json(record, temporary / MANIFEST)
    shutil.rmtree(parts, ignore_errors=True)
    return f"{_text(job, against, table)}\n\nAll statistics: {folder / 'compare.csv'}"


def _text(job: Job, against: Job, table: pd.DataFrame) -> str:
    """The main differences in words and numbers."""
    first, second = job.scenario, against.scenario
    statistics = all_statistics(first)
    lines = [
        f"A  {first.name}: {first.title}",
        f"B  {second.name}: {second.title}",
        f"{min(job.replicates, against.replicates)} pairs of replicates on common random numbers; "
        "error: Monte Carlo standard error of the difference",
        "",
        f"{'':52}{'A':>10}{'B':>10}{'A - B':>10}{'error':>9}",
    ]
    for row in table.itertuples():
        name = str(row.statistic)
        if not name.startswith(SHOWN) or name.endswith(("_lower", "_upper")):
            continue
        statistic = statistics[name]
        label, scale = statistic.label, statistic.scale
        unit = statistic.unit
        if row.measure == "not_reached":
            label, scale, unit = f"{label} not reached", 100.0, "%"
        elif row.measure == "q50":
            label = f"{label}, median of replicates"
        values = (row.value, row.value_against, row.difference, row.mcse)
        numbers = [_number(scale * float(str(value))) for value in values]
        label = f"{label} ({unit})"
        lines.append(f"{label:52}{numbers[0]:>10}{numbers[1]:>10}{numbers[2]:>10}{numbers[3]:>9}")
    return "\n".join(lines)


def _number(value: float) -> str:
    if np.isnan(value):
        return "-"
    return "NR" if np.isinf(value) else f"{value:.2f}"
