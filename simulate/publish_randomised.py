"""The main job of a randomised trial, from the scenario to its folder of results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from simulate.job import parts_key
from simulate.randomised.example import ExampleTrial
from simulate.randomised.execute import execute
from simulate.randomised.job import RandomisedJob
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.results import (
    ROW_GROUP,
    publish_result,
    write_csv,
    write_json,
    write_parquet,
    write_row_groups,
)
from simulate.steps import Step, silent


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
    result = publish_result(
        folder,
        lambda parts: execute(job, parts=parts, step=step),
        digest=job.scenario.digest(),
        key=parts_key(job),
        force=force,
        write_tables=write_tables,
        write_report=_write_report,
        step=step,
    )
    return folder, result


def _write_report(result: RandomisedResult, path: Path) -> None:
    # imported only now: the first replicate need not wait for matplotlib
    from simulate.report.randomised.report import write_randomised_report

    write_randomised_report(result, path)


def write_tables(result: RandomisedResult, folder: Path) -> None:
    """Write every table of a result."""
    write_csv(result.operating, folder / "operating_characteristics.csv")
    write_csv(_with_coordinates(result.sweep, result), folder / "sweep.csv")
    if len(result.variants_operating):
        of_variants = _with_coordinates(result.variants_operating, result)
        write_csv(of_variants, folder / "sweep_operating_characteristics.csv")
    if len(result.theory):
        write_csv(result.theory, folder / "design.csv")
    write_row_groups(_row_groups(result.outcomes), folder / "replicates.parquet")
    (folder / "patients").mkdir()
    for name, table in _patients(result.examples).items():
        write_parquet(table, folder / "patients" / f"{name}.parquet")
    write_json(summary(result), folder / "summary.json")


def _patients(examples: Sequence[ExampleTrial]) -> dict[str, pd.DataFrame]:
    """Tables of the patients of all example trials, each led by replicate, kind and patient."""
    by_name: dict[str, list[pd.DataFrame]] = {}
    for each in examples:
        for name, table in {"subjects": each.subjects, **each.tables}.items():
            own = table.assign(replicate=each.replicate, kind=each.kind)
            by_name.setdefault(name, []).append(own)
    first = ["replicate", "kind", "patient"]
    joined = {name: pd.concat(tables, ignore_index=True) for name, tables in by_name.items()}
    return {
        name: table[[*first, *(column for column in table.columns if column not in first)]]
        for name, table in joined.items()
    }


def _with_coordinates(table: pd.DataFrame, result: RandomisedResult) -> pd.DataFrame:
    """A table of variants with a column for each field of the grid; empty for listed variants."""
    scenario = result.job.scenario
    coordinates = scenario.coordinates
    if not coordinates or table.empty:
        return table
    named = {f"{scenario.name}_{name}": cell for name, cell in coordinates.items()}
    cells = [named.get(name, {}) for name in table["scenario"]]
    fields = next(iter(coordinates.values()))
    columns = pd.DataFrame({field: [cell.get(field, "") for cell in cells] for field in fields})
    return pd.concat([table.reset_index(drop=True), columns], axis=1)


def _row_groups(outcomes: Outcomes) -> Iterator[pa.Table]:
    """A row a replicate and look that was made, some at a time; with the draw if it takes one."""
    for start in range(0, outcomes.n, ROW_GROUP):
        for analysis in outcomes.analyses:
            rows = outcomes.looks.rows(analysis.name, start, min(start + ROW_GROUP, outcomes.n))
            made = ~np.isnan(np.asarray(rows["cut_day"]))
            if not made.any():
                continue  # every one of these trials was over before, or none has come so far
            yield pa.table(
                {name: pa.array(values[made], from_pandas=True) for name, values in rows.items()}
            )


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
