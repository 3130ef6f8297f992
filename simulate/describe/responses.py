"""Objective response and subpopulations in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulate.describe.words import duration, listing, paragraph, paragraphs, percent, table
from simulate.scenario.baseline import Baseline
from simulate.scenario.response_model import ResponseEffect
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.theory.course import ExpectedTrial


def levels_in_words(baseline: Baseline, levels: Mapping[str, Sequence[str]]) -> str:
    """Levels that must match: ``Biomarker is positive and Stage is II or III``."""
    return listing(
        f"{baseline.variable(name).title} is {listing(some, last='or')}"
        for name, some in levels.items()
    )


def population_of_hypothesis(baseline: Baseline, levels: Mapping[str, Sequence[str]]) -> str:
    """In whom something is tested or counted, to follow what it is; nothing of all patients."""
    return f" in patients whose {levels_in_words(baseline, levels)}" if levels else ""


def response_in_words(trial: SurvivalTrial) -> Iterator[str]:
    """The response model: rates, what changes them, and when they are known."""
    model = trial.survival.response
    if model is None:
        return
    yield (
        f"Objective response: {percent(model.rate)} of all patients, known "
        f"{duration(model.evaluable_after)} after randomisation. Who has progressed, died or "
        "dropped out by then has no response."
    )
    for effect in model.effects:
        yield _effect(trial, effect)
    for factor in model.prognostic_factors:
        title = trial.baseline.variable(factor.variable).title
        yield (
            f"Prognostic of response in all arms: {title} {factor.level}, odds ratio "
            f"{factor.odds_ratio:g}."
        )
    if model.correlation:
        what = "the event" if trial.survival.kind == "single" else "progression"
        yield (
            f"The normal scores of response and of the time to {what} have the correlation "
            f"{model.correlation:g}: those who respond have it "
            f"{'later' if model.correlation > 0 else 'earlier'}."
        )


def _effect(trial: SurvivalTrial, effect: ResponseEffect) -> str:
    whom = f" if {levels_in_words(trial.baseline, effect.when)}" if effect.when else ""
    what = (
        f"odds ratio {effect.odds_ratio:g}"
        if effect.rate is None
        else f"{percent(effect.rate)} of all patients"
    )
    return f"{trial.arm(effect.arm).label}, on response{whom}: {what}."


def implied_rates(expected: ExpectedTrial) -> list[str]:
    """Response rates by arm, of all patients and of each subpopulation that is tested."""
    trial = expected.trial
    if trial.survival.response is None:
        return []
    populations = [each.population for each in trial.hypotheses if each.population]
    named = {levels_in_words(trial.baseline, each): each for each in populations}
    groups = {"all patients": {}, **named}
    rows = [
        [arm.label, *(percent(expected.rate(arm.name, each)) for each in groups.values())]
        for arm in trial.arms
    ]
    return [
        *paragraph("Objective response rates that this implies:"),
        *table(["", *groups], rows, indent=4),
    ]


def evaluable_in_words(trial: SurvivalTrial) -> list[str]:
    """Who is counted in response rates at a look."""
    model = trial.survival.response
    if model is None:
        return []
    return paragraphs(
        "Response rates at a look are those of the patients who were randomised "
        f"{duration(model.evaluable_after)} before the data cut, or earlier."
    )
