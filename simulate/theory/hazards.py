"""Cumulative hazards of the times of a model, by arm and levels of baseline variables.

An effect multiplies the hazard by a ratio that may change with time; several effects on one time
are multiplied, and so are prognostic factors. A piece in which the ratio is constant adds ratio
times gain of the model's own cumulative hazard, exactly. While an effect fades, the ratio changes
within a day by a few thousandths at most; there its mean over the day is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simulate.distributions import FloatArray
from simulate.scenario import distributions as families
from simulate.scenario.survival_model import (
    Delayed,
    Diminishing,
    Effect,
    OwnLaw,
    PiecewiseEffect,
    Proportional,
    Transition,
)
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.times import cumulative_hazard

Levels = Mapping[str, str]
"""Level of each baseline variable that matters."""

_FAR = 1e9  # days; behind every table


class _Ratio(NamedTuple):
    """A hazard ratio over time: its logarithm on straight lines between points, with steps."""

    starts: tuple[float, ...]
    """Days at which pieces begin, the first at 0."""
    at_start: tuple[float, ...]
    """Hazard ratio at the start of each piece."""
    at_end: tuple[float, ...]
    """Hazard ratio at its end; that of the last piece stays."""


def cumulative_hazard_by_day(
    trial: SurvivalTrial, transition: Transition, arm: str, levels: Levels, days: int
) -> FloatArray:
    """Cumulative hazard of a time of the model on days 0 to ``days`` of its own clock.

    Parameters
    ----------
    trial
        The trial.
    transition
        Key of the time in the model.
    arm
        Name of the arm.
    levels
        Of the patient: all baseline variables that effects and prognostic factors look at.
    days
        Last day.
    """
    effects = [
        effect
        for effect in trial.survival.effects
        if effect.arm == arm and effect.on == transition and _matches(effect, levels)
    ]
    law: families.Time = getattr(trial.survival, transition)
    ratios = []
    for effect in effects:
        if isinstance(effect, OwnLaw):
            law = effect.time
        else:
            ratios.append(_ratio_of(effect))
    return prognostic_ratio(trial, transition, levels) * _multiplied(law, ratios, days)


def prognostic_ratio(trial: SurvivalTrial, transition: Transition, levels: Levels) -> float:
    """Product of the hazard ratios of a patient's prognostic factors."""
    ratio = 1.0
    for factor in trial.survival.prognostic_factors:
        if levels[factor.variable] == factor.level:
            ratio *= factor.hazard_ratios.get(transition, 1.0)
    return ratio


def _matches(effect: Effect, levels: Levels) -> bool:
    return all(levels[name] in allowed for name, allowed in effect.when.items())


def _ratio_of(effect: Effect) -> _Ratio:
    """The hazard ratio of an effect over time."""
    match effect:
        case Proportional(hazard_ratio=ratio):
            return _Ratio((0.0,), (ratio,), (ratio,))
        case Delayed(hazard_ratio=ratio, delay=delay):
            return _Ratio((0.0, delay), (1.0, ratio), (1.0, ratio))
        case Diminishing(hazard_ratio=ratio, from_=start, until=end):
            pieces = [(0.0, ratio, ratio), (start, ratio, 1.0), (end, 1.0, 1.0)]
            starts, first, last = zip(*(pieces if start > 0.0 else pieces[1:]), strict=True)
            return _Ratio(starts, first, last)
        case PiecewiseEffect(from_=starts, hazard_ratios=ratios):
            return _Ratio(tuple(starts), tuple(ratios), tuple(ratios))
        case OwnLaw():
            raise AssertionError("a law of its own is no hazard ratio")


def _multiplied(law: families.Time, ratios: list[_Ratio], days: int) -> FloatArray:
    """Cumulative hazard of a law whose hazard is multiplied, on whole days."""
    whole = np.arange(days + 1.0)
    if not ratios:
        return cumulative_hazard(law, whole)
    starts = [start for ratio in ratios for start in ratio.starts if start < days]
    times = np.unique(np.concatenate([whole, starts]))
    own = cumulative_hazard(law, times)
    mean = np.ones(len(times) - 1)
    for ratio in ratios:
        mean = mean * _mean_over(ratio, times)
    with np.errstate(invalid="ignore"):
        gain = np.where(np.isinf(own[1:]), np.inf, np.diff(own) * mean)
    total = np.concatenate([[own[0]], own[0] + np.cumsum(gain)])
    return np.asarray(total[np.searchsorted(times, whole)])


def _mean_over(ratio: _Ratio, times: FloatArray) -> FloatArray:
    """Mean hazard ratio between each two times, none of which spans the start of a piece."""
    from_, to = times[:-1], times[1:]
    piece = np.searchsorted(ratio.starts, from_, side="right") - 1
    starts = np.array([*ratio.starts, _FAR])
    length = starts[piece + 1] - starts[piece]
    low, high = np.log(ratio.at_start)[piece], np.log(ratio.at_end)[piece]
    at_from = low + (high - low) * (from_ - starts[piece]) / length
    at_to = low + (high - low) * (to - starts[piece]) / length
    middle, half = (at_from + at_to) / 2.0, (at_to - at_from) / 2.0
    safe = np.where(half == 0.0, 1.0, half)
    return np.asarray(np.exp(middle) * np.where(half == 0.0, 1.0, np.sinh(safe) / safe))
