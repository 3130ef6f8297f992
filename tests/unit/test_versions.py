"""Endpoints of one trial side by side: differences in pairs and rates of concordance, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from counted_looks import MadeUpLooks

from simulate.monte_carlo import mean
from simulate.randomised.measure import Measure
from simulate.randomised.outcomes import REJECTED, Outcomes
from simulate.randomised.versions import agreement, discrepancy_rates, paired_versions
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis

NAN, INF = math.nan, math.inf
ONLY = Analysis.model_validate(
    {"id": 1, "name": "only", "cut": {"events": {"endpoint": "PFS", "count": 10}}}
)
COLUMNS = {
    "cut_day": [900, 910, 920, 930],
    "stopped": [1, 1, 1, 1],
    "n_enrolled.control": [20, 20, 25, 10],
    "pfs.events": [30, 34, 28, 40],
    "pfs_inv.events": [35, 36, 33, 42],
    "os.events": [10, 11, 9, 14],
    "pfs.median.control": [12, INF, 14, 11],
    "pfs_inv.median.control": [10, 11, 12, 10.5],
    "central.decision": [REJECTED, 3, 3, REJECTED],
    "local.decision": [REJECTED, REJECTED, 3, REJECTED],
    "central.log_hr": [-0.4, -0.1, NAN, -0.5],
    "local.log_hr": [-0.5, -0.3, -0.1, -0.6],
    "concordance.local.central.both_same.control": [6, 4, 0, 0],
    "concordance.local.central.first_later.control": [1, 0, 0, 0],
    "concordance.local.central.first_earlier.control": [2, 0, 0, 0],
    "concordance.local.central.only_first.control": [3, 6, 0, 0],
    "concordance.local.central.only_second.control": [2, 0, 5, 0],
    "n_enrolled.new": [20, 20, 25, 10],
    "concordance.local.central.both_same.new": [4, 4, 4, 4],
    "concordance.local.central.first_later.new": [0, 0, 0, 0],
    "concordance.local.central.first_earlier.new": [0, 0, 0, 0],
    "concordance.local.central.only_first.new": [4, 1, 1, 1],
    "concordance.local.central.only_second.new": [0, 0, 0, 0],
    "switched.control": [3, 5, 0, 4],
}


def hypothesis(number: int, name: str, endpoint: str, experimental: str = "new") -> Hypothesis:
    return Hypothesis(
        id=number, name=name, endpoint=endpoint, experimental=experimental, control="control"
    )


@pytest.fixture
def outcomes() -> Outcomes:
    columns = {("only", name): np.array(values, float) for name, values in COLUMNS.items()}
    return Outcomes(
        MadeUpLooks(columns, 4),
        (ONLY,),
        (hypothesis(1, "central", "PFS"), hypothesis(2, "local", "PFS_INV")),
        ("PFS", "PFS_INV", "OS"),
        {"PFS": "central", "PFS_INV": "local"},
        {"PFS": "PFS", "PFS_INV": "PFS", "OS": "OS"},
    )


def found(outcomes: Outcomes, name: str, arm: str = "all") -> Measure:
    (one,) = [m for m in paired_versions(outcomes) if m.name == name and m.arm == arm]
    return one


def test_endpoints_of_one_kind_are_compared_in_pairs(outcomes: Outcomes) -> None:
    measure = found(outcomes, "events.difference")
    assert measure.endpoint == "PFS - PFS_INV"  # and none with OS
    assert measure.estimate == mean([-5, -2, -5, -2])


def test_a_hazard_ratio_that_is_not_tested_is_told_and_compared(outcomes: Outcomes) -> None:
    columns = {("only", name): np.array(values, float) for name, values in COLUMNS.items()}
    columns["only", "pfs_inv.log_hr.new.control"] = np.array([-0.6, -0.2, -0.1, INF])
    columns["only", "os.log_hr.new.control"] = np.array([-0.2, -0.4, 0.0, 0.2])
    only = replace(outcomes, looks=MadeUpLooks(columns, 4), hypotheses=outcomes.hypotheses[:1])

    found = {(m.endpoint, m.name): m for m in paired_versions(only)}
    ratio = found["OS", "log_hazard_ratio.mean"]
    assert (ratio.arm, ratio.hypothesis) == ("new - control", "")
    assert ratio.estimate == mean([-0.2, -0.4, 0.0, 0.2])
    assert found["PFS_INV", "hazard_ratio.mean"].estimate.n_failed == 1
    difference = found["PFS - PFS_INV", "log_hazard_ratio.difference"]
    assert difference.estimate == mean([-0.4 + 0.6, -0.1 + 0.2, NAN, NAN])
    assert ("PFS", "log_hazard_ratio.mean") not in found  # a hypothesis tells it


def test_a_test_of_a_subpopulation_does_not_tell_the_hazard_ratio_of_all(
    outcomes: Outcomes,
) -> None:
    columns = {("only", name): np.array(values, float) for name, values in COLUMNS.items()}
    columns["only", "pfs.log_hr.new.control"] = np.array([-0.6, -0.2, -0.1, 0.0])
    part = outcomes.hypotheses[0].model_copy(update={"population": {"sex": ("f",)}})
    only = replace(outcomes, looks=MadeUpLooks(columns, 4), hypotheses=(part,))

    (ratio,) = [m for m in paired_versions(only) if m.name == "log_hazard_ratio.mean"]

    assert (ratio.endpoint, ratio.estimate) == ("PFS", mean([-0.6, -0.2, -0.1, 0.0]))


def test_medians_are_compared_where_both_are_reached(outcomes: Outcomes) -> None:
    estimate = found(outcomes, "median.difference", "control").estimate
    assert estimate.estimate == pytest.approx((2 + 2 + 0.5) / 3)
    assert (estimate.n_requested, estimate.n_analysed) == (4, 3)


def test_hypotheses_are_compared_in_pairs(outcomes: Outcomes) -> None:
    power = found(outcomes, "reject.difference")
    assert power.hypothesis == "central - local"
    assert power.estimate == mean([0, -1, 0, 0])
    ratio = found(outcomes, "log_hazard_ratio.difference").estimate
    assert ratio.estimate == pytest.approx((0.1 + 0.2 + 0.1) / 3)
    assert ratio.n_analysed == 3


def test_hypotheses_on_other_arms_are_not_compared(outcomes: Outcomes) -> None:
    other = Outcomes(
        outcomes.looks,
        outcomes.analyses,
        (outcomes.hypotheses[0], hypothesis(2, "local", "PFS_INV", "newer")),
        outcomes.endpoints,
        outcomes.readers,
        outcomes.kinds,
    )
    assert not [m for m in paired_versions(other) if m.hypothesis]


def test_rates_of_discrepancy_are_those_of_their_definition(outcomes: Outcomes) -> None:
    """Patients 20: both on one scan 6, later 1, earlier 2; only the first 3, only the second 2."""
    rates = discrepancy_rates(outcomes, "only", "local", "central", "control")
    assert rates["event_agreement"].tolist() == pytest.approx([15 / 20, 14 / 20, 20 / 25, 1])
    assert rates["date_agreement"].tolist() == pytest.approx([6 / 9, 1, NAN, NAN], nan_ok=True)
    assert rates["early_discrepancy"].tolist() == pytest.approx(
        [5 / 12, 6 / 10, NAN, NAN], nan_ok=True
    )
    assert rates["late_discrepancy"].tolist() == pytest.approx([3 / 8, 0, 1, NAN], nan_ok=True)


def test_agreement_and_changes_of_treatment_are_told_of_a_look(outcomes: Outcomes) -> None:
    told = {(m.name, m.reader): m.estimate for m in agreement(outcomes, "only") if m.arm != "new"}
    bias = told["early_discrepancy.difference", "local, central"]
    assert bias.estimate == pytest.approx(((4 / 8 - 5 / 12) + (1 / 5 - 6 / 10)) / 2)
    assert bias.n_analysed == 2
    assert told["event_agreement.mean", "local, central"].estimate == pytest.approx(
        np.mean([0.75, 0.7, 0.8, 1])
    )
    assert told["switched.mean", ""].estimate == 3
