"""The reader scenario against the medians of the sister trial, which its errors are chosen for."""

from __future__ import annotations

import numpy as np
import pytest
from scenario_files import SCENARIOS
from survival_files import survival_scenario

from simulate.look_replicates import run_look_replicates
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.units import DAYS_PER_MONTH

pytestmark = pytest.mark.verify


def test_half_of_the_trials_have_medians_below_those_of_the_sister_trial() -> None:
    """Within 4 Monte Carlo standard errors of the choice's own precision, a share of 0.45 to 0.55.

    The means over trials are within a quarter of the time between scans, which is 12 weeks.
    """
    n = 1000
    scenario = survival_scenario(SCENARIOS / "kn026_phase3_readers.yaml", "sweep=[]", "grid=null")
    looks = Looks(run_look_replicates(scenario, replicates=n, engine="batch", workers=2))
    outcomes = Outcomes(looks, scenario.analyses, scenario.hypotheses, scenario.endpoint_names)

    assert [each.median / DAYS_PER_MONTH for each in scenario.reported_medians] == [26.9, 20.7]
    for each in scenario.reported_medians:
        medians = outcomes.at_stop(f"{each.endpoint.lower()}.median.{each.arm}")
        months = each.median / DAYS_PER_MONTH
        error = np.sqrt(0.25 / n)
        assert 0.45 - 4 * error < np.mean(medians < months) < 0.55 + 4 * error
        mean = medians[np.isfinite(medians)].mean()
        assert abs(mean - months) < 12 * 7 / DAYS_PER_MONTH / 4
