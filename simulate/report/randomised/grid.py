"""Small multiples of what-ifs over the coordinates of a grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulate.monte_carlo import Estimate
from simulate.plots.what_ifs import line_color, plot_grid
from simulate.report.blocks import Picture
from simulate.report.numbers import capital, listed
from simulate.report.randomised.measured import measured_of
from simulate.report.randomised.view import Characteristics, RandomisedView
from simulate.report.svg import figure_svg
from simulate.scenario.monitoring import Hypothesis

_COLUMNS = 3


_SAYS_LITTLE = frozenset(
    (
        "rate",
        "median",
        "count",
        "cap",
        "shape",
        "scale",
        "from",
        "until",
        "every",
        "alpha",
        "missed",
        "early",
    )
)


def field_label(path: str) -> str:
    """A field as people read it: the end of its path, with the block if it says little alone."""
    steps = [step for step in path.split(".") if not step.isdecimal()]
    words = steps[-2:] if steps[-1] in _SAYS_LITTLE else steps[-1:]
    return capital(" ".join(words).replace("_", " "))


class Shown(NamedTuple):
    """A number that is drawn over a grid."""

    key: str
    """Name of the picture."""
    label: str
    """Of the vertical axis."""
    title: str
    caption: str
    """What the number is, before the fields of the grid."""
    scale: float
    found: Callable[[Characteristics], Estimate]
    """The number of one variant."""


def power_shown(view: RandomisedView, hypothesis: Hypothesis) -> Shown:
    """The probability that a hypothesis is rejected, in percent."""
    words = "Type I error" if view.under_null else "Power"
    return Shown(
        f"grid-{hypothesis.name}",
        f"{words}, %",
        f"{words} of {hypothesis.name} over the grid",
        f"Probability that {hypothesis.name} is rejected",
        100.0,
        lambda measured: measured.of_hypothesis(hypothesis, "reject"),
    )


DURATION = Shown(
    "grid-duration",
    "Months",
    "Duration over the grid",
    "Mean months from the origin to the last decision",
    1.0,
    lambda measured: measured.of_trial("duration.mean"),
)
"""How long the trial takes."""


def grid_cells(view: RandomisedView, shown: Shown) -> pd.DataFrame:
    """A number in every cell of the grid, with its coordinates by their paths."""
    rows = []
    for name, coordinates in view.scenario.coordinates.items():
        found = shown.found(measured_of(view, name))
        numbers = {
            "estimate": shown.scale * found.estimate,
            "lower": shown.scale * found.lower,
            "upper": shown.scale * found.upper,
        }
        rows.append({**coordinates, **numbers})
    return pd.DataFrame(rows)


class _Layout(NamedTuple):
    """Which field of a grid is drawn where."""

    x: str
    line: str | None
    panels: list[str]

    @property
    def fields(self) -> list[str]:
        """All of them, the axis first."""
        return [self.x, *([self.line] if self.line else []), *self.panels]


def _layout(cells: pd.DataFrame, fields: list[str]) -> _Layout:
    """The field of most values along the axis, the next by line, the others by panel."""
    sizes = {name: cells[name].nunique() for name in fields}
    changing = [name for name in fields if sizes[name] > 1] or fields[:1]
    x = max(changing, key=lambda name: sizes[name])
    others = [name for name in changing if name != x]
    return _Layout(x, others[0] if others else None, others[1:])


def grid_pictures(view: RandomisedView, shown: Shown) -> list[Picture]:
    """A number over the grid, in small multiples; nothing without a grid."""
    coordinates = view.scenario.coordinates
    if not coordinates:
        return []
    cells = grid_cells(view, shown)
    layout = _layout(cells, list(next(iter(coordinates.values()))))
    groups = [(None, cells)] if not layout.panels else list(_panels(cells, layout.panels))
    columns = min(_COLUMNS, len(groups))
    rows = -(-len(groups) // columns)
    lines = [] if layout.line is None else list(dict.fromkeys(cells[layout.line]))

    def draw(figure: Figure) -> None:
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for ax, (title, part) in zip(axes.flat, groups, strict=False):
            plot_grid(part, x=layout.x, line=layout.line, lines=lines, ax=ax)
            if title is not None:
                ax.set_title(title, fontsize=8)
        for ax in axes.flat[len(groups) :]:
            ax.axis("off")
        for ax in axes[:, 0]:
            ax.set_ylabel(shown.label)
        for place in range(columns):
            last = max(row for row in range(rows) if row * columns + place < len(groups))
            axes[last, place].set_xlabel(field_label(layout.x))
            axes[last, place].tick_params(labelbottom=True)
        _legend(figure, layout.line, lines)

    svg = figure_svg(
        shown.key,
        draw,
        width=8.6,
        height=0.5 + (2.3 + 0.15 * max(len(layout.panels) - 1, 0)) * rows,
        description=shown.title,
    )
    fields = listed(f"{field_label(name).lower()} ({name})" for name in layout.fields)
    caption = (
        f"{shown.caption} over the grid of {fields}, each cell with its 95% Monte Carlo interval. "
        "All cells share their random numbers, so lines are smoother than their intervals tell."
    )
    return [Picture(svg, shown.title, caption)]


def _panels(cells: pd.DataFrame, fields: list[str]) -> list[tuple[str, pd.DataFrame]]:
    """The cells of each panel with its title, in the order of the grid."""
    keys = list(dict.fromkeys(cells[fields].itertuples(index=False, name=None)))
    found = []
    for key in keys:
        chosen = np.logical_and.reduce(
            [cells[name] == value for name, value in zip(fields, key, strict=True)]
        )
        title = "\n".join(
            f"{field_label(name)} {value}" for name, value in zip(fields, key, strict=True)
        )
        found.append((title, cells[chosen]))
    return found


def _legend(figure: Figure, line: str | None, lines: list[object]) -> None:
    if line is None:
        return
    handles = [
        Line2D([], [], color=line_color(i), marker="o", markersize=3.6, linewidth=1.4)
        for i in range(len(lines))
    ]
    figure.legend(
        handles,
        [f"{value}" for value in lines],
        title=field_label(line),
        loc="outside right upper",
        alignment="left",
        title_fontsize=8,
    )
