"""Two randomised trials side by side, on common random numbers: differences written and told."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np

from simulate.comparison import heading_of, publish_comparison
from simulate.randomised.execute import run_outcomes
from simulate.randomised.job import RandomisedJob, manifest
from simulate.randomised.what_ifs import paired_contrasts
from simulate.steps import Step, silent

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
    path, table = publish_comparison(
        job,
        against,
        out,
        lambda each, parts: run_outcomes(each, each.scenario, each.replicates, parts, step),
        lambda mine, theirs: paired_contrasts(
            job.scenario.name, mine, against.scenario.name, theirs
        ),
        manifest,
        name=name,
        force=force,
    )
    lines = [*heading_of(job, against), "", _line("", ["A", "B", "A - B", "error"])]
    for row in table.to_dict("records"):
        values = (row["value"], row["value_against"], row["difference"], row["mcse"])
        lines.append(_row(row, values))
    return "\n".join([*lines, "", f"All statistics: {path}"])


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
