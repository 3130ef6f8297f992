"""The section on what-ifs: power of every variant, and paired contrasts with the scenario."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from simulate.plots.what_ifs import plot_variants
from simulate.randomised.versions import compared_arms, untested
from simulate.randomised.what_ifs import ratio_name
from simulate.report.blocks import Block, Details, Heading, Picture, Section, Table
from simulate.report.numbers import NO_VALUE, number, signed
from simulate.report.randomised.concordance import concordance_of_variants
from simulate.report.randomised.grid import DURATION, grid_pictures, power_shown
from simulate.report.randomised.measured import measured_of
from simulate.report.randomised.tests import tests_by_variant
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import small
from simulate.report.svg import figure_svg
from simulate.report.whatifs import PAIRED
from simulate.scenario.grid import as_written
from simulate.scenario.head import Variant
from simulate.scenario.monitoring import Hypothesis

_MOST_ROWS = 16
"""Variants whose tables are not folded away."""

_DETAILS = "Every variant in numbers"

_MOST_DOTS = 40
"""Variants that a dot plot still shows legibly."""


def whatifs_section(view: RandomisedView) -> Section:
    """What changes if an assumption does; empty without a sweep."""
    if view.result.sweep.empty:
        return Section("whatifs", "What if", [])
    blocks: list[Block] = [PAIRED]
    pictures: list[Block] = []
    for hypothesis in view.hypotheses:
        pictures += grid_pictures(view, power_shown(view, hypothesis))
        pictures += _picture(view, hypothesis)
    blocks += [Details("Each hypothesis by variant", pictures)] if view.has_many else pictures
    blocks += grid_pictures(view, DURATION)
    tables = [_of_many(view)] if view.has_many else []
    tables += [_table(view, *columns) for columns in _tables(view)]
    blocks += tables if len(view.scenario.sweep) <= _MOST_ROWS else [Details(_DETAILS, tables)]
    listed = {each.name: title_of(each) for each in _listed(view)}
    blocks += tests_by_variant(view, listed)
    blocks += concordance_of_variants(view, listed)
    blocks += _changes(view)
    return Section("whatifs", "What if", blocks)


def _listed(view: RandomisedView) -> list[Variant]:
    """The variants that are listed one by one, not those of a grid."""
    return [each for each in view.scenario.sweep if each.name not in view.scenario.coordinates]


def title_of(variant: Variant) -> str:
    """A variant as people read it."""
    return variant.title or variant.name.replace("_", " ")


def _picture(view: RandomisedView, hypothesis: Hypothesis) -> list[Picture]:
    """Power of the listed variants; nothing without any, or with too many to be read."""
    if not 0 < len(_listed(view)) <= _MOST_DOTS:
        return []
    rows = [("Scenario as it stands", view.measured.of_hypothesis(hypothesis, "reject"))]
    for variant in _listed(view):
        found = measured_of(view, variant.name).of_hypothesis(hypothesis, "reject")
        if not math.isnan(found.estimate):
            rows.append((title_of(variant), found))
    table = pd.DataFrame(
        [(name, 100 * e.estimate, 100 * e.lower, 100 * e.upper) for name, e in rows],
        columns=["label", "estimate", "lower", "upper"],
    )
    words = "Type I error" if view.under_null else "Power"

    def draw(figure: Figure) -> None:
        plot_variants(table, label=f"{words}, %", ax=figure.subplots())

    svg = figure_svg(
        f"variants-{hypothesis.name}",
        draw,
        width=8.6,
        height=0.75 + 0.25 * len(table),
        description=f"{words} by variant",
    )
    caption = (
        f"Probability that {hypothesis.name} is rejected, with 95% Monte Carlo intervals. The line "
        "and its band are the scenario's. Intervals are of each by itself: differences are known "
        "better than they look, because all share their random numbers."
    )
    return [Picture(svg, f"{words} of {hypothesis.name} by variant", caption)]


# ---- tables ---------------------------------------------------------------------------------

Column = tuple[str, str, str, float, int]
"""Statistic, analysis, heading, factor and digits of a column of differences."""


def _tables(view: RandomisedView) -> Iterator[tuple[str, list[Column]]]:
    """Title and columns of each table: what is decided and estimated, then size and time."""
    for hypothesis in () if view.has_many else view.hypotheses:
        yield f"Paired differences of {hypothesis.name}", _of_hypothesis(hypothesis)
    comparisons = compared_arms(view.outcomes)
    ratios: list[Column] = [
        (
            ratio_name(endpoint, arms if len(comparisons) > 1 else ()),
            "stop",
            f"Log hazard ratio, {endpoint}",
            1.0,
            3,
        )
        for endpoint, arms, _ in untested(view.outcomes)
    ]
    if ratios:
        yield "Paired differences of endpoints that are not tested", ratios
    columns: list[Column] = [
        ("sample_size", "stop", "Patients", 1.0, 1),
        ("duration", "stop", "Months", 1.0, 2),
        ("events", "stop", "Events", 1.0, 1),
        ("target_not_reached", view.analyses[-1].name, "Target not reached, %", 100.0, 2),
    ]
    yield "Paired differences in size and time", columns


def _of_hypothesis(hypothesis: Hypothesis) -> list[Column]:
    """What is told of a hypothesis in each variant."""
    return [
        (f"{hypothesis.name}.reject", "all", "Rejected, %", 100.0, 2),
        (f"{hypothesis.name}.log_hazard_ratio", "stop", "Log hazard ratio", 1.0, 3),
    ]


def _of_many(view: RandomisedView) -> Table:
    """The tables of all hypotheses as one: a row a variant, under the name of each hypothesis."""
    parts = [(h.name, _table(view, "", _of_hypothesis(h))) for h in view.hypotheses]
    widest = max((part for _, part in parts), key=lambda part: len(part.header))
    groups: dict[int, str] = {}
    rows: list[list[str]] = []
    for name, part in parts:
        groups[len(rows)] = name
        missing = [NO_VALUE] * (len(widest.header) - len(part.header))
        rows += [[cell.strip() for cell in row] + missing for row in part.rows]
    return Table(
        "Paired differences of each hypothesis",
        widest.header,
        rows,
        numeric=tuple(range(1, len(widest.header))),
        groups=groups,
        caption=widest.caption,
    )


def _table(view: RandomisedView, title: str, columns: list[Column]) -> Table:
    rows, pairs = [], 0
    for variant in view.scenario.sweep:
        found = _rows_of(view, variant.name)
        cells = [title_of(variant)]
        for statistic, analysis, _, scale, digits in columns:
            row = found.get((statistic, analysis))
            cells += _cells(row, scale, digits)
            pairs = max(pairs, 0 if row is None else int(row["n_pairs"]))
        rows.append(cells)
    header = [""]
    for _, _, heading, _, _ in columns:
        header += [heading, "difference \N{PLUS-MINUS SIGN} MCSE"]
    keep = [0]
    for i in range(1, len(header), 2):
        if any(_says_something(cell) for row in rows for cell in row[i : i + 2]):
            keep += [i, i + 1]
    return Table(
        title,
        [header[i] for i in keep],
        [[row[i] for i in keep] for row in rows],
        numeric=tuple(range(1, len(keep))),
        caption=(
            f"Means of each variant, and its difference from the scenario, over {pairs:,} pairs of "
            "replicates at most."
        ),
    )


def _says_something(cell: str) -> bool:
    """Whether a cell is more than a nought or a dash."""
    return any(digit in cell for digit in "123456789")


def _rows_of(view: RandomisedView, variant: str) -> dict[tuple[str, str], pd.Series]:
    """Rows of the sweep of one variant; events are of the first endpoint that has them."""
    table = view.result.sweep
    rows = table[table["scenario"] == view.scenario.variant(variant).name]
    found: dict[tuple[str, str], pd.Series] = {}
    for _, row in rows.iterrows():
        found.setdefault((str(row["statistic"]), str(row["analysis"])), row)
    return found


def _cells(row: pd.Series | None, scale: float, digits: int) -> list[str]:
    if row is None or math.isnan(float(row["difference"])):
        return [NO_VALUE, NO_VALUE]
    difference = signed(scale * float(row["difference"]), digits)
    error = small(scale * float(row["mcse"]), digits)
    return [
        number(scale * float(row["value"]), digits),
        f"{difference} \N{PLUS-MINUS SIGN} {error}",
    ]


def _changes(view: RandomisedView) -> list[Block]:
    """What the variants set that are listed one by one; those of a grid tell it by their names."""
    rows = [
        (title_of(each), ", ".join(f"{path} = {as_written(v)}" for path, v in each.set.items()))
        for each in _listed(view)
    ]
    if not rows:
        return []
    table = Table("Variants", ("Variant", "Fields that it sets"), rows, codes=(1,))
    return [Heading("What each variant changes"), table]
