"""What a calibration writes: one folder a fit, whole or not at all.

What the files are and hold stands in :mod:`simulate.calibration.tables`.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from simulate.calibration.fits import FitResult, StageFit
from simulate.calibration.inference import Effort
from simulate.calibration.job import CalibrationJob
from simulate.calibration.links import LINKS
from simulate.calibration.tables import (
    COVARIANCE,
    DIAGNOSTICS,
    DRAWS,
    PARAMETER_COLUMNS,
    PARAMETERS,
    POINT,
    TARGET_COLUMNS,
    TARGETS,
)
from simulate.distributions import FloatArray
from simulate.results import new_folder, write_csv, write_json, write_parquet
from simulate.scenario.calibration_design import Fit, Parameter

_DIGITS = 6


def write_fit(
    job: CalibrationJob, result: FitResult, folder: Path, *, seed: int, effort: Effort, command: str
) -> Path:
    """Write the folder of a fit, in place of an earlier one.

    Returns
    -------
    Path
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with new_folder(folder / result.fit.name) as temporary:
        _write_point(job, result, temporary / POINT)
        write_parquet(draws_table(result), temporary / DRAWS)
        write_csv(parameter_table(job, result), temporary / PARAMETERS)
        write_csv(covariance_table(result), temporary / COVARIANCE)
        write_csv(target_table(result), temporary / TARGETS)
        content = diagnostics(job, result, seed=seed, effort=effort, command=command)
        write_json(content, temporary / DIAGNOSTICS)
    return folder / result.fit.name


def _write_point(job: CalibrationJob, result: FitResult, path: Path) -> None:
    targets = [target for stage in result.stages for target in stage.observed.targets]
    used = {name for target in targets for name in target.columns()}
    fit = result.fit
    content = {
        "fit": fit.name,
        "title": fit.title,
        "scenario": job.scenario.name,
        "structure": {key: _plain(value) for key, value in fit.set.items()},
        "parameters": [row for stage in result.stages for row in _point_rows(stage)],
        "calibrated": sorted(used),
        "held_out": sorted(held_out(fit) - used),
    }
    head = (
        f"# The point values of the fit {fit.name}, written by `simulate calibrate`. "
        "Run it again; do not edit.\n"
    )
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(head + text, encoding="utf-8")


def held_out(fit: Fit) -> set[str]:
    """Facts that a fit is judged by: the targets that it leaves out, and those that it names."""
    left = {
        name for scale, statistic in fit.leave_out.pairs() for name in _names_of(scale, statistic)
    }
    return left | set(fit.held_out)


def _names_of(scale: str, statistic: str) -> tuple[str, ...]:
    if scale == "interval":
        return (f"{statistic}_lower", f"{statistic}_upper")
    return (statistic,)


def _point_rows(stage: StageFit) -> list[dict[str, Any]]:
    values = stage.values(stage.inference.point[None, :])
    return [
        {
            "name": p.name,
            "label": p.label,
            "field": p.field,
            "unit": p.unit,
            "value": _rounded(float(values[p.name][0])),
        }
        for p in stage.stage.parameters
    ]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def draws_table(result: FitResult) -> pd.DataFrame:
    """Draws of the joint posterior: a row a draw, a column a parameter, in the parameters' units.

    Stages are joined draw by draw: each was estimated at the point values of the others.
    """
    columns: dict[str, FloatArray] = {}
    for stage in result.stages:
        values = stage.values(stage.inference.sample.draws)
        columns |= {p.name: values[p.name] for p in stage.stage.parameters}
    return pd.DataFrame(columns)


def parameter_table(job: CalibrationJob, result: FitResult) -> pd.DataFrame:
    """Prior and posterior of every estimated parameter, with :data:`PARAMETER_COLUMNS`."""
    rows = [
        _parameter_row(job, result, stage, index, parameter)
        for stage in result.stages
        for index, parameter in enumerate(stage.free)
    ]
    return pd.DataFrame(rows, columns=list(PARAMETER_COLUMNS))


