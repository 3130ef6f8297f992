"""The table of disposition: who is still treated at the cut, who is not, and why."""

from __future__ import annotations

import math

import numpy as np

from simulate.patient.treatment import NOT_STOPPED, STOP_NAMES
from simulate.report.blocks import Table
from simulate.report.numbers import counts_with_percent, error, in_unit, interval
from simulate.report.view import View

_COUNTED = ("on_treatment", "discontinued", "stopped_without_pfs_event")

_ABOVE_REASONS = "discontinued"
"""The reasons for stopping stand below this row."""


def disposition_table(view: View) -> Table:
    """Patients on and off treatment over replicates, and the reasons in the example replicate."""
    reasons = example_reasons(view)
    rows, example = [], []
    for name in _COUNTED:
        rows.append(_row(view, name))
        example.append(_of_example(view, name))
        if name == _ABOVE_REASONS:
            for reason, count in reasons.items():
                rows.append([f"\N{EM SPACE}{reason}", *[""] * 4])
                example.append(float(count))
    header = ["", "Reported", "Median over replicates", "95% of replicates", "MCSE"]
    if view.example is not None:
        header.append(f"Replicate {view.example.replicate}, n\N{NO-BREAK SPACE}(%)")
        n = _of_example(view, "n_ss")
        shares = [100 * count / n if n > 0 else math.nan for count in example]
        cells = counts_with_percent(list(zip(example, shares, strict=True)))
        rows = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
    if not view.has_facts:
        header, rows = [header[0], *header[2:]], [[row[0], *row[2:]] for row in rows]
    return Table(
        "Disposition: patients, and why treatment stopped",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "At the data cut. The reasons for stopping are counted in the example replicate only, "
            "by what ended treatment first."
            if reasons
            else "At the data cut."
        ),
    )


def _row(view: View, name: str) -> list[str]:
    spread = view.spread(name)
    return [
        view.statistics[name].label,
        in_unit(view.reported(name).value, "patients"),
        in_unit(spread.median, "patients"),
        interval(spread.lower, spread.upper, "patients"),
        error(view.median(name).mcse),
    ]


def _of_example(view: View, name: str) -> float:
    """Value of a statistic in the example replicate; nan if it is not among the replicates."""
    if view.example is None:
        return math.nan
    rows = view.table["replicate"] == view.example.replicate
    values = view.table.loc[rows, name].to_numpy(float)
    return float(values[0]) if len(values) else math.nan


def example_reasons(view: View) -> dict[str, int]:
    """Patients of the example replicate by why treatment stopped, the most frequent first."""
    if view.example is None:
        return {}
    stops = view.example.snapshots[view.analysed.name].subjects["treatment_stop_reason"]
    reasons, counts = np.unique(stops[stops != NOT_STOPPED], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {STOP_NAMES[reasons[i]].capitalize(): int(counts[i]) for i in order}
