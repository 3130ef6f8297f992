"""Statistics of a look against lifelines and statsmodels, on random samples and by hand."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import restricted_mean_survival_time
from look_samples import LANDMARK, TAU, Patients, compiled, in_python, random_patients
from pandas import DataFrame
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from simulate.analysis.counting import count_days, median_survival, table_length
from simulate.analysis.restricted_mean import restricted_mean_and_variance

SAMPLES = random_patients(11, 200)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def compared(patients: Patients) -> Patients:
    return patients.of(patients.arm < 2)


# ---- log-rank -------------------------------------------------------------------------------


def check_log_rank(patients: Patients) -> bool:
    """Against lifelines; whether there was something to compare."""
    two, found = compared(patients), in_python(patients)
    first, second = two.of(two.arm == 1), two.of(two.arm == 0)
    if math.isnan(found["z"]):
        return False
    theirs = logrank_test(first.day, second.day, first.event, second.event).test_statistic
    assert found["z"] ** 2 == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    return True


def check_stratified_log_rank(patients: Patients) -> bool:
    """Against statsmodels, which wants two patients at risk of a stratum somewhere."""
    two, found = compared(patients), in_python(patients)
    if math.isnan(found["stratified_z"]):
        return False
    inside = [s for s in np.unique(two.stratum) if len(set(two.arm[two.stratum == s])) == 2]
    two = two.of(np.isin(two.stratum, inside))
    theirs, _ = survdiff(two.day, two.event, two.arm, strata=two.stratum)
    assert found["stratified_z"] ** 2 == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    return True


# ---- Cox ------------------------------------------------------------------------------------


def is_finite(*values: float) -> bool:
    return all(map(math.isfinite, values))


def check_cox(patients: Patients, *, stratified: bool) -> bool:
    """Against statsmodels, with Efron's ties."""
    two, prefix = compared(patients), "stratified_" if stratified else ""
    found = in_python(patients)
    ours = found[f"{prefix}log_hr"]
    if not is_finite(ours):
        return False
    strata = {"strata": two.stratum} if stratified else {}
    model = PHReg(two.day + 1, two.arm[:, np.newaxis], status=two.event, ties="efron", **strata)
    score = model.score(np.array([ours]))[0]
    information = -model.hessian(np.array([ours]))[0, 0]
    assert score == pytest.approx(0.0, abs=1e-9 * information + 1e-11)
    assert found[f"{prefix}log_hr_se"] == pytest.approx(1 / math.sqrt(information), rel=1e-7)
    return True


def check_cox_by_lifelines(patients: Patients, *, stratified: bool) -> bool:
    two, prefix = compared(patients), "stratified_" if stratified else ""
    found = in_python(patients)
    if not is_finite(found[f"{prefix}log_hr"]) or len(two.arm) < 15:
        return False
    frame = DataFrame({"day": two.day + 1, "event": two.event, "arm": two.arm, "s": two.stratum})
    columns = frame if stratified else frame.drop(columns="s")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = CoxPHFitter(baseline_estimation_method="breslow").fit(
            columns,
            "day",
            "event",
            strata=["s"] if stratified else None,
            fit_options={"precision": 1e-12},
        )
    assert found[f"{prefix}log_hr"] == pytest.approx(fit.params_["arm"], abs=2e-6)
    assert found[f"{prefix}log_hr_se"] == pytest.approx(fit.standard_errors_["arm"], rel=2e-6)
    return True


# ---- curves ---------------------------------------------------------------------------------


def check_curves(patients: Patients) -> bool:
    """Against lifelines, and the kernels of the other analyses."""
    found = in_python(patients)
    for arm, name in enumerate(("control", "experimental")):
        own = patients.of(patients.arm == arm)
        if len(own.day) == 0:
            assert found[f"{name}_last_day"] == -1
            assert math.isnan(found[f"{name}_median"])
            continue
        fit = KaplanMeierFitter().fit(own.day, own.event)
        exits, events = [0] * table_length(100), [0] * 101
        last = count_days(own.day.tolist(), own.event.tolist(), len(own.day), exits, events)
        counted = (exits, events, len(own.day), last)
        assert found[f"{name}_median"] == median_survival(*counted)
        ends_at_0 = fit.survival_function_.iloc[-1, 0] == 0
        for limit, measure, theirs in (
            (LANDMARK, "rate", float(fit.predict(LANDMARK))),
            (TAU, "rmst", restricted_mean_survival_time(fit, TAU)),
            (TAU, "rmst_se", math.sqrt(restricted_mean_and_variance(*counted, TAU).variance)),
        ):
            ours = found[f"{name}_{measure}"]
            if own.day.max() < limit and not ends_at_0:
                assert math.isnan(ours)
            else:
                assert ours == pytest.approx(theirs, abs=1e-9)
    return len(patients.day) > 0


CHECKS = {
    "log_rank": check_log_rank,
    "stratified_log_rank": check_stratified_log_rank,
    "cox": lambda patients: check_cox(patients, stratified=False),
    "stratified_cox": lambda patients: check_cox(patients, stratified=True),
    "curves": check_curves,
}


@pytest.mark.parametrize("check", CHECKS)
def test_statistics_equal_those_of_other_programs(check: str) -> None:
    assert sum(CHECKS[check](patients) for patients in SAMPLES) > 40


