"""The tables of a result, written into its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from simulate.patient_tables import patient_tables
from simulate.replicates import AnalysedReplicates
from simulate.results import ROW_GROUP, write_csv, write_json, write_parquet, write_row_groups
from simulate.run import RunResult
from simulate.scorecard import SCORECARD_COLUMNS


def write_tables(result: RunResult, folder: Path) -> None:
    """Write every table of a result."""
    write_csv(result.operating, folder / "operating_characteristics.csv")
    write_csv(result.scorecard[list(SCORECARD_COLUMNS)], folder / "scorecard.csv")
    write_csv(result.truth.table(), folder / "truth.csv")
    write_csv(result.curves, folder / "curves.csv")
    write_csv(result.subgroups, folder / "subgroups.csv")
    write_csv(result.scan_bias, folder / "scan_bias.csv")
    write_csv(result.sweep, folder / "sweep.csv")
    write_row_groups(_row_groups(result), folder / "replicates.parquet")
    patients = [patient_tables(result.job.scenario, example) for example in result.examples]
    (folder / "patients").mkdir()
    for name in patients[0]:
        joined = pd.concat([tables[name] for tables in patients], ignore_index=True)
        write_parquet(joined, folder / "patients" / f"{name}.parquet")
    write_json(summary(result), folder / "summary.json")


def _row_groups(result: RunResult) -> Iterator[pa.Table]:
    """The replicates of every analysis, some at a time; what is not defined is missing."""
    for analysed in result.replicates.values():
        for start in range(0, analysed.n, ROW_GROUP):
            yield _row_group(analysed, start, min(start + ROW_GROUP, analysed.n))


def _row_group(analysed: AnalysedReplicates, start: int, stop: int) -> pa.Table:
    rows = zip(analysed.statistics, analysed.columns.rows(start, stop), strict=False)
    values = {name: pa.array(row, from_pandas=True) for name, row in rows}
    return pa.table({**analysed.keys(start, stop), **values})


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
        "scan_bias": result.scan_bias.to_dict("records"),
        "sweep": result.sweep.to_dict("records"),
    }
