"""Arms, randomisation and looks of a trial with patients in cycles and scans, in words."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.describe.monitoring import (
    analysis_in_words,
    estimates_in_words,
    hypothesis_in_words,
)
from simulate.describe.multiplicity import sharing_in_words
from simulate.describe.randomisation import randomised
from simulate.describe.readers import review_in_words
from simulate.describe.words import duration, listing, paragraphs
from simulate.scenario import Scenario


def arms_in_words(scenario: Scenario) -> list[str]:
    """Who gets what, and by what chance."""
    return [
        *randomised(scenario.arms, scenario.randomisation, scenario.baseline),
        *paragraphs(
            *_changes(scenario),
            "What follows describes the first arm, and of the others what differs, each as if all "
            "patients were in it.",
        ),
    ]


def _changes(scenario: Scenario) -> Iterator[str]:
    for arm in scenario.arms:
        fields = listing(arm.set) if arm.set else "nothing: the scenario as it stands"
        yield f"{arm.label} (id {arm.id}) sets {fields}."


def looks_in_words(scenario: Scenario) -> list[str]:
    """When the data are cut, and what is tested and estimated."""
    assert scenario.max_study_duration is not None  # the scenario's rules demand it
    looks = (analysis_in_words(each, scenario.baseline) for each in scenario.analyses)
    lines = paragraphs(*review_in_words(scenario), *looks, _responses(scenario))
    lines += sharing_in_words(scenario)
    for hypothesis in scenario.hypotheses:
        lines += hypothesis_in_words(scenario, hypothesis)
    lines += estimates_in_words(scenario)
    end = f"The trial ends {duration(scenario.max_study_duration)} after the origin at the latest."
    return [*lines, *paragraphs(end)]


def _responses(scenario: Scenario) -> str:
    """Which responses are compared, and among whom."""
    if not any(map(scenario.is_rate, scenario.endpoint_names)):
        return ""
    after = scenario.endpoints.evaluable_after
    whom = f"{duration(after)} before the cut, or earlier" if after else "by the cut"
    return (
        "Response rates of arms (ORR) are of confirmed responses that the data cut knows, among "
        f"the patients randomised {whom}."
    )
