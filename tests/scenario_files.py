"""The scenario files of the project, by what they describe."""

import re
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def text_of(path: Path) -> str:
    """Text of a scenario file and of those that it extends."""
    text = path.read_text("utf-8")
    above = re.search(r"^extends: (\S+)$", text, re.MULTILINE)
    return text if above is None else text + text_of(path.parent / above[1])


ALL = sorted(SCENARIOS.glob("*.yaml"))
OF_SURVIVAL = [path for path in ALL if "\nsurvival:" in text_of(path)]
"""Randomised trials with plain survival models."""
OF_PATIENTS = [path for path in ALL if path not in OF_SURVIVAL]
"""Trials with patients in cycles and scans."""
WITHOUT_ARMS = [path for path in OF_PATIENTS if "\narms:" not in text_of(path)]
"""Trials of one arm."""
