"""Power by theory held against simulated trials."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulate.design_theory import design_theory
from simulate.look_replicates import run_look_replicates
from simulate.scenario.survival_scenario import SurvivalScenario

N = 10_000


def assert_power_is_simulated(scenario: SurvivalScenario, *, size_within: float) -> None:
    """Power by each look within 4 standard errors and 0.01 for what is not normal; and the size.

    The scenario has one hypothesis, called pfs, at a one-sided alpha of 0.025.
    """
    (one,) = design_theory(scenario).hypotheses
    under, null = one.under("assumed"), one.under("null")
    assert under is not None
    assert null is not None
    looks = run_look_replicates(scenario, replicates=N)
    rejected = np.zeros(N, bool)
    for look, analysis in enumerate(scenario.analyses):
        rejected |= looks[analysis.name].column("pfs.decision") == 1
        wanted = float(under.performance.efficacy[: look + 1].sum())
        error = math.sqrt(wanted * (1.0 - wanted) / N)
        assert float(rejected.mean()) == pytest.approx(wanted, abs=4.0 * error + 0.01)
    assert null.performance.power == pytest.approx(0.025, abs=size_within)
