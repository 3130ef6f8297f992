"""Other structures of the model, each fitted to the same facts."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from simulate.calibration.scales import in_own_unit
from simulate.calibration.tables import FitFolder
from simulate.report.blocks import Block, Heading, Points, Prose, Table
from simulate.report.calibration_fits import Fits, targets_of
from simulate.report.calibration_targets import farthest
from simulate.report.numbers import NO_VALUE, counted, in_unit, number, signed
from simulate.report.view import View

NOTABLE = 1.5
"""Standard deviations from which a misfitted target is named."""

WEIGHTS = ((1.0, "no more than a hint"), (3.0, "positive"), (5.0, "strong"))
"""Log Bayes factors up to which evidence is called so (Kass and Raftery 1995, JASA 90:773-795)."""


def structure_blocks(view: View, fits: Fits) -> list[Block]:
    """How other structures fit and what they predict; nothing if there are none."""
    structures = fits.structures
    if not structures:
        return []
    text = (
        "Each of these changes the structure of the model and was fitted to the same targets, with "
        "priors for its own parameters. Bayes factors come from a Laplace approximation and depend "
        "on the priors: read them as weights of evidence, not to the last digit."
    )
    return [
        Heading("Other structures"),
        Prose(text),
        _fit_table(fits, structures),
        *_prediction_table(view, fits, structures),
        Points([(f"{_title(fit)}:", _sentence(fits, fit)) for fit in structures]),
    ]


def _title(fit: FitFolder) -> str:
    return fit.name if fit.content is None else fit.content.title


def _fit_table(fits: Fits, structures: list[FitFolder]) -> Table:
    stage = fits.stage_of(structures[0])
    first = _row_of_fit(fits.first.stages[stage], f"{fits.first.name} (the first fit)", 0.0)
    rows = [
        _row_of_fit(fit.stages[fits.stage_of(fit)], _title(fit), fits.log_bayes_factor(fit))
        for fit in structures
    ]
    header = ("Structure", "Parameters", "Targets", "Misfit", "Log posterior", "Log evidence")
    return Table(
        "How other structures fit",
        (*header, "Bayes factor"),
        [first, *rows],
        numeric=tuple(range(1, 7)),
        caption=(
            "Misfit: squared distance of the targets from the fit in their covariances, at the "
            f"mode. Bayes factor: evidence over that of {fits.first.name}, above 1 in favour of "
            "the structure. Constants common to all are left out of both logarithms."
        ),
    )


def _row_of_fit(stage: dict[str, Any], title: str, log_factor: float) -> tuple[str, ...]:
    return (
        title,
        str(stage["n_parameters"]),
        str(stage["n_targets"]),
        number(stage["misfit"], 1),
        number(stage["log_posterior"], 1),
        number(stage["log_evidence"], 1),
        bayes_factor(log_factor),
    )


def bayes_factor(log_factor: float) -> str:
    """A Bayes factor as it is printed."""
    factor = math.exp(min(log_factor, 700.0))
    if factor < 0.001:
        return "<0.001"
    if factor >= 1000:
        return ">1,000"
    return number(factor, 2 if factor < 10 else 0)


# ---- what they predict --------------------------------------------------------------------------


def _prediction_table(view: View, fits: Fits, structures: list[FitFolder]) -> list[Block]:
    """True progression-free survival, and rates that trials would show."""
    shown = [fits.first, *structures]
    truths = _truths_shown(fits.first)
    rates = _rates(targets_of(fits.first, fits.stage_of(structures[0])))
    if not truths and not rates:
        return []
    header = [f"True {label}" for _, label in truths] + [label for _, label in rates]
    reported = [NO_VALUE] * len(truths)
    reported += [number(view.reported(name).value, 1) for name, _ in rates]
    rows = [("Reported", *reported)]
    for fit in shown:
        stage = fits.stage_of(fit) if fit is not fits.first else fits.stage_of(structures[0])
        title = fits.first.name if fit is fits.first else _title(fit)
        cells = [_truth(fit, name) for name, _ in truths]
        rows.append((title, *cells, *_fitted(targets_of(fit, stage), [name for name, _ in rates])))
    return [
        Table(
            "What other structures predict",
            ("Structure", *header),
            rows,
            numeric=tuple(range(1, 1 + len(header))),
            caption=(
                "True: latent survival by formula at the point, with 95% of the posterior. The "
                "rates of the duration of response are those that trials show at the mode, to be "
                "seen beside the reported ones."
            ),
        )
    ]


def _truths_shown(first: FitFolder) -> list[tuple[str, str]]:
    """True median and a landmark of progression-free survival, at two years if it is there."""
    if first.truths is None:
        return []
    pfs = first.truths[first.truths["endpoint"] == "pfs"]
    found = [("pfs_median", "median PFS, months")]
    rates = pfs[pfs["month"].notna()]
    if not rates.empty:
        at = rates[rates["month"] == 24]
        row = (at if len(at) else rates).iloc[-1]
        found.append((str(row["truth"]), f"PFS at {row['month']:g} months, %"))
    return found


def _rates(targets: pd.DataFrame) -> list[tuple[str, str]]:
    """Rates of the duration of response among the targets."""
    if targets.empty:
        return []
    chosen = targets[targets["target"].str.startswith("dor_rate_")]
    return [
        (str(name), f"DOR at {str(name).removeprefix('dor_rate_')} months, %")
        for name in chosen["target"]
        if not str(name).endswith("_interval")
    ]


def truth_of(fit: FitFolder, name: str) -> pd.Series | None:
    """A row of the fit's truths."""
    if fit.truths is None:
        return None
    found = fit.truths[fit.truths["truth"] == name]
    return None if found.empty else found.iloc[0]


