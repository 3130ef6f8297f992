"""The truth of a scenario by formula: survival as it would be if every event were seen at once.

The disease model is a mixture of latent responders and the others, and its tables hold every
distribution on whole days, so survival follows by sums and products of those tables: no patient is
simulated and nothing is approximated but the last digits. In the words of the disease rules, with
R the day of response, X the time from it to progression, N the time to progression of a
non-responder, D the death without progression and A the time from progression to death:

- progression is P = R + X for responders and P = N for the others, or P = N for everyone, in which
  case only those with R < P respond;
- progression-free survival ends at ``min(D, P)``;
- overall survival ends at ``min(D, P + A)``, A having a distribution of its own in each group;
- duration of response is ``min(D, P) - R``, among those whose response begins before either.

Scans see progression later, and only where they look: what a scan calendar makes of this truth is
another estimand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from simulate.distributions import TABLE_DAYS, FloatArray, IntTable
from simulate.patient.disease import DiseasePlan
from simulate.plan import Plan
from simulate.streams import WORD_RANGE

Endpoint = Literal["pfs", "os", "dor"]

_ROUNDING = 1e-12  # a sum of products of probabilities may miss one half by this much


@dataclass(frozen=True, eq=False)
class LatentTruth:
    """Latent survival functions of one scenario, exact on whole days.

    Each array holds at index d the probability that the event comes after day d of its clock,
    d = 0, 1, ... up to the end of the tables (twenty years).
    """

    pfs: FloatArray
    """Progression-free survival, by days from first dose."""
    os: FloatArray
    """Overall survival, by days from first dose."""
    dor: FloatArray
    """Duration of response, by days from the day of response; nan if nobody ever responds."""
    responders: float
    """Probability that a response begins before progression and death."""

    def survival(self, endpoint: Endpoint) -> FloatArray:
        """Survival function of an endpoint by day of its clock."""
        curves = {"pfs": self.pfs, "os": self.os, "dor": self.dor}
        return curves[endpoint]

    def rate(self, endpoint: Endpoint, landmark_days: float) -> float:
        """Event-free rate at a landmark: the probability that the analysis value exceeds it.

        Parameters
        ----------
        endpoint : {"pfs", "os", "dor"}
            The endpoint.
        landmark_days : float
            The landmark in days, such as ``12 * 30.4375``. The analysis value (AVAL) counts the
            day of the start as 1, so an event on day d of the clock lies within the landmark if
            ``d + 1 <= landmark_days``.

        Raises
        ------
        ValueError
            If the landmark lies beyond the tables.
        """
        curve = self.survival(endpoint)
        day = math.floor(landmark_days) - 1
        if day >= len(curve):
            raise ValueError(
                f"a landmark must lie within {len(curve)} days, the length of the tables "
                f"(given: {landmark_days:g} days)"
            )
        return float(curve[day]) if day >= 0 else 1.0

    def median(self, endpoint: Endpoint) -> float:
        """Median analysis value in days: the first by which half have had the event.

        Infinite if fewer than half have it within the tables; nan for the duration of response
        if nobody ever responds.
        """
        curve = self.survival(endpoint)
        if math.isnan(curve[0]):
            return math.nan
        reached = np.flatnonzero(curve <= 0.5 + _ROUNDING)
        return float(reached[0] + 1) if len(reached) else math.inf


def has_formula(plan: Plan) -> bool:
    """Whether the truth of a plan follows by formula: no patient has a hazard of their own."""
    return plan.disease.intensity_drug < 0 and bool(
        np.all(np.asarray(plan.baseline.hazard_ratios) == 1.0)
    )


def latent_truth(plan: Plan) -> LatentTruth:
    """Latent PFS, OS and DOR of a plan by formula.

    Raises
    ------
    ValueError
        If prognostic factors give patients hazards of their own (see :func:`has_formula`).
    """
    if not has_formula(plan):
        raise ValueError(
            "there is no formula for the latent truth with prognostic_factors that differ from 1: "
            "patients then have hazards of their own; simulate it instead"
        )
    disease = plan.disease
    alive = _survival(disease.death_before.thresholds)
    response = _probabilities(disease.response_time)
    if disease.by_response == 0:
        return _independent(disease, alive, response)
    from_response = _survival(disease.progression_responder.thresholds)
    responder = disease.responder / WORD_RANGE

    # a response beyond the tables brings a progression beyond the tables
    progression = 1.0 - _convolved(response, 1.0 - from_response)
    survival = _survival_of_sum(progression, _survival(disease.death_after_responder.thresholds))
    other_progression = _survival(disease.progression_other.thresholds)
    other_survival = _survival_of_sum(
        other_progression, _survival(disease.death_after_other.thresholds)
    )
    # a response begins if death comes after its day and progression is not on that very day
    begun = response * from_response[0]
    remaining = from_response / from_response[0] if from_response[0] > 0.0 else from_response
    return LatentTruth(
        pfs=alive * (responder * progression + (1.0 - responder) * other_progression),
        os=alive * (responder * survival + (1.0 - responder) * other_survival),
        dor=_duration(responder * begun, alive) * remaining,
        responders=responder * float(begun @ alive),
    )


def _independent(disease: DiseasePlan, alive: FloatArray, response: FloatArray) -> LatentTruth:
    """The truth where everyone progresses by one law from first dose.

    Death after progression depends on whether a response began before it: on R < P.
    """
    responder = disease.responder / WORD_RANGE
    free = _survival(disease.progression_other.thresholds)
    progression = np.diff(1.0 - free, prepend=0.0)
    responded = responder * np.concatenate([[0.0], np.cumsum(response)[:-1]])
    after_responder = 1.0 - _survival(disease.death_after_responder.thresholds)
    after_other = 1.0 - _survival(disease.death_after_other.thresholds)
    died = _convolved(progression * responded, after_responder)
    died = died + _convolved(progression * (1.0 - responded), after_other)
    return LatentTruth(
        pfs=alive * free,
        os=alive * (1.0 - died),
        dor=_duration(responder * response, alive * free),
        responders=responder * float(response @ (alive * free)),
    )


def _duration(response: FloatArray, free: FloatArray) -> FloatArray:
    """Probability of being free of events d days after the response, if it begins before any.

    Parameters
    ----------
    response
        Probability of a response by its day.
    free
        Survival function of the events, on the clock of the response.
    """
    reached = float(response @ free)
    if reached == 0.0:
        return np.full(TABLE_DAYS + 1, math.nan)
    still_free = np.zeros(TABLE_DAYS + 1)
    for day in np.flatnonzero(response):
        later = free[day:]
        still_free[: len(later)] += response[day] * later
        # the tables end before the response day plus d: nothing more is known to happen
        still_free[len(later) :] += response[day] * free[-1]
    return still_free / reached


def _cumulative(thresholds: IntTable) -> FloatArray:
    """P(day <= d) for d = 0 .. TABLE_DAYS; a shorter table stays at its last entry."""
    table = np.asarray(thresholds, float) / WORD_RANGE
    return np.concatenate([table, np.full(TABLE_DAYS + 1 - len(table), table[-1])])


def _survival(thresholds: IntTable) -> FloatArray:
    """P(day > d) for d = 0 .. TABLE_DAYS."""
    return 1.0 - _cumulative(thresholds)


def _probabilities(thresholds: IntTable) -> FloatArray:
    """P(day = d) for d = 0 .. TABLE_DAYS."""
    return np.diff(_cumulative(thresholds), prepend=0.0)


def _survival_of_sum(first: FloatArray, second: FloatArray) -> FloatArray:
    """P(T1 + T2 > d) of independent whole-day times, from the survival function of each."""
    return 1.0 - _convolved(np.diff(1.0 - first, prepend=0.0), 1.0 - second)


def _convolved(probabilities: FloatArray, cumulative: FloatArray) -> FloatArray:
    """``P(T1 + T2 <= d)`` from P(T1 = d) and P(T2 <= d), over the days of the tables.

    Summed term by term: all terms are positive, so that nothing cancels, as it would in a Fourier
    transform far in the tail.
    """
    return np.convolve(probabilities, cumulative)[: len(cumulative)]
