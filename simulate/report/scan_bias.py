"""The section on what the scan schedule does to progression-free survival."""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.describe.words import duration
from simulate.plots.scan_bias import plot_not_seen_yet, plot_true_and_seen
from simulate.report.blocks import Block, Heading, Picture, Points, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, counted, error, number, signed
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.scan_bias import KAPLAN_MEIER
from simulate.truth import DELAY, LATENT, OBSERVED, Segment, segments
from simulate.units import DAYS_PER_MONTH, DAYS_PER_WEEK

_TICK = 6  # months


class Cell(NamedTuple):
    """One estimate of the table, in the unit people read."""

    estimate: float
    mcse: float
    difference: float
    """From the latent truth."""
    difference_mcse: float
    n: int
    n_failed: int


_NONE = Cell(math.nan, math.nan, math.nan, math.nan, 0, 0)


def scan_bias_section(view: View) -> Section:
    """Latent truth, truth by scans and estimates side by side; empty where one truth is missing."""
    if OBSERVED not in view.result.truth.pfs:
        return Section("scan_bias", "What the scan schedule does", [])
    blocks: list[Block] = [Prose(_introduction(view))]
    if view.scenario.assessment.is_continuous:
        return Section("scan_bias", "What the scan schedule does", [*blocks, _table(view)])
    blocks += [
        _picture(view),
        _table(view),
        Heading("What a reader who ignores the scans gets wrong"),
        Points([*_too_high(view), *_too_late(view), *_across_trials(view), *_twice(view)]),
        _delays(view),
    ]
    return Section("scan_bias", "What the scan schedule does", blocks)


def cell(view: View, measure: str, kind: str) -> Cell:
    """One row of ``scan_bias.csv`` at the last analysis; rates in percent."""
    table = view.result.scan_bias
    found = table[
        (table["analysis"] == view.analysed.name)
        & (table["measure"] == measure)
        & (table["kind"] == kind)
    ]
    if found.empty:
        return _NONE
    row: pd.Series = found.iloc[0]
    scale = 100.0 if row["unit"] == "fraction" else 1.0
    return Cell(
        scale * float(row["estimate"]),
        scale * float(row["mcse"]),
        scale * float(row["difference"]),
        scale * float(row["difference_mcse"]),
        int(row["n_analysed"]),
        int(row["n_failed"]),
    )


def _measures(view: View) -> list[tuple[str, str, str]]:
    """Measure, label and unit of each row."""
    rates = [(f"rate_{m}", f"PFS at {m} months", "%") for m in view.months]
    return [*rates, ("median", "Median PFS", "months")]


# ---- words --------------------------------------------------------------------------------------


def _introduction(view: View) -> str:
    if view.scenario.assessment.is_continuous:
        return (
            "This scenario has no scan schedule: patients are watched day by day, and progression "
            "is known on its very day. So what is seen is the latent truth itself, and what is "
            "left between the truth and the simulated trials is the estimator's own."
        )
    delay = cell(view, DELAY, OBSERVED)
    return (
        "Progression happens on a day, and is dated by the scan that finds it: "
        f"{number(delay.estimate)} days later on average. So a Kaplan-Meier curve of documented "
        "progression does not estimate the survival of the disease model but one that lies above "
        "it. Here the two are set apart: the latent truth, what the trial's own scans would show "
        "of it if nobody were censored, and what the simulated trials give. A published curve is "
        "of the last kind."
    )


def _worst(view: View, kind: str) -> tuple[str, Cell] | None:
    """The landmark at which a kind of rate lies furthest from the latent truth."""
    cells = [(m, cell(view, f"rate_{m}", kind)) for m in view.months]
    cells = [(m, c) for m, c in cells if not math.isnan(c.difference)]
    return max(cells, key=lambda found: abs(found[1].difference), default=None)


def _too_high(view: View) -> list[tuple[str, str]]:
    worst = _worst(view, KAPLAN_MEIER)
    if worst is None:
        return []
    months, found = worst
    latent = cell(view, f"rate_{months}", LATENT)
    return [
        (
            "Rates.",
            f"The trials show {number(found.estimate)}% free of progression at {months} months on "
            f"average, where {number(latent.estimate)}% truly are: "
            f"{signed(found.difference)} percentage points, the largest difference at the "
            "landmarks. The interval around the estimate does not tell of it.",
        )
    ]


def _too_late(view: View) -> list[tuple[str, str]]:
    latent, seen = cell(view, "median", LATENT), cell(view, "median", OBSERVED)
    if not (math.isfinite(latent.estimate) and math.isfinite(seen.estimate)):
        return []
    return [
        (
            "Median.",
            f"Half have truly progressed or died by {number(latent.estimate)} months; scans show "
            f"it at {number(seen.estimate)} ({signed(seen.difference)}). A single trial's median "
            "falls on days of scans, so it jumps by a whole interval between them: read rates.",
        )
    ]


def _across_trials(view: View) -> list[tuple[str, str]]:
    rows = segments(view.scenario)
    delays = [cell(view, row.statistic, OBSERVED).estimate for row in rows]
    text = (
        "The difference is made by the calendar, not by the drug: the same disease scanned less "
        "often looks better. Trials with other calendars are not comparable day by day."
    )
    if len(rows) > 1 and not any(math.isnan(delay) for delay in delays):
        text += (
            f" Here the delay grows from {number(delays[0])} to {number(delays[-1])} days as "
            f"scans go from every {duration(rows[0].every)} to every {duration(rows[-1].every)}."
        )
    return [("Comparisons.", text)]


