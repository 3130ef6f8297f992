"""The true hazard ratio of a comparison, where there is one."""

from __future__ import annotations

import math

from simulate.look_replicates import RandomisedTrial
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_model import Effect, Proportional, SingleModel
from simulate.scenario.trial import Trial


def true_log_hazard_ratios(trial: RandomisedTrial) -> dict[str, float]:
    """True log hazard ratio by the name of the hypothesis; without those that have none.

    There is one where hazards are proportional: in a model of one event whose effects are all
    proportional and the same for all patients, and under the null hypothesis in any model. It is
    that of a patient, given his prognostic factors; a test that does not account for these
    estimates one nearer to 1.
    """
    found = {each.name: true_log_hazard_ratio(trial, each) for each in trial.hypotheses}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def true_log_hazard_ratio(trial: RandomisedTrial, hypothesis: Hypothesis) -> float:
    """True log hazard ratio of a hypothesis, or nan where hazards are not proportional."""
    if isinstance(trial, Trial):
        same = trial.arm(hypothesis.experimental).set == trial.arm(hypothesis.control).set
        return 0.0 if same else math.nan
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
