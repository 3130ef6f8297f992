"""Weighted log-rank tests against statsmodels, lifelines and their definition."""

from __future__ import annotations

import math
import warnings
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from compared_arms import DELAY, FLOOR, NAMES, ONE, OTHER, compiled, in_python
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from look_samples import Patients, random_patients
from statsmodels.duration.survfunc import survdiff

SAMPLES = random_patients(21, 80)
RHO_ONLY = ("fh00", "fh10")


@cache
def all_found() -> list[tuple[Patients, dict[str, float]]]:
    """The samples with all their statistics."""
    return [(patients, in_python(patients)) for patients in SAMPLES]


def compared(patients: Patients) -> Patients:
    return patients.of(patients.arm < 2)


def by_definition(
    two: Patients, weights: list[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sums of weighted differences, and their covariance, day by day with lifelines' estimate."""
    total, covariance = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    if len(two.day) == 0:
        return total, covariance
    fit = KaplanMeierFitter().fit(two.day, two.event)
    for day in np.unique(two.day[two.event == 1]):
        here, at_risk = (two.day == day) & (two.event == 1), two.day >= day
        n, n1, d = at_risk.sum(), (at_risk & (two.arm == 1)).sum(), here.sum()
        before = float(fit.predict(day - 0.5)) if day > 0 else 1.0
        at_delay = float(fit.predict(DELAY))
        w = np.array([weight(name, before, at_delay) for name in weights])
        total += w * (d * n1 / n - (here & (two.arm == 1)).sum())
        if n > 1:
            v = d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1)
            covariance += np.outer(w, w) * v
    return total, covariance


def weight(name: str, survival: float, at_delay: float) -> float:
    if name == "delay":
        return 1 / max(survival, at_delay)
    if name == "floor":
        return 1 / max(survival, FLOOR)
    place = NAMES.index(name)
    return float(survival ** ONE[place] * (1 - survival) ** OTHER[place])


def strata_of(patients: Patients) -> list[Patients]:
    two = compared(patients)
    return [two.of(two.stratum == s) for s in np.unique(two.stratum)]


def check_by_definition(patients: Patients, found: dict[str, float], prefix: str) -> int:
    """Every statistic and covariance; how many statistics there were."""
    parts = strata_of(patients) if prefix else [compared(patients)]
    summed = [by_definition(part, list(NAMES)) for part in parts]
    total = sum((each[0] for each in summed), np.zeros(len(NAMES)))
    covariance = sum((each[1] for each in summed), np.zeros((len(NAMES), len(NAMES))))
    n_known = 0
    for k, name in enumerate(NAMES):
        ours = found[f"{prefix}{name}"]
        if covariance[k, k] < 1e-20:
            assert math.isnan(ours) or abs(ours) < 10
            continue
        assert ours == pytest.approx(total[k] / math.sqrt(covariance[k, k]), rel=1e-8, abs=1e-8)
        n_known += 1
    theirs = covariance[:4, :4].ravel()
    ours_all = [found[f"{prefix}covariance{k}"] for k in range(16)]
    assert ours_all == pytest.approx(theirs.tolist(), rel=1e-9, abs=1e-12)
    return n_known


@pytest.mark.parametrize("prefix", ["", "stratified_"])
def test_weighted_statistics_are_their_definition(prefix: str) -> None:
    assert sum(check_by_definition(*each, prefix) for each in all_found()) > 150


@pytest.mark.parametrize("name", RHO_ONLY)
@pytest.mark.parametrize("stratified", [False, True])
def test_powers_of_survival_are_those_of_statsmodels(name: str, stratified: bool) -> None:
    n_known = 0
    for patients, found in all_found():
        two, ours = compared(patients), found[f"stratified_{name}" if stratified else name]
        if math.isnan(ours):
            continue
        strata = {}
        if stratified:
            inside = [s for s in np.unique(two.stratum) if len(set(two.arm[two.stratum == s])) == 2]
            two = two.of(np.isin(two.stratum, inside))
            strata = {"strata": two.stratum}
        with np.errstate(divide="ignore"):  # its logarithm of survival, where it ends at 0
            power = ONE[NAMES.index(name)]
            theirs, _ = survdiff(
                two.day, two.event, two.arm, weight_type="fh", fh_p=power, **strata
            )
        assert ours**2 == pytest.approx(theirs, rel=1e-8, abs=1e-10)
        n_known += 1
    assert n_known > 20


@pytest.mark.parametrize("name", ["fh01", "fhhh", "fh11"])
def test_fleming_harrington_is_that_of_lifelines(name: str) -> None:
    n_known, place = 0, NAMES.index(name)
    for patients, found in all_found():
        two, ours = compared(patients), found[name]
        if math.isnan(ours):
            continue
        first, second = two.of(two.arm == 1), two.of(two.arm == 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = logrank_test(
                first.day + 1,  # it has no events on day 0
                second.day + 1,
                first.event,
                second.event,
                weightings="fleming-harrington",
                p=ONE[place],
                q=OTHER[place],
            ).test_statistic
        assert ours**2 == pytest.approx(theirs, rel=1e-8, abs=1e-10)
        n_known += 1
    assert n_known > 20


def test_python_and_compiled_code_give_the_same_bits() -> None:
    others = random_patients(24, 400)
    for patients in random_patients(23, 200):
        other = next((o for o in others if len(o.day) == len(patients.day)), None)
        one, two = in_python(patients, other), compiled(patients, other)
        for name, value in one.items():
            assert value == two[name] or (math.isnan(value) and math.isnan(two[name])), name


def test_a_test_without_events_is_not_known() -> None:
    patients = Patients(*np.array([(1, 0, 3, 0), (0, 0, 4, 0)], np.int64).T)
    found = in_python(patients)
    assert all(math.isnan(found[name]) for name in (*NAMES, "combo0", "milestone", "win_ratio"))
