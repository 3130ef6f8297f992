"""Small multiples of what-ifs over the coordinates of a grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from simulate.plots.what_ifs import line_color, plot_grid
from simulate.report.blocks import Picture
from simulate.report.numbers import capital, listed
from simulate.report.randomised.measured import measured_of
from simulate.report.randomised.view import RandomisedView
from simulate.report.svg import figure_svg
from simulate.scenario.monitoring import Hypothesis

_COLUMNS = 3


_SAYS_LITTLE = frozenset(
    ("rate", "median", "count", "cap", "shape", "scale", "from", "until", "every", "alpha")
)


def field_label(path: str) -> str:
    """A field as people read it: the end of its path, with the block if it says little alone."""
    steps = [step for step in path.split(".") if not step.isdecimal()]
    words = steps[-2:] if steps[-1] in _SAYS_LITTLE else steps[-1:]
    return capital(" ".join(words).replace("_", " "))


def grid_cells(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """Power of every cell of the grid in percent, with its coordinates by their paths."""
    rows = []
    for name, coordinates in view.scenario.coordinates.items():
        found = measured_of(view, name).of_hypothesis(hypothesis, "reject")
        numbers = {
            "estimate": 100 * found.estimate,
            "lower": 100 * found.lower,
            "upper": 100 * found.upper,
        }
        rows.append({**coordinates, **numbers})
    return pd.DataFrame(rows)


def grid_pictures(view: RandomisedView, hypothesis: Hypothesis) -> list[Picture]:
    """Power over the grid: one field along the axis, one by line, the others by panel."""
    coordinates = view.scenario.coordinates
    if not coordinates:
        return []
    cells = grid_cells(view, hypothesis)
    fields = list(next(iter(coordinates.values())))
    sizes = {name: cells[name].nunique() for name in fields}
    changing = [name for name in fields if sizes[name] > 1] or fields[:1]
    x = max(changing, key=lambda name: sizes[name])
    others = [name for name in changing if name != x]
    line, panels = (others[0], others[1:]) if others else (None, [])
    words = "Type I error" if view.under_null else "Power"
    groups = [(None, cells)] if not panels else list(_panels(cells, panels))
    columns = min(_COLUMNS, len(groups))
    rows = -(-len(groups) // columns)
    lines = [] if line is None else list(dict.fromkeys(cells[line]))

    def draw(figure: Figure) -> None:
        axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for ax, (title, part) in zip(axes.flat, groups, strict=False):
            plot_grid(part, x=x, line=line, lines=lines, ax=ax)
            if title is not None:
                ax.set_title(title, fontsize=8.5)
        for ax in axes.flat[len(groups) :]:
            ax.axis("off")
        for ax in axes[:, 0]:
            ax.set_ylabel(f"{words}, %")
        for place in range(columns):
            last = max(row for row in range(rows) if row * columns + place < len(groups))
            axes[last, place].set_xlabel(field_label(x))
            axes[last, place].tick_params(labelbottom=True)
        _legend(figure, line, lines)

    svg = figure_svg(
        f"grid-{hypothesis.name}",
        draw,
        width=8.6,
        height=0.5 + 2.3 * rows,
        description=f"{words} over the grid of what-ifs",
    )
    shown = listed(f"{field_label(name).lower()} ({name})" for name in changing)
    caption = (
        f"Probability that {hypothesis.name} is rejected over the grid of {shown}, each cell with "
        "its 95% Monte Carlo interval. All cells share their random numbers, so lines are smoother "
        "than their intervals tell."
    )
    return [Picture(svg, f"{words} of {hypothesis.name} over the grid", caption)]


def _panels(cells: pd.DataFrame, fields: list[str]) -> list[tuple[str, pd.DataFrame]]:
    """The cells of each panel with its title, in the order of the grid."""
    keys = list(dict.fromkeys(cells[fields].itertuples(index=False, name=None)))
    found = []
    for key in keys:
        chosen = np.logical_and.reduce(
            [cells[name] == value for name, value in zip(fields, key, strict=True)]
        )
        title = ", ".join(
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
