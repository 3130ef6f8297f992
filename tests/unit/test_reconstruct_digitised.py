"""Pseudo data from points of a curve: known patients are drawn, digitised and reconstructed.

Tolerances: the points carry a reading error (standard deviation 0.003, rounded to 0.001). The curve
has to come back to 0.02 everywhere and 0.006 on average, the hazard ratio to 4% (6% for the 42
patients of Freireich), the median to 5%: about what Guyot et al. (2012) call excellent for survival
and reasonable for hazard ratios.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.datasets import (
    load_gbsg2,
    load_leukemia,
    load_lung,
    load_rossi,
    load_waltons,
)
from statsmodels.datasets import heart

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.reconstruct.digitised import reconstruct_points
from simulate.reconstruct.total import meet_total

READING_ERROR = 0.003


def freireich():
    data = load_leukemia()
    return data["t"], data["status"], data["Rx"]


def waltons():
    data = load_waltons()
    return data["T"], data["E"], data["group"] == "miR-137"


def gbsg2():
    data = load_gbsg2()
    return data["time"], data["cens"], data["horTh"] == "yes"


def rossi():
    data = load_rossi()
    return data["week"], data["arrest"], data["fin"]


def lung():
    data = load_lung()
    return data["time"], data["status"], data["sex"] == 2


DATA = {f.__name__: f for f in (freireich, waltons, gbsg2, rossi, lung)}
HAZARD_RATIO_TO = dict.fromkeys(DATA, 0.04) | {"freireich": 0.06}


def arms(name):
    time, event, arm = (np.asarray(column, dtype=float) for column in DATA[name]())
    return [(time[arm == a], event[arm == a] == 1) for a in (0, 1)]


def hazard_ratio(samples):
    parts = [pd.DataFrame({"t": t, "e": e, "arm": a}) for a, (t, e) in enumerate(samples)]
    return float(np.exp(CoxPHFitter().fit(pd.concat(parts), "t", "e").params_["arm"]))


def digitise(time, event, seed, *, numbers=True):
    """Read a curve at 101 times with an error, and the numbers at risk at seven."""
    random = np.random.default_rng(seed)
    fitted = KaplanMeierFitter().fit(time, event)
    grid = np.linspace(0, time.max(), 101)
    read = fitted.predict(grid).to_numpy() + random.normal(0, READING_ERROR, 101)
    when = np.linspace(0, time.max(), 8)[:-1].round() if numbers else []
    return grid, read.clip(0, 1).round(3), [(t, int((time >= t).sum())) for t in when]


@pytest.mark.parametrize("what", ["numbers and total", "numbers", "total"])
@pytest.mark.parametrize("name", DATA)
def test_round_trip(name, what) -> None:
    made = []
    for seed, (time, event) in enumerate(arms(name)):
        grid, read, numbers = digitise(time, event, seed, numbers="numbers" in what)
        total = int(event.sum()) if "total" in what else None
        got = reconstruct_points(grid, read, time.size, at_risk=numbers, total_events=total)
        made.append((got.time, got.event))
        true, curve = (KaplanMeierFitter().fit(t, e) for t, e in ((time, event), made[-1]))
        away = np.abs(true.predict(grid).to_numpy() - curve.predict(grid).to_numpy())
        assert away.max() <= 0.02
        assert away.mean() <= 0.006
        median = true.median_survival_time_
        assert curve.median_survival_time_ == pytest.approx(median, rel=0.05)
        assert [int((got.time >= t).sum()) for t, _ in numbers] == [n for _, n in numbers]
        assert total in (None, int(got.event.sum()))
    wanted = hazard_ratio(arms(name))
    assert hazard_ratio(made) == pytest.approx(wanted, rel=HAZARD_RATIO_TO[name])


def test_another_trial_would_not_pass() -> None:
    """Negative control: without numbers at risk or a total the hazard ratio is not to be had."""
    made = []
    for seed, (time, event) in enumerate(arms("gbsg2")):
        grid, read, _ = digitise(time, event, seed)
        got = reconstruct_points(grid, read, time.size)
        made.append((got.time, got.event))
    wanted = hazard_ratio(arms("gbsg2"))
    assert hazard_ratio(made) != pytest.approx(wanted, rel=HAZARD_RATIO_TO["gbsg2"])


def test_patients_without_censoring_come_back_one_by_one() -> None:
    """Stanford heart transplants who died, read without error at their own times."""
    data = heart.load_pandas().data
    time = np.sort(data.loc[data["censors"] == 1, "survival"].to_numpy())
    curve = kaplan_meier(time, np.ones(time.size))
    got = reconstruct_points(curve.time, curve.survival, time.size)
    assert got.event.all()
    assert got.time.tolist() == time.tolist()


def test_by_hand() -> None:
    """Ten patients: events at 1 and 2 (of 10 and 8), two censored, two events of six at 4."""
    points = {1: 0.9, 2: 0.9 * 7 / 8, 4: 0.9 * 7 / 8 * 4 / 6}
    got = reconstruct_points([*points], [*points.values()], 10, at_risk=[(0, 10), (3, 6)])
    assert got.time.tolist() == [1, 1, 2, 2, 4, 4, 4, 4, 4, 4]
    assert got.event.tolist() == [True, False] * 2 + [True] * 2 + [False] * 4


def test_a_step_is_at_its_time_and_a_single_point_shows_what_was_before() -> None:
    """Numbers at risk at 5 count who has the event at 5, not who had it since the point before."""
    table = [(0, 10), (5, 10)]
    step = reconstruct_points([5, 5, 9], [1.0, 0.9, 0.9], 10, at_risk=table)
    assert step.time[step.event].tolist() == [5]
    before = reconstruct_points([3, 5, 9], [1.0, 0.9, 0.9], 10, at_risk=[(0, 10), (5, 9)])
    assert before.time[before.event].tolist() == [4]


def test_rises_of_the_points_are_evened_out_both_ways() -> None:
    got = reconstruct_points([1, 2, 3], [0.79, 0.81, 0.80], 10)
    assert got.point_survival.tolist() == pytest.approx([1.0, 0.8, 0.8, 0.8])
    assert got.time[got.event].tolist() == [1, 1]


@pytest.mark.parametrize(("total", "last"), [(24, 30.0), (22, 29.0)])
def test_a_total_is_not_met_by_the_last_patient_alone(total, last) -> None:
    """30 patients, 23 events: the squares alone would make the last one an event, and lose S."""
    time, event = np.arange(1.0, 31.0), np.ones(30, dtype=bool)
    event[[3, 7, 9, 15, 20, 25, 29]] = False
    survival = kaplan_meier(time, event).survival_at(time)
    got = meet_total(time, event, (time, survival), total)
    assert int(got.sum()) == total
    assert (got != event).sum() == 1
    assert time[got != event] < 5
    assert got[time == last] == event[time == last]


@pytest.mark.parametrize(
    ("time", "survival", "at_risk"),
    [
        ([2, 1], [0.9, 0.8], []),
        ([1, 2], [0.9, 1.2], []),
        ([1, 2], [0.9], []),
        ([], [], []),
        ([1, np.nan], [0.9, 0.8], []),
        ([1, 2], [0.9, 0.8], [(1, 11)]),
        ([1, 2], [0.9, 0.8], [(1, 8), (2, 9)]),
        ([1, 2], [0.9, 0.8], [(2, 9), (1, 8)]),
    ],
)
def test_what_is_not_a_curve_is_refused(time, survival, at_risk) -> None:
    with pytest.raises(ValueError, match="must"):
        reconstruct_points(time, survival, 10, at_risk=at_risk)
