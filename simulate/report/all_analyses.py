"""What every data cut gives, if there are several."""

from __future__ import annotations

from simulate.report.blocks import Block, Heading, Table
from simulate.report.numbers import in_unit, interval
from simulate.report.view import View, spread_of

_SHOWN = (
    "n_enrolled",
    "n_eas",
    "followup_median",
    "orr",
    "pfs_events",
    "pfs_median",
    "deaths",
    "os_median",
)


def all_analyses(view: View) -> list[Block]:
    """A table with a pair of columns an analysis; nothing if there is only one."""
    analyses = view.scenario.analyses
    if len(analyses) < 2:
        return []
    rows = []
    for name in _SHOWN:
        statistic = view.statistics[name]
        cells = [f"{statistic.label}, {statistic.unit}"]
        for analysis in analyses:
            values = view.result.replicates[analysis.name].column(name)
            spread = spread_of(values * statistic.scale)
            cells.append(in_unit(spread.median, statistic.unit))
            cells.append(interval(spread.lower, spread.upper, statistic.unit))
        rows.append(cells)
    header = [""]
    for analysis in analyses:
        header += [f"{analysis.name}, {analysis.cut.date}", "95% of replicates"]
    table = Table(
        "Every data cut",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption="Medians over replicates. All other tables and figures show the last data cut.",
    )
    return [Heading("All data cuts"), table]
