"""The scenario: one trial described in one YAML file, read, checked and frozen."""

from simulate.scenario.provenance import RegisterRow
from simulate.scenario.reading import AnyScenario, read_scenario
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario

__all__ = ["AnyScenario", "RegisterRow", "Scenario", "SurvivalScenario", "read_scenario"]
