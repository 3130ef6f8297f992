"""Two randomised trials replicate by replicate: differences of pairs, on common random numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from counted_looks import NAN, counted, values
from made_up_trials import MadeUpLooks
from small_randomised import N, small_survival, survival_result

from simulate.choose_engine import REFERENCE
from simulate.look_replicates import run_look_replicates
from simulate.monte_carlo import Z
from simulate.paired import COMPARE_COLUMNS
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.randomised.what_ifs import contrast, paired_contrasts, sweep_table
from simulate.units import DAYS_PER_MONTH

OTHER = {
    # trial 4 does not reject, trial 5 does
    "pfs_test.decision": [
        [1, 0, 2, 0, 0, 1],
        [NAN, 1, NAN, 0, 0, NAN],
        [NAN, NAN, NAN, 3, 3, NAN],
    ],
    "n_enrolled_at_decision": [
        [60, 62, 64, 66, 68, 70],
        [90, 96, 94, 98, 99, 100],
        [NAN, 80, NAN, 85, 90, 95],
    ],
    "cut_day": (values("cut_day") + np.array([1, 2, 3, 4, 5, 60.0])).tolist(),
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The six trials less six other ones."""
    return paired_contrasts("six", counted(), "other", counted(changes=OTHER))


def row_of(table: pd.DataFrame, statistic: str, analysis: str, endpoint: str = "") -> pd.Series:
    (found,) = [
        row
        for _, row in table.iterrows()
        if (row["statistic"], row["analysis"]) == (statistic, analysis)
        and endpoint in ("", row["endpoint"])
    ]
    return found


def assert_differs(row: pd.Series, mine: list[float], other: list[float], failed: int = 0) -> None:
    """Means, and the error of the differences of pairs, by numpy."""
    difference = np.subtract(mine, other)
    n = len(difference)
    error = float(difference.std(ddof=1)) / math.sqrt(n)
    assert row["value"] == pytest.approx(np.mean(mine))
    assert row["value_against"] == pytest.approx(np.mean(other))
    assert row["difference"] == pytest.approx(difference.mean())
    assert row["mcse"] == pytest.approx(error)
    assert row["lower"] == pytest.approx(difference.mean() - Z * error)
    assert row["upper"] == pytest.approx(difference.mean() + Z * error)
    assert (row["n_pairs"], row["n_failed"]) == (n, failed)


def test_power_differs_by_the_trials_that_change(table: pd.DataFrame) -> None:
    row = row_of(table, "pfs_test.reject", "all")

    assert_differs(row, [1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 0, 1])
    # two of six trials change, in opposite directions: far less than two shares of 3 / 6 apart
    assert row["mcse"] == pytest.approx(math.sqrt(2 / 5 / 6))


def test_size_duration_and_events_differ_at_the_end(table: pd.DataFrame) -> None:
    size = row_of(table, "sample_size", "stop")
    assert_differs(size, [95, 100, 97, 100, 99, 100], [90, 80, 94, 85, 90, 95])
    days = np.array([230.0, 340, 250, 360, 370, 380])
    duration = row_of(table, "duration", "stop")
    longer = days + np.array([1, 2, 3, 4, 5, 60])
    assert_differs(duration, list(days / DAYS_PER_MONTH), list(longer / DAYS_PER_MONTH))
    events = row_of(table, "events", "stop", "PFS")
    assert events["difference"] == events["mcse"] == 0


def test_targets_missed_are_compared_in_trials_that_both_make_the_look() -> None:
    reached = [[1] * 6, [1] * 6, [NAN, 0, NAN, 0, 1, NAN]]
    other = counted(changes={"target_reached": reached})

    row = row_of(paired_contrasts("a", counted(), "b", other), "target_not_reached", "final")

    assert_differs(row, [0, 1, 1], [1, 1, 0], failed=3)


