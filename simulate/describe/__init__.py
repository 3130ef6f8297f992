"""A scenario in plain words, before anything runs: most wrong inputs are found by reading it."""

from simulate.describe.survival import describe_survival
from simulate.describe.text import describe as describe_patients
from simulate.scenario.reading import AnyScenario
from simulate.scenario.survival_scenario import SurvivalScenario

__all__ = ["describe"]


def describe(scenario: AnyScenario) -> str:
    """Say a scenario of any kind in plain words: who, when, what, and what to expect of it."""
    if isinstance(scenario, SurvivalScenario):
        return describe_survival(scenario)
    return describe_patients(scenario)
