"""The true survival of each arm of a randomised survival trial, by formula.

Days are whole, as in the engines: a time T is the day ceil(T), and after progression the clock of
death starts anew on a whole day. So these are the very probabilities with which trials are
simulated (to 2**-32, and 1e-6 for a copula), and theory and simulation stand on the same ground.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from simulate.bivariate_normal import both_above
from simulate.build_survival_plan import all_cells, build_baseline, scan_days, switching_of
from simulate.distributions import FloatArray, IntArray
from simulate.patient.baseline import BaselinePlan, case_applies
from simulate.patient.survival import DEATH, DEATH_AFTER, DEATH_AFTER_SWITCH, DROPOUT, EVENT
from simulate.scenario.survival_model import CopulaModel, SingleModel
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_hazards import Hazards, Levels


class ArmTruth(NamedTuple):
    """Survival of an arm (or a cell of it): entry d is the probability of more than d days."""

    pfs: FloatArray | None
    """Progression-free survival as it truly is; None if the model has none."""
    pfs_seen: FloatArray | None
    """The same as it is seen: at scans where the scenario observes by scans, else the same."""
    os: FloatArray | None
    """Overall survival; None if the model has none."""
    in_study: FloatArray
    """Probability of no dropout by the end of day d; dropout is independent of the disease."""


def survival_truth(trial: SurvivalTrial, *, last_day: int | None = None) -> tuple[ArmTruth, ...]:
    """True survival of each arm, all patients together.

    Parameters
    ----------
    trial : SurvivalTrial
        The scenario.
    last_day : int
        Last day since randomisation; by default the longest duration of the trial.

    Returns
    -------
    tuple of ArmTruth
        One an arm, in the scenario's order; arrays of length ``last_day + 1``.
    """
    weights = cell_weights(trial)
    return tuple(_mixed(by_cell, weights) for by_cell in truth_by_cell(trial, last_day=last_day))


def truth_by_cell(
    trial: SurvivalTrial, *, last_day: int | None = None
) -> tuple[tuple[ArmTruth, ...], ...]:
    """True survival by arm and by cell (:func:`simulate.build_survival_plan.all_cells`)."""
    last = math.floor(trial.max_study_duration) if last_day is None else last_day
    hazards = Hazards(trial, last)
    cells = all_cells(trial)
    return tuple(
        tuple(_truth_of_cell(trial, hazards, arm.name, cell, last) for cell in cells)
        for arm in trial.arms
    )


def cell_weights(trial: SurvivalTrial) -> FloatArray:
    """Probability of each cell of baseline variables."""
    plan, strides = build_baseline(trial)
    weights = np.zeros(len(all_cells(trial)))

    def follow(levels: list[int], cell: int, probability: float) -> None:
        variable = len(levels)
        if variable == len(strides):
            weights[cell] += probability
            return
        for level, chance in enumerate(_level_chances(plan, variable, levels)):
            if chance > 0.0:
                at = cell + int(strides[variable]) * level
                follow([*levels, level], at, probability * chance)

    follow([], 0, 1.0)
    return weights


def _level_chances(plan: BaselinePlan, variable: int, levels: list[int]) -> FloatArray:
    case = int(plan.case_start[variable])
    while not case_applies(plan, case, levels):
        case += 1
    table = np.asarray(plan.thresholds)[plan.level_start[case] : plan.level_start[case + 1]]
    return np.diff(table, prepend=0) / 2.0**32


def _mixed(by_cell: tuple[ArmTruth, ...], weights: FloatArray) -> ArmTruth:
    """All cells together, by their weights."""

    def mix(curves: tuple[FloatArray | None, ...]) -> FloatArray | None:
        known = [curve for curve in curves if curve is not None]
        return np.asarray(weights @ np.array(known)) if known else None

    pfs, pfs_seen, os, in_study = (mix(curves) for curves in zip(*by_cell, strict=True))
    assert in_study is not None  # every cell has one
    return ArmTruth(pfs, pfs_seen, os, in_study)


def _truth_of_cell(
    trial: SurvivalTrial, hazards: Hazards, arm: str, cell: Levels, last: int
) -> ArmTruth:
    model = trial.survival
    event = _survival(hazards, EVENT, arm, cell, last)
    in_study = _survival(hazards, DROPOUT, arm, cell, last)
    seen_until = _last_scans(trial, arm, last)
    if isinstance(model, SingleModel):
        if model.endpoint == "OS":
            return ArmTruth(None, None, event, in_study)
        return ArmTruth(event, event[seen_until], None, in_study)
    death = _survival(hazards, DEATH, arm, cell, last)
    if isinstance(model, CopulaModel):
        scores = -ndtri(event), -ndtri(death)
        pfs = both_above(*scores, model.correlation)
        seen = both_above(scores[0][seen_until], scores[1], model.correlation)
        return ArmTruth(pfs, seen, death, in_study)
    after = _survival(hazards, DEATH_AFTER, arm, cell, last)
    if not trial.switches_at_call:
        after = _switched(trial, hazards, arm, cell, after)
    progressed = -np.diff(event, prepend=1.0) * death
    pfs = event * death
    if trial.survival.observation == "exact":
        seen = pfs
    else:
        seen = pfs + _alive_after(progressed, after, seen_until)
    if trial.switches_at_call:
        alive = _alive_by_call(trial, hazards, arm, cell, progressed)
    else:
        alive = _alive_after(progressed, after, np.full(last + 1, -1))
    os = pfs + alive
    return ArmTruth(pfs, seen, os, in_study)


def _switched(
    trial: SurvivalTrial, hazards: Hazards, arm: str, cell: Levels, after: FloatArray
) -> FloatArray:
    """Survival after progression where some change treatment after it."""
    changes, _ = switching_of(trial, arm)
    if changes == 0.0:
        return after
    changed = _survival(hazards, DEATH_AFTER_SWITCH, arm, cell, len(after) - 1)
    return np.asarray((1.0 - changes) * after + changes * changed)


def _alive_by_call(
    trial: SurvivalTrial, hazards: Hazards, arm: str, cell: Levels, progressed: FloatArray
) -> FloatArray:
    """Probability by day of being alive after progression, where the call makes patients change.

    As if the treating reader never erred and no scan were missed, as all that is expected.
    """
    last = len(progressed) - 1
    hazard = hazards.of(DEATH_AFTER, arm, cell)
    assert hazard is not None  # an illness-death model has one
    changes, delay = switching_of(trial, arm)
    ratio = next((s.hazard_ratio for s in trial.survival.switching if s.arm == arm), 1.0)
    scans = scan_days(trial, last, arm)
    call = np.append(scans, last + 1)[np.searchsorted(scans, np.arange(last + 1))]
    changed_on = np.minimum(call - np.arange(last + 1) + delay, last)
    after = {
        int(since): np.exp(-hazard)
        * (1.0 + changes * np.expm1((1.0 - ratio) * np.maximum(hazard - hazard[since], 0.0)))
        for since in np.unique(changed_on)
    }
    alive = np.zeros(last + 1)
    for day, since in enumerate(changed_on.tolist()):
        alive[day:] += progressed[day] * after[since][: last + 1 - day]
    return alive


def _alive_after(progressed: FloatArray, after: FloatArray, since: IntArray) -> FloatArray:
    """Probability by day of being alive after a progression that came after day ``since[day]``."""
    alive = np.zeros_like(after)
    for start in np.unique(since):
        days = np.flatnonzero(since == start)
        first, end = start + 1, days[-1] + 1
        if first == end:
            continue
        chain = np.convolve(progressed[first:end], after[: end - first])[: end - first]
        alive[days] = np.concatenate([[0.0], chain])[days - first + 1]
    return alive


def _survival(hazards: Hazards, transition: int, arm: str, cell: Levels, last: int) -> FloatArray:
    cumulative = hazards.of(transition, arm, cell)
    return np.ones(last + 1) if cumulative is None else np.exp(-cumulative)


def _last_scans(trial: SurvivalTrial, arm: str, last: int) -> IntArray:
    """By day: that of the last scan up to it, at which progression can have been seen."""
    days = np.arange(last + 1)
    if trial.survival.observation == "exact":
        return days
    scans = scan_days(trial, last, arm)
    return np.asarray(scans[np.searchsorted(scans, days, side="right") - 1])
