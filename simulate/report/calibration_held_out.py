"""A fit with facts held out: do its parameters move, and does it foretell what it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.calibration.links import LINKS
from simulate.calibration.tables import FitFolder
from simulate.plots.calibration import LIMIT
from simulate.report.blocks import Block, Details, Heading, Prose, Table
from simulate.report.calibration_fits import Fits, parameters_of, targets_of
from simulate.report.calibration_parameters import in_sentence, label_of
from simulate.report.informed import between, significant
from simulate.report.numbers import counted, in_unit, interval, listed, number, signed

SMALL_MOVE = 0.5
"""Posterior standard deviations up to which a parameter is said to stay where it is."""


def held_out_blocks(fits: Fits) -> list[Block]:
    """Each fit that leaves facts out, beside the first."""
    blocks: list[Block] = []
    for fit in fits.held_out:
        stage = fits.stage_of(fit)
        blocks += [
            Heading(f"The fit {fit.name}: facts held out"),
            Prose(_what_is_left_out(fits, fit)),
        ]
        if fit.held_out_check is not None:
            blocks += _foretold(fit.held_out_check)
        if stage and fits.first.parameters is not None and fit.parameters is not None:
            blocks += _side_by_side(fits, fit, stage)
    return blocks


def _what_is_left_out(fits: Fits, fit: FitFolder) -> str:
    assert fit.content is not None  # it says what is held out
    stage = fits.stage_of(fit)
    first, kept = targets_of(fits.first, stage), targets_of(fit, stage)
    text = f"{fit.content.title}. It is judged by {counted(len(fit.content.held_out), 'fact')}"
    if first.empty or kept.empty:
        return f"{text} that it has not seen."
    gone = first[~first["target"].isin(kept["target"])]
    labels = [
        f"{row['label']} (its limits)" if row["scale"] == "interval" else str(row["label"])
        for row in gone.to_dict("records")
    ]
    return (
        f"{text} that it has not seen. Of the {len(first)} targets of {fits.first.name} it leaves "
        f"out {len(gone)}: {'; '.join(labels)}."
    )


def _foretold(check: pd.DataFrame) -> list[Block]:
    """Where the held-out facts lie among trials over the draws of the fit."""
    inside, n = int(check["inside"].sum()), len(check)
    extreme = (check["percentile"] - 50).abs().sort_values(ascending=False).index[:2]
    words = listed(
        f"{check['fact'][i]} (percentile {number(check['percentile'][i], 1)})" for i in extreme
    )
    trials = int(check["n_replicates"].max())
    text = (
        f"{inside} of {n} lie within the limits of 95% of {trials:,} trials simulated over its "
        f"draws. The furthest out are {words}."
    )
    rows = [
        (
            _with_unit(str(row["fact"]), str(row["unit"])),
            in_unit(row["reported"], str(row["unit"])),
            in_unit(row["median"], str(row["unit"])),
            interval(row["lower"], row["upper"], str(row["unit"])),
            number(row["percentile"], 1),
        )
        for row in check.to_dict("records")
    ]
    outside = ~check["inside"].astype(bool).to_numpy()
    table = Table(
        "Facts that the fit has not seen, and trials over its draws",
        ("Fact", "Reported", "Median", "95%", "Percentile"),
        rows,
        numeric=(1, 2, 4),
        marked=frozenset(np.flatnonzero(outside).tolist()),
        caption="Marked rows lie outside. Many of these facts say the same in other words.",
    )
    return [Prose(text), Details(f"Held-out facts ({inside} of {n} inside)", [table])]


def _with_unit(label: str, unit: str) -> str:
    return label if label.endswith(unit) else f"{label}, {unit}"


def _side_by_side(fits: Fits, fit: FitFolder, stage: str) -> list[Block]:
    """Parameters of both fits."""
    first = parameters_of(fits.first, stage).set_index("parameter")
    other = parameters_of(fit, stage).set_index("parameter")
    common = [name for name in first.index if name in other.index]
    moves = {name: _move(first.loc[name], other.loc[name]) for name in common}
    if not moves:
        return []
    most = max(moves, key=lambda name: abs(moves[name]))
    rows = [
        (
            label_of(dict(first.loc[name])),
            significant(first.loc[name, "point"]),
            between(first.loc[name, "posterior_lower"], first.loc[name, "posterior_upper"]),
            significant(other.loc[name, "point"]),
            between(other.loc[name, "posterior_lower"], other.loc[name, "posterior_upper"]),
            signed(moves[name], 2),
        )
        for name in common
    ]
    stays = "stay where they are" if abs(moves[most]) < SMALL_MOVE else "move"
    text = (
        f"Without them the parameters {stays}: the one that moves most is "
        f"{in_sentence(str(first.loc[most, 'label']))}, by {number(abs(moves[most]), 2)} posterior "
        "standard deviations."
    )
    table = Table(
        f"Parameters of {fits.first.name} and {fit.name}",
        ("Parameter", fits.first.name, "95%", fit.name, "95%", "Move"),
        rows,
        numeric=(5,),
        caption=(
            "Point and 95% of the posterior. Move: between the points on the scale of the link, in "
            f"posterior standard deviations of {fits.first.name}."
        ),
    )
    return [Prose(text), Details(f"Parameters of {fits.first.name} and {fit.name}", [table])]


def _move(first: pd.Series, other: pd.Series) -> float:
    """From one point to another, in posterior standard deviations of the first."""
    link = LINKS[str(first["link"])][0]
    columns = ("point", "prior_lower", "prior_upper")
    point, lower, upper = (float(link(np.asarray(float(first[c])))) for c in columns)
    sd = float(first["shrinkage"]) * (upper - lower) / (2 * LIMIT)
    return (float(link(np.asarray(float(other["point"])))) - point) / sd
