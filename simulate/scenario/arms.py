"""Arms of a trial with patients in cycles and scans: the scenario with some fields changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from simulate.scenario.randomisation import Arm

SETTABLE = ("disease", "treatment", "toxicity", "assessment", "follow_up")
"""Blocks in which arms may differ: the rules that a patient follows once enrolled."""


class TrialArm(Arm):
    """One arm: the scenario, with the fields that it sets."""

    set: Mapping[str, Any] = Field(default_factory=dict)
    """Fields to change, such as disease.response.probability: 0.6; a block replaces the whole.

    By default the arm is the scenario as it stands.
    """
