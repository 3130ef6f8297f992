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
from simulate.report.design import accrual_in_words, regimen_in_words, scans_in_words
from simulate.report.numbers import capital, counted, listed
from simulate.report.randomised.schema import schema_picture
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.scenario.baseline import Baseline
from simulate.scenario.grid import as_written
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.theory.course import ExpectedTrial

Item = tuple[str, str | list[str]]

_LONGEST_VALUE = 60  # characters

_LONGEST_TEXT = 3
"""Paragraphs of a description that still make one running text."""

_MOST_VARIABLES = 3
"""Variables whose levels are told."""


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
    arms = randomised(view.arms, scenario.randomisation, scenario.baseline)
    if isinstance(scenario, SurvivalScenario):
        expected = ExpectedTrial(scenario)
        yield "Accrual", _text(recruitment(scenario, expected.accrual))
        yield "Baseline", _baseline(scenario.baseline)
        yield "Arms", _text(arms)
        yield from _survival(scenario, expected)
    else:
        sites = counted(scenario.enrolment.sites.count, "site")
        yield "Accrual", f"{capital(accrual_in_words(scenario))}; {sites}."
        yield "Baseline", _baseline(scenario.baseline)
        yield "Arms", _text(arms)
        yield from _patients(scenario)
    for analysis in view.analyses:
        yield f"Look: {look_label(analysis)}", analysis_in_words(analysis, scenario.baseline)
    if scenario.max_study_duration is not None:
        yield "Longest duration", f"{duration(scenario.max_study_duration)} from the origin."
    for hypothesis in view.hypotheses:
        yield f"Hypothesis: {hypothesis.name}", _text(hypothesis_in_words(scenario, hypothesis))
    yield "Estimates", _text(estimates_in_words(scenario))


def _baseline(baseline: Baseline) -> str:
    """The variables with their levels, or their names where they are many."""
    if len(baseline.variables) <= _MOST_VARIABLES:
        return "; ".join(baseline_in_words(baseline))
    titles = [variable.title for variable in baseline.variables]
    return f"{counted(len(titles), 'variable')}: {listed(titles)}."


def _survival(scenario: SurvivalScenario, expected: ExpectedTrial) -> Iterator[Item]:
    """What happens to patients by plain survival models."""
    yield "Disease", _text([model_in_words(scenario), *laws_in_words(scenario)])
    effects = [effect_in_words(scenario, effect) for effect in scenario.survival.effects]
    if len(scenario.arms) > 1:
        yield "Effects", _text(effects) or "No arm has an effect."
    yield "Prognosis", _text(factors_in_words(scenario))
    yield "What is seen", _listed(observed(expected))
    yield "Who leaves", _text(dropout(scenario))


def _patients(scenario: Scenario) -> Iterator[Item]:
    """What patients in cycles and scans are given, and in what the arms differ."""
    for arm, trial in zip(scenario.arms, scenario.arm_trials, strict=True):
        text = f"{regimen_in_words(trial)}; scans {scans_in_words(trial)}"
        if arm.set:
            changes = listed(_change(path, value) for path, value in arm.set.items())
            text += f". It differs from the scenario in {changes}"
        yield f"Arm: {arm.label}", f"{text}."


def _change(path: str, value: object) -> str:
    """A field that an arm sets, with its value if that is short; the register has the others."""
    text = as_written(value)
    return f"{path} = {text}" if len(text) <= _LONGEST_VALUE else path


def _text(lines: Iterable[str]) -> str:
    """Lines of a description as one running text."""
    return " ".join(line.strip() for line in lines)


def _listed(lines: list[str]) -> str | list[str]:
    """The paragraphs of a description, one by one where there are many."""
    paragraphs: list[str] = []
    for line in lines:
        continues = line.startswith("    ")  # later lines of a paragraph hang further in
        if continues and paragraphs:
            paragraphs[-1] += f" {line.strip()}"
        else:
            paragraphs.append(line.strip())
    return paragraphs if len(paragraphs) > _LONGEST_TEXT else " ".join(paragraphs)
