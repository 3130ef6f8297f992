"""Log-rank test and Cox hazard ratio: textbook data, edge cases, lifelines and statsmodels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test
from pandas import DataFrame
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from simulate.analysis.counting import clear_days, count_days, table_length
from simulate.analysis.two_samples import (
    ArmDays,
    CoxFit,
    LogRank,
    cox_hazard_ratio,
    log_rank,
    log_rank_z,
)
from simulate.compiled import kernel

LAST_DAY = 100

# Remission in weeks (Freireich et al. 1963, Blood 21:699): 6-mercaptopurine and placebo.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

Arm = tuple[list[int], list[int]]


def counted(experimental: Arm, control: Arm) -> tuple[ArmDays, ArmDays, int]:
    """Two arms, each times and events, as the rules take them."""
    arms, last = [], -1
    for time, event in (experimental, control):
        exits, events = [0] * table_length(LAST_DAY), [0] * (LAST_DAY + 1)
        last = max(last, count_days(time, event, len(time), exits, events))
        arms.append(ArmDays(exits, events, len(time)))
    return arms[0], arms[1], last


def cox(experimental: Arm, control: Arm) -> CoxFit:
    return cox_hazard_ratio(*counted(experimental, control), [0.0] * 200)


def random_arms(seed: int, how_many: int) -> list[tuple[Arm, Arm]]:
    """Two arms of unequal size and hazard with many ties."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(how_many):
        span, fraction = rng.choice([3, 10, 100]), rng.choice([0.2, 0.6, 1.0])
        pair = []
        for scale in (1.0, rng.choice([0.5, 1.0])):
            size = int(rng.integers(1, 50))
            time = np.minimum(rng.exponential(span * scale / 2, size).astype(int), span)
            pair.append((time.tolist(), (rng.random(size) < fraction).astype(int).tolist()))
        pairs.append((pair[0], pair[1]))
    return pairs


def columns(experimental: Arm, control: Arm) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, events and arm (1 experimental) of all patients."""
    arm = np.repeat([1, 0], [len(experimental[0]), len(control[0])])
    return np.array(experimental[0] + control[0]), np.array(experimental[1] + control[1]), arm


# ---- log-rank ------------------------------------------------------------------------------


def test_textbook_log_rank():
    """Expected 19.25 of 9 events under treatment, chi-square 16.79 (Kleinbaum and Klein 2012)."""
    found = log_rank(*counted((TREATED, TREATED_EVENT), (PLACEBO, [1] * 21)))
    assert found.difference == pytest.approx(9 - 19.25, abs=5e-3)
    assert log_rank_z(found) == pytest.approx(-math.sqrt(16.79), abs=1e-3)


def test_log_rank_by_hand():
    """Day 1: one of 2 + 2 at risk, two events. Day 2: one event, 1 + 1 at risk. Day 3: alone."""
    found = log_rank(*counted(([1, 2], [1, 1]), ([1, 3], [1, 1])))
    assert found == pytest.approx((2 - 1 - 0.5, 2 * 0.25 * 2 / 3 + 0.25))


def test_the_arms_change_places_and_the_sign_turns():
    for experimental, control in random_arms(1, 30):
        one = log_rank(*counted(experimental, control))
        other = log_rank(*counted(control, experimental))
        assert one.difference == pytest.approx(-other.difference, abs=1e-12)
        assert one.variance == pytest.approx(other.variance, rel=1e-12)


def test_log_rank_equals_lifelines():
    for experimental, control in random_arms(2, 60):
        found = log_rank(*counted(experimental, control))
        if found.variance > 0:
            theirs = logrank_test(experimental[0], control[0], experimental[1], control[1])
            assert log_rank_z(found) ** 2 == pytest.approx(theirs.test_statistic, rel=1e-9)


def test_sums_over_strata_are_the_stratified_test():
    pairs = random_arms(3, 12)
    found = [log_rank(*counted(*pair)) for pair in pairs]
    summed = LogRank(sum(one.difference for one in found), sum(one.variance for one in found))
    rows = [np.concatenate(parts) for parts in zip(*(columns(*p) for p in pairs), strict=True)]
    strata = np.repeat(range(len(pairs)), [len(p[0][0]) + len(p[1][0]) for p in pairs])
    chi_square, _ = survdiff(*rows, strata=strata)
    assert log_rank_z(summed) ** 2 == pytest.approx(chi_square, rel=1e-9)


@pytest.mark.parametrize(
    ("experimental", "control"),
    [
        (([], []), ([], [])),
        (([], []), ([3, 4], [1, 1])),
        (([3, 4], [1, 1]), ([], [])),
        (([3, 4], [0, 0]), ([5], [0])),
        (([9], [1]), ([5], [0])),  # the event comes when the other arm is gone
    ],
)
def test_nothing_to_compare(experimental, control):
    arms = counted(experimental, control)
    found = log_rank(*arms)
    assert found == (0, 0)
    assert math.isnan(log_rank_z(found))
    assert all(map(math.isnan, cox_hazard_ratio(*arms, [])))


# ---- Cox -----------------------------------------------------------------------------------


def test_textbook_hazard_ratio():
    """Log hazard ratio -1.57213, standard error 0.41240: R's coxph, Efron ties."""
    found = cox((TREATED, TREATED_EVENT), (PLACEBO, [1] * 21))
    assert found == pytest.approx((-1.57213, 0.41240), abs=1e-5)


