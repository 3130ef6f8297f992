"""How randomised trials went, and their operating characteristics: six trials counted by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from counted_looks import LOOKS, NAN, counted, values

from simulate.monte_carlo import Estimate
from simulate.operating import OPERATING_COLUMNS
from simulate.randomised.example import (
    EARLY_FUTILITY,
    EARLY_SUCCESS,
    FAILURE,
    LATE_SUCCESS,
    first_of_each_kind,
    kinds_of,
)
from simulate.randomised.operating import (
    detectable_hazard_ratio,
    measures,
    operating_characteristics,
)
from simulate.randomised.outcomes import FUTILE, NOT_REJECTED, REJECTED
from simulate.units import DAYS_PER_MONTH

TRUTH = math.log(0.75)
OUTCOMES = counted()
PFS, OS = OUTCOMES.hypotheses


def measured(analysis: str, name: str, *, hypothesis: str = "", endpoint: str = "") -> Estimate:
    """The one measure of its name."""
    (found,) = [
        m.estimate
        for m in measures(OUTCOMES, {"pfs_test": TRUTH})
        if (m.analysis, m.name, m.hypothesis) == (analysis, name, hypothesis)
        and endpoint in ("", m.endpoint)
    ]
    return found


def shares(analysis: str, name: str, *, hypothesis: str = "") -> float:
    """A share of the six trials, in sixths."""
    found = measured(analysis, name, hypothesis=hypothesis)
    p = found.estimate
    assert found.mcse == pytest.approx(math.sqrt(p * (1 - p) / 6))
    assert found.n_analysed == 6
    return 6 * p


# ---- where and why trials end ---------------------------------------------------------------


def test_a_trial_ends_with_the_look_at_which_it_stopped() -> None:
    assert OUTCOMES.n == 6
    assert OUTCOMES.stopped_at.tolist() == [1, 2, 1, 2, 2, 2]
    assert OUTCOMES.at_stop("cut_day").tolist() == [200, 310, 220, 330, 340, 350]
    assert OUTCOMES.decision_day.tolist() == [230, 340, 250, 360, 370, 380]


def test_a_hypothesis_is_decided_at_a_look_of_its_own() -> None:
    assert OUTCOMES.rejects(PFS).tolist() == [True, True, False, False, True, False]
    assert OUTCOMES.rejects(OS).tolist() == [True, False, True, True, False, False]
    assert OUTCOMES.decided_at(PFS).tolist() == [0, 1, 0, 2, 2, 0]
    assert OUTCOMES.decided_at(OS).tolist() == [1, 2, 1, 2, 2, 2]
    assert OUTCOMES.at_decision(PFS, "log_hr").tolist() == [-0.5, -0.4, 0.1, -0.2, -0.3, 0.2]
    assert OUTCOMES.looks_of(PFS) == (0, 1, 2)
    assert OUTCOMES.looks_of(OS) == (1, 2)


def test_an_undefined_statistic_counts_as_failed_and_not_as_left_out() -> None:
    nowhere = [[NAN] * 6, [NAN, 3, NAN, 1, 1, NAN], [NAN, NAN, NAN, NAN, 2, NAN]]
    outcomes = counted(changes={"pfs_test.z": nowhere})
    assert outcomes.undefined(PFS).tolist() == [False, False, False, True, False, False]
    # the first look has no bound: it does not test
    assert not outcomes.undefined_at(PFS, "first").any()
    assert not outcomes.undefined(OS).any()

    found = {
        (m.analysis, m.name): m.estimate
        for m in measures(outcomes, {})
        if m.hypothesis == "pfs_test"
    }
    power = found["all", "reject"]
    assert (power.estimate, power.n_analysed, power.n_failed) == (0.5, 5, 1)
    assert found["all", "undefined"].estimate == 1 / 6
    assert found["final", "undefined"].estimate == 1 / 4  # of the trials that made the look
    assert ("second", "undefined") not in found
    assert (found["all", "reject_if_defined"].estimate) == 3 / 5
    assert all(name != "undefined" for _, name in ((m.analysis, m.name) for m in ALL))


ALL = list(measures(OUTCOMES, {}))


def test_a_hypothesis_that_is_never_decided_counts_at_the_last_look_made() -> None:
    never = counted(changes={"pfs_test.decision": [[0] * 6, [0] * 6, [NAN, 0, NAN, 0, 0, 0]]})

    assert never.decided_at(PFS).tolist() == never.stopped_at.tolist()
    assert not never.rejects(PFS).any()


@pytest.mark.parametrize(
    ("decision", "by_look"),
    [(REJECTED, [1, 1, 1]), (FUTILE, [2, 0, 0]), (NOT_REJECTED, [0, 0, 1])],
)
def test_decisions_are_counted_look_by_look(decision: int, by_look: list[int]) -> None:
    name = {REJECTED: "stop_efficacy", FUTILE: "stop_futility", NOT_REJECTED: "stop_end"}[decision]

    assert OUTCOMES.decided(PFS, decision).sum(axis=1).tolist() == by_look
    found = [shares(look, name, hypothesis="pfs_test") for look in LOOKS]
    assert found == pytest.approx(by_look)
    if decision != REJECTED:
        assert shares("all", name, hypothesis="pfs_test") == pytest.approx(sum(by_look))


def test_power_of_each_of_any_and_of_all_hypotheses() -> None:
    assert shares("all", "reject", hypothesis="pfs_test") == pytest.approx(3)
    assert shares("all", "reject", hypothesis="os_test") == pytest.approx(3)
    assert shares("all", "reject", hypothesis="any") == pytest.approx(5)
    assert shares("all", "reject", hypothesis="all") == pytest.approx(1)
    by_then = [shares(look, "reject_by_then", hypothesis="pfs_test") for look in LOOKS]
    assert by_then == pytest.approx([1, 2, 3])


def test_one_hypothesis_has_no_power_of_several() -> None:
    alone = type(OUTCOMES)(OUTCOMES.looks, OUTCOMES.analyses, (PFS,))

    assert not {m.hypothesis for m in measures(alone, {})} & {"any", "all"}


def test_a_hypothesis_without_futility_is_not_told_to_stop_for_it() -> None:
    of_os = [m for m in measures(OUTCOMES, {}) if m.hypothesis == "os_test"]

    assert {m.name for m in of_os} >= {"reject", "stop_efficacy", "stop_end", "reject_by_then"}
    assert "stop_futility" not in {m.name for m in of_os}
    assert "first" not in {m.analysis for m in of_os}, "it is not tested there"


def test_trials_end_at_each_look_in_their_shares() -> None:
    assert [shares(look, "stop") for look in LOOKS] == pytest.approx([0, 2, 4])
    assert [shares(look, "made") for look in LOOKS] == pytest.approx([6, 6, 4])


# ---- size, time, events ---------------------------------------------------------------------


def assert_mean(found: Estimate, expected: list[float], *, scale: float = 1.0) -> None:
    """Mean and its error, against numpy."""
    wanted = np.array(expected) / scale
    assert found.estimate == pytest.approx(wanted.mean())
    assert found.mcse == pytest.approx(wanted.std(ddof=1) / math.sqrt(len(wanted)))
    assert found.n_analysed == len(wanted)


def test_size_and_duration_are_those_at_the_decision_that_ends_the_trial() -> None:
    size = [95, 100, 97, 100, 99, 100]  # later than the cut: enrolment goes on

    assert_mean(measured("stop", "sample_size.mean"), size)
    assert measured("stop", "sample_size.sd").estimate == pytest.approx(np.std(size, ddof=1))
    assert measured("stop", "sample_size.q50").estimate == 99  # the third of six
    days = [230.0, 340, 250, 360, 370, 380]
    assert_mean(measured("stop", "duration.mean"), days, scale=DAYS_PER_MONTH)
    cut = [day - 30 for day in days]
    assert_mean(measured("stop", "cut_time.mean"), cut, scale=DAYS_PER_MONTH)


def test_events_at_the_end_are_told_by_endpoint() -> None:
    pfs = [40.0, 60, 41, 50, 52, 61]
    assert_mean(measured("stop", "events.mean", endpoint="PFS"), pfs)
    assert_mean(measured("stop", "events.mean", endpoint="OS"), [19.0, 30, 19, 31, 32, 33])
    assert_mean(measured("first", "events.mean", endpoint="PFS"), [20.0, 21, 20, 22, 20, 20])


def test_a_target_that_is_not_reached_is_counted_among_the_looks_made() -> None:
    found = measured("final", "target_not_reached")

    assert (found.estimate, found.n_analysed, found.n_failed) == (0.5, 4, 2)
    assert found.mcse == pytest.approx(0.25)
    assert measured("first", "target_not_reached").estimate == 0
    assert measured("second", "target_not_reached").estimate == pytest.approx(1 / 6)


def test_overshoot_is_told_where_events_trigger_the_look() -> None:
    assert_mean(measured("first", "overshoot.mean"), [0.0, 1, 0, 2, 0, 0])
    assert_mean(measured("second", "overshoot.mean"), [0.0, 0, 1, -4, 0, 0])
    told = {m.analysis for m in measures(OUTCOMES, {}) if m.name.startswith("overshoot")}
    assert told == {"first", "second"}, "no events trigger the last one"


def test_a_median_that_is_not_reached_has_no_mean() -> None:
    """Trials 1, 3, 4 and 5 make the look: 10, never, 14, never."""
    found = measured("final", "median.not_reached", endpoint="PFS")

    assert (found.estimate, found.n_analysed, found.n_failed) == (0.5, 4, 2)
    assert measured("final", "median.q50", endpoint="PFS").estimate == 14
    assert measured("final", "median.q97.5", endpoint="PFS").estimate == math.inf
    of_final = {m.name for m in measures(OUTCOMES, {}) if m.analysis == "final"}
    assert "median.mean" not in of_final
    assert_mean(measured("second", "median.mean", endpoint="PFS"), [12.0, 13])


# ---- bounds ---------------------------------------------------------------------------------


def test_detectable_hazard_ratio_is_schoenfelds() -> None:
    """exp(-z sqrt(4 / d)) with equal arms, exp(-z sqrt(4.5 / d)) with two to one."""
    found = detectable_hazard_ratio(OUTCOMES, PFS, "final")

    # trial 3: 60 to 30 patients, 72 events; trial 4: 50 to 50, 100 events; Z of 2 both times
    expected = [math.exp(-2 * math.sqrt(4.5 / 72)), math.exp(-2 * math.sqrt(4 / 100))]
    assert found[[3, 4]].tolist() == pytest.approx(expected)
    assert np.isnan(found[[0, 1, 2, 5]]).all(), "no bound, no hazard ratio"
    assert_mean(measured("final", "hazard_ratio_at_bound.mean", hypothesis="pfs_test"), expected)
    told = {m.analysis for m in measures(OUTCOMES, {}) if m.name == "hazard_ratio_at_bound.mean"}
    assert told == {"second", "final"}, "nothing rejects at the first look"


def test_bounds_are_told_where_there_are_any() -> None:
    bound = measured("second", "futility_bound.mean", hypothesis="pfs_test")

    assert_mean(bound, [0.0, 0.5])  # trial 3 has none, and no mean is infinite
    assert_mean(measured("second", "efficacy_bound.mean", hypothesis="pfs_test"), [3.0, 2.5])
    names = {(m.analysis, m.name) for m in measures(OUTCOMES, {}) if m.hypothesis == "pfs_test"}
    assert ("first", "futility_bound.mean") not in names
    assert ("first", "efficacy_bound.mean") not in names
    assert ("first", "z.mean") in names
    assert_mean(measured("final", "efficacy_bound.mean", hypothesis="pfs_test"), [2.0, 2])
    assert_mean(measured("first", "tested_events.mean", hypothesis="pfs_test"), [16.0] * 6)


# ---- estimates ------------------------------------------------------------------------------


def test_bias_and_coverage_of_the_hazard_ratio_at_its_decision() -> None:
    log_hr = np.array([-0.5, -0.4, 0.1, -0.2, -0.3, 0.2])
    error = np.array([0.1, 0.1, 0.2, 0.1, 0.1, 0.2])
    covers = np.abs(log_hr - TRUTH) <= 1.959964 * error
    assert covers.tolist() == [False, True, True, True, True, False]

    bias = measured("stop", "log_hazard_ratio.bias", hypothesis="pfs_test")
    assert_mean(bias, (log_hr - TRUTH).tolist())
    coverage = measured("stop", "log_hazard_ratio.coverage", hypothesis="pfs_test")
    assert coverage.estimate == pytest.approx(covers.mean())
    given = measured("stop", "log_hazard_ratio.bias_if_rejected", hypothesis="pfs_test")
    assert_mean(given, (log_hr - TRUTH)[[0, 1, 4]].tolist())
    assert_mean(
        measured("stop", "hazard_ratio.mean", hypothesis="pfs_test"), np.exp(log_hr).tolist()
    )


def test_what_has_no_true_value_has_no_bias() -> None:
    names = {m.name for m in measures(OUTCOMES, {}) if m.hypothesis == "pfs_test"}

    assert "log_hazard_ratio.mean" in names
    assert not {name for name in names if "bias" in name or "coverage" in name}


def test_without_a_true_value_the_average_of_the_look_that_decides_stands_in() -> None:
    averages = {"pfs_test": {"first": -0.1, "second": -0.2, "final": -0.3}}
    found = {
        m.name: m.estimate
        for m in measures(OUTCOMES, {}, (), averages)
        if m.hypothesis == "pfs_test" and "average" in m.name
    }
    # decided at the first, second, first, final, final and first look
    away = np.array([-0.5, -0.4, 0.1, -0.2, -0.3, 0.2]) - [-0.1, -0.2, -0.1, -0.3, -0.3, -0.1]
    error = np.array([0.1, 0.1, 0.2, 0.1, 0.1, 0.2])

    assert len(found) == 3
    assert_mean(found["log_hazard_ratio.bias_of_average"], away.tolist())
    assert_mean(found["log_hazard_ratio.bias_of_average_if_rejected"], away[[0, 1, 4]].tolist())
    covers = np.abs(away) <= 1.959964 * error
    assert 0 < covers.sum() < 6
    assert found["log_hazard_ratio.coverage_of_average"].estimate == pytest.approx(covers.mean())
    # nothing of the kind where there is a true value
    names = {m.name for m in measures(OUTCOMES, {"pfs_test": TRUTH}, (), averages)}
    assert not any("average" in name for name in names)


def early(second: list[float]) -> dict[str, Estimate]:
    """What is told of a hypothesis that the first two looks test, and that may stay open."""
    averages = {"first": -0.1, "second": -0.4}
    told = [[-0.1] * 6, second, [math.nan, -9.0, math.nan, -9.0, -9.0, -9.0]]
    counts = counted(
        changes={
            # rejected at the second look, by alpha passed on at the last one, or never
            "os_test.decision": [[0] * 6, [1, 0, 1, 0, 0, 0], [math.nan, 1, math.nan, 3, 3, 3]],
            "os_test.log_hr": told,
            "os_test.log_hr_se": (np.ones((3, 6)) + 0.0 * np.array(told)).tolist(),
        }
    )
    own = OS.model_copy(update={"analyses": ("first", "second")})
    outcomes = dataclasses.replace(counts, hypotheses=(PFS, own))
    return {
        m.name: m.estimate
        for m in measures(outcomes, {}, (), {"os_test": averages})
        if m.hypothesis == "os_test" and "log_hazard_ratio" in m.name
    }


def test_a_hypothesis_that_has_had_its_last_look_is_estimated_there() -> None:
    """The trial goes on for others, to a look that does not test it."""
    found = early([-0.2, -0.3, -0.4, -0.5, -0.6, -0.7])
    assert_mean(found["log_hazard_ratio.mean"], [-0.2, -0.3, -0.4, -0.5, -0.6, -0.7])
    assert_mean(found["log_hazard_ratio.bias_of_average"], [0.2, 0.1, 0.0, -0.1, -0.2, -0.3])


def test_bias_of_some_trials_alone_is_not_told() -> None:
    """One is estimated where theory has no average: trials like it are not like the others."""
    found = early([-0.2, math.nan, -0.4, -0.5, -0.6, -0.7])
    assert_mean(found["log_hazard_ratio.mean"], [-0.2, -9.0, -0.4, -0.5, -0.6, -0.7])
    assert not any("average" in name for name in found)


def test_a_hazard_ratio_that_is_not_finite_has_failed() -> None:
    rows = values("pfs_test.log_hr")
    rows[0, 0] = -math.inf  # no event in an arm
    outcomes = counted(changes={"pfs_test.log_hr": rows.tolist()})

    (bias, covers) = (
        m.estimate
        for m in measures(outcomes, {"pfs_test": TRUTH})
        if m.name in ("log_hazard_ratio.bias", "log_hazard_ratio.coverage")
    )
    assert (bias.n_analysed, bias.n_failed) == (covers.n_analysed, covers.n_failed) == (5, 1)
    assert math.isfinite(bias.estimate)


# ---- the table ------------------------------------------------------------------------------


def test_the_table_is_tidy_and_counts_every_replicate() -> None:
    table = operating_characteristics("six", OUTCOMES, {"pfs_test": TRUTH})

    assert tuple(table.columns) == OPERATING_COLUMNS
    keys = ["scenario", "analysis", "population", "endpoint", "arm", "hypothesis", "measure"]
    assert not table.duplicated(keys).any()
    assert set(table["scenario"]) == {"six"}
    assert (table["n_requested"] == 6).all()
    assert (table["n_analysed"] + table["n_failed"] == 6).all()
    control = table[(table["arm"] == "control") & (table["measure"] == "median.not_reached")]
    assert control["analysis"].tolist() == ["final"]


def test_power_over_posterior_draws_stands_beside_that_at_the_point() -> None:
    drawn = counted(
        changes={"pfs_test.decision": [[1] * 5 + [0], [NAN] * 5 + [0], [NAN] * 5 + [3]]}
    )

    table = operating_characteristics("six", OUTCOMES, {}, drawn)

    of_pfs = table[(table["hypothesis"] == "pfs_test") & (table["analysis"] == "all")]
    power = dict(zip(of_pfs["measure"], of_pfs["estimate"], strict=True))
    assert power["reject_over_draws"] == pytest.approx(5 / 6)
    assert power["reject"] == pytest.approx(3 / 6)
    without = operating_characteristics("six", OUTCOMES, {})
    assert "reject_over_draws" not in set(without["measure"])


# ---- examples -------------------------------------------------------------------------------


def test_kinds_of_trials_by_their_first_hypothesis_and_their_end() -> None:
    kinds = kinds_of(OUTCOMES)

    assert kinds.tolist() == [
        EARLY_SUCCESS,  # PFS at the first look, OS at the second: the trial stops there
        LATE_SUCCESS,  # PFS at the second look, but the trial goes on for OS
        EARLY_FUTILITY,  # PFS is futile, OS is rejected at the second
        FAILURE,
        LATE_SUCCESS,  # PFS at the last look
        FAILURE,  # PFS is futile, but the trial goes on for OS
    ]
    assert first_of_each_kind(OUTCOMES) == {
        EARLY_SUCCESS: 0,
        LATE_SUCCESS: 1,
        FAILURE: 3,
        EARLY_FUTILITY: 2,
    }


def test_trials_without_hypotheses_have_no_kind() -> None:
    outcomes = type(OUTCOMES)(OUTCOMES.looks, OUTCOMES.analyses, ())

    assert set(kinds_of(outcomes)) == {""}
    assert first_of_each_kind(outcomes) == {}
