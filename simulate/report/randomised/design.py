"""The section on the design: its picture, and the scenario in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulate.describe.monitoring import (
    analysis_in_words,
    estimates_in_words,
    hypothesis_in_words,
)
from simulate.describe.patients import baseline_in_words
from simulate.describe.randomisation import randomised
from simulate.describe.recruitment import recruitment
from simulate.describe.survival_model import (
    dropout,
    effect_in_words,
    factors_in_words,
    laws_in_words,
    model_in_words,
    observed,
)
from simulate.describe.words import duration
from simulate.report.blocks import Heading, Listing, Prose, Section
from simulate.report.numbers import listed
from simulate.report.randomised.schema import schema_picture
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.theory.course import ExpectedTrial

Item = tuple[str, str]


def design_section(view: RandomisedView) -> Section:
    """The trial in a picture and in words."""
    introduction = (
        "Patients come, are randomised, progress and die day by day; the data are cut as the "
        "design says, tested against its bounds, and the trial stops or goes on. The whole is "
        "repeated with fresh random numbers."
        if view.hypotheses
        else "Patients come, progress and die day by day, and the data are cut as the design says. "
        "The whole is repeated with fresh random numbers."
    )
    items = [item for item in _items(view) if item[1]]
    return Section(
        "design",
        "The design",
        [Prose(introduction), schema_picture(view), Heading("In words"), Listing(items)],
    )


def _items(view: RandomisedView) -> Iterator[Item]:
    scenario = view.scenario
    assert scenario.max_study_duration is not None  # a randomised trial has it
    yield from _patients(view)
    for analysis in view.analyses:
        yield f"Look: {look_label(analysis)}", analysis_in_words(analysis)
    yield "Longest duration", f"{duration(scenario.max_study_duration)} from the origin."
    for hypothesis in view.hypotheses:
        yield f"Hypothesis: {hypothesis.name}", _text(hypothesis_in_words(scenario, hypothesis))
    yield "Estimates", _text(estimates_in_words(scenario.estimates, view.endpoints))


def _patients(view: RandomisedView) -> Iterator[Item]:
    """Who the patients are, what they are given, and what happens to them."""
    scenario = view.scenario
    arms = _text(randomised(view.arms, scenario.randomisation, scenario.baseline))
    if isinstance(scenario, SurvivalScenario):
        expected = ExpectedTrial(scenario)
        yield "Accrual", _text(recruitment(scenario, expected.accrual))
        yield "Baseline", _text(baseline_in_words(scenario.baseline))
        yield "Arms", arms
        yield from _survival(scenario)
        yield "What is seen", _text(observed(expected))
        yield "Who leaves", _text(dropout(scenario))
        return
    yield "Patients", "In cycles and scans, as `simulate describe` tells in full."
    yield "Arms", arms
    for arm in scenario.arms:
        fields = listed(arm.set) if arm.set else "nothing: it is the scenario as it stands"
        yield arm.label, f"Sets {fields}."


def _survival(scenario: SurvivalScenario) -> Iterator[Item]:
    yield "Disease", _text([model_in_words(scenario), *laws_in_words(scenario)])
    effects = [effect_in_words(scenario, effect) for effect in scenario.survival.effects]
    if len(scenario.arms) > 1:
        yield "Effects", _text(effects) or "No arm has an effect."
    yield "Prognosis", _text(factors_in_words(scenario))


def _text(lines: Iterable[str]) -> str:
    """Lines of a description as one running text."""
    return " ".join(line.strip() for line in lines)
