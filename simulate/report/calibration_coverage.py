"""Whether the intervals of the calibration hold the truth as often as they say."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from simulate.calibration.tables import COVERAGE, COVERAGE_COLUMNS, PRIOR, read_table
from simulate.report.blocks import Block, Details, Heading, Prose, Table
from simulate.report.numbers import counted


def coverage_blocks(folder: Path) -> list[Block]:
    """The check of coverage in a calibration's folder; nothing if it was not made."""
    found = read_table(folder / COVERAGE, COVERAGE_COLUMNS)
    if found is None:
        return []
    blocks: list[Block] = [Heading("Do the intervals hold the truth?")]
    for truth, of in found.groupby("truth", sort=False):
        levels = sorted(of["level"].unique())
        tables = [_table(of, levels)]
        blocks += [
            Prose(_told(str(truth), of, levels)),
            Details(f"Counts by parameter, the truth from the {truth}", tables),
        ]
    return blocks


def _told(truth: str, found: pd.DataFrame, levels: list[float]) -> str:
    n, missed = int(found["n"].max()), found[~found["inside"].astype(bool)]
    where = "trials of every kind" if truth == PRIOR else "trials like the published one"
    return (
        f"Parameters were drawn from the {truth} ({where}), a trial was simulated at each of {n:,} "
        "draws, and the calibration was made anew for each. Its intervals hold the parameter that "
        f"was drawn {_shares(found, levels)}. Of {counted(len(found), 'count')} (each parameter at "
        f"each level), {len(missed)} lie further from the level than 95% of counts would by chance."
    )


def _shares(found: pd.DataFrame, levels: list[float]) -> str:
    """Mean coverage over the parameters at each level."""
    parts = []
    for level in levels:
        rows = found[found["level"] == level]
        share = 100 * rows["covered"].sum() / rows["n"].sum()
        parts.append(f"{share:.0f}% of the time at a level of {100 * level:.0f}%")
    return ", ".join(parts)


def _table(found: pd.DataFrame, levels: list[float]) -> Table:
    rows, marked = [], set()
    for i, (_, of) in enumerate(found.groupby("parameter", sort=False)):
        at = {float(row["level"]): row for row in of.to_dict("records")}
        if not all(bool(row["inside"]) for row in at.values()):
            marked.add(i)
        cells = [_cell(at[level]) if level in at else "" for level in levels]
        rows.append((str(of["label"].iloc[0]), *cells))
    return Table(
        "Simulated trials whose interval holds the true parameter",
        ("Parameter", *(f"{100 * level:.0f}% interval" for level in levels)),
        rows,
        numeric=tuple(range(1, 1 + len(levels))),
        marked=frozenset(marked),
        caption="Count, trials, share. Marked: a count whose exact 95% interval misses the level.",
    )


def _cell(row: Mapping[Hashable, Any]) -> str:
    covered, n = int(row["covered"]), int(row["n"])
    return f"{covered} of {n} ({100 * covered / n:.0f}%)"
