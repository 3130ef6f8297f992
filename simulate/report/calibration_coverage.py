"""Whether the intervals of the calibration hold the truth as often as they say."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from simulate.calibration.tables import COVERAGE, COVERAGE_COLUMNS, read_table
from simulate.report.blocks import Block, Details, Heading, Prose, Table
from simulate.report.numbers import counted


def coverage_blocks(folder: Path) -> list[Block]:
    """The check of coverage in a calibration's folder; nothing if it was not made."""
    found = read_table(folder / COVERAGE, COVERAGE_COLUMNS)
    if found is None:
        return []
    n, missed = int(found["n"].max()), found[~found["inside"].astype(bool)]
    levels = sorted(found["level"].unique())
    text = (
        f"Parameters were drawn from the prior, a trial was simulated at each of {n:,} draws, and "
        "the calibration was made anew for each. Its intervals hold the parameter that was drawn "
        f"{_shares(found, levels)}. Of {counted(len(found), 'count')} (each parameter at each "
        f"level), {len(missed)} lie further from the level than 95% of counts would by chance."
    )
    return [
        Heading("Do the intervals hold the truth?"),
        Prose(text),
        Details("Counts by parameter", [_table(found, levels)]),
    ]


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
