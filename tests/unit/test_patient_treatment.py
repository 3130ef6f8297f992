"""Cycles: when the next dose is due, how late it is, and how many there are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.patient import treatment
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario
from simulate.streams import unit_exponentials, words


def test_reasons_are_numbered_as_their_names() -> None:
    names = treatment.STOP_NAMES

    assert names[treatment.NOT_STOPPED] == "ongoing"
    assert names[treatment.PROGRESSION] == "progression"
    assert names[treatment.WITHDRAWAL] == "withdrawal"
    assert names[treatment.EARLY_STOP] == "early stop"
    assert names[treatment.DEATH] == "death"
    assert names[treatment.ADVERSE_EVENT] == "adverse event"
    assert names[treatment.COMPLETED] == "completed"
    assert len(names) == 7


def test_a_dose_is_due_a_cycle_after_the_last_one_given(plan: Plan) -> None:
    assert treatment.next_dose_day(plan.treatment, 45, 0) == 66
    assert treatment.next_dose_day(plan.treatment, 45, 4) == 70


@pytest.mark.parametrize(
    ("mean", "exponential", "days"),
    [(0.0, 20.0, 0), (2.71, 0.1844, 0), (2.71, 0.1846, 1), (1.0, 0.5, 1), (2.0, 3.1, 6)],
)
def test_a_delay_is_rounded_to_the_nearest_day(mean: float, exponential: float, days: int) -> None:
    assert treatment.cycle_delay(mean, exponential) == days


def test_patients_differ_in_their_mean_delay_as_a_gamma(plan: Plan) -> None:
    drawn = words(20250, range(3000), 3, [(97, 1)])[:, 0].tolist()

    means = [treatment.mean_delay(plan.treatment, word) for word in drawn]

    assert stats.kstest(means, stats.gamma(2, scale=2.5 / 2).cdf).pvalue > 0.001


def test_the_mean_delay_of_all_cycles_is_that_of_the_scenario(plan: Plan) -> None:
    drawn = words(20250, range(20_000), 4, [(97, 1)])
    exponentials = unit_exponentials(drawn[:, 1])

    delays = np.array(
        [
            treatment.cycle_delay(treatment.mean_delay(plan.treatment, word), e)
            for word, e in zip(drawn[:, 0].tolist(), exponentials.tolist(), strict=True)
        ]
    )

    # gamma-exponential: variance 2 E[m^2] - E[m]^2; rounding adds less than 0.03 days of bias
    variance = 2 * 2.5**2 * 1.5 - 2.5**2
    assert abs(delays.mean() - 2.5) < 4 * math.sqrt(variance / len(delays)) + 0.03


def test_a_drug_with_a_fixed_number_of_cycles(scenario: Scenario) -> None:
    drug = {"id": 7, "name": "x", "dose": "1 mg", "planned_cycles": {"kind": "fixed", "value": 6}}
    other = {"id": 2, "name": "y", "dose": "1 mg"}
    no_events = {
        "toxicity": None,
        "follow_up.early_stop.adverse_event": None,
        "follow_up.withdrawal_adverse_event": None,
        "sweep": [],
    }
    plan = build_plan(
        scenario.with_overrides({"treatment.drugs": [drug, other], **no_events})
    ).treatment

    assert plan.drug_ids.tolist() == [7, 2]
    assert {treatment.planned_cycles(plan, 0, word) for word in (0, 2**31, 2**32 - 1)} == {6}
    assert treatment.planned_cycles(plan, 1, 2**31) == NEVER