def _parameter_row(
    job: CalibrationJob, result: FitResult, stage: StageFit, index: int, parameter: Parameter
) -> tuple[object, ...]:
    to_unit, found = LINKS[parameter.link][1], stage.inference
    probabilities = (0.025, 0.5, 0.975)
    draws = found.sample.draws[:, index]
    posterior = [float(x) for x in to_unit(np.quantile(draws, probabilities))]
    mean, sd = found.posterior.prior_mean[index], found.posterior.prior_sd[index]
    prior = [float(x) for x in to_unit(mean + sd * np.array([-1.959964, 0.0, 1.959964]))]
    source = job.file.source_of(parameter.name, result.fit)
    return (
        parameter.name,
        parameter.label,
        stage.stage.name,
        parameter.unit or "",
        parameter.link,
        float(to_unit(found.point[index])),
        *posterior,
        *prior,
        float(found.shrinkage[index]),
        float(found.information[index]),
        float(found.sample.rhat[index]),
        float(found.sample.effective_size[index]),
        source.at,
    )


def covariance_table(result: FitResult) -> pd.DataFrame:
    """Posterior covariance on the scale of the links, 0 between stages."""
    names = [p.name for stage in result.stages for p in stage.free]
    whole, at = np.zeros((len(names), len(names))), 0
    for stage in result.stages:
        part = stage.inference.sample.covariance
        whole[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    table = pd.DataFrame(whole, columns=names)
    table.insert(0, "parameter", names)
    return table


def target_table(result: FitResult) -> pd.DataFrame:
    """The statistics used, observed and fitted, with :data:`TARGET_COLUMNS`."""
    rows: list[tuple[object, ...]] = []
    for stage in result.stages:
        found, observed = stage.inference, stage.observed
        fitted = found.posterior.emulator(found.mode[None, :])[0]
        sd = np.sqrt(np.diag(found.posterior.covariance))
        for i, (target, fact) in enumerate(zip(observed.targets, observed.facts, strict=True)):
            apart = observed.values[i] - fitted[i]
            rows.append(
                (
                    target.name,
                    fact.label,
                    stage.stage.name,
                    target.scale,
                    fact.value,
                    observed.values[i],
                    fitted[i],
                    sd[i],
                    apart / sd[i],
                    found.check.error[i],
                    fact.locator,
                )
            )
    return pd.DataFrame(rows, columns=list(TARGET_COLUMNS))


def diagnostics(
    job: CalibrationJob, result: FitResult, *, seed: int, effort: Effort, command: str
) -> dict[str, Any]:
    """Convergence, fit and evidence of a fit, and from what it was made."""
    return {
        "fit": result.fit.name,
        "title": result.fit.title,
        "scenario": job.scenario.name,
        "scenario_digest": job.scenario.digest(),
        "calibration": Path(job.file.path).name,
        "seed": seed,
        "effort": effort.__dict__,
        "version": version("simulate"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("numpy", "scipy", "numba", "emcee")},
        "command": command,
        "n_draws": len(draws_table(result)),
        "log_evidence": result.log_evidence,
        "stages": [_stage_diagnostics(stage) for stage in result.stages],
    }


def _stage_diagnostics(stage: StageFit) -> dict[str, Any]:
    found = stage.inference
    at = found.mode[None, :]
    return {
        "stage": stage.stage.name,
        "n_parameters": len(stage.free),
        "n_targets": len(stage.observed.targets),
        "log_posterior": float(found.posterior.log_density(at)[0]),
        "misfit": float(found.posterior.misfit(found.posterior.emulator(at))[0]),
        "log_evidence": found.log_evidence,
        "largest_rhat": float(found.sample.rhat.max()),
        "least_effective_size": float(found.sample.effective_size.min()),
        "acceptance": found.sample.acceptance,
        "effective_share_by_simulation": found.check.effective_share,
        "not_informed": [p.name for p in stage.uninformed()],
        "seconds": round(stage.seconds, 1),
    }
