"""Survival models, accrual and expected numbers: scipy, closed form, gsDesign and gsDesign2."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simulate.sequential.accrual import (
    entered_at_rate,
    entered_by_poisson,
    entered_uniformly,
)
from simulate.sequential.expected import (
    Group,
    day_reaching,
    expected_course,
    most_events,
)
from simulate.sequential.refusals import DesignError
from simulate.sequential.survival_models import (
    CureMixture,
    Exponential,
    FromFunction,
    LogNormal,
    PiecewiseExponential,
    Tabulated,
    TimesHazardRatio,
    Weibull,
)

MONTH = 300  # steps of the day grid in a month of a published example: fine, so nearly continuous
AT = np.array([0.0, 1.0, 10.0, 55.5, 200.0, 900.0])


# ---- survival models -------------------------------------------------------------------------


def test_models_are_those_of_scipy() -> None:
    for model, theirs in (
        (Exponential(0.01), stats.expon(scale=100)),
        (Weibull(80.0, 1.4), stats.weibull_min(1.4, scale=80)),
        (LogNormal(60.0, 0.7), stats.lognorm(0.7, scale=60)),
    ):
        assert model.survival(AT) == pytest.approx(theirs.sf(AT), rel=1e-11)
        assert model.cumulative_hazard(AT) == pytest.approx(-theirs.logsf(AT), rel=1e-11)


def test_piecewise_hazards_and_hazard_ratios_are_integrals() -> None:
    model = PiecewiseExponential((0.0, 30.0, 100.0), (0.02, 0.005, 0.01))
    assert model.cumulative_hazard(AT) == pytest.approx([0.0, 0.02, 0.2, 0.7275, 1.95, 8.95])
    late = TimesHazardRatio(Weibull(80.0, 1.4), (1.0, 0.6, 1.2), (0.0, 50.0, 300.0))
    for day, found in zip(AT, late.cumulative_hazard(AT), strict=True):

        def hazard(t: float) -> float:
            return (1.0 if t < 50 else 0.6 if t < 300 else 1.2) * 1.4 / 80 * (t / 80) ** 0.4

        total, _ = integrate.quad(hazard, 0.0, day, points=[50, 300], limit=200)
        assert found == pytest.approx(total, rel=1e-7, abs=1e-9)


def test_a_cured_share_never_has_the_event() -> None:
    model = CureMixture(0.3, Exponential(0.02))
    assert model.survival(AT) == pytest.approx(0.3 + 0.7 * np.exp(-0.02 * AT))
    assert model.survival(np.array([1e6])) == pytest.approx([0.3])
    assert model.cumulative_hazard(AT) == pytest.approx(-np.log(model.survival(AT)))


def test_a_table_and_a_function_are_the_model_they_came_from() -> None:
    model, days = Weibull(80.0, 1.4), np.arange(400.0)
    tabulated = Tabulated(tuple(model.survival(days).tolist()))
    given = FromFunction(lambda t: np.exp(-((t / 80.0) ** 1.4)))
    for other in (tabulated, given):
        assert other.survival(days) == pytest.approx(model.survival(days), rel=1e-13)
        assert other.cumulative_hazard(days) == pytest.approx(model.cumulative_hazard(days))
    assert tabulated.survival(np.array([10_000.0])) == tabulated.by_day[-1]


# ---- accrual ---------------------------------------------------------------------------------


def test_entries_at_piecewise_rates() -> None:
    entered = entered_at_rate((10.0, 20.0, 30.0), (0.5, 0.0, 2.0), 45, 60)
    assert entered[[0, 10, 15, 20, 30, 40, 49, 50, 60]].tolist() == [
        *(0, 0, 2.5, 5, 5, 25, 43, 45, 45)
    ]
    assert entered_uniformly(100, 50.0, 80)[[25, 50, 80]].tolist() == [50, 100, 100]


def test_poisson_entries_are_the_mean_of_a_capped_count() -> None:
    entered = entered_by_poisson((0.0,), (0.4,), 30, 150)
    counts = np.arange(400)
    for day in (1, 60, 75, 100, 150):
        weights = stats.poisson.pmf(counts, 0.4 * day)
        assert entered[day] == pytest.approx(weights @ np.minimum(counts, 30), rel=1e-10)
    assert entered_by_poisson((0.0,), (0.4,), 1, 5)[5] == pytest.approx(1 - math.exp(-2.0))


# ---- expected numbers ------------------------------------------------------------------------


def closed_form_events(n: float, span: float, rate: float, dropout: float, time: float) -> float:
    """Expected events of exponential event and dropout with uniform entry, in continuous time."""
    both = rate + dropout
    entering = min(time, span)
    waited = (math.exp(-both * (time - entering)) - math.exp(-both * time)) / both
    return n / span * rate / both * (entering - waited)


@pytest.mark.parametrize("time", [3.0, 10.0, 24.0, 40.0])
def test_expected_events_are_the_closed_form(time: float) -> None:
    """The grid puts every event half a step late on average: that is all the difference."""
    n, span, rate, dropout, steps = 880.0, 24.0, math.log(2) / 18.5, 0.0043, 200
    group = Group(1.0, Exponential(rate / steps), Exponential(dropout / steps))
    entered = entered_uniformly(880, span * steps, int(time * steps))
    found = expected_course([group], entered)
    expected = closed_form_events(n, span, rate, dropout, time - 0.5 / steps)
    assert found.events[0, -1] == pytest.approx(expected, rel=2e-5)
    lost = closed_form_events(n, span, dropout, rate, time - 0.5 / steps)
    assert found.dropouts[0, -1] == pytest.approx(lost, rel=5e-4)
    assert found.enrolled[0, -1] == pytest.approx(n / span * min(time, span), rel=1e-12)


def test_expected_numbers_are_exact_on_the_day_grid() -> None:
    """Against every patient's probabilities added up one by one, ties and all."""
    groups = [
        Group(0.4, Weibull(20.0, 1.3), Exponential(0.03)),
        Group(0.6, CureMixture(0.2, Exponential(0.05)), Weibull(30.0, 0.8)),
    ]
    entered = entered_at_rate((0.0, 4.0), (3.0, 1.0), 20, 30)
    found = expected_course(groups, entered)
    for row, group in enumerate(groups):
        events, dropouts = np.zeros(31), np.zeros(31)
        for entry, entering in enumerate(np.diff(entered, prepend=0.0)):
            for day in range(1, 31 - entry):
                free, kept = (
                    model.survival(np.array([day - 1.0, day]))
                    for model in (group.event, group.dropout)
                )
                events[entry + day] += entering * group.share * (free[0] - free[1]) * kept[0]
                dropouts[entry + day] += entering * group.share * (kept[0] - kept[1]) * free[1]
        assert found.events[row] == pytest.approx(events.cumsum(), abs=1e-10)
        assert found.dropouts[row] == pytest.approx(dropouts.cumsum(), abs=1e-10)
        in_trial = group.share * entered - events.cumsum() - dropouts.cumsum()
        assert found.at_risk[row] == pytest.approx(in_trial, abs=1e-10)


