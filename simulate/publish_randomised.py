"""The main job of a randomised trial, from the scenario to its folder of results."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from simulate.randomised.execute import execute
from simulate.randomised.job import RandomisedJob, parts_key
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.results import (
    MANIFEST,
    check_folder,
    new_folder,
    write_csv,
    write_json,
    write_parquet,
    write_row_groups,
)
from simulate.run import Step, silent
from simulate.scenario.reading import AnyScenario
from simulate.scenario.scenario import Scenario

ROW_GROUP = 10_000
"""Rows of a row group of ``replicates.parquet``, whatever the chunks were."""


def publish(
    job: RandomisedJob,
    out: Path,
    *,
    name: str | None = None,
    force: bool = False,
    step: Step = silent,
) -> tuple[Path, RandomisedResult]:
    """Run a job and write its folder of results.

    Parameters
    ----------
    job : RandomisedJob
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
    (Path, RandomisedResult)
        The folder written, and what was found.

    Raises
    ------
    OutputError
        If the folder may not or cannot be written; then nothing is touched.
    """
    folder = out / (name or job.scenario.name)
    check_folder(folder, job.scenario.digest(), force=force)
    parts = out / f".{folder.name}.parts-{parts_key(job)}"
    result = execute(job, parts=parts, step=step)
    # imported only now: the first replicate need not wait for matplotlib
    from simulate.report.randomised.report import write_randomised_report

    with new_folder(folder) as temporary:
        write_tables(result, temporary)
        progress = step("report", 1)
        started = time.perf_counter()
        write_randomised_report(result, temporary / "report.html")
        result.timings["report"] = time.perf_counter() - started
        progress(1)
        timings = {key: round(seconds, 3) for key, seconds in result.timings.items()}
        write_json(result.manifest | {"seconds": timings}, temporary / MANIFEST)
    shutil.rmtree(parts, ignore_errors=True)
    return folder, result


def write_tables(result: RandomisedResult, folder: Path) -> None:
    """Write every table of a result."""
    write_csv(result.operating, folder / "operating_characteristics.csv")
    write_csv(result.sweep, folder / "sweep.csv")
    if len(result.variants_operating):
        write_csv(result.variants_operating, folder / "sweep_operating_characteristics.csv")
    if len(result.theory):
        write_csv(result.theory, folder / "design.csv")
    groups = _row_groups(result.outcomes, _n_draws(result.job.scenario))
    write_row_groups(groups, folder / "replicates.parquet")
    (folder / "patients").mkdir()
    if result.examples:
        tables = [
            each.subjects.assign(replicate=each.replicate, kind=each.kind)
            for each in result.examples
        ]
        joined = pd.concat(tables, ignore_index=True)
        first = ["replicate", "kind", "patient"]
        ordered = joined[[*first, *(c for c in joined.columns if c not in first)]]
        write_parquet(ordered, folder / "patients" / "subjects.parquet")
    write_json(summary(result), folder / "summary.json")


def _n_draws(scenario: AnyScenario) -> int:
    """Posterior draws that replicates take in turn; 0 if all have the same parameters."""
    draws = scenario.draws if isinstance(scenario, Scenario) else None
    return 0 if draws is None else draws.n


def _row_groups(outcomes: Outcomes, n_draws: int) -> Iterator[pa.Table]:
    """A row a replicate and look that was made, some at a time; with the draw if it takes one."""
    looks = outcomes.looks
    for start in range(0, outcomes.n, ROW_GROUP):
        stop = min(start + ROW_GROUP, outcomes.n)
        replicate = np.arange(start, stop)
        for analysis in outcomes.analyses:
            columns = {name: looks.column(analysis.name, name)[start:stop] for name in looks.names}
            made = ~np.isnan(columns["cut_day"])
            keys = {
                "replicate": replicate[made],
                "analysis": np.full(int(made.sum()), analysis.name, object),
            }
            if n_draws:
                keys["draw"] = replicate[made] % n_draws
            values = {
                name: pa.array(column[made], from_pandas=True) for name, column in columns.items()
            }
            yield pa.table({**keys, **values})


def summary(result: RandomisedResult) -> dict[str, Any]:
    """Every number of the report."""
    return {
        "scenario": result.job.scenario.name,
        "title": result.job.scenario.title,
        "replicates": result.job.replicates,
        "seed": result.job.seed,
        "null": result.job.null,
        "theory": result.theory.to_dict("records"),
        "operating_characteristics": result.operating.to_dict("records"),
        "sweep": result.sweep.to_dict("records"),
    }
