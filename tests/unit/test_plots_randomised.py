"""Figures of randomised trials draw what they are given."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.plots import (
    Box,
    LookMark,
    Schema,
    plot_arms,
    plot_boundaries,
    plot_decisions,
    plot_distribution,
    plot_ended,
    plot_grid,
    plot_hazard_ratios,
    plot_look_times,
    plot_months,
    plot_trial_schema,
    plot_variants,
)
from simulate.plots.arms import apart, arm_colors
from simulate.plots.distributions import bin_edges
from simulate.plots.style import ARMS, CONTROL
from simulate.plots.trial_schema import schema_height


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def passes(ax: Axes, x: float, y: float) -> bool:
    """Whether some line has this point."""
    points = [np.column_stack(line.get_data()).astype(float) for line in ax.lines]
    return any(np.isclose(p, (x, y)).all(axis=1).any() for p in points)


def stacked(ax: Axes) -> np.ndarray:
    """Heights of all filled steps, one upon the other."""
    tops = [patch.get_data() for patch in ax.patches]
    return sum(np.asarray(top.values) - np.asarray(top.baseline) for top in tops)


def test_schema_says_all_that_it_is_given_inside_its_frame(ax: Axes) -> None:
    schema = Schema(
        population=Box("880 patients", ("from 3 regions",)),
        randomisation=("1 : 1", "blocks of 4"),
        arms=[Box("control", ("440 patients",)), Box("experimental", ("440 patients",))],
        controls=frozenset({0}),
        looks=[Box("interim", ("at 300 PFS events",)), Box("final")],
    )

    plot_trial_schema(schema, ax=ax)

    assert {"880 patients", "from 3 regions", "R", "1 : 1", "blocks of 4", "interim"} <= set(
        texts(ax)
    )
    bottom, top = ax.get_ylim()
    boxes = [text for text in ax.texts if text.get_text() in ("control", "final", "interim")]
    assert all(bottom < text.get_position()[1] < top for text in boxes)
    tall = Schema(schema.population, (), schema.arms, frozenset(), schema.looks * 4)
    assert schema_height(tall) > 2 * schema_height(schema)


def test_boundaries_are_at_their_fractions(ax: Axes) -> None:
    looks = pd.DataFrame(
        {
            "name": ["interim", "final"],
            "fraction": [0.5, 1.0],
            "z_efficacy": [2.96, 1.97],
            "z_futility": [0.3, math.nan],
            "z_lower": [0.1, 0.2],
            "z_median": [1.9, 2.4],
            "z_upper": [3.9, 4.2],
        }
    )

    plot_boundaries(looks, ax=ax)

    for x, y in ((0.5, 2.96), (1.0, 1.97), (0.5, 0.3), (0.5, 1.9), (1.0, 4.2)):
        assert passes(ax, x, y)
    assert not passes(ax, 1.0, 0.3)
    low, high = ax.get_ylim()
    assert low < 0.1
    assert high > 4.2


def test_hazard_ratios_of_boundaries_have_a_logarithmic_axis(ax: Axes) -> None:
    values = {"efficacy": 0.7, "futility": math.nan, "lower": 0.5, "median": 0.75, "upper": 1.0}
    looks = pd.DataFrame(
        [{"name": "final", "fraction": 1.0, **{f"hr_{k}": v for k, v in values.items()}}]
    )

    plot_boundaries(looks, scale="hr", label="Hazard ratio", ax=ax)

    assert ax.get_yscale() == "log"
    assert passes(ax, 1.0, 0.7)
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["0.5", "0.6"]


def test_decisions_fill_the_line_and_theory_marks_its_ends(ax: Axes) -> None:
    decisions = pd.DataFrame(
        {
            "name": ["interim", "final"],
            "rejected": [0.4, 0.8],
            "goes_on": [0.5, 0.0],
            "not_rejected": [0.0, 0.1],
            "futility": [0.1, 0.1],
        }
    )
    theory = pd.DataFrame({"rejected": [0.42, 0.79], "futility": [0.12, math.nan]})

    plot_decisions(decisions, theory=theory, ax=ax)

    widths = np.zeros(2)
    for bars in ax.containers:
        for y, bar in enumerate(bars):
            widths[y] += bar.get_width()
    assert widths.tolist() == pytest.approx([100, 100])
    assert {"40.0%", "50.0%", "80.0%"} <= set(texts(ax))
    marks = sorted(line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2)
    assert marks == pytest.approx([42, 79, 88])


def test_times_of_looks_are_shares_of_all_trials(ax: Axes) -> None:
    interim = np.arange(20.0, 30.0)
    final = np.array([*np.full(6, math.nan), 36.0, 37.0, 38.0, 39.0])

    plot_look_times({"interim": interim, "final": final}, n=10, ax=ax)

    heights = [sum(np.asarray(patch.get_data().values)) for patch in ax.patches]
    assert heights[0] == pytest.approx(100)
    assert heights[-1] == pytest.approx(40)


def test_trials_end_in_steps(ax: Axes) -> None:
    plot_ended(np.array([30.0, 20.0, 30.0, math.nan, 40.0]), ax=ax)

    (line,) = ax.lines
    assert line.get_xdata().tolist() == [20, 30, 40]
    assert line.get_ydata().tolist() == pytest.approx([25, 75, 100])


def test_distribution_is_parted_by_look_and_whole_numbers_share_bars_evenly(ax: Axes) -> None:
    values = np.array([100.0, 100.0, 101.0, 300.0])

    plot_distribution(values, label="Events", looks=np.array([0, 0, 0, 1]), whole=True, ax=ax)

    assert stacked(ax).sum() == pytest.approx(100)
    assert len({patch.get_facecolor() for patch in ax.patches}) == 2
    width = np.diff(bin_edges([values], whole=True))
    assert set(width) == {np.round(width[0])}
    assert passes(ax, values.mean(), 0)


def test_hazard_ratios_are_stacked_and_outliers_kept(ax: Axes) -> None:
    rng = np.random.default_rng(5)
    good = np.log(0.6) + 0.05 * rng.standard_normal(800)
    bad = np.append(np.log(1.0) + 0.05 * rng.standard_normal(199), np.log(50.0))

    plot_hazard_ratios(
        {"Rejected": good, "Not rejected": bad},
        colors={"Rejected": "blue", "Not rejected": "grey"},
        n=1000,
        truth=math.log(0.7),
        ax=ax,
    )

    assert stacked(ax).sum() == pytest.approx(100)
    assert passes(ax, math.log(0.7), 0)
    assert ax.get_xlim()[1] < math.log(2)


def test_arms_are_drawn_in_their_colours(ax: Axes) -> None:
    colors = arm_colors(["a", "b", "c"], frozenset({"b"}))
    curve = kaplan_meier([2.0, 4.0, 6.0], [1, 0, 1])

    plot_arms({"a": curve, "b": curve}, colors=colors, months=12, ax=ax)

    assert colors == {"a": ARMS[0], "b": CONTROL, "c": ARMS[1]}
    assert passes(ax, 2.0, 2 / 3)
    assert {line.get_color() for line in ax.lines} >= {ARMS[0], CONTROL}


def test_months_name_their_looks_without_one_over_another(ax: Axes) -> None:
    months = pd.DataFrame({"month": [0, 1, 2, 3], "enrolled": [0, 5, 9, 9], "pfs": [0, 0, 1, 4]})
    looks = [LookMark(1.0, "first"), LookMark(1.2, "second"), LookMark(3.0, "final")]

    plot_months(months, counts={"pfs": "PFS events"}, looks=looks, ax=ax)

    assert passes(ax, 3, 4)
    assert {"Enrolled: 9", "PFS events: 4"} <= set(texts(ax))
    height = {t.get_text(): t.get_position()[1] for t in ax.texts}
    assert height["second"] < height["first"] == height["final"]


def test_variants_have_their_intervals(ax: Axes) -> None:
    variants = pd.DataFrame(
        {
            "label": ["Scenario", "Late effect"],
            "estimate": [90.0, 70.0],
            "lower": [88.0, 67.0],
            "upper": [92.0, 73.0],
        }
    )

    plot_variants(variants, ax=ax)

    assert passes(ax, 70, 1)
    assert passes(ax, 67, 1)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Scenario", "Late effect"]


def test_grid_has_a_line_for_each_value(ax: Axes) -> None:
    cells = pd.DataFrame(
        [
            {"ratio": ratio, "n": n, "estimate": 100 * ratio + n, "lower": 1.0, "upper": 2.0}
            for ratio in (0.8, 0.6)
            for n in (1, 2)
        ]
    )

    plot_grid(cells, x="ratio", line="n", lines=[1, 2], ax=ax)

    assert [line.get_xdata().tolist() for line in ax.lines] == [[0.6, 0.8]] * 2
    assert [line.get_ydata().tolist() for line in ax.lines] == [[61, 81], [62, 82]]


def test_words_along_a_grid_keep_their_order(ax: Axes) -> None:
    cells = pd.DataFrame(
        {"delay": ["0 days", "3 months"], "estimate": [9, 8], "lower": [8, 7], "upper": [10, 9]}
    )

    plot_grid(cells, x="delay", ax=ax)

    assert [t.get_text() for t in ax.get_xticklabels()] == ["0 days", "3 months"]


def test_labels_are_moved_up_until_they_stand_apart() -> None:
    assert apart([10.0, 11.0, 30.0, 10.5], 5.0) == [10.0, 20.0, 30.0, 15.0]
    assert apart([1.0, 9.0], 5.0) == [1.0, 9.0]