def half_a_step_later(numbers: np.ndarray, month: float) -> float:
    """A number on the grid at a time, with the half step that the grid is late made good."""
    return float(np.interp(month * MONTH + 0.5, np.arange(len(numbers)), numbers))


def piecewise_example() -> tuple[list[Group], np.ndarray]:
    """The default trial of gsDesign2: 108 patients in 14 months, an effect that comes late."""
    control = PiecewiseExponential(
        (0.0, 3.0 * MONTH), (math.log(2) / 9 / MONTH, math.log(2) / 18 / MONTH)
    )
    experimental = TimesHazardRatio(control, (0.9, 0.6), (0.0, 3.0 * MONTH))
    dropout = Exponential(0.001 / MONTH)
    starts, rates = (0.0, 2.0 * MONTH, 4.0 * MONTH), (3.0 / MONTH, 6.0 / MONTH, 9.0 / MONTH)
    groups = [Group(0.5, model, dropout) for model in (experimental, control)]
    return groups, entered_at_rate(starts, rates, 108, 40 * MONTH)


def test_expected_events_and_times_of_gsdesign2() -> None:
    """ahr() and gs_info_ahr() of gsDesign2, as printed; the grid is half a step late."""
    groups, entered = piecewise_example()
    events = expected_course(groups, entered).events.sum(axis=0)
    for month, expected in ((12, 20.40451), (15, 30.27841), (24, 49.06966), (36, 66.23948)):
        assert half_a_step_later(events, month) == pytest.approx(expected, rel=5e-6)
    for target, month in ((20, 11.87087), (40, 19.16437), (50, 24.54264), (70, 39.39207)):
        assert day_reaching(events, target) - 0.5 == pytest.approx(month * MONTH, abs=0.05)


