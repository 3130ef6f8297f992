"""The main job from the scenario to its folder of results."""

from __future__ import annotations

from pathlib import Path

from simulate.job import Job, parts_key
from simulate.results import publish_result
from simulate.run import RunResult, execute
from simulate.steps import Step, silent


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
    publish_result(
        folder,
        lambda parts: execute(job, parts=parts, step=step),
        digest=job.scenario.digest(),
        key=parts_key(job),
        force=force,
        write_tables=_write_tables,
        write_report=_write_report,
        step=step,
    )
    return folder


# imported only now: the first replicate need not wait for pandas and matplotlib


def _write_tables(result: RunResult, folder: Path) -> None:
    from simulate.write_tables import write_tables

    write_tables(result, folder)


def _write_report(result: RunResult, path: Path) -> None:
    from simulate.report.report import write_report

    write_report(result, path)
