"""Two jobs side by side: made sure to be pairs, run, and their differences written."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from simulate.errors import UsageError
from simulate.job import AnyJob, parts_key
from simulate.results import (
    COMPARISON,
    MANIFEST,
    check_folder,
    new_folder,
    write_csv,
    write_json,
)

if TYPE_CHECKING:
    import pandas as pd

Jobs = TypeVar("Jobs", bound=AnyJob)


def publish_comparison(
    job: Jobs,
    against: Jobs,
    out: Path,
    run: Callable[[Jobs, Path], Any],
    differences: Callable[[Any, Any], pd.DataFrame],
    record: Callable[[Jobs], dict[str, Any]],
    *,
    name: str | None,
    force: bool,
) -> tuple[Path, pd.DataFrame]:
    """Run two jobs with the same seed and write ``compare.csv``.

    Parameters
    ----------
    job, against : AnyJob
        The two.
    out : Path
        Folder of the results; the comparison goes into a folder of its own in it.
    run : callable
        Runs a job's replicates, with a folder for finished chunks.
    differences : callable
        Differences of what the first and the second job gave.
    record : callable
        The manifest of a job.
    name : str
        Name of that folder; by default ``<scenario>_vs_<scenario>``.
    force : bool
        Overwrite a comparison of other scenarios.

    Returns
    -------
    (Path, DataFrame)
        The file and its content.

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
    check_folder(folder, digest, COMPARISON, force=force)
    parts = out / f".{folder.name}.parts-{parts_key(job)}-{parts_key(against)}"
    table = differences(run(job, parts), run(against, parts))
    with new_folder(folder) as temporary:
        write_csv(table, temporary / "compare.csv")
        both = {"of": record(job), "against": record(against)}
        write_json({"kind": COMPARISON, "digest": digest} | both, temporary / MANIFEST)
    shutil.rmtree(parts, ignore_errors=True)
    return folder / "compare.csv", table


def heading_of(job: AnyJob, against: AnyJob) -> list[str]:
    """What is compared, as lines."""
    return [
        f"A  {job.scenario.name}: {job.scenario.title}",
        f"B  {against.scenario.name}: {against.scenario.title}",
        f"{min(job.replicates, against.replicates)} pairs of replicates on common random numbers; "
        "error: Monte Carlo standard error of the difference",
    ]
