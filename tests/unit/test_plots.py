"""Figures draw what they are given, on the axes they are given, the same way every time."""

import datetime as dt
import math

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.plots import (
    Lanes,
    plot_adverse_events,
    plot_at_risk,
    plot_coverage,
    plot_delays,
    plot_enrolment,
    plot_forest,
    plot_histograms,
    plot_precision,
    plot_reconstruction,
    plot_scorecard,
    plot_survival,
    plot_swimmer,
)
from simulate.plots.doses import delays_legend
from simulate.plots.safety import safety_legend
from simulate.plots.style import POSTERIOR
from simulate.plots.survival import Landmark, median_mark
from simulate.plots.swimmer import MARKS, PERIODS, swimmer_legend
from simulate.report.svg import figure_svg

mpl.use("Agg")


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def band(share: float = 1.0) -> pd.DataFrame:
    month = np.arange(0.0, 10.0)
    return pd.DataFrame(
        {
            "month": month,
            "median": 1 - month / 20,
            "lower": 1 - month / 12,
            "upper": 1 - month / 40,
            "observed_share": np.where(month > 6, share, 1.0),
        }
    )


def line_through(ax: Axes, x: float, y: float) -> bool:
    points = [np.column_stack(line.get_data()).astype(float) for line in ax.lines]
    return any(np.isclose(p, (x, y)).all(axis=1).any() for p in points)


def test_survival_draws_the_steps_of_the_curve_and_its_censorings(ax: Axes) -> None:
    curve = kaplan_meier([1, 2, 3, 4], [1, 0, 1, 0])

    assert plot_survival(curve, ax=ax) is ax

    assert line_through(ax, 1, 0.75)
    assert line_through(ax, 3, 0.375)
    (ticks,) = [line for line in ax.lines if line.get_marker() == "|"]
    np.testing.assert_allclose(np.column_stack(ticks.get_data()), [(2, 0.75), (4, 0.375)])


def test_survival_hatches_the_band_where_few_trials_have_data(ax: Axes) -> None:
    plot_survival(band=band(share=0.4), ax=ax)

    solid, hatched = ax.collections
    assert solid.get_hatch() is None
    assert hatched.get_hatch()
    assert hatched.get_datalim(ax.transData).x0 == 6.0  # joins the last day with enough data


def test_survival_hatches_nothing_where_all_trials_have_data(ax: Axes) -> None:
    plot_survival(band=band(), ax=ax)

    solid, hatched = ax.collections
    assert solid.get_datalim(ax.transData).x1 == 9.0
    assert not hatched.get_paths()


def test_survival_shows_published_rates_within_the_axis(ax: Axes) -> None:
    plot_survival(band=band(), reported=[Landmark(24, 0.54, 0.4, 0.67)], ax=ax)

    assert line_through(ax, 24, 0.54)
    assert line_through(ax, 24, 0.4)
    assert ax.get_xlim()[1] > 24


@pytest.mark.parametrize(("median", "shown"), [(5, True), (math.inf, False), (math.nan, False)])
def test_median_is_marked_if_it_is_reached(ax: Axes, median: float, shown: bool) -> None:
    plot_survival(band=band(), ax=ax)

    assert median_mark(ax, median, color="red", marker="^") is shown
    assert line_through(ax, 5, 0.5) is shown


def test_nothing_to_draw_is_drawn_as_nothing(ax: Axes) -> None:
    plot_survival(kaplan_meier([], []), band=band().iloc[:0], ax=ax)

    assert ax.get_xlim()[1] == 1


def test_numbers_at_risk_stand_under_their_months(ax: Axes) -> None:
    plot_at_risk({"One": {0: 57, 6: 40}, "Other": {0: 57}}, ax=ax)

    places = {(text.get_position(), text.get_text()) for text in ax.texts}
    assert places == {((0, 0), "57"), ((6, 0), "40"), ((0, -1), "57")}


def test_enrolment_counts_patients_on_their_days(ax: Axes) -> None:
    dates = [dt.date(2020, 1, 1), dt.date(2020, 3, 1)]
    table = pd.DataFrame({"date": dates, "median": [0, 2], "lower": [0, 1], "upper": [1, 3]})

    plot_enrolment(table, example=[dates[1], dates[0]], reported=[(dates[1], 2)], ax=ax)

    assert line_through(ax, dates[0].toordinal(), 1)
    assert line_through(ax, dates[1].toordinal(), 2)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2020-01", "2020-02", "2020-03"]