def test_hazard_ratio_equals_statsmodels():
    fitted = 0
    for experimental, control in random_arms(4, 60):
        found = cox(experimental, control)
        if math.isfinite(found.log_hazard_ratio):
            time, event, arm = columns(experimental, control)
            model = PHReg(time, arm[:, np.newaxis].astype(float), status=event, ties="efron")
            at = np.array([found.log_hazard_ratio])
            information = -model.hessian(at)[0, 0]
            assert model.score(at)[0] / information == pytest.approx(0, abs=1e-9)
            assert found.standard_error == pytest.approx(information**-0.5, rel=1e-9)
            fitted += 1
    assert fitted > 40


def test_hazard_ratio_equals_lifelines():
    experimental, control = random_arms(5, 1)[0]
    time, event, arm = columns(experimental, control)
    frame = DataFrame({"time": time, "event": event, "arm": arm})
    options = {"precision": 1e-20, "r_precision": 0}
    fitted = CoxPHFitter().fit(frame, "time", "event", fit_options=options)
    found = cox(experimental, control)
    assert found.log_hazard_ratio == pytest.approx(fitted.params_["arm"], abs=1e-9)
    assert found.standard_error == pytest.approx(fitted.standard_errors_["arm"], abs=1e-9)


def test_events_in_one_arm_only_have_no_finite_ratio():
    never, always = ([5, 6, 7], [0, 0, 0]), ([1, 2, 3], [1, 1, 1])
    assert cox(never, always) == (-math.inf, math.inf)
    assert cox(always, never) == (math.inf, math.inf)
    # Later events of the other arm, when nobody is left to compare with, change nothing.
    assert cox(([5, 6, 7], [1, 1, 1]), always) == (-math.inf, math.inf)


@pytest.mark.parametrize("at_risk", [50, 5_000])
def test_an_extreme_ratio_is_found_from_either_side(at_risk):
    """Of two events one is in an arm of two patients: far from where the search starts."""
    few, many = ([1, 4], [1, 0]), ([2] + [4] * (at_risk - 1), [1] + [0] * (at_risk - 1))
    time, event, arm = columns(few, many)
    model = PHReg(time, arm[:, np.newaxis].astype(float), status=event, ties="efron")
    found, turned = cox(few, many), cox(many, few)
    assert found.log_hazard_ratio > 0.8 * math.log(at_risk)
    assert model.score(np.array([found.log_hazard_ratio]))[0] == pytest.approx(0, abs=1e-9)
    assert turned.log_hazard_ratio == pytest.approx(-found.log_hazard_ratio, rel=1e-9)
    assert turned.standard_error == pytest.approx(found.standard_error, rel=1e-9)


# ---- the same bits in a kernel -------------------------------------------------------------


def _compare(times: Any, events: Any, sizes: Any, tables: Any, odds: Any, out: Any) -> None:
    exits_1, events_1, exits_0, events_0 = tables
    last_1 = count_days(times[0], events[0], sizes[0], exits_1, events_1)
    last_0 = count_days(times[1], events[1], sizes[1], exits_0, events_0)
    experimental = ArmDays(exits_1, events_1, sizes[0])
    control = ArmDays(exits_0, events_0, sizes[1])
    last = max(last_1, last_0)
    found = log_rank(experimental, control, last)
    out[0], out[1], out[2] = found.difference, found.variance, log_rank_z(found)
    out[3], out[4] = cox_hazard_ratio(experimental, control, last, odds)
    clear_days(exits_1, events_1, last_1)
    clear_days(exits_0, events_0, last_0)


def test_python_and_kernels_give_the_same_bits():
    compiled = kernel(_compare)
    lists = tuple([0] * table_length(LAST_DAY) for _ in range(4))
    arrays = tuple(np.zeros(table_length(LAST_DAY), np.int64) for _ in range(4))
    edges = [(([], []), ([], [])), (([3], [0]), ([1], [1])), (([3], [1]), ([3], [1]))]
    for pair in [*edges, *random_arms(6, 300)]:
        out, from_kernel = [0.0] * 5, np.zeros(5)
        times, events = zip(*pair, strict=True)
        sizes = tuple(len(time) for time in times)
        _compare(times, events, sizes, lists, [0.0] * 200, out)
        compiled(
            tuple(np.array(time, np.int64) for time in times),
            tuple(np.array(event, np.int64) for event in events),
            sizes,
            arrays,
            np.zeros(200),
            from_kernel,
        )
        assert np.array(out).tobytes() == from_kernel.tobytes(), pair
