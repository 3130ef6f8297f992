"""The table of disposition: who is still treated at the cut, who is not, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simulate.analysis.statistics import stop_statistic
from simulate.patient.treatment import NOT_STOPPED, STOP_NAMES
from simulate.report.blocks import Table
from simulate.report.numbers import capital, counts_with_percent, error, in_unit, interval
from simulate.report.view import View

_ABOVE_REASONS = "discontinued"
"""The reasons for stopping stand below this row."""


def disposition_table(view: View) -> Table:
    """Patients on and off treatment, and why it stopped, over replicates and in the example."""
    rows, example = [], []
    for name, is_reason in _counted(view):
        label, *cells = _row(view, name)
        rows.append([f"\N{EM SPACE}{_reason(label)}" if is_reason else label, *cells])
        example.append(_of_example(view, name))
    header = ["", "Reported", "Median over replicates", "95% of replicates", "MCSE"]
    if view.example is not None:
        header.append(f"Replicate {view.example.replicate}, n\N{NO-BREAK SPACE}(%)")
        n = _of_example(view, "n_ss")
        shares = [100 * count / n if n > 0 else math.nan for count in example]
        counts = counts_with_percent(list(zip(example, shares, strict=True)))
        rows = [[*row, cell] for row, cell in zip(rows, counts, strict=True)]
    if not view.has_facts:
        header, rows = [header[0], *header[2:]], [[row[0], *row[2:]] for row in rows]
    return Table(
        "Disposition: patients, and why treatment stopped",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption="At the data cut, by what ended treatment first. MCSE as in the table above.",
    )


def _counted(view: View) -> Iterator[tuple[str, bool]]:
    """Statistics of the table and whether each is a reason; only reasons that occur."""
    for name in ("on_treatment", _ABOVE_REASONS, "stopped_without_pfs_event"):
        yield name, False
        if name == _ABOVE_REASONS:
            reasons = [stop_statistic(reason) for reason in STOP_NAMES[NOT_STOPPED + 1 :]]
            means = {reason: float(np.nanmean(view.values(reason))) for reason in reasons}
            for reason in sorted(means, key=lambda name: -means[name]):
                if means[reason] > 0:
                    yield reason, True


def _reason(label: str) -> str:
    """The reason in a label such as Treatment stopped: progression."""
    return capital(label.split(": ", 1)[1])


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
    values = view.values(name)
    replicate = view.example.replicate
    return float(values[replicate]) if replicate < len(values) else math.nan
