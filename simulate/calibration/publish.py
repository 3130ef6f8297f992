"""The calibration from the scenario to its folder, and what is said of it on the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from simulate.calibration.coverage import check_coverage
from simulate.calibration.files import write_fit
from simulate.calibration.fits import FitResult, StageFit, calibrate, simulator_of
from simulate.calibration.inference import Effort
from simulate.calibration.job import CalibrationJob, read_job
from simulate.calibration.links import LINKS
from simulate.calibration.predicted import Checked, check_fit, fits_in
from simulate.calibration.store import Store
from simulate.calibration.tables import COVERAGE, COVERAGE_COLUMNS, DRAWS, read_table
from simulate.distributions import FloatArray
from simulate.errors import OutputError, UsageError
from simulate.given import checked_seed, checked_workers
from simulate.job import program_digest
from simulate.results import write_csv
from simulate.scenario.calibration_design import Stage
from simulate.scenario.scenario import Scenario
from simulate.steps import Step, silent

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """How a calibration is made.

    Raises
    ------
    UsageError
        If the seed or the number of workers makes no sense.
    """

    seed: int
    workers: int = 1
    effort: Effort = field(default_factory=Effort)
    command: str = ""
    checked: Checked = field(default_factory=Checked)
    """How much is made of what the fits predict."""

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        checked_workers(self.workers)


def default_folder(scenario: Scenario) -> Path:
    """Where a scenario's calibration is kept: ``calibrated/<name>`` beside its file."""
    return scenario.path.parent / "calibrated" / scenario.name


def publish_calibration(
    scenario: Scenario,
    folder: Path,
    settings: Settings,
    *,
    fits: Sequence[str] = (),
    step: Step = silent,
    tell: Tell = lambda _text: None,
) -> list[Path]:
    """Calibrate a scenario and write a folder for each fit, as soon as it is there.

    Parameters
    ----------
    scenario : Scenario
        Names its calibration and its facts.
    folder : Path
        Where the folders of the fits are to be.
    settings : Settings
        How.
    fits : sequence of str
        Names of the fits; by default all.
    step, tell : callable
        Progress, and sentences for the reader.

    Raises
    ------
    UsageError, ScenarioError
        Before anything is simulated, if it cannot be done.
    NotConvergedError
        If a posterior may not be trusted; an earlier result of that fit is left as it is.
    OutputError
        If the folder cannot be written.
    """
    job = read_job(scenario, fits)
    parts = _parts(folder)
    written = []
    for result in calibrate(
        job,
        effort=settings.effort,
        seed=settings.seed,
        workers=settings.workers,
        store=parts,
        step=step,
    ):
        for sentence in summary(job, result):
            tell(sentence)
        path = write_fit(
            job,
            result,
            folder,
            seed=settings.seed,
            effort=settings.effort,
            command=settings.command,
        )
        tell(f"written: {path}")
        written.append(path)
        check_fit(
            job.scenario,
            path,
            seed=settings.seed,
            workers=settings.workers,
            checked=settings.checked,
            step=step,
        )
    shutil.rmtree(parts.parent, ignore_errors=True)
    return written


def publish_checks(
    scenario: Scenario,
    folder: Path,
    settings: Settings,
    *,
    fits: Sequence[str] = (),
    step: Step = silent,
) -> list[Path]:
    """Write what the fits of a calibration predict, without making the fits again.

    Parameters
    ----------
    scenario, folder, settings, step
        As of :func:`publish_calibration`.
    fits : sequence of str
        Names of the fits; by default all that the folder holds.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    UsageError
        If the folder does not hold such a fit.
    ScenarioError
        If a fit does not go with the scenario.
    """
    known = fits_in(folder)
    if missing := [name for name in fits if name not in known]:
        raise UsageError(
            f"{folder} holds no fit {', '.join(missing)} (fits: {', '.join(known) or 'none'})"
        )
    if not known:
        raise UsageError(f"{folder} holds no fit; run simulate calibrate first")
    return [
        path
        for name in fits or known
        for path in check_fit(
            scenario,
            folder / name,
            seed=settings.seed,
            workers=settings.workers,
            checked=settings.checked,
            step=step,
        )
    ]


