"""The published trial with arms, for tests."""

from __future__ import annotations

from typing import Any

from simulate.scenario.scenario import Scenario

CONTROL: dict[str, Any] = {
    "disease.response.probability": 0.3,
    "disease.progression.responders": {"kind": "exponential", "median": "10 months"},
    "treatment.cycle_length": "28 days",
    "assessment.calendar": [{"every": "3 weeks"}],
    "follow_up.death_window": "0 days",
}
"""What an arm may change: the disease, the treatment, the scans, who leaves."""

LOOKS: list[dict[str, Any]] = [
    {"id": 1, "name": "interim", "cut": {"events": {"endpoint": "PFS", "count": 12}}},
    {"id": 2, "name": "final", "cut": {"events": {"endpoint": "PFS", "count": 20}}},
]

RANDOMISED: dict[str, Any] = {
    "facts": None,
    "sweep": [],
    "sample_size": 40,
    "randomisation": {"block_sizes": [3, 6], "strata": ["visceral"]},
    "arms": [
        {"id": 3, "name": "kn026", "title": "KN026 + docetaxel", "allocation": 2},
        {"id": 8, "name": "control", "set": CONTROL},
    ],
    "max_study_duration": "44 months",
    "analyses": LOOKS,
}
"""Changes that make the published trial a randomised one."""


def randomised(scenario: Scenario, **changes: Any) -> Scenario:
    """The published trial randomised, with some top-level blocks changed once more."""
    return scenario.with_overrides(RANDOMISED | changes)
