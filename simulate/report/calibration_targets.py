"""What a fit was calibrated to, how, and whether its posterior may be trusted."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from simulate.calibration.scales import in_own_unit
from simulate.report.blocks import Block, Details, Prose, Table
from simulate.report.calibration_fits import FARTHEST, Fits, targets_of
from simulate.report.numbers import NO_VALUE, capital, counted, in_unit, listed, number, signed
from simulate.report.view import View

METHOD = (
    "The likelihood is a synthetic one. At any values of the parameters whole trials are simulated "
    "as they are observed: scanned, confirmed, censored and cut. Their statistics, on scales that "
    "stabilise the variance, are taken as jointly normal, with the covariance of trials at the "
    "posterior mode. That covariance carries the dependence of statistics of the same patients, "
    "such as survival rates at several landmarks. Their means come from an emulator: polynomials "
    "in the parameters, fitted to trials all over the prior and again about the posterior. The "
    "posterior is drawn from by an ensemble of Markov chains, and trials are simulated at its "
    "draws to see what the error of the emulator does to it."
)

_WIDTH = "log-log width"


def target_blocks(view: View, fits: Fits) -> list[Block]:
    """The method in words, its diagnostics, and the targets folded away."""
    blocks: list[Block] = [Prose(METHOD)]
    if fits.used.stages:
        blocks.append(_diagnostics(fits))
    if fits.used.targets is None:
        return blocks
    for stage in dict.fromkeys(fits.used.targets["stage"]):
        rows = targets_of(fits.used, str(stage))
        words = f"{counted(len(rows), 'target')} of the stage {stage}"
        blocks.append(
            Details(
                f"{capital(words)} (furthest: {farthest(rows, 1)})",
                [_table(view, rows, str(stage))],
            )
        )
    return blocks


def farthest(rows: pd.DataFrame, n: int = FARTHEST) -> str:
    """The targets that lie furthest from the fit, in words."""
    order = rows["z"].abs().sort_values(ascending=False, kind="stable").index[:n]
    return listed(f"{rows['label'][i]} ({signed(rows['z'][i], 1)} sd)" for i in order)


def _diagnostics(fits: Fits) -> Table:
    rows = [
        (
            capital(name),
            str(stage["n_parameters"]),
            str(stage["n_targets"]),
            number(stage["misfit"], 1),
            number(stage["largest_rhat"], 3),
            f"{stage['least_effective_size']:,.0f}",
            f"{100 * stage['effective_share_by_simulation']:.0f}%",
        )
        for name, stage in fits.used.stages.items()
    ]
    header = ("Stage", "Parameters", "Targets", "Misfit", "Largest R-hat", "Least effective size")
    return Table(
        "Whether the posterior may be trusted",
        (*header, "Emulator"),
        rows,
        numeric=tuple(range(1, 7)),
        caption=(
            "Misfit: squared distance of the targets from the fit in their covariances, to be seen "
            "beside their number. R-hat and effective size: the worst of all parameters. "
            "Emulator: effective share of draws when they are weighted anew by trials simulated "
            "there, 100% if the emulator is exact. A calibration is not written if R-hat is above "
            "1.05, the size below 400 or the share below 25%."
        ),
    )


def _table(view: View, rows: pd.DataFrame, stage: str) -> Table:
    cells = [_row(view, row) for row in rows.to_dict("records")]
    return Table(
        f"Targets of the stage {stage}",
        ("Target", "Reported", "Fitted", "Scale", "Distance", "Emulator", "Where"),
        cells,
        numeric=(1, 2, 4, 5),
        caption=(
            "Fitted: mean over trials at the mode, taken back from the scale on which it is "
            "compared. Distance: reported less fitted on that scale, in standard deviations of a "
            f"trial; the emulator's error is in the same unit. {capital(_WIDTH)}: that of the "
            "printed limits on the scale of log(-log S), which tells how many were at risk."
        ),
    )


def _row(view: View, row: Mapping[Hashable, Any]) -> tuple[str, ...]:
    scale, reported, observed = str(row["scale"]), *_numbers(row, "reported", "observed")
    (fitted,) = _numbers(row, "fitted")
    own = in_own_unit(scale, fitted, reported, observed)
    label, where = str(row["label"]), row["locator"]
    if scale == "interval":
        label, shown = f"{label}: {_WIDTH}", (number(math.exp(observed), 2), number(own, 2))
    else:
        known = view.statistics.get(str(row["target"]))
        unit = known.unit if known else ""
        label = f"{label}, {unit}" if unit and unit not in label else label
        shown = (in_unit(reported, unit), number(own, 1))
    return (
        label,
        *shown,
        scale,
        *(_signed_or_not(row, column) for column in ("z", "emulator_error")),
        NO_VALUE if pd.isna(where) else str(where),
    )


def _numbers(row: Mapping[Hashable, Any], *columns: str) -> tuple[float, ...]:
    return tuple(float(row[column]) for column in columns)


def _signed_or_not(row: Mapping[Hashable, Any], column: str) -> str:
    (value,) = _numbers(row, column)
    return signed(value, 2) if column == "z" else number(value, 2)