@pytest.mark.verify
@pytest.mark.parametrize("check", CHECKS)
def test_statistics_equal_those_of_other_programs_on_many_samples(check: str) -> None:
    assert sum(CHECKS[check](patients) for patients in random_patients(12, 3000)) > 800


@pytest.mark.parametrize("stratified", [False, True])
def test_the_hazard_ratio_is_the_one_of_lifelines(stratified: bool) -> None:
    found = [check_cox_by_lifelines(p, stratified=stratified) for p in random_patients(13, 100)]
    assert sum(found) > 10


def test_python_and_compiled_code_give_the_same_bits() -> None:
    for patients in random_patients(14, 2000):
        one, other = in_python(patients), compiled(patients)
        assert all(same(one[name], other[name]) for name in one), patients


# ---- by hand --------------------------------------------------------------------------------


def patients_of(*rows: tuple[int, int, int, int]) -> Patients:
    """Patients from rows of arm, stratum, day and event."""
    return Patients(*np.array(rows, np.int64).reshape(-1, 4).T)


def test_log_rank_by_hand() -> None:
    """Day 1: of 2 + 2 at risk both an experimental and a control patient have the event. Day 2: an
    experimental one of 1 + 1. Day 3: a control patient alone, which says nothing."""
    found = in_python(patients_of((1, 0, 1, 1), (0, 0, 1, 1), (1, 0, 2, 1), (0, 0, 3, 1)))
    assert found["z"] == pytest.approx((1.5 - 2) / math.sqrt(1 / 3 + 1 / 4))


# Remission in weeks (Freireich et al. 1963, Blood 21:699): 6-mercaptopurine and placebo.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
REMISSION_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_textbook_log_rank_and_hazard_ratio() -> None:
    """Chi-square 16.79 (Kleinbaum and Klein 2012); log hazard ratio -1.57213, error 0.41240
    by R's coxph with Efron's ties."""
    treated = [(1, 0, *row) for row in zip(TREATED, REMISSION_ENDED, strict=True)]
    found = in_python(patients_of(*treated, *((0, 0, week, 1) for week in PLACEBO)))
    assert found["z"] == pytest.approx(math.sqrt(16.79), abs=1e-3)
    assert found["log_hr"] == pytest.approx(-1.57213, abs=1e-5)
    assert found["log_hr_se"] == pytest.approx(0.41240, abs=1e-5)


def test_strata_that_hold_one_arm_say_nothing() -> None:
    found = in_python(patients_of((1, 0, 1, 1), (1, 0, 2, 1), (0, 1, 1, 1), (0, 1, 2, 1)))
    assert math.isnan(found["stratified_z"])
    assert math.isnan(found["stratified_log_hr"])
    assert not math.isnan(found["z"])


def test_events_of_one_arm_only_have_no_finite_hazard_ratio() -> None:
    rows = [(1, 0, 3, 0), (1, 0, 4, 0), (0, 0, 1, 1), (0, 0, 2, 1), (0, 0, 5, 0)]
    found = in_python(patients_of(*rows))
    assert found["log_hr"] == -math.inf
    assert found["log_hr_se"] == math.inf
    turned = in_python(patients_of(*((1 - arm, *rest) for arm, *rest in rows)))
    assert turned["log_hr"] == math.inf
    assert turned["z"] == -found["z"]


def test_a_large_effect_is_found_from_far_away() -> None:
    rng = np.random.default_rng(5)
    arm = np.repeat([0, 1], 300)
    day = np.ceil(rng.exponential(np.where(arm == 1, 1500.0, 12.0))).astype(np.int64)
    event = (day < 900).astype(np.int64)
    patients = Patients(arm, np.zeros(600, np.int64), np.minimum(day, 900), event)
    assert in_python(patients)["log_hr"] < -3
    assert check_cox(patients, stratified=False)


def test_the_median_on_a_flat_half_is_the_midpoint() -> None:
    found = in_python(patients_of((1, 0, 2, 1), (1, 0, 4, 1), (1, 0, 8, 1), (1, 0, 9, 0)))
    assert found["experimental_median"] == 6.0


def test_a_landmark_beyond_the_data_is_not_estimated() -> None:
    found = in_python(patients_of((1, 0, 2, 1), (1, 0, 7, 0), (0, 0, 1, 1), (0, 0, 6, 1)))
    assert math.isnan(found["experimental_rate"])
    assert found["control_rate"] == 0.0
    assert found["control_rmst"] == pytest.approx(1 + 5 * 0.5)


def test_arms_of_thirty_thousand_patients_are_counted() -> None:
    """Counts of an arm have 16 bits, and those of events are the highest of their word."""
    n = 65_535
    arm = np.repeat([0, 1], n)
    day, event = np.tile([3, 5, 9], 2 * n // 3), np.tile([1, 1, 0], 2 * n // 3)
    found = compiled(Patients(arm, np.zeros(2 * n, np.int64), day, event))
    assert found["z"] == pytest.approx(0.0, abs=1e-12)
    assert found["experimental_rate"] == pytest.approx(1 / 3)
    assert found["control_rate"] == pytest.approx(1 / 3)
