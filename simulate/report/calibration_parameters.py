"""Prior against posterior of every calibrated parameter: picture and table."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from simulate.plots.calibration import informed_legend, plot_informed
from simulate.report.blocks import Block, Details, Picture, Prose, Table
from simulate.report.calibration_fits import Fits, parameters_of
from simulate.report.informed import (
    PRIOR_ONLY,
    WORDS_EXPLAINED,
    between,
    significant,
    standardised,
    word_of,
)
from simulate.report.numbers import counted, listed, number
from simulate.report.svg import figure_svg


def parameter_blocks(fits: Fits) -> list[Block]:
    """The first stage as a picture, with its table and the other stages folded away."""
    if fits.used.parameters is None:
        return []
    names = list(dict.fromkeys(fits.used.parameters["stage"]))
    blocks: list[Block] = []
    for i, name in enumerate(names):
        rows = parameters_of(fits.used, name)
        picture, table = _picture(name, rows), _table(name, rows)
        words = f"stage {name}: {counted(len(rows), 'parameter')}, {_counts(rows)}"
        if i == 0:
            blocks += [picture, Prose(_how_many(rows)), Details(f"Table of the {words}", [table])]
        else:
            blocks.append(Details(f"Picture and table of the {words}", [picture, table]))
    return blocks


def _counts(rows: pd.DataFrame) -> str:
    words = [word_of(shrinkage) for shrinkage in rows["shrinkage"]]
    parts = [
        f"{words.count(word)} {word}" for word in ("informed", "partly", "prior only")
        if word in words
    ]  # fmt: skip
    return listed(parts)


def _how_many(rows: pd.DataFrame) -> str:
    """Which parameters the facts tell something about, and which not."""
    silent = rows[rows["shrinkage"] >= PRIOR_ONLY].sort_values("shrinkage", ascending=False)
    text = f"Of {counted(len(rows), 'parameter')}: {_counts(rows)}. {WORDS_EXPLAINED}"
    if silent.empty:
        return text
    named = listed(
        f"{in_sentence(str(row['label']))} ({number(row['shrinkage'], 2)})"
        for row in silent.to_dict("records")
    )
    return (
        f"{text} The facts say next to nothing on {named}: there the posterior is what was put in "
        "as the prior, and so is every result that depends on it."
    )


def in_sentence(label: str) -> str:
    """A label inside a sentence."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _picture(stage: str, rows: pd.DataFrame) -> Picture:
    drawn = standardised(rows)

    def draw(figure: Figure) -> None:
        plot_informed(drawn, ax=figure.subplots())
        informed_legend(figure)

    svg = figure_svg(
        f"informed-{stage}",
        draw,
        width=8.6,
        height=0.9 + 0.19 * len(drawn),
        description=f"Prior and posterior of the parameters of the stage {stage}",
    )
    caption = (
        "Every parameter on the scale of its link, in standard deviations of its prior, so that "
        "the priors of all are one strip. A bar as wide as the strip has learned nothing; a bar "
        "off the middle was moved by the facts. On the right, posterior over prior standard "
        "deviation."
    )
    return Picture(svg, f"What the facts told about the parameters: stage {stage}", caption)


def _table(stage: str, rows: pd.DataFrame) -> Table:
    rows = rows.sort_values("shrinkage", kind="stable", ignore_index=True)
    cells = [
        (
            label_of(row),
            significant(row["point"]),
            between(row["posterior_lower"], row["posterior_upper"]),
            number(row["shrinkage"], 2),
            f"{significant(row['prior_median'])} "
            f"({between(row['prior_lower'], row['prior_upper'])})",
            str(row["link"]),
            "" if pd.isna(row["prior_source"]) else str(row["prior_source"]),
        )
        for row in rows.to_dict("records")
    ]
    silent = rows["shrinkage"] >= PRIOR_ONLY
    return Table(
        f"Parameters of the stage {stage}",
        ("Parameter", "Point", "95% posterior", "Width", "Prior (95%)", "Link", "Prior from"),
        cells,
        numeric=(3,),
        marked=frozenset(rows.index[silent].tolist()),
        caption=(
            "Point: posterior mean on the scale of the link. Width: posterior over prior standard "
            "deviation. Priors are normal on the scale of the link. Marked: the posterior is the "
            "prior."
        ),
    )


def label_of(row: Mapping[Hashable, Any]) -> str:
    """A parameter's label with its unit."""
    unit = "" if pd.isna(row["unit"]) else str(row["unit"])
    if not unit:
        return str(row["label"])
    return f"{row['label']} {unit}" if unit.startswith("per ") else f"{row['label']}, {unit}"
