"""The batch engine against the SimPy engine on more than a thousand random scenarios."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis.strategies import SearchStrategy
from random_trials import random_randomised_scenarios, random_scenarios, try_random_scenarios
from random_trials.runs import EXAMPLES_A_RUN

from simulate.check_engines import check_engines
from simulate.scenario.scenario import Scenario

pytestmark = pytest.mark.verify

BLOCKS = 20
RUNS_A_BLOCK = 6
assert BLOCKS * RUNS_A_BLOCK * EXAMPLES_A_RUN > 1000

FIRST_RUN = 1000
"""The runs before are those of the quick tests."""


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engines_agree_on_random_scenarios(scenario: Scenario, block: int) -> None:
    agree_often(scenario, block, random_scenarios)


@pytest.mark.parametrize("block", range(BLOCKS // 4))
def test_engines_agree_on_random_randomised_scenarios(scenario: Scenario, block: int) -> None:
    agree_often(scenario, block, random_randomised_scenarios)


def agree_often(
    scenario: Scenario,
    block: int,
    scenarios: Callable[[Scenario], SearchStrategy[Scenario]],
) -> None:
    """Both engines make the same trials of all scenarios of a block."""
    tried = 0

    def check(trial: Scenario, replicate: int) -> None:
        nonlocal tried
        tried += 1
        assert check_engines(trial, replicates=1, first=replicate).difference is None

    start = FIRST_RUN + block * RUNS_A_BLOCK
    try_random_scenarios(
        check, scenario, runs=range(start, start + RUNS_A_BLOCK), scenarios=scenarios
    )

    assert tried >= RUNS_A_BLOCK * EXAMPLES_A_RUN
