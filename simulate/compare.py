"""Two scenarios side by side: run both on common random numbers, write and tell the differences."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulate.analysis.row import all_statistics
from simulate.analysis.single_arm_statistics import COMPARED
from simulate.analysis.statistics import Statistic
from simulate.comparison import heading_of, publish_comparison
from simulate.job import Job, manifest
from simulate.paired import paired_differences
from simulate.run import run_job_replicates
from simulate.scenario.scenario import Scenario
from simulate.steps import Step, silent

_LABEL = 54
"""Width of the column of names, in characters."""

SHOWN = {
    "Single-arm design": COMPARED,
    "Response": ("orr", "cbr"),
    "Progression-free survival": ("pfs_events", "pfs_median", "pfs_rate_*"),
    "Overall survival": (
        "deaths",
        "deaths_after_progression",
        "deaths_without_progression",
        "os_rate_*",
    ),
    "Duration of response": ("dor_rate_*",),
    "Follow-up and treatment": (
        "followup_median",
        "on_treatment",
        "exposure_median",
        "cycles_median",
        "*_rdi_median",
        "waited",
        "wait_mean",
    ),
    "Safety": ("teae_grade3", "sae", "*_discontinuation"),
}
"""Names of the statistics that are shown, by heading; the file has all of them."""


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
    path, table = publish_comparison(
        job,
        against,
        out,
        lambda each, parts: run_job_replicates(each, parts=parts, step=step),
        lambda mine, theirs: paired_differences(job.scenario, mine, against.scenario, theirs),
        manifest,
        name=name,
        force=force,
    )
    return f"{_text(job, against, table)}\n\nAll statistics: {path}"


def _text(job: Job, against: Job, table: pd.DataFrame) -> str:
    """The main differences in words and numbers."""
    first, second = job.scenario, against.scenario
    lines = heading_of(job, against)
    if (first.toxicity is None) != (second.toxicity is None):
        one = "B" if first.toxicity is None else "A"
        lines.append(f"Adverse events are simulated in {one} only, so they are not compared.")
    analyses = table["analysis"].unique()
    for name in analyses:
        title = f"Analysis: {name}" if len(analyses) > 1 else ""
        lines += ["", *_differences(first, table[table["analysis"] == name], title)]
    return "\n".join(lines)


def _differences(scenario: Scenario, table: pd.DataFrame, title: str) -> list[str]:
    """The main differences of one analysis, as lines under headings."""
    statistics = all_statistics(scenario)
    lines = [_line(title, ["A", "B", "A - B", "error"])]
    for heading, patterns in SHOWN.items():
        shown = [
            f"  {_row(statistics[str(row.statistic)], row)}"
            for pattern in patterns
            for row in table.itertuples()
            if fnmatchcase(str(row.statistic), pattern) and not _is_limit(str(row.statistic))
        ]
        lines += [heading, *shown] if shown else []
    return lines


def _is_limit(name: str) -> bool:
    return name.endswith(("_lower", "_upper"))


def _row(statistic: Statistic, row: Any) -> str:
    """One statistic of both scenarios, its difference and the error of that."""
    label, scale, unit = statistic.label, statistic.scale, statistic.unit
    if row.measure == "not_reached":
        label, scale, unit = f"{label} not reached", 100.0, "%"
    elif row.measure == "q50":
        label = f"{label}, median of replicates"
    values = (row.value, row.value_against, row.difference, row.mcse)
    label = label if label.endswith(unit) else f"{label}, {unit}"
    return _line(label, [_number(scale * value) for value in values], indent=2)


def _line(label: str, numbers: list[str], *, indent: int = 0) -> str:
    first, second, difference, error = numbers
    return f"{label:{_LABEL - indent}}{first:>10}{second:>10}{difference:>10}{error:>9}"


def _number(value: float) -> str:
    if np.isnan(value):
        return "-"
    return "NR" if np.isinf(value) else f"{value:.2f}"
