"""Hazards of a plain survival model by arm and cell: effects and prognostic factors folded in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from simulate.distributions import FloatArray
from simulate.patient.survival import DEATH, DEATH_AFTER, DEATH_AFTER_SWITCH, DROPOUT, EVENT
from simulate.scenario.distributions import Time
from simulate.scenario.readers import Switching
from simulate.scenario.survival_model import (
    Delayed,
    Diminishing,
    Effect,
    OwnLaw,
    PiecewiseEffect,
    Proportional,
)
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.times import cumulative_hazard

KEYS = {
    "single": {EVENT: "event"},
    "illness_death": {
        EVENT: "progression",
        DEATH: "death_without_progression",
        DEATH_AFTER: "death_after_progression",
    },
    "copula": {EVENT: "progression", DEATH: "death"},
}
"""Key in the scenario of each transition, by kind of model."""

STEPS_A_DAY = 16
"""Steps in which an effect that changes with time is followed: a month is 487 of them."""

Levels = Mapping[str, str]
"""Levels of baseline variables, by name."""


class Hazards:
    """Cumulative hazards of a trial's transitions on whole days.

    Parameters
    ----------
    trial : SurvivalTrial
        The scenario.
    last_day : int
        Last day of the tables.
    """

    def __init__(self, trial: SurvivalTrial, last_day: int) -> None:
        self._trial = trial
        self._days = np.arange(last_day + 1.0)
        self._keys = KEYS[trial.survival.kind]

    def of(self, transition: int, arm: str, levels: Levels) -> FloatArray | None:
        """Cumulative hazard on days 0, 1, ... of a transition; None if there is no such thing."""
        if transition == DROPOUT:
            return self._dropout(arm)
        switching = [
            each
            for each in self._trial.survival.switching
            if each.arm == arm and not self._trial.switches_at_call
        ]
        is_after_switch = transition == DEATH_AFTER_SWITCH and len(switching) > 0
        if is_after_switch:
            transition = DEATH_AFTER
        if transition not in self._keys:
            return None
        key = self._keys[transition]
        effects = [
            effect
            for effect in self._trial.survival.effects
            if effect.arm == arm and effect.on == key and _matches(effect.when, levels)
        ]
        time: Time = getattr(self._trial.survival, key)
        for effect in effects:
            if isinstance(effect, OwnLaw):
                time = effect.time
        if is_after_switch:
            effects.append(_effect_of(switching[0]))
        return self._prognostic(key, levels) * self._with_effects(time, effects)

    def _dropout(self, arm: str) -> FloatArray | None:
        model = self._trial.survival
        time = model.dropout_by_arm.get(arm, model.dropout)
        return None if time is None else cumulative_hazard(time, self._days)

    def _prognostic(self, key: str, levels: Levels) -> float:
        """Product of the hazard ratios of a cell's levels."""
        return math.prod(
            factor.hazard_ratios.get(key, 1.0)
            for factor in self._trial.survival.prognostic_factors
            if levels.get(factor.variable) == factor.level
        )

    def _with_effects(self, time: Time, effects: Sequence[Effect]) -> FloatArray:
        constant = math.prod(e.hazard_ratio for e in effects if isinstance(e, Proportional))
        changing = [e for e in effects if not isinstance(e, Proportional | OwnLaw)]
        if not changing:
            return constant * cumulative_hazard(time, self._days)
        n_steps = (len(self._days) - 1) * STEPS_A_DAY
        middles = (np.arange(n_steps) + 0.5) / STEPS_A_DAY
        log_ratio = np.sum([log_hazard_ratio(e, middles) for e in changing], axis=0)
        own = cumulative_hazard(time, np.arange(n_steps + 1) / STEPS_A_DAY)
        with np.errstate(invalid="ignore"):  # infinity less infinity: everybody has had the event
            steps = np.nan_to_num(np.diff(own), nan=0.0, posinf=np.inf)
        changed = own[0] + np.concatenate([[0.0], np.cumsum(steps * np.exp(log_ratio))])
        return np.asarray(constant * changed[::STEPS_A_DAY])


def _effect_of(switching: Switching) -> Delayed:
    """What a change of treatment does to the time from progression to death."""
    return Delayed.model_construct(
        kind="delayed",
        arm=switching.arm,
        on="death_after_progression",
        hazard_ratio=switching.hazard_ratio,
        delay=float(math.ceil(switching.delay)),
    )


def _matches(when: Mapping[str, Sequence[str]], levels: Levels) -> bool:
    return all(levels[name] in allowed for name, allowed in when.items())


def log_hazard_ratio(effect: Effect, days: FloatArray) -> FloatArray:
    """Log hazard ratio of an effect at times in days."""
    match effect:
        case Proportional():
            return np.full_like(days, math.log(effect.hazard_ratio))
        case Delayed():
            return np.where(days >= effect.delay, math.log(effect.hazard_ratio), 0.0)
        case Diminishing():
            left = (effect.until - days) / (effect.until - effect.from_)
            return np.asarray(math.log(effect.hazard_ratio) * np.clip(left, 0.0, 1.0))
        case PiecewiseEffect():
            interval = np.searchsorted(effect.from_, days, side="right") - 1
            return np.asarray(np.log(np.asarray(effect.hazard_ratios))[interval])
        case OwnLaw():
            return np.zeros_like(days)