def lanes(n: int = 2) -> Lanes:
    return Lanes(
        n,
        pd.DataFrame({"lane": [0, 0], "kind": ["treatment", "response"], "start": [0, 2.0],
                      "end": [9.0, 7.0]}),
        pd.DataFrame({"lane": [0], "kind": ["progression"], "month": [7.0]}),
        pd.DataFrame({"lane": [0, 0], "month": [0.0, 0.7]}),
    )  # fmt: skip


def test_swimmer_draws_periods_and_marks(ax: Axes) -> None:
    plot_swimmer(lanes(), ax=ax)

    bars = {(bar.get_x(), bar.get_width()) for bar in ax.patches}
    assert bars == {(0.0, 9.0), (2.0, 5.0)}
    assert line_through(ax, 7.0, 0)
    low, high = ax.get_ylim()
    assert low > high  # the first lane is at the top


def test_swimmer_explains_only_what_it_shows(ax: Axes) -> None:
    plot_swimmer(lanes(), ax=ax)
    swimmer_legend(lanes(), ax)

    legend = ax.get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    shown = (PERIODS["treatment"], PERIODS["response"], MARKS["progression"])
    assert words == [look.label for look in shown]


def events() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["a", "b"],
            "organ_class": ["One", "Two"],
            "any_median": [60.0, 10.0],
            "any_lower": [50.0, 5.0],
            "any_upper": [70.0, 20.0],
            "any_reported": [63.0, math.nan],
            "severe_median": [20.0, 0.0],
            "severe_lower": [10.0, 0.0],
            "severe_upper": [30.0, 0.0],
            "severe_reported": [0.0, math.nan],
        }
    )


def test_adverse_events_have_two_sides_on_one_scale(ax: Axes) -> None:
    plot_adverse_events(events(), ax=ax)
    safety_legend(events(), ax)

    edges = [sorted((bar.get_x(), bar.get_x() + bar.get_width())) for bar in ax.patches]
    ticks = dict(zip((t.get_text() for t in ax.get_xticklabels()), ax.get_xticks(), strict=True))
    zero = ticks["0"]  # the right one
    assert edges[0] == [-70 - zero, -50 - zero]
    assert edges[2] == [10 + zero, 30 + zero]
    assert zero > 0  # 0% on the right is not 0% on the left
    assert line_through(ax, -63 - zero, 0)
    assert line_through(ax, zero, 0)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert {"One", "Two", "Any grade"} <= {text.get_text() for text in ax.texts}
    low, high = ax.get_ylim()
    assert low > high  # the first term is at the top


def test_adverse_events_without_reported_ones(ax: Axes) -> None:
    table = events().assign(any_reported=math.nan, severe_reported=math.nan)

    plot_adverse_events(table, ax=ax)
    safety_legend(table, ax)

    legend = ax.get_legend()
    assert legend is not None
    assert "Reported" not in [text.get_text() for text in legend.get_texts()]


def test_histogram_bars_hold_their_right_end(ax: Axes) -> None:
    values = np.array([100.0, 100.0, 98.0, math.nan])
    plot_histograms({"Drug": values, "None": np.array([math.nan])}, width=2.0, ax=ax)

    bars = sorted((bar.get_x(), bar.get_height()) for bar in ax.patches)
    assert [x for x, _ in bars] == [96.0, 98.0]
    assert bars[1][1] == 2 * bars[0][1]
    assert {"Drug", "None", "100.0%"} == {text.get_text() for text in ax.texts}
    assert line_through(ax, 100.0, 1.0)  # the median, in the upper row


def test_delays_are_stacked_by_cause(ax: Axes) -> None:
    delays = pd.DataFrame(
        {"cycle": [2, 3], "n": [10, 8], "delay": [2.0, 3.0], "hold": [0.5, 0.0], "wait": [0.0, 0.0]}
    )

    plot_delays(delays, ax=ax)
    delays_legend(delays, ax)

    tops = [bar.get_y() + bar.get_height() for bar in ax.patches]
    assert tops == [2.0, 3.0, 2.5, 3.0, 2.5, 3.0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2\n(10)"]
    legend = ax.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 2  # nobody waited


def facts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["a", "b", "c"],
            "topic": ["One", "One", "Two"],
            "position": [0.5, math.inf, math.nan],
            "role": ["check", "calibrated", "derived"],
            "inside": [True, False, True],
        }
    )