def test_a_hazard_ratio_that_one_trial_lacks_is_no_pair() -> None:
    rows = values("pfs_test.log_hr") - 0.05
    rows[0, 0], rows[1, 1] = -math.inf, NAN
    other = counted(changes={"pfs_test.log_hr": rows.tolist()})

    row = row_of(paired_contrasts("a", counted(), "b", other), "pfs_test.log_hazard_ratio", "stop")

    mine = np.array([0.1, -0.2, -0.3, 0.2])
    assert_differs(row, mine.tolist(), (mine - 0.05).tolist(), failed=2)
    assert row["difference"] == pytest.approx(0.05)


def test_no_pair_has_no_difference() -> None:
    first, second, difference = contrast(np.array([NAN, 1.0]), np.array([1.0, math.inf]))

    assert math.isnan(first)
    assert math.isnan(second)
    assert math.isnan(difference.estimate)
    assert (difference.n_analysed, difference.n_failed) == (0, 2)


def test_only_common_replicates_are_pairs() -> None:
    whole = counted()
    columns = {
        (look.name, name): whole.looks.column(look.name, name)[:4]
        for look in whole.analyses
        for name in whole.looks.names
    }
    fewer = Outcomes(MadeUpLooks(columns, 4), whole.analyses, whole.hypotheses)

    for one, other in ((whole, fewer), (fewer, whole)):
        found = paired_contrasts("a", one, "b", other)
        row = row_of(found, "pfs_test.reject", "all")
        assert_differs(row, [1, 1, 0, 0], [1, 1, 0, 0])
        assert (found["n_pairs"] <= 4).all()


def test_what_only_one_trial_has_is_left_out(table: pd.DataFrame) -> None:
    whole = counted()
    alone = Outcomes(whole.looks, whole.analyses[:2], whole.hypotheses[:1])

    found = paired_contrasts("a", whole, "b", alone)

    assert tuple(found.columns) == tuple(table.columns) == COMPARE_COLUMNS
    statistics = set(zip(found["statistic"], found["analysis"], strict=True))
    assert ("pfs_test.reject", "all") in statistics
    assert not {s for s in statistics if s[0].startswith("os_test") or s[1] == "final"}


def test_a_table_of_no_what_ifs_has_its_columns() -> None:
    assert tuple(sweep_table("six", counted(), {}).columns) == COMPARE_COLUMNS


# ---- common random numbers ------------------------------------------------------------------


def test_a_what_if_that_changes_nothing_differs_by_exactly_nothing() -> None:
    sweep = survival_result().sweep
    same = sweep[sweep["scenario"].str.endswith("_namesake")]

    assert len(same) > 5
    defined = same[same["n_pairs"] > 0]
    assert (defined["difference"] == 0).all()
    assert (defined["mcse"] == 0).all()
    assert (defined["value"] == defined["value_against"]).all()
    assert {"pfs.reject", "sample_size", "duration"} <= set(defined["statistic"])


def test_a_what_if_is_the_scenario_with_fields_changed_and_nothing_else() -> None:
    """The variant run by itself gives the same replicates, so the differences are of pairs."""
    result = survival_result()
    larger = small_survival("sample_size=60")
    looks = Looks(run_look_replicates(larger, replicates=N, engine=REFERENCE))
    alone = Outcomes(looks, larger.analyses, larger.hypotheses)

    scenario = result.job.scenario
    expected = paired_contrasts(f"{scenario.name}_larger", alone, scenario.name, result.outcomes)

    of_larger = result.sweep[result.sweep["scenario"] == f"{scenario.name}_larger"]
    pd.testing.assert_frame_equal(of_larger.reset_index(drop=True), expected)
    assert set(of_larger["against"]) == {scenario.name}
    size = row_of(of_larger, "sample_size", "stop")
    assert size["difference"] > 0, "trials that go on enrol more"
    assert set(result.variants) == {"namesake", "larger"}
    told = result.variants_operating["scenario"].unique().tolist()
    assert told == [f"{scenario.name}_namesake", f"{scenario.name}_larger"]
