"""The scenario of a randomised trial with plain survival models, read and checked."""

from __future__ import annotations

from typing import Any, ClassVar

from simulate.scenario.layered import SAYS_NOTHING_OF_PATIENTS, LayeredScenario
from simulate.scenario.survival_trial import SurvivalTrial


class SurvivalScenario(LayeredScenario, SurvivalTrial):
    """One randomised trial with plain survival models, described and checked; frozen.

    Its fields are the keys of the scenario file, with durations in days and rates per day.
    """

    not_in_digest: ClassVar[dict[str, Any]] = {
        **SAYS_NOTHING_OF_PATIENTS,
        "reported_medians": True,
        "arms": {"__all__": {"title": True}},
        "baseline": {"variables": {"__all__": {"label": True}}},
    }