def test_interim_of_gsdesign() -> None:
    """tEventsIA and nEventsIA of gsDesign: events by arm at 12.77 months, and at 10 months."""
    rate, dropout = math.log(2) / 6 / MONTH, Exponential(0.001 / MONTH)
    groups = [Group(0.5, Exponential(ratio * rate), dropout) for ratio in (0.5, 1.0)]
    accrual = 2 * 37.42481 / 12.76571
    entered = entered_at_rate((0.0,), (accrual / MONTH,), 140, 20 * MONTH)
    course = expected_course(groups, entered)
    at_interim = [half_a_step_later(events, 12.76571) for events in course.events]
    assert at_interim == pytest.approx([10.90882, 17.79583], rel=5e-6)
    total = course.events.sum(axis=0)
    assert half_a_step_later(total, 10.0) == pytest.approx(18.92635, rel=5e-6)
    assert day_reaching(total, 17.79583 + 10.90882) == pytest.approx(
        12.76571 * MONTH + 0.5, abs=0.05
    )


def test_the_day_that_reaches_a_target() -> None:
    expected = np.array([0.0, 0.0, 2.0, 6.0, 6.0])
    assert [day_reaching(expected, target) for target in (0.0, 1.0, 2.0, 3.0, 6.0)] == [
        *(0.0, 1.5, 2.0, 2.25, 3.0)
    ]
    assert day_reaching(expected, 6.1) == math.inf


def test_most_events_of_competing_exponentials() -> None:
    """Day by day the event comes first: its share is p / (p + q - p q)."""
    p, q = -math.expm1(-0.002), -math.expm1(-0.001)
    group = Group(1.0, Exponential(0.002), Exponential(0.001))
    assert most_events([group], 100) == pytest.approx(100 * p / (p + q - p * q), rel=1e-12)
    cured = Group(1.0, CureMixture(0.25, Exponential(0.01)))
    assert most_events([cured], 100) == pytest.approx(75.0, rel=1e-12)
    assert most_events([group], 100, follow_up=1) == pytest.approx(100 * p, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Exponential(-0.1), "rate"),
        (lambda: PiecewiseExponential((0.0, 5.0), (0.1,)), "rates"),
        (lambda: PiecewiseExponential((1.0,), (0.1,)), "starts"),
        (lambda: PiecewiseExponential((0.0, 0.0), (0.1, 0.2)), "starts"),
        (lambda: Weibull(0.0, 1.0), "scale"),
        (lambda: LogNormal(10.0, math.nan), "sigma"),
        (lambda: CureMixture(1.0, Exponential(0.1)), "cured"),
        (lambda: Tabulated((1.0, 0.5, 0.6)), "by_day"),
        (lambda: Tabulated(()), "by_day"),
        (lambda: TimesHazardRatio(Exponential(0.1), (-1.0,)), "ratios"),
        (lambda: Group(0.0, Exponential(0.1)), "share"),
        (lambda: entered_at_rate((0.0,), (-1.0,), 10, 5), "rates"),
        (lambda: entered_at_rate((5.0, 0.0), (1.0, 1.0), 10, 5), "starts"),
        (lambda: entered_uniformly(0, 10.0, 5), "n"),
        (lambda: entered_uniformly(10, 0.0, 5), "duration"),
    ],
)
def test_what_cannot_be_is_refused(make, part) -> None:
    with pytest.raises(DesignError) as refusal:
        make()
    assert refusal.value.part == part
