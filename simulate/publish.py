"""The main job from the scenario to its folder of results."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pandas as pd

from simulate.job import Job, parts_key
from simulate.patient_tables import patient_tables
from simulate.report.report import write_report
from simulate.results import (
    MANIFEST,
    check_folder,
    new_folder,
    write_csv,
    write_json,
    write_parquet,
)
from simulate.run import RunResult, Step, execute, silent
from simulate.scorecard import SCORECARD_COLUMNS


def publish(
    job: Job, out: Path, *, name: str | None = None, force: bool = False, step: Step = silent
) -> Path:
    """Run a job and write its folder of results.

    Parameters
    ----------
    job : Job
        What to run.
    out : Path
        Folder that holds the folders of results.
    name : str
        Name of this result; by default the scenario's.
    force : bool
        Overwrite the result of another scenario of the same name.
    step : callable
        Progress.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    OutputError
        If the folder may not or cannot be written; then nothing is touched.
    """
    folder = out / (name or job.scenario.name)
    check_folder(folder, job.scenario.digest(), force=force)
    parts = out / f".{folder.name}.parts-{parts_key(job)}"
    result = execute(job, parts=parts, step=step)
    with new_folder(folder) as temporary:
        write_tables(result, temporary)
        progress = step("report", 1)
        started = time.perf_counter()
        write_report(result, temporary / "report.html")
        result.timings["report"] = time.perf_counter() - started
        progress(1)
        timings = {name: round(seconds, 3) for name, seconds in result.timings.items()}
        write_json(result.manifest | {"seconds": timings}, temporary / MANIFEST)
    shutil.rmtree(parts, ignore_errors=True)
    return folder


def write_tables(result: RunResult, folder: Path) -> None:
    """Write every table of a result."""
    write_csv(result.operating, folder / "operating_characteristics.csv")
    write_csv(result.scorecard[list(SCORECARD_COLUMNS)], folder / "scorecard.csv")
    write_csv(result.truth.table(), folder / "truth.csv")
    write_csv(result.curves, folder / "curves.csv")
    write_csv(result.subgroups, folder / "subgroups.csv")
    write_csv(result.sweep, folder / "sweep.csv")
    replicates = pd.concat([a.table for a in result.replicates.values()], ignore_index=True)
    write_parquet(replicates, folder / "replicates.parquet")
    patients = [patient_tables(result.job.scenario, example) for example in result.examples]
    (folder / "patients").mkdir()
    for name in patients[0]:
        joined = pd.concat([tables[name] for tables in patients], ignore_index=True)
        write_parquet(joined, folder / "patients" / f"{name}.parquet")
    write_json(summary(result), folder / "summary.json")


def summary(result: RunResult) -> dict[str, Any]:
    """Every number of the report."""
    return {
        "scenario": result.job.scenario.name,
        "title": result.job.scenario.title,
        "replicates": result.job.replicates,
        "seed": result.job.seed,
        "truth": result.truth.table().to_dict("records"),
        "operating_characteristics": result.operating.to_dict("records"),
        "scorecard": result.scorecard.to_dict("records"),
        "subgroups": result.subgroups.to_dict("records"),
        "sweep": result.sweep.to_dict("records"),
    }
