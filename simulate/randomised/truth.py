"""The true hazard ratio of a comparison, where there is one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulate.look_replicates import RandomisedTrial
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_model import (
    CopulaModel,
    Delayed,
    Diminishing,
    Effect,
    IllnessDeathModel,
    PiecewiseEffect,
    Proportional,
    SingleModel,
)
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.theory.course import ASSUMED

if TYPE_CHECKING:
    import pandas as pd


def true_log_hazard_ratios(trial: RandomisedTrial) -> dict[str, float]:
    """True log hazard ratio by the name of the hypothesis; without those that have none.

    There is one where hazards are proportional: in a model of one event whose effects are all
    proportional and the same for all patients, and under the null hypothesis in any model. It is
    that of a patient, given his prognostic factors; a test that does not account for these
    estimates one nearer to 1.
    """
    found = {each.name: true_log_hazard_ratio(trial, each) for each in trial.hypotheses}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def average_log_hazard_ratios(theory: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Log of the average hazard ratio that theory expects, by hypothesis and analysis.

    Where hazards are not proportional there is no other one to hold an estimate against: it
    depends on the follow-up, so that each look has its own.

    Parameters
    ----------
    theory : DataFrame
        `simulate.design_theory.DesignTheory.table`; it may be empty.
    """
    found: dict[str, dict[str, float]] = {}
    if theory.empty:
        return found
    for row in theory[theory["truth"] == ASSUMED].to_dict("records"):
        if row["hazard_ratio"] > 0.0:  # there is one where events are expected in both arms
            of_hypothesis = found.setdefault(str(row["hypothesis"]), {})
            of_hypothesis[str(row["analysis"])] = math.log(row["hazard_ratio"])
    return found


def true_log_hazard_ratio(trial: RandomisedTrial, hypothesis: Hypothesis) -> float:
    """True log hazard ratio of a hypothesis, or nan where hazards are not proportional."""
    if isinstance(trial, Trial):
        settings = {arm.name: arm.set for arm in trial.arms}
        is_null = settings[hypothesis.experimental] == settings[hypothesis.control]
        return 0.0 if is_null else math.nan
    effects = {
        arm: [each for each in trial.survival.effects if each.arm == arm]
        for arm in (hypothesis.experimental, hypothesis.control)
    }
    if not any(effects.values()):
        return 0.0
    if not isinstance(trial.survival, SingleModel):
        return math.nan
    experimental, control = (_log_ratio(of_arm) for of_arm in effects.values())
    return experimental - control


def _log_ratio(effects: list[Effect]) -> float:
    """Log hazard ratio of an arm against the model, or nan if it is not one number."""
    if not all(isinstance(each, Proportional) and not each.when for each in effects):
        return math.nan
    return sum(math.log(each.hazard_ratio) for each in effects if isinstance(each, Proportional))


_DECIDES = {
    (IllnessDeathModel, "PFS"): ("progression", "death_without_progression"),
    (CopulaModel, "OS"): ("death",),
}
"""Times of a model that an endpoint depends on, where they are not all of them."""


def true_nulls(trial: RandomisedTrial) -> tuple[str, ...]:
    """Names of the hypotheses of no effect that are true: both arms have the same law.

    Of patients in cycles and scans this is known where the arms do not differ in anything.
    """
    return tuple(each.name for each in trial.hypotheses if is_true_null(trial, each))


def is_true_null(trial: RandomisedTrial, hypothesis: Hypothesis) -> bool:
    """Whether an endpoint has the same law in both arms of a hypothesis, whoever reads it how."""
    if isinstance(trial, Trial):
        is_same = true_log_hazard_ratio(trial, hypothesis) == 0.0
        return is_same and (trial.event_of(hypothesis.endpoint) != "OS" or _switch_alike(trial))
    event = trial.event_of(hypothesis.endpoint)
    experimental, control = (
        _law_of(trial, event, arm) for arm in (hypothesis.experimental, hypothesis.control)
    )
    return experimental == control


def _switch_alike(trial: Trial) -> bool:
    """Whether patients of all arms change treatment alike."""
    ways = [each.model_dump(exclude={"arm"}) for each in trial.switching]
    return not ways or (len(ways) == len(trial.arms) and all(way == ways[0] for way in ways))


def _law_of(trial: SurvivalTrial, event: str, arm: str) -> list[dict[str, Any]]:
    """What makes an event of an arm differ from the model as it stands."""
    times = _DECIDES.get((type(trial.survival), event))
    effects = [
        each
        for each in trial.survival.effects
        if each.arm == arm and (times is None or each.on in times) and not _does_nothing(each)
    ]
    changes = [each for each in trial.survival.switching if each.arm == arm and event == "OS"]
    return [each.model_dump(exclude={"arm"}) for each in (*effects, *changes)]


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
