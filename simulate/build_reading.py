"""From a scenario to how scans are read, and who changes treatment: arm by arm, as tables."""

from __future__ import annotations

import math

import numpy as np

from simulate.distributions import FloatArray, threshold, thresholds
from simulate.patient.reading import InvestigatorPlan
from simulate.patient.switching import SwitchPlan
from simulate.scenario.trial import Trial


def most_scans(trial: Trial) -> int:
    """More scans than a patient can have: there is one a day at most."""
    return 1 + math.floor(trial.max_study_duration or 0)


def late_scans(missed: float, n_scans: int) -> FloatArray:
    """Probability that a reader overlooks progression at 0, 1, ... scans at most."""
    return np.asarray(1.0 - missed ** (np.arange(n_scans) + 1.0))


def early_scan(early: float, n_scans: int) -> FloatArray:
    """Probability that a reader would call progression at scan 0, 1, ... at the latest."""
    return np.asarray(1.0 - (1.0 - early) ** np.arange(n_scans))


def first_word_of(reader_id: int) -> int:
    """Index of the first of a reader's two words."""
    return 2 * (reader_id - 1)


def investigator_plan(trial: Trial, arm: str = "") -> InvestigatorPlan:
    """How the investigator errs in an arm; not at all without arms."""
    reader = trial.investigator
    missed, early = (0.0, 0.0) if reader is None else reader.of_arm(arm)
    if reader is None or (missed == 0.0 and early == 0.0):
        nothing = np.zeros(1, np.int64)
        return InvestigatorPlan(0, 0, nothing, nothing)
    n_scans = most_scans(trial)
    return InvestigatorPlan(
        errs=1,
        first_word=first_word_of(reader.id),
        late=thresholds(late_scans(missed, n_scans)),
        early=thresholds(early_scan(early, n_scans)),
    )


def switch_plan(trial: Trial, arm: str = "") -> SwitchPlan:
    """Who of an arm changes treatment."""
    for each in trial.switching:
        if each.arm == arm:
            delay = math.ceil(each.delay)
            return SwitchPlan(threshold(each.probability), delay, each.hazard_ratio)
    return SwitchPlan(0, 0, 1.0)