def _truth(fit: FitFolder, name: str) -> str:
    row = truth_of(fit, name)
    if row is None:
        return NO_VALUE
    unit = str(row["unit"])
    point, lower, upper = (in_unit(float(row[c]), unit) for c in ("point", "lower", "upper"))
    return f"{point} ({lower} to {upper})"


def _fitted(targets: pd.DataFrame, names: list[str]) -> list[str]:
    found = {} if targets.empty else {str(row["target"]): row for row in targets.to_dict("records")}
    return [_own(found[name]) if name in found else NO_VALUE for name in names]


def _own(row: dict[Any, Any]) -> str:
    value, reported, observed = (float(row[c]) for c in ("fitted", "reported", "observed"))
    return number(in_own_unit(str(row["scale"]), value, reported, observed), 1)


# ---- a sentence on each -------------------------------------------------------------------------


def _sentence(fits: Fits, fit: FitFolder) -> str:
    """How a structure fits, what that weighs, and what it changes."""
    stage = fits.stage_of(fit)
    mine, other = fits.first.stages[stage], fit.stages[stage]
    fewer = int(mine["n_parameters"]) - int(other["n_parameters"])
    size = "as many parameters"
    if fewer:
        size = f"{counted(abs(fewer), 'parameter')} {'fewer' if fewer > 0 else 'more'}"
    text = (
        f"{size} than {fits.first.name}, misfit {number(other['misfit'], 1)} against "
        f"{number(mine['misfit'], 1)}; {evidence(fits.log_bayes_factor(fit))}."
    )
    text = text.replace("as many parameters than", "as many parameters as")
    targets = targets_of(fit, stage)
    if not targets.empty and targets["z"].abs().max() >= NOTABLE:
        text += f" It misses {farthest(targets, 1)}."
    return text + _shift(fits, fit)


def evidence(log_factor: float) -> str:
    """What a log Bayes factor weighs, in words."""
    size = abs(log_factor)
    weight = next((word for limit, word in WEIGHTS if size <= limit), "very strong")
    factor = bayes_factor(log_factor)
    if size <= WEIGHTS[0][0]:
        return f"the facts do not tell the two apart (Bayes factor {factor})"
    side = "for" if log_factor > 0 else "against"
    return f"{weight} evidence {side} it (Bayes factor {factor})"


def _shift(fits: Fits, fit: FitFolder) -> str:
    """By how much the true median moves."""
    mine, other = truth_of(fits.first, "pfs_median"), truth_of(fit, "pfs_median")
    if mine is None or other is None:
        return ""
    apart = float(other["point"]) - float(mine["point"])
    if not math.isfinite(apart):
        return ""
    return f" The true median PFS moves by {signed(apart, 1)} months."
