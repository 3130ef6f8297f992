"""The scenario files of the project, by what they describe."""

from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "scenarios"
ALL = sorted(SCENARIOS.glob("*.yaml"))
OF_SURVIVAL = [path for path in ALL if "\nsurvival:" in path.read_text("utf-8")]
"""Randomised trials with plain survival models."""
OF_PATIENTS = [path for path in ALL if path not in OF_SURVIVAL]
"""Trials with patients in cycles and scans."""
WITHOUT_ARMS = [path for path in OF_PATIENTS if "\narms:" not in path.read_text("utf-8")]
"""Trials of one arm."""
