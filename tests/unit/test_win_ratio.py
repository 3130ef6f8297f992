"""Win ratio and net benefit against all pairs tried one by one, and U-statistics in numpy."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from compared_arms import in_python
from look_samples import Patients, random_patients
from scipy import stats


def result(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> int:
    """1 if the first patient wins, -1 if the second does; endpoints in order, day and event."""
    for (day, event), (other_day, other_event) in zip(one, other, strict=True):
        # a patient without the event through a day is known to be free of it up to its end
        if other_event and (other_day < day or (other_day == day and not event)):
            return 1
        if event and (day < other_day or (day == other_day and not other_event)):
            return -1
    return 0


def table_of(first: Patients, second: Patients) -> npt.NDArray[np.int64]:
    """Results of experimental patients in rows, controls in columns; `first` decides first."""
    ends = [
        [(int(e.day[i]), int(e.event[i])) for e in (first, second)] for i in range(len(first.day))
    ]
    rows, columns = np.flatnonzero(second.arm == 1), np.flatnonzero(second.arm == 0)
    return np.array([[result(ends[i], ends[j]) for j in columns] for i in rows], np.int64)


def naive(first: Patients, second: Patients) -> tuple[float, float]:
    """Z of the log win ratio, and of the net benefit."""
    table = table_of(first, second)
    if min(*(table.shape if table.ndim == 2 else (0, 0))) < 2:
        return math.nan, math.nan
    parts = (table == 1).astype(float), (table == -1).astype(float)
    won, lost = (part.mean() for part in parts)
    covariance = np.zeros((2, 2))
    for axis in (0, 1):
        means = np.array([part.mean(axis=axis) for part in parts])
        covariance += np.cov(means) / means.shape[1]
    net = float(np.array([1, -1]) @ covariance @ np.array([1, -1]))
    of_net = (won - lost) / math.sqrt(net) if net > 1e-18 else math.nan
    if won == 0 or lost == 0:
        return math.nan, of_net
    slope = np.array([1 / won, -1 / lost])
    variance = float(slope @ covariance @ slope)
    of_log = math.log(won / lost) / math.sqrt(variance) if variance > 1e-18 else math.nan
    return of_log, of_net


def pairs_of_endpoints(seed: int, how_many: int) -> list[tuple[Patients, Patients]]:
    """The first endpoint of the hierarchy, and the second, of the same patients."""
    rng = np.random.default_rng(seed)
    found = []
    for second in random_patients(seed, how_many):
        n = len(second.day)
        day = second.day + rng.integers(0, 5, n)
        first = Patients(second.arm, second.stratum, day, (rng.random(n) < 0.4).astype(int))
        found.append((first, second))
    return found


def test_the_win_ratio_is_that_of_all_pairs() -> None:
    n_known = 0
    for first, second in pairs_of_endpoints(51, 100):
        found = in_python(second, first)
        for ours, theirs in zip(
            (found["win_ratio"], found["net_benefit"]), naive(first, second), strict=True
        ):
            if math.isnan(theirs):
                assert math.isnan(ours) or abs(ours) > 1e6
            else:
                assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
                n_known += 1
    assert n_known > 50


def test_one_uncensored_endpoint_gives_the_area_under_the_curve_of_delong() -> None:
    """Without ties the part of pairs that are won is Mann-Whitney's, by scipy."""
    rng = np.random.default_rng(7)
    arm = np.repeat([1, 0], [13, 9])
    day = rng.permutation(100)[:22]
    patients = Patients(arm, np.zeros(22, np.int64), day, np.ones(22, np.int64))
    u = stats.mannwhitneyu(day[arm == 1], day[arm == 0]).statistic
    table = table_of(patients, patients)
    assert (table == 1).sum() == u
    won = (table == 1).mean(axis=0), (table == 1).mean(axis=1)
    variance = sum(np.var(part, ddof=1) / len(part) for part in won)
    found = in_python(patients, patients)
    assert found["net_benefit"] == pytest.approx(
        (u / (13 * 9) - 0.5) / math.sqrt(variance), rel=1e-12
    )


def test_the_first_endpoint_decides() -> None:
    """The experimental patients die later but progress earlier: they win every pair."""
    rows = np.array([(1, 0, 2, 1), (1, 0, 3, 1), (0, 0, 5, 1), (0, 0, 6, 1)], np.int64)
    second = Patients(*rows.T)
    first = second._replace(day=np.array([9, 12, 7, 8]))
    assert (table_of(first, second) == 1).all()
    assert math.isnan(in_python(second, first)["win_ratio"])  # nothing is lost
