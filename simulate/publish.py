"""The main job from the scenario to its folder of results."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from simulate.job import Job, parts_key
from simulate.results import MANIFEST, check_folder, new_folder, write_json
from simulate.run import Step, execute, silent


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
    # imported only now: the first replicate need not wait for pandas and matplotlib
    from simulate.report.report import write_report
    from simulate.write_tables import write_tables

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
