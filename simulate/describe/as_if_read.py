"""What the theory of a hypothesis leaves out where readers, rules or later therapy have a say."""

from __future__ import annotations

from simulate.describe.words import listing
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.reading import AnyScenario
from simulate.scenario.survival_scenario import SurvivalScenario

AS_IF_READ = "as if scans were read without error and every event counted"
"""How theory takes endpoints that readers, missed scans or rules of censoring change."""


def as_if_in_words(scenario: AnyScenario, hypothesis: Hypothesis) -> str:
    """How theory takes the endpoint and the looks of a hypothesis; nothing if as they are."""
    endpoint = hypothesis.endpoint
    if scenario.is_read_endpoint(endpoint):
        if scenario.event_of(endpoint) == "OS":
            taken = (
                "as if treatment changed at progression itself, not at the call"
                if isinstance(scenario, SurvivalScenario)
                else "as if nobody changed treatment"
            )
            return f"Days, events and power are {taken}: simulate run tells what they are."
        return (
            f"Days, events and power are {AS_IF_READ}: simulate run tells what readers, missed "
            "scans and rules of censoring make of them."
        )
    waits = [each for each in _triggers(scenario, hypothesis) if scenario.is_read_endpoint(each)]
    if not waits:
        return ""
    return (
        f"Looks wait for events of {listing(waits)}, and are expected {AS_IF_READ}: simulate run "
        "tells when they are, and the power by then."
    )


def _triggers(scenario: AnyScenario, hypothesis: Hypothesis) -> list[str]:
    """Endpoints whose events trigger looks of a hypothesis."""
    found = [
        trigger.events.endpoint
        for analysis in scenario.analyses_of(hypothesis)
        for trigger in analysis.cut.triggers
        if trigger.events is not None
    ]
    return list(dict.fromkeys(found))
