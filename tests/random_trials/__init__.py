"""Scenarios by chance, for tests of what must hold whatever a scenario says."""

from random_trials.runs import try_random_scenarios
from random_trials.scenarios import (
    changed,
    random_changes,
    random_randomised_scenarios,
    random_scenarios,
)

__all__ = [
    "changed",
    "random_changes",
    "random_randomised_scenarios",
    "random_scenarios",
    "try_random_scenarios",
]
