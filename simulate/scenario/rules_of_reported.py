"""Rules of what is held against other trials."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.survival_trial import SurvivalTrial


def reported_medians_have_their_like(trial: SurvivalTrial) -> Iterator[Finding]:
    """Endpoint and arm of each reported median exist."""
    names = trial.endpoint_names
    for index, each in enumerate(trial.reported_medians):
        place = ("reported_medians", index)
        if each.endpoint not in names:
            yield Finding(
                (*place, "endpoint"),
                f"there is no such endpoint (given: {each.endpoint}; allowed: {', '.join(names)})",
                similar(each.endpoint, names),
            )
        yield from arm_exists(trial.arms, each.arm, (*place, "arm"))
