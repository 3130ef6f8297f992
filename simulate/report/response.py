"""The section on response."""

from __future__ import annotations

import math

import numpy as np

from simulate.report.blocks import Prose, Section, Table
from simulate.report.numbers import SMALL_ERROR, error, in_unit, interval, number
from simulate.report.view import View

_COUNTS = ("cr", "pr", "sd", "sd_24wk", "pd", "ne")
_RATES = ("orr", "cbr")


def response_section(view: View) -> Section:
    """Best overall response, and the rates made of it."""
    assessed = view.spread("n_eas")
    if not np.nanmax(np.append(view.values("n_eas"), 0.0)) > 0:
        return Section("response", "Response", [Prose("Nobody was assessed in any replicate.")])
    text = (
        f"Of the efficacy analysis set, {in_unit(assessed.median, 'patients')} patients in the "
        f"median replicate ({interval(assessed.lower, assessed.upper, 'patients')}): all with a "
        "tumour assessment after the first dose. A complete or partial response counts once it is "
        "confirmed; an unconfirmed one is stable disease. Rates carry exact (Clopper-Pearson) "
        f"{view.confidence} intervals."
    )
    return Section("response", "Response", [Prose(text), _counts(view), _rates(view)])


def _without_reported(view: View, cells: list[str], columns: tuple[int, ...]) -> list[str]:
    if view.has_facts:
        return cells
    return [cell for i, cell in enumerate(cells) if i not in columns]


def _counts(view: View) -> Table:
    """Patients and shares by best overall response."""
    rows = []
    for name in _COUNTS:
        spread = view.spread(name)
        values, n = view.values(name), view.values("n_eas")
        share = 100 * np.divide(values, n, out=np.full(len(n), np.nan), where=n > 0)
        reported = view.reported(name).value
        reported_share = 100 * reported / view.reported("n_eas").value
        label = view.statistics[name].label
        cells = [
            "\N{EM SPACE}of which at least 24 weeks" if name == "sd_24wk" else label,
            in_unit(reported, "patients"),
            number(reported_share, 1),
            in_unit(spread.median, "patients"),
            interval(spread.lower, spread.upper, "patients"),
            number(float(np.nanmedian(share)) if not np.isnan(share).all() else math.nan, 1),
            error(view.median(name).mcse),
        ]
        rows.append(_without_reported(view, cells, (1, 2)))
    header = ["Best overall response", "Reported", "Reported, %", "Simulated median"]
    header += ["95% of replicates", "Median share, %", "MCSE of the median"]
    header = _without_reported(view, header, (1, 2))
    return Table(
        "Best overall response, patients",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "The categories of one replicate add up to its analysis set; medians need not. MCSE: "
            f"Monte Carlo standard error; {SMALL_ERROR}."
        ),
    )


def _rates(view: View) -> Table:
    rows = []
    for name in _RATES:
        reported, spread = view.reported(name), view.spread(name)
        lower, upper = view.spread(f"{name}_lower").median, view.spread(f"{name}_upper").median
        median = view.median(name)
        cells = [
            view.statistics[name].label,
            in_unit(reported.value, "%"),
            interval(reported.lower, reported.upper, "%"),
            in_unit(spread.median, "%"),
            interval(spread.lower, spread.upper, "%"),
            error(median.mcse),
            interval(lower, upper, "%"),
            f"{median.n_analysed:,} / {median.n_failed:,}",
        ]
        rows.append(_without_reported(view, cells, (1, 2)))
    header = ["Rate, %", "Reported", f"{view.confidence} CI", "Simulated median"]
    header += ["95% of replicates", "MCSE", "Median CI limits", "Analysed / failed"]
    header = _without_reported(view, header, (1, 2))
    return Table(
        "Response and clinical benefit rates",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "95% of replicates: how far the estimates of simulated trials spread. Median CI "
            "limits: the limits that the trial's own interval has in the median replicate. A "
            "replicate fails if nobody was assessed."
        ),
    )
