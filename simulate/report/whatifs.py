"""The section on what-ifs: paired differences of every variant of the sweep."""

from __future__ import annotations

import math

import pandas as pd

from simulate.analysis.drugs import WAIT_SLOTS, drug_key
from simulate.analysis.single_arm_statistics import COMPARED
from simulate.report.blocks import Block, Heading, Prose, Section, Table
from simulate.report.numbers import decimals_of, listed, number, signed
from simulate.report.view import View
from simulate.scenario.scenario import Scenario

_FIRST = (
    "n_enrolled",
    "enrolment_duration",
    "followup_median",
    "on_treatment",
    "exposure_median",
    "n_eas",
    "orr",
)


PAIRED = Prose(
    "Each variant changes the scenario in the fields named and was run with the same random "
    "numbers, so replicate k of one and of the other share every draw that the change does not "
    "touch. Differences are taken within pairs (variant less scenario), and their Monte "
    "Carlo errors are those of the paired differences."
)
"""How variants were run and are compared."""


def whatifs_section(view: View) -> Section:
    """What changes if an assumption does; empty without a sweep."""
    if view.result.sweep.empty:
        return Section("whatifs", "What if", [])
    blocks: list[Block] = [PAIRED]
    for variant in view.scenario.sweep:
        changed = view.scenario.variant(variant.name)
        rows = view.result.sweep[
            (view.result.sweep["scenario"] == changed.name)
            & (view.result.sweep["analysis"] == view.analysed.name)
        ]
        if rows.empty:
            continue
        title = variant.title or variant.name
        fields = listed(str(path) for path in variant.set)
        prose = Prose(f"Changed: {fields}.{_no_waits(view, changed)}")
        blocks += [Heading(title), prose, _table(view, changed, rows, title)]
    return Section("whatifs", "What if", blocks)


def _statistics(view: View, changed: Scenario) -> list[tuple[str, str]]:
    """Statistics and measures shown, in order."""
    shown = [(name, "mean") for name in (*COMPARED, *_FIRST, *_of_doses(view, changed))]
    for name in ("pfs", "os"):
        shown += [(f"{name}_rate_{m}", "mean") for m in view.months]
        shown += [(f"{name}_median", "q50"), (f"{name}_median", "not_reached")]
    return shown


def _of_doses(view: View, changed: Scenario) -> list[str]:
    """What adverse events and the limits of the sites do to doses, where either has them.

    The drug named first in the regimen leads it.
    """
    both = (view.scenario, changed)
    names = []
    if any(scenario.resources is not None for scenario in both):
        names += [*WAIT_SLOTS, "cycles_median"]
    if names or any(scenario.toxicity is not None for scenario in both):
        names.append(f"{drug_key(view.scenario.treatment.drugs[0].name)}_rdi_median")
    return names


def _no_waits(view: View, changed: Scenario) -> str:
    """Why there is no difference of waits if only one of the two limits what sites have."""
    limited = [scenario.resources is not None for scenario in (view.scenario, changed)]
    if limited[0] == limited[1]:
        return ""
    which = "scenario" if limited[0] else "variant"
    return (
        f" Waits are counted where sites have limits, which is in the {which} only, so that they "
        "have no paired difference; what they do to cycles and doses is in the table."
    )


_WORDS = {"q50": "median over replicates", "not_reached": "share not reached, %"}


def _table(view: View, changed: Scenario, rows: pd.DataFrame, title: str) -> Table:
    cells, shown = [], []
    for name, measure in _statistics(view, changed):
        found = rows[(rows["statistic"] == name) & (rows["measure"] == measure)]
        if found.empty or math.isnan(float(found.iloc[0]["difference"])):
            continue
        shown.append(found.iloc[0])
        cells.append(_row(view, found.iloc[0]))
    pairs = sorted({int(row["n_pairs"]) for row in shown})
    words = f"{pairs[-1]:,} pairs of replicates" if pairs else "no pairs"
    failed = max((int(row["n_failed"]) for row in shown), default=0)
    header = ["Statistic", "Scenario", "Variant", "Difference", "MCSE", "95% Monte Carlo interval"]
    return Table(
        f"Paired differences: {title}" if title else "Paired differences",
        header,
        cells,
        numeric=(1, 2, 3, 4, 5),
        caption=(
            f"Means over {words} unless stated ({failed:,} failed at most); the values of the "
            "scenario are those of the same replicates, fewer than elsewhere in this report if the "
            "variant has fewer."
        ),
    )


def _row(view: View, row: pd.Series) -> tuple[str, ...]:
    statistic = view.statistics[str(row["statistic"])]
    scale, unit = statistic.scale, statistic.unit
    words = _WORDS.get(str(row["measure"]))
    label = f"{statistic.label}, {unit}"
    if row["measure"] == "not_reached":
        scale, unit, label = 100.0, "%", f"{statistic.label}, {words}"
    elif words:
        label = f"{label}, {words}"
    digits = max(decimals_of(unit), 1)
    return (
        label,
        number(scale * float(row["value_against"]), digits),
        number(scale * float(row["value"]), digits),
        signed(scale * float(row["difference"]), digits + 1),
        number(scale * float(row["mcse"]), digits + 1),
        f"{signed(scale * float(row['lower']), digits + 1)} to "
        f"{signed(scale * float(row['upper']), digits + 1)}",
    )
