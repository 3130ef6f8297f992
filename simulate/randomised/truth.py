"""The true hazard ratio of a comparison, where there is one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simulate.look_replicates import RandomisedTrial
from simulate.randomised.nulls import cells_of
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_model import (
    Effect,
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
    if trial.is_rate(hypothesis.endpoint):
        return math.nan  # a rate has no hazards
    effects = {
        arm: _effects_of(trial, arm, hypothesis)
        for arm in (hypothesis.experimental, hypothesis.control)
    }
    if not any(effects.values()):
        return 0.0
    if not isinstance(trial.survival, SingleModel):
        return math.nan
    experimental, control = (_log_ratio(of_arm) for of_arm in effects.values())
    return experimental - control


def _effects_of(trial: SurvivalTrial, arm: str, hypothesis: Hypothesis) -> list[Effect]:
    """Effects on patients of a hypothesis in an arm, without condition if all of them have it."""
    cells, found = cells_of(trial, hypothesis), []
    for effect in trial.survival.effects:
        has = [all(c[name] in some for name, some in effect.when.items()) for c in cells]
        if effect.arm == arm and any(has):
            found.append(effect.model_copy(update={"when": {}}) if all(has) else effect)
    return found


def _log_ratio(effects: list[Effect]) -> float:
    """Log hazard ratio of an arm against the model, or nan if it is not one number."""
    if not all(isinstance(each, Proportional) and not each.when for each in effects):
        return math.nan
    return sum(math.log(each.hazard_ratio) for each in effects if isinstance(each, Proportional))
