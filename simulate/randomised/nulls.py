"""Scenarios in which some hypotheses of no effect are true, and which are true in a scenario.

A hypothesis of no effect is true if its endpoint has the same law in both arms, in every patient
whom it tests. So taking its effect away gives the experimental arm, in these patients, the effects
of the control arm on every time that the endpoint depends on; and of a response rate, its rate.
Other patients and other times keep theirs. Some hypotheses cannot be true alone: what lets
overall survival be the same in an illness-death model leaves nothing of progression either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulate.build_survival_plan import all_cells
from simulate.errors import UsageError
from simulate.look_replicates import RandomisedTrial
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import belongs, population_of
from simulate.scenario.survival_model import (
    TRANSITIONS,
    CopulaModel,
    Delayed,
    Diminishing,
    Effect,
    IllnessDeathModel,
    PiecewiseEffect,
    Proportional,
)
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.survival_truth import cell_weights

Plain = dict[str, Any]
When = Mapping[str, Sequence[str]]

_DECIDES = {
    (IllnessDeathModel, "PFS"): ("progression", "death_without_progression"),
    (CopulaModel, "OS"): ("death",),
}
"""Times of a model that an endpoint depends on, where they are not all of them."""


def times_of(trial: SurvivalTrial, event: str) -> tuple[str, ...]:
    """Times of the model that an endpoint of times depends on."""
    of_model = TRANSITIONS[trial.survival.kind]
    return _DECIDES.get((type(trial.survival), event), of_model)


# ---- what is true ---------------------------------------------------------------------------


def true_nulls(trial: RandomisedTrial) -> tuple[str, ...]:
    """Names of the hypotheses of no effect that are true: both arms have the same law.

    Of patients in cycles and scans this is known where the arms do not differ in anything.
    """
    return tuple(each.name for each in trial.hypotheses if is_true_null(trial, each))


def is_true_null(trial: RandomisedTrial, hypothesis: Hypothesis) -> bool:
    """Whether an endpoint has the same law in both arms of a hypothesis, whoever reads it how.

    In every patient whom it tests: of those of a subpopulation in these alone.
    """
    if not isinstance(trial, SurvivalTrial):
        settings = {arm.name: arm.set for arm in trial.arms}
        is_same = settings[hypothesis.experimental] == settings[hypothesis.control]
        return is_same and (trial.event_of(hypothesis.endpoint) != "OS" or _switch_alike(trial))
    return all(
        _law_of(trial, hypothesis, hypothesis.experimental, levels)
        == _law_of(trial, hypothesis, hypothesis.control, levels)
        for levels in cells_of(trial, hypothesis)
    )


def _switch_alike(trial: Trial) -> bool:
    """Whether patients of all arms change treatment alike."""
    ways = [each.model_dump(exclude={"arm"}) for each in trial.switching]
    return not ways or (len(ways) == len(trial.arms) and all(way == ways[0] for way in ways))


def cells_of(trial: SurvivalTrial, hypothesis: Hypothesis) -> list[dict[str, str]]:
    """Levels of the patients whom a hypothesis tests, as far as they matter."""
    population = population_of(hypothesis.population)
    cells = zip(all_cells(trial), cell_weights(trial), strict=True)
    return [levels for levels, weight in cells if weight > 0.0 and belongs(population, levels)]


def _law_of(
    trial: SurvivalTrial, hypothesis: Hypothesis, arm: str, levels: Mapping[str, str]
) -> list[Any]:
    """What makes an endpoint differ from the model as it stands, in patients of an arm."""
    event = trial.event_of(hypothesis.endpoint)
    if event == "ORR":
        assert trial.survival.response is not None  # else there is no such endpoint
        return [trial.survival.response.rate_of(arm, levels)]
    effects = [
        each
        for each in trial.survival.effects
        if each.arm == arm
        and each.on in times_of(trial, event)
        and all(levels[name] in some for name, some in each.when.items())
        and not _does_nothing(each)
    ]
    changes = [each for each in trial.survival.switching if each.arm == arm and event == "OS"]
    laws = [each.model_dump(exclude={"arm", "when"}) for each in (*effects, *changes)]
    return [*laws, *([_calls_of(trial, arm)] if changes else [])]


def _calls_of(trial: SurvivalTrial, arm: str) -> Plain:
    """On what the calls at which patients of an arm change treatment depend."""
    model = trial.survival
    if not trial.switches_at_call:
        return {}
    reader = next(each for each in model.readers if each.name == model.treating_reader)
    calendar = model.calendar_by_arm.get(arm, model.calendar)
    return {"errors": reader.of_arm(arm), "calendar": calendar}


def _does_nothing(effect: Effect) -> bool:
    """Whether an effect multiplies the hazard by 1 all the time."""
    match effect:
        case Proportional(hazard_ratio=ratio) | Delayed(hazard_ratio=ratio):
            return ratio == 1.0
        case Diminishing(hazard_ratio=ratio):
            return ratio == 1.0
        case PiecewiseEffect(hazard_ratios=ratios):
            return all(ratio == 1.0 for ratio in ratios)
    return False


# ---- what is made true ----------------------------------------------------------------------


def without_effect(scenario: SurvivalScenario, names: Sequence[str]) -> dict[str, object]:
    """Changes after which some hypotheses of no effect are true, and others as far as can be not.

    Parameters
    ----------
    scenario
        A trial with plain survival models.
    names
        Names of the hypotheses.

    Raises
    ------
    UsageError
        If there is no such hypothesis, or arms change treatment differently after progression.
    """
    known = {each.name: each for each in scenario.hypotheses}
    for name in names:
        if name not in known:
            raise UsageError(
                f"{scenario.name} has no hypothesis {name} (allowed: {', '.join(known)})"
            )
    effects: list[Plain] = list(scenario.as_written("survival", "effects") or [])
    responses: list[Plain] = list(scenario.as_written("survival", "response", "effects") or [])
    for name in names:
        hypothesis = known[name]
        event = scenario.event_of(hypothesis.endpoint)
        if event == "ORR":
            responses = _levelled(scenario, hypothesis, responses)
            continue
        _same_switching(scenario, hypothesis, event)
        on = times_of(scenario, event)
        touched = [each for each in effects if each["on"] in on]
        effects = [each for each in effects if each["on"] not in on]
        effects += _levelled(scenario, hypothesis, touched)
    changes: dict[str, object] = {"survival.effects": effects} if scenario.survival.effects else {}
    if scenario.survival.response is not None and scenario.survival.response.effects:
        changes["survival.response.effects"] = responses
    return changes


def _same_switching(scenario: SurvivalScenario, hypothesis: Hypothesis, event: str) -> None:
    own = {
        each.arm: each.model_dump(exclude={"arm"})
        for each in scenario.survival.switching
        if each.arm in (hypothesis.experimental, hypothesis.control)
    }
    of_arms = [own.get(arm) for arm in (hypothesis.experimental, hypothesis.control)]
    if event == "OS" and of_arms[0] != of_arms[1]:
        raise UsageError(
            f"{hypothesis.name} cannot be without effect: survival.switching differs between its "
            "arms. Leave out --null-of, or let both arms switch alike"
        )


def _levelled(
    scenario: SurvivalScenario, hypothesis: Hypothesis, effects: Sequence[Plain]
) -> list[Plain]:
    """Effects after which the experimental arm has those of the control arm, in its patients."""
    found: list[Plain] = []
    for effect in effects:
        if effect["arm"] != hypothesis.experimental:
            found.append(effect)
        else:
            found += _outside(scenario, hypothesis.population, effect)
    for effect in effects:
        if effect["arm"] == hypothesis.control:
            when = _both(_when(effect), hypothesis.population)
            if when is not None:
                found.append({**effect, "arm": hypothesis.experimental, "when": when})
    return found


def _outside(scenario: SurvivalScenario, population: When, effect: Plain) -> Iterator[Plain]:
    """An effect for those of its patients who do not belong to a subpopulation, part by part."""
    inside: dict[str, Sequence[str]] = {}
    for name, levels in population.items():
        variable = scenario.baseline.variable(name)
        assert isinstance(variable, LevelsVariable)  # a checked subpopulation has levels
        others = [level for level in variable.level_names if level not in levels]
        when = _both(_when(effect), {**inside, name: others}) if others else None
        if when is not None:
            yield {**effect, "when": when}
        inside[name] = levels


def _when(effect: Plain) -> dict[str, list[str]]:
    found = effect.get("when") or {}
    return {
        str(name): [str(v) for v in (levels if isinstance(levels, list | tuple) else [levels])]
        for name, levels in found.items()
    }


def _both(one: When, other: When) -> dict[str, list[str]] | None:
    """Levels that meet two conditions; None if nobody has them."""
    found = {name: list(levels) for name, levels in one.items()}
    for name, levels in other.items():
        found[name] = [level for level in found.get(name, levels) if level in levels]
    return found if all(found.values()) else None
