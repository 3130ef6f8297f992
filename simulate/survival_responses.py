"""Objective response rates of a plain survival model by arm and cell, and the words that give them.

The rate of a scenario is that of all patients. Who progresses, dies or drops out before responses
are known has none; so of the others more must respond, and with which probability is found here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from simulate.bivariate_normal import both_above, gauss_legendre
from simulate.distributions import FloatArray, IntArray
from simulate.errors import UsageError
from simulate.patient.survival import DEATH, DROPOUT, EVENT
from simulate.scenario.response_model import ResponseModel
from simulate.scenario.survival_model import CopulaModel
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_hazards import Hazards, Levels

_WORDS = 2**32
_NODES = 200
_FAR = 9.0


class _Left(NamedTuple):
    """Probabilities that each thing comes only after it is known who has responded."""

    progression: float
    death: float
    followed: float


class ResponseRates:
    """What a scenario says of responses, cell by cell.

    Parameters
    ----------
    trial : SurvivalTrial
        A scenario with survival.response.
    """

    def __init__(self, trial: SurvivalTrial) -> None:
        assert trial.survival.response is not None  # else nobody asks
        self._model: ResponseModel = trial.survival.response
        self._trial = trial
        self._hazards = Hazards(trial, self._model.evaluable_after)

    def rate(self, arm: str, levels: Levels) -> float:
        """Objective response rate of all patients of a cell."""
        return self._model.rate_of(arm, levels)

    def highest(self, arm: str, levels: Levels) -> float:
        """Part of the patients of a cell who are still without an event, and followed."""
        return self._known(self._left(arm, levels), -math.inf)

    def probability(self, arm: str, levels: Levels) -> float:
        """Probability of a response, were there nothing before it, that gives the rate of all.

        Raises
        ------
        UsageError
            If the rate is more than the patients who are still there.
        """
        rate, left = self.rate(arm, levels), self._left(arm, levels)
        highest = self._known(left, -math.inf)
        if rate > highest:
            raise UsageError(too_high(arm, levels, rate, highest, self._model.evaluable_after))
        if self._model.correlation == 0.0:
            return rate / highest
        score = brentq(lambda score: self._known(left, score) - rate, -_FAR, _FAR, xtol=1e-13)
        return float(ndtr(-score))

    def _left(self, arm: str, levels: Levels) -> _Left:
        return _Left(
            self._free(EVENT, arm, levels),
            self._free(DEATH, arm, levels),
            self._free(DROPOUT, arm, levels, beyond=-1),
        )

    def _known(self, left: _Left, score: float) -> float:
        """Probability of no event, no dropout and a normal score of response above one."""
        model, correlation = self._trial.survival, self._model.correlation
        if isinstance(model, CopulaModel):
            free = _three_above(*left[:2], score, model.correlation, correlation)
        else:
            limits = np.array([-ndtri(left.progression)]), np.array([score])
            free = left.death * float(both_above(*limits, correlation)[0])
        return free * left.followed

    def _free(self, transition: int, arm: str, levels: Levels, beyond: int = 0) -> float:
        """Probability that a transition comes after the day on which responses are known."""
        cumulative = self._hazards.of(transition, arm, levels)
        day = self._model.evaluable_after + beyond
        return 1.0 if cumulative is None else math.exp(-float(cumulative[day]))


def too_high(arm: str, levels: Levels, rate: float, highest: float, day: int) -> str:
    """Say why a response rate cannot be."""
    who = "".join(f", {name} {level}" for name, level in levels.items())
    return (
        f"a response rate of {rate:.1%} cannot be (arm {arm}{who}): only {highest:.1%} of these "
        f"patients are alive, without progression and followed on day {day}, on which responses "
        "are known"
    )


def _three_above(
    progression: float, death: float, score: float, of_death: float, of_response: float
) -> float:
    """Probability that progression and death come later and the score of response is above one.

    Death and response depend on each other by way of progression alone, over whose score is
    integrated.
    """
    low, high = max(-float(ndtri(progression)), -_FAR), _FAR
    x, weights = gauss_legendre(_NODES)
    z = low + 0.5 * (high - low) * (x + 1.0)
    density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    def above(limit: float, correlation: float) -> FloatArray:
        return np.asarray(ndtr((correlation * z - limit) / math.sqrt(1.0 - correlation**2)))

    both = above(-float(ndtri(death)), of_death) * above(score, of_response)
    return float(0.5 * (high - low) * (weights * density) @ both)


def responds_from(probability: float) -> int:
    """The first word of those who respond with a probability: the largest words do."""
    return _WORDS - round(probability * _WORDS)


def response_words(trial: SurvivalTrial, arms: list[str], cells: list[dict[str, str]]) -> IntArray:
    """The first word of those who respond, by arm and cell."""
    rates = ResponseRates(trial)
    found = [responds_from(rates.probability(arm, cell)) for arm in arms for cell in cells]
    return np.array(found, np.int64)
