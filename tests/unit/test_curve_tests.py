"""Restricted means and milestones of two arms against lifelines."""

from __future__ import annotations

import math

import numpy as np
import pytest
from compared_arms import MILESTONE, TAU, in_python
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from look_samples import Patients, random_patients
from statsmodels.duration.survfunc import SurvfuncRight

SAMPLES = random_patients(41, 100)


def arms_of(patients: Patients) -> list[Patients]:
    return [patients.of(patients.arm == arm) for arm in (1, 0)]


def followed(arm: Patients, limit: float) -> bool:
    """Whether the curve of an arm reaches so far, or has come down to 0 before."""
    if len(arm.day) == 0:
        return False
    fit = KaplanMeierFitter().fit(arm.day, arm.event)
    return bool(arm.day.max() >= limit or fit.survival_function_.iloc[-1, 0] == 0)


def survival_and_greenwood(arm: Patients, day: float) -> tuple[float, float]:
    """By statsmodels, whose standard errors are Greenwood's, until nobody is left."""
    if not np.any((arm.event == 1) & (arm.day <= day)):
        return 1.0, 0.0
    fit = SurvfuncRight(arm.day + 1, arm.event)
    at = np.flatnonzero(fit.surv_times <= day + 1)[-1]
    survival = fit.surv_prob[at]
    if survival == 0:
        return 0.0, 0.0
    return float(survival), float((fit.surv_prob_se[at] / survival) ** 2)


def test_a_milestone_is_that_of_statsmodels() -> None:
    n_known = 0
    for patients in SAMPLES:
        arms, found = arms_of(patients), in_python(patients)
        if not all(followed(arm, MILESTONE) for arm in arms):
            assert math.isnan(found["milestone"])
            continue
        (s1, g1), (s2, g2) = (survival_and_greenwood(arm, MILESTONE) for arm in arms)
        variance = s1 * s1 * g1 + s2 * s2 * g2
        if variance == 0:
            assert math.isnan(found["milestone"])
            continue
        assert found["milestone"] == pytest.approx((s1 - s2) / math.sqrt(variance), abs=1e-8)
        n_known += 1
        if not (0 < s1 < 1 and 0 < s2 < 1):
            assert math.isnan(found["log_log"])
            continue
        scale = math.sqrt(g1 / math.log(s1) ** 2 + g2 / math.log(s2) ** 2)
        theirs = (math.log(-math.log(s2)) - math.log(-math.log(s1))) / scale
        assert found["log_log"] == pytest.approx(theirs, abs=1e-8)
    assert n_known > 20


def greenwood_rmst(arm: Patients) -> tuple[float, float]:
    """Restricted mean by lifelines; its variance by Greenwood's sum, areas by lifelines, too."""
    fit = KaplanMeierFitter().fit(arm.day, arm.event)
    whole, variance = restricted_mean_survival_time(fit, TAU), 0.0
    for day in np.unique(arm.day[arm.event == 1]):
        m, d = (arm.day >= day).sum(), ((arm.day == day) & (arm.event == 1)).sum()
        if day <= TAU and m > d:
            after = whole - restricted_mean_survival_time(fit, day) if day > 0 else whole
            variance += after**2 * d / (m * (m - d))
    return whole, variance


def test_the_difference_of_restricted_means_is_that_of_lifelines() -> None:
    n_known = 0
    for patients in SAMPLES:
        arms, found = arms_of(patients), in_python(patients)["rmst"]
        if not all(followed(arm, TAU) for arm in arms):
            assert math.isnan(found)
            continue
        (one, v1), (other, v2) = map(greenwood_rmst, arms)
        if v1 + v2 == 0:
            assert math.isnan(found)
            continue
        assert found == pytest.approx((one - other) / math.sqrt(v1 + v2), abs=1e-8)
        n_known += 1
    assert n_known > 15
