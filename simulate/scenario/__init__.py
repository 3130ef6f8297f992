"""The scenario: one trial described in one YAML file, read, checked and frozen."""

from simulate.scenario.provenance import RegisterRow
from simulate.scenario.scenario import Scenario

__all__ = ["RegisterRow", "Scenario"]
