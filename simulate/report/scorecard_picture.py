"""The picture of the scorecard: where each published number lies among the simulated ones."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from simulate.plots.scorecard import FARTHEST, lines_of, plot_scorecard, scorecard_legend
from simulate.report.blocks import Block, Picture
from simulate.report.numbers import counted
from simulate.report.svg import figure_svg


def position(reported: float, median: float, lower: float, upper: float, pct: float) -> float:
    """Where a value lies in a simulated distribution: 0 at its median, 1 and -1 at its limits.

    On either side the distance from the median counts in units of that limit's own. Where infinity
    makes that meaningless the percentile decides.
    """
    if reported == median:
        return 0.0
    limit = upper if reported > median else lower
    if limit == reported:
        return 1.0 if reported > median else -1.0
    if math.isfinite(limit) and math.isfinite(median):
        if limit == median:
            return math.inf if reported > median else -math.inf
        return abs(reported - median) / abs(limit - median) * (1 if reported > median else -1)
    return (pct - 50) / 47.5


def drawn_facts(shown: pd.DataFrame) -> pd.DataFrame:
    """Facts as `plot_scorecard` takes them.

    Parameters
    ----------
    shown : DataFrame
        Rows of :attr:`simulate.report.view.View.facts` or of a scorecard, with ``topic``.
    """
    both = "inside_draws" in shown
    columns = ("reported", "median", "lower", "upper", "percentile")
    rows = shown[list(columns)].itertuples(index=False)
    facts = pd.DataFrame(
        {
            "label": shown["fact"].astype(str).to_numpy(),
            "topic": shown["topic"].astype(str).to_numpy(),
            "position": [position(*map(float, row)) for row in rows],
            "role": shown["role"].astype(str).to_numpy(),
            "inside": shown[_JUDGED[both]].astype(bool).to_numpy(),
        }
    )
    return facts.assign(**_posterior_limits(shown)) if both else facts


def scorecard_picture(shown: pd.DataFrame, n: int) -> list[Block]:
    """Where facts lie among the simulated trials; ``n`` of them are drawn here or elsewhere."""
    if shown.empty:
        return []
    both = "inside_draws" in shown
    facts = drawn_facts(shown)
    parts = _halves(facts)
    lines = max(lines_of(part) for part in parts)
    reach = _reach(facts)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(parts), squeeze=False)[0]
        for ax, part in zip(panels, parts, strict=True):
            plot_scorecard(part, reach=reach, lines=lines, ax=ax)
        scorecard_legend(facts, figure)

    svg = figure_svg(
        "scorecard",
        draw,
        width=8.6,
        height=0.8 + 0.158 * lines,
        description="Where each published number lies among the simulated ones",
    )
    caption = _CAPTIONS[both]
    if n > len(shown):
        caption += (
            f" {counted(n - len(shown), 'number')} on single adverse events are left to the "
            "figure of the section on safety."
        )
    return [Picture(svg, "Where each published number lies among the simulated trials", caption)]


_JUDGED = {False: "inside", True: "inside_draws"}

_CAPTIONS = {
    False: (
        "Every dot is a published number on a scale of its own, on which the simulated median is "
        "in the middle and the shaded strip holds 95% of the simulated trials. Open symbols lie "
        "outside; arrows lie further out than the scale shows. A dot at an edge of the strip, where"
        " many replicates share one value, may be the limit itself."
    ),
    True: (
        "Every dot is a published number on a scale of its own, on which the simulated median at "
        "the point is in the middle and the shaded strip holds 95% of the trials simulated there. "
        "The bar holds 95% of the trials over the posterior. Open symbols lie outside the bar; "
        "arrows lie further out than the scale shows. A dot at an edge, where many replicates "
        "share one value, may be the limit itself."
    ),
}


def _posterior_limits(shown: pd.DataFrame) -> dict[str, list[float]]:
    """Limits over the posterior on the scale of each fact, which is that of the point."""
    scale = shown[["median", "lower", "upper"]].astype(float).to_numpy().tolist()
    return {
        name: [
            position(float(limit), median, lower, upper, percentile)
            for limit, (median, lower, upper) in zip(shown[column], scale, strict=True)
        ]
        for name, column, percentile in (("low", "lower_draws", 2.5), ("high", "upper_draws", 97.5))
    }


def _reach(facts: pd.DataFrame) -> float:
    """End of the scale: all that lie near the strip fit on it."""
    farthest = max((abs(p) for p in facts["position"] if math.isfinite(p)), default=0.0)
    return min(max(1.1 * farthest, 1.3), FARTHEST)


def _halves(facts: pd.DataFrame) -> list[pd.DataFrame]:
    """Two columns of about the same height, topics kept together; one column if there are few."""
    if len(facts) < 14:
        return [facts]
    heights = {topic: lines_of(rows) for topic, rows in facts.groupby("topic", sort=False)}
    total, so_far = sum(heights.values()), 0.0
    left: list[object] = []
    for topic, height in heights.items():
        if left and abs(total - 2 * (so_far + height)) > abs(total - 2 * so_far):
            break
        left.append(topic)
        so_far += height
    chosen = facts["topic"].isin(left)
    return [part for part in (facts[chosen], facts[~chosen]) if not part.empty]