def _twice(view: View) -> list[tuple[str, str]]:
    worst = _worst(view, OBSERVED)
    if worst is None:
        return []
    return [
        (
            "Models.",
            "Survival fitted to a published curve as if it were continuous has the delay in it "
            "already. Scanned again in a simulated trial it is delayed twice, and the trial comes "
            "out better than the published one by about as much as the scans alone do here "
            f"({number(abs(worst[1].difference))} points at {worst[0]} months).",
        )
    ]


# ---- figure and tables --------------------------------------------------------------------------


def _picture(view: View) -> Picture:
    curves = view.result.truth.pfs
    longest = max((float(m) for m in view.months), default=24.0)
    followed = view.spread("followup_max").median
    months = max(longest, followed if math.isfinite(followed) else 0.0)

    end = math.ceil(months / _TICK) * _TICK
    days = np.arange(min(int(end * DAYS_PER_MONTH) + 1, len(curves[LATENT])))
    month = days / DAYS_PER_MONTH
    latent, seen = 100 * curves[LATENT][days], 100 * curves[OBSERVED][days]

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
        plot_true_and_seen(month, latent, seen, ax=upper)
        plot_not_seen_yet(month, seen - latent, landmarks=[*map(float, view.months)], ax=lower)

    svg = figure_svg(
        "scan-bias", draw, width=8.6, height=4.2, description="True and documented progression"
    )
    caption = (
        "The disease's own progression-free survival, and what the trial's scans would show of it "
        "with nobody censored. Between the curves are those whose progression no scan has found "
        "yet. Below, their share in percentage points, with its value at the landmarks: it grows "
        "until the next round of scans, so how far a landmark is off depends on where in the "
        "calendar it falls."
    )
    return Picture(svg, "Progression, and when it is seen", caption)


def _plus_minus(value: float, mcse: float, show: partial[str]) -> str:
    text = show(value)
    if text == NO_VALUE or not math.isfinite(value) or math.isnan(mcse):
        return text
    return f"{text} \N{PLUS-MINUS SIGN} {error(mcse)}"


def _table(view: View) -> Table:
    """Three kinds of progression-free survival, and their differences from the true one."""
    plain, with_sign = partial(number, decimals=1), partial(signed, decimals=1)
    rows = []
    for measure, label, unit in _measures(view):
        row = [f"{label}, {unit}", plain(cell(view, measure, LATENT).estimate)]
        for kind in (OBSERVED, KAPLAN_MEIER):
            found = cell(view, measure, kind)
            row += [
                _plus_minus(found.estimate, found.mcse, plain),
                _plus_minus(found.difference, found.difference_mcse, with_sign),
            ]
        rows.append(tuple(row))
    header = ["", "Latent truth", "Truth by scans", "less latent", "Simulated trials"]
    latent, median = cell(view, "median", LATENT), cell(view, "median.not_reached", KAPLAN_MEIER)
    by_formula = "by formula" if latent.n == 0 else f"of {counted(latent.n, 'patient')}"
    seen = cell(view, "median", OBSERVED)
    return Table(
        "Progression-free survival: true, by scans, estimated",
        [*header, "less latent"],
        rows,
        numeric=tuple(range(1, 6)),
        caption=(
            f"Latent truth {by_formula}; truth by scans of {counted(seen.n, 'patient')}, nobody "
            f"censored; simulated trials: means of Kaplan-Meier rates over "
            f"{counted(view.n, 'replicate')}, of the medians their median (not reached in "
            f"{number(median.estimate)}%, which counts as later than all others). "
            "\N{PLUS-MINUS SIGN} Monte Carlo standard error; differences of rates in percentage "
            "points."
        ),
    )


def _delays(view: View) -> Table:
    """Detection delay, of all progressions and by segment of the calendar."""
    rows = [("All progressions", "", *_delay(view, DELAY))]
    for segment in segments(view.scenario):
        label = _stretch(segment)
        rows.append((label, duration(segment.every), *_delay(view, segment.statistic)))
    if len(rows) == 1:
        rows = [(name, *cells) for name, _, *cells in rows]
    header = ["True progression", "Scans every", "Mean delay, days", "MCSE", "Documented"]
    header = [h for h in header if len(rows) > 1 or h != "Scans every"]
    return Table(
        "Delay from true to documented progression",
        [*header, "Never, %"],
        rows,
        numeric=tuple(range(len(header) - 3, len(header) + 1)),
        caption=(
            "Of patients whom nobody censors, by the day on which the disease truly progresses. "
            "Documented is their number; never: death came before any scan found it. A delay "
            "counts missed scans, and progressions that show themselves between scans."
        ),
    )


def _stretch(segment: Segment) -> str:
    if segment.last is None:
        return f"After {_day(segment.first - 1)}"
    if segment.first == 1:
        return f"Up to {_day(segment.last)}"
    return f"After {_day(segment.first - 1)}, up to {_day(segment.last)}"


def _day(day: int) -> str:
    weeks, rest = divmod(day, DAYS_PER_WEEK)
    return f"day {day}" if rest else f"week {weeks}"


def _delay(view: View, statistic: str) -> tuple[str, ...]:
    found = cell(view, statistic, OBSERVED)
    total = found.n + found.n_failed
    never = 100 * found.n_failed / total if total else math.nan
    return (
        number(found.estimate),
        error(found.mcse) if found.n > 1 else NO_VALUE,
        f"{found.n:,}",
        number(never),
    )
