"""Randomised survival trials for tests: the project's files, with fields changed."""

from pathlib import Path

from simulate.scenario.reading import read_scenario
from simulate.scenario.survival_scenario import SurvivalScenario

ROOT = Path(__file__).parents[1]
TWO_ARMS = ROOT / "scenarios" / "generic_two_arm.yaml"
THREE_LOOKS = ROOT / "benchmarks" / "three_looks.yaml"

ONE_LOOK = (
    "analyses=[{id: 1, name: final, cut: {events: {endpoint: PFS, count: 508}}}]",
    "hypotheses.pfs.efficacy=null",
)
"""The three looks as a fixed design."""


def survival_scenario(path: Path, *overrides: str) -> SurvivalScenario:
    """A scenario file with some fields changed."""
    scenario = read_scenario(path, overrides)
    assert isinstance(scenario, SurvivalScenario)
    return scenario
