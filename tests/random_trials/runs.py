"""Trying something on many random scenarios: the same ones whenever the tests run."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from random_trials.scenarios import random_scenarios
from simulate.scenario.scenario import Scenario

EXAMPLES_A_RUN = 12
"""Scenarios of a run.

From the eleventh example on, Hypothesis varies those that it has instead of making new ones; so
many short runs hold scenarios that differ more from one another than one long run does.
"""

_SETTINGS = settings(
    max_examples=EXAMPLES_A_RUN,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def try_random_scenarios(
    check: Callable[[Scenario, int], None],
    published: Scenario,
    *,
    runs: range,
    scenarios: Callable[[Scenario], st.SearchStrategy[Scenario]] = random_scenarios,
) -> None:
    """Call a check with random scenarios and replicate numbers.

    Parameters
    ----------
    check : callable
        Given a scenario and a replicate; raises if something is wrong. Hypothesis then looks for
        the simplest scenario with which it does.
    published : Scenario
        The scenario of ``scenarios/kn026_phase2.yaml``.
    runs : range
        Numbers of the runs: others hold other scenarios.
    scenarios : callable
        Gives the strategy by which scenarios are drawn; by default trials of one arm.
    """
    for run in runs:

        def check_one(scenario: Scenario, replicate: int) -> None:
            check(scenario, replicate)

        chances = {"scenario": scenarios(published), "replicate": st.integers(0, 2**32 - 1)}
        seed(run)(_SETTINGS(given(**chances)(check_one)))()
