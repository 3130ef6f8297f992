"""Rules of objective response in trials with plain survival models."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.response_model import ResponseEffect, ResponseModel
from simulate.scenario.rules import factors_of_levels, levels_exist, variables_of
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path

_WHERE: Path = ("survival", "response")


def responses_are_possible(trial: SurvivalTrial) -> Iterator[Finding]:
    """Arms and levels of a response model exist, and its time comes before the trial ends."""
    model, variables = trial.survival.response, variables_of(trial)
    if model is None:
        return
    if model.evaluable_after > trial.max_study_duration:
        yield Finding(
            (*_WHERE, "evaluable_after"),
            "nobody is followed so long: the trial ends before "
            f"(given: {model.evaluable_after} days; "
            f"max_study_duration: {trial.max_study_duration:g} days)",
        )
    for index, effect in enumerate(model.effects):
        where: Path = (*_WHERE, "effects", index)
        yield from arm_exists(trial.arms, effect.arm, (*where, "arm"))
        for name, levels in effect.when.items():
            yield from levels_exist(variables, name, levels, (*where, "when", name))
    yield from factors_of_levels(
        model.prognostic_factors, variables, (*_WHERE, "prognostic_factors")
    )
    yield from _one_rate(model)
    if len(trial.arms) == 1 and model.effects:
        yield Finding(
            (*_WHERE, "effects"),
            "a single arm follows the model as it stands and has no effects",
            "Change the model's own rate",
        )


def _one_rate(model: ResponseModel) -> Iterator[Finding]:
    """Nobody has two rates."""
    before: list[ResponseEffect] = []
    for index, effect in enumerate(model.effects):
        if effect.rate is None:
            continue
        if any(_share_patients(effect, other) for other in before):
            yield Finding(
                (*_WHERE, "effects", index),
                f"patients of the arm {effect.arm} have a rate already",
                "Give the rates a when that keeps their patients apart",
            )
        before.append(effect)


def _share_patients(one: ResponseEffect, other: ResponseEffect) -> bool:
    both = one.when.keys() & other.when.keys()
    apart = any(set(one.when[name]).isdisjoint(other.when[name]) for name in both)
    return one.arm == other.arm and not apart
