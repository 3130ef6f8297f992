"""Tables of survival: rates at the landmarks, and medians."""

from __future__ import annotations

import math

import numpy as np

from simulate.analysis.statistics import SURVIVAL_ENDPOINTS
from simulate.report.blocks import Table
from simulate.report.numbers import error, in_unit, interval, number
from simulate.report.operating import kinds_of_truth
from simulate.report.view import Reported, View
from simulate.truth import LATENT, OBSERVED

SHOWN = ("pfs", "os", "dor")


def landmark_table(view: View) -> list[Table]:
    """Event-free rates at every landmark; no table without landmarks."""
    if not view.months:
        return []
    rows: list[tuple[str, ...]] = []
    groups: dict[int, str] = {}
    for name in SHOWN:
        groups[len(rows)] = SURVIVAL_ENDPOINTS[name][2]
        rows += [_rate_row(view, f"{name}_rate_{m}", m) for m in view.months]
    header = ["Months", "Reported", f"{view.confidence} CI", "Median", "95% of replicates", "MCSE"]
    header += ["Latent truth", "Truth by scans"]
    absent = _absent(view, len(header))
    header, rows = _without(header, absent), [tuple(_without(r, absent)) for r in rows]
    return [
        Table(
            "Event-free rates at the landmarks, %",
            header,
            rows,
            numeric=tuple(range(1, len(header))),
            caption=_rates_caption(view),
            groups=groups,
        )
    ]


_CAPTIONS = {
    LATENT: "The latent truth is that of the disease model.",
    OBSERVED: (
        "The truth by scans is what perfect follow-up with the trial's own scans would show, "
        "progression being dated by the scan that finds it."
    ),
}


def _rates_caption(view: View) -> str:
    text = (
        "Median and the limits of 95% of replicates, with the Monte Carlo standard error of the "
        "median."
    )
    captions = [_CAPTIONS[kind] for kind in kinds_of_truth(view)]
    if captions and view.scenario.assessment.is_continuous:
        captions = ["Patients are watched day by day, so the two truths are one for progression."]
    return " ".join([text, *captions])


def _absent(view: View, n_columns: int) -> tuple[int, ...]:
    """Columns that would be empty: what is published, and the truths in the last two."""
    kinds = kinds_of_truth(view)
    truths = {LATENT: n_columns - 2, OBSERVED: n_columns - 1}
    absent = () if view.has_facts else (1, 2)
    return (*absent, *(column for kind, column in truths.items() if kind not in kinds))


def _without(cells: list[str] | tuple[str, ...], columns: tuple[int, ...]) -> list[str]:
    return [cell for i, cell in enumerate(cells) if i not in columns]


def _rate_row(view: View, statistic: str, months: str) -> tuple[str, ...]:
    reported, spread = view.reported(statistic), view.spread(statistic)
    return (
        months,
        in_unit(reported.value, "%"),
        interval(reported.lower, reported.upper, "%"),
        in_unit(spread.median, "%"),
        interval(spread.lower, spread.upper, "%"),
        error(view.median(statistic).mcse),
        in_unit(view.truth(statistic, LATENT), "%"),
        in_unit(view.truth(statistic, OBSERVED), "%"),
    )


def median_table(view: View) -> Table:
    """Median times, and how often they are not reached."""
    rows = [_median_row(view, name) for name in SHOWN]
    header = ["Endpoint", "Reported", f"{view.confidence} CI", "Median of medians", "2.5%", "97.5%"]
    header += ["MCSE", "Not reached, %", "Latent truth", "Truth by scans"]
    absent = _absent(view, len(header))
    header, rows = _without(header, absent), [tuple(_without(r, absent)) for r in rows]
    return Table(
        "Median times, months",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "NR: not reached. A median that is not reached counts as later than all others, so "
            "quantiles may be NR themselves, and no average is taken of those that are reached."
        ),
    )


def _median_row(view: View, name: str) -> tuple[str, ...]:
    statistic = f"{name}_median"
    reported, spread = view.reported(statistic), view.spread(statistic)
    values = view.values(statistic)
    defined = values[~np.isnan(values)]
    share = 100 * float(np.isinf(defined).mean()) if len(defined) else math.nan
    return (
        SURVIVAL_ENDPOINTS[name][1],
        in_unit(reported.value, "months"),
        _limits(reported),
        *(in_unit(value, "months") for value in spread),
        error(view.median(statistic).mcse),
        number(share, 1),
        in_unit(view.truth(statistic, LATENT), "months"),
        in_unit(view.truth(statistic, OBSERVED), "months"),
    )


def _limits(reported: Reported) -> str:
    return interval(reported.lower, reported.upper, "months")