def test_scorecard_has_a_dot_a_fact_and_an_arrow_for_what_is_far_out(ax: Axes) -> None:
    plot_scorecard(facts(), reach=1.5, ax=ax)

    dots = [line for line in ax.lines if line.get_marker() not in ("None", "")]
    assert [(d.get_xdata()[0], d.get_marker()) for d in dots] == [(0.5, "o"), (1.5, ">")]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in ax.texts] == ["One", "Two"]


def test_scorecard_has_a_bar_for_the_limits_over_draws_that_ends_where_the_scale_does(
    ax: Axes,
) -> None:
    limits = {"low": [-1.2, -0.5, math.nan], "high": [1.4, math.inf, math.nan]}
    plot_scorecard(facts().assign(**limits), reach=1.5, ax=ax)

    bars = [line for line in ax.lines if line.get_color() == POSTERIOR]
    assert [list(map(float, bar.get_xdata())) for bar in bars] == [[-1.2, 1.4], [-0.5, 1.62]]


def test_coverage_stays_within_what_is_possible(ax: Axes) -> None:
    table = pd.DataFrame(
        {"label": ["x"], "kind": ["latent"], "estimate": [0.99], "lower": [0.97], "upper": [1.01]}
    )
    plot_coverage(table, ax=ax)

    assert line_through(ax, 100, -0.17)
    assert not line_through(ax, 101, -0.17)


def test_precision_is_in_percentage_points(ax: Axes) -> None:
    plot_precision([50, 60], [0.244, 0.223], marked=[(55, 0.23, "paper")], ax=ax)

    assert line_through(ax, 60, 22.3)
    assert line_through(ax, 55, 23)


def test_forest_has_a_line_a_group_and_headings(ax: Axes) -> None:
    groups = pd.DataFrame(
        {
            "subgroup": ["S", "S"],
            "group": ["yes", "no"],
            "estimate": [0.5, math.nan],
            "lower": [0.2, math.nan],
            "upper": [0.8, math.nan],
            "n": [10, 0],
            "median": [0.6, 0.6],
            "low": [0.4, 0.4],
            "high": [0.7, 0.7],
        }
    )
    plot_forest(groups, overall=0.6, ax=ax)

    assert line_through(ax, 50, 1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["yes", "no"]
    assert {"S", "10", "0"} <= {text.get_text() for text in ax.texts}


def test_every_figure_makes_its_own_axes_in_a_notebook() -> None:
    import matplotlib.pyplot as plt

    made = plot_swimmer(lanes())

    assert isinstance(made, Axes)
    plt.close("all")


def test_svg_is_the_same_every_time_and_has_its_own_names() -> None:
    def draw(figure: Figure) -> None:
        plot_survival(kaplan_meier([1, 2], [1, 0]), band=band(0.1), ax=figure.subplots())

    def svg(key: str) -> str:
        return str(figure_svg(key, draw, width=4, height=3, description="a < b"))

    first = svg("one")
    assert first == svg("one")
    assert first.startswith("<svg role=")
    assert "a &lt; b" in first
    for absent in ("<?xml", "<!DOCTYPE", "<metadata", "DejaVu", 'id="figure_1"'):
        assert absent not in first
    assert 'id="one-' in first
    assert 'id="one-' not in svg("two")


def test_reconstruction_draws_the_curve_and_what_is_printed(ax: Axes) -> None:
    curve = kaplan_meier([1, 2, 3, 20], [1, 1, 0, 0])
    plot_reconstruction(
        curve,
        landmarks=[Landmark(2, 0.5, 0.2, 0.8)],
        points=[(1, 0.75), (2, 0.5)],
        median=(2, 1, math.inf),
        time_unit="weeks",
        title="PFS",
        ax=ax,
    )
    drawn = [np.asarray(line.get_xydata()).tolist() for line in ax.lines]
    assert [[1, 0.75], [2, 0.5]] in drawn
    assert [[2, 0.2], [2, 0.8]] in drawn
    assert [[1, 0.5], [ax.get_xlim()[1], 0.5]] in drawn  # a limit that is not reached: to the end
    assert [[2, 0.5]] in drawn
    assert (ax.get_xlabel(), ax.get_title(loc="left"), ax.get_ylim()[0]) == ("Weeks", "PFS", 0)