def publish_coverage(
    scenario: Scenario,
    folder: Path,
    settings: Settings,
    *,
    datasets: int,
    near_posterior: bool = False,
    step: Step = silent,
) -> Path:
    """Check the coverage of the first fit's first stage and write ``coverage.csv``.

    True parameters are drawn from the prior or, with ``near_posterior``, from the posterior that
    is in the folder.

    Raises
    ------
    UsageError, ScenarioError, OutputError
        As :func:`publish_calibration`.
    """
    job = read_job(scenario)
    parts = _parts(folder)
    fit = job.fits[0]
    stage = job.own_stages(fit)[0]
    simulator = simulator_of(job, fit, stage, settings.seed, settings.workers, Store(parts))
    ranks = check_coverage(
        simulator,
        datasets=datasets,
        seed=settings.seed,
        effort=settings.effort,
        likely=posterior_draws(stage, folder / fit.name) if near_posterior else None,
        step=step,
    )
    labels = [p.label for p in stage.parameters if p.prior is not None]
    write_csv(_with_other_truths(ranks.table(labels), folder / COVERAGE), folder / COVERAGE)
    shutil.rmtree(parts.parent, ignore_errors=True)
    return folder / COVERAGE


def _with_other_truths(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """A new check of coverage, and an earlier one whose truth was drawn from elsewhere."""
    earlier = read_table(path, COVERAGE_COLUMNS)
    if earlier is None:
        return table
    others = earlier[~earlier["truth"].isin(table["truth"])]
    return pd.concat([others, table], ignore_index=True) if len(others) else table


def posterior_draws(stage: Stage, fit: Path) -> FloatArray:
    """Draws of a fit's free parameters on the scale of their links, shape (draws, parameters).

    Raises
    ------
    UsageError
        If there are none.
    """
    free = [p for p in stage.parameters if p.prior is not None]
    try:
        draws = pd.read_parquet(fit / DRAWS)
        columns = [draws[p.name] / (1 if p.times is None else draws[p.times]) for p in free]
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(
            f"{fit} holds no posterior draws of this calibration ({error}); make them first by "
            "simulate calibrate"
        ) from None
    pairs = zip(free, columns, strict=True)
    return np.stack([LINKS[p.link][0](column.to_numpy()) for p, column in pairs], axis=1)


def _parts(folder: Path) -> Path:
    """Where simulated trials are kept until the calibration is done; of this program only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parts = folder / ".parts" / program_digest()[:16]
        parts.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
    return parts


def summary(job: CalibrationJob, result: FitResult) -> list[str]:
    """What a fit found, in lines for the terminal, with warnings of what no target informs."""
    lines = [f"fit {result.fit.name}: {result.fit.title}"]
    for stage in result.own:
        lines += _stage_lines(stage)
        for parameter in stage.uninformed():
            path = job.file.parameter_path(parameter.name, result.fit)
            message = "warning: no target informs this parameter; its posterior is its prior"
            lines.append(str(job.file.problem(path, message)))
    return lines


def _stage_lines(stage: StageFit) -> list[str]:
    found = stage.inference
    width = max(len(p.name) for p in stage.free)
    lines = [f"  {'':{width}}  {'point':>9}  {'95% interval':>21}  posterior/prior sd"]
    for i, parameter in enumerate(stage.free):
        to_unit = LINKS[parameter.link][1]
        low, high = to_unit(np.quantile(found.sample.draws[:, i], (0.025, 0.975)))
        point = float(to_unit(found.point[i]))
        interval = f"{low:.4g} to {high:.4g}"
        share = f"{found.shrinkage[i]:.2f}"
        unit = f"  {parameter.unit}" if parameter.unit else ""
        lines.append(f"  {parameter.name:{width}}  {point:>9.4g}  {interval:>21}  {share:>9}{unit}")
    return lines
