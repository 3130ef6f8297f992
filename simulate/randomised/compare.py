"""Two randomised trials side by side, on common random numbers: differences written and told."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulate.errors import UsageError
from simulate.look_replicates import engine_of_looks
from simulate.randomised.execute import run_outcomes
from simulate.randomised.job import RandomisedJob, manifest, parts_key
from simulate.randomised.what_ifs import paired_contrasts
from simulate.results import MANIFEST, check_folder, new_folder, write_csv, write_json
from simulate.run import Step, silent

_LABEL = 44
"""Width of the column of names, in characters."""

_PERCENT = ("reject", "target_not_reached")
"""What statistics end with that are shares of trials."""


def compare_randomised(
    job: RandomisedJob,
    against: RandomisedJob,
    out: Path,
    *,
    name: str | None = None,
    force: bool = False,
    step: Step = silent,
) -> str:
    """Run two randomised trials with the same seed and write ``compare.csv``.

    Parameters
    ----------
    job, against : RandomisedJob
        The two; differences are ``job - against``.
    out, name, force, step
        As in :func:`simulate.compare.compare_scenarios`.

    Returns
    -------
    str
        The differences as a table, and where the file is.

    Raises
    ------
    UsageError
        If the two share no random numbers because their seeds differ, or have one name.
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
    found = [run_outcomes(j, j.scenario, j.replicates, parts, step) for j in (job, against)]
    table = paired_contrasts(first.name, found[0], second.name, found[1])
    with new_folder(folder) as temporary:
        write_csv(table, temporary / "compare.csv")
        record = {"digest": digest, "of": _manifest(job), "against": _manifest(against)}
        write_json(record, temporary / MANIFEST)
    shutil.rmtree(parts, ignore_errors=True)
    return f"{_text(job, against, table)}\n\nAll statistics: {folder / 'compare.csv'}"


def _manifest(job: RandomisedJob) -> dict[str, object]:
    chosen = engine_of_looks(job.scenario, job.engine, job.replicates)
    return manifest(job, engine=chosen.name, reason=chosen.reason)


def _text(job: RandomisedJob, against: RandomisedJob, table: pd.DataFrame) -> str:
    """The differences in words and numbers."""
    first, second = job.scenario, against.scenario
    lines = [
        f"A  {first.name}: {first.title}",
        f"B  {second.name}: {second.title}",
        f"{min(job.replicates, against.replicates)} pairs of replicates on common random numbers; "
        "error: Monte Carlo standard error of the difference",
        "",
        _line("", ["A", "B", "A - B", "error"]),
    ]
    for row in table.to_dict("records"):
        values = (row["value"], row["value_against"], row["difference"], row["mcse"])
        lines.append(_row(row, values))
    return "\n".join(lines)


def _row(row: dict[Hashable, Any], values: tuple[float, ...]) -> str:
    """One statistic of both trials, its difference and the error of that."""
    statistic, where = str(row["statistic"]), str(row["analysis"])
    scale, unit = (100.0, ", %") if statistic.endswith(_PERCENT) else (1.0, "")
    if statistic == "duration":
        unit = ", months"
    if statistic == "events":
        statistic = f"{row['endpoint']} events"
    place = "" if where in ("all", "stop") else f" ({where})"
    label = f"{statistic}{place}{unit}".replace("_", " ")
    return _line(label, [_number(scale * value) for value in values])


def _line(label: str, numbers: list[str]) -> str:
    first, second, difference, error = numbers
    return f"{label:{_LABEL}}{first:>12}{second:>12}{difference:>12}{error:>10}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"
