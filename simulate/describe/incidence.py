"""How many patients have an adverse event, by formula: in the first cycle and over a course.

A term occurs in a cycle with probability ``1 - exp(-rate * weight * F)``, F being the patient's
frailty, and cycles are independent given F. Over a course the product over its cycles leaves
``1 - E[exp(-F * sum of rate * weight)]``, the mean over the quantile tables of the frailties.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.describe.distributions import typical_count
from simulate.describe.dosing import mean_distance
from simulate.distributions import TABLE_DAYS, FloatArray, FloatTable
from simulate.latent_truth import latent_truth
from simulate.patient.toxicity import FULL_DOSE, NOT_GIVEN, ToxicityPlan, cycle_weight
from simulate.plan import Plan
from simulate.scenario.trial import Trial
from simulate.theory.forecast import Forecast
from simulate.times import cumulative_hazard

_FRAILTY_LEVELS = 256  # of each part; the tables' 4096 by 4096 would take seconds


@dataclass(frozen=True)
class Course:
    """A course of treatment without holds.

    Parameters
    ----------
    n_cycles : int
        Cycles begun.
    doses : tuple of int
        Doses of each drug, one a cycle from the first on, in the order of the scenario.
    """

    n_cycles: int
    doses: tuple[int, ...]


FIRST_CYCLE = 1


def nominal_course(trial: Trial, plan: Plan, expected: Forecast, last_cut: int) -> Course:
    """The course of a typical patient up to the last data cut.

    Its cycles are those begun, at the mean distance of dose days, by the day on which half of the
    patients are still treated: without true progression or death, withdrawal and early stop, and
    within follow-up. Each drug is given for its median planned number of cycles.

    Parameters
    ----------
    trial : Trial
        The scenario.
    plan : Plan
        Its tables.
    expected : Forecast
        When patients are enrolled.
    last_cut : int
        Trial day of the last data cut.
    """
    treated = on_treatment(trial, plan, expected, last_cut)
    ended = np.flatnonzero(treated < 0.5)
    days = float(ended[0]) if len(ended) else float(TABLE_DAYS)
    n_cycles = max(1, math.ceil(days / mean_distance(trial.treatment)))
    planned = [
        n_cycles if drug.planned_cycles is None else typical_count(drug.planned_cycles)
        for drug in trial.treatment.drugs
    ]
    n_cycles = max(1, min(n_cycles, max(planned)))
    return Course(n_cycles, tuple(min(n_cycles, doses) for doses in planned))


def on_treatment(trial: Trial, plan: Plan, expected: Forecast, last_cut: int) -> FloatArray:
    """Probability of being treated still, and within follow-up, by days from first dose.

    Prognostic factors, adverse events and lost dose intensity are left out of account.
    """
    baseline = plan.baseline
    no_effect = baseline._replace(hazard_ratios=np.ones(len(baseline.hazard_ratios)))
    full_dose = plan.disease._replace(intensity_drug=-1)
    treated = latent_truth(plan._replace(baseline=no_effect, disease=full_dose)).pfs
    days = np.arange(len(treated))
    withdrawal, early = trial.follow_up.withdrawal, trial.follow_up.early_stop
    if withdrawal is not None:
        treated = treated * np.exp(-cumulative_hazard(withdrawal, days.astype(float)))
    if early is not None:
        first, last = early.days
        share = np.clip((days - first + 1) / (last - first + 1), 0.0, 1.0)
        treated = treated * (1.0 - early.probability * share)
    return treated * _followed(expected, last_cut, len(days))


def _followed(expected: Forecast, last_cut: int, n_days: int) -> FloatArray:
    """Probability that a patient's follow-up to the last data cut is longer than each day."""
    entered = expected.per_day[: last_cut + 1]
    if entered.sum() == 0:
        return np.ones(n_days)
    at_least = np.zeros(n_days)
    potential = last_cut - np.arange(len(entered))
    np.add.at(at_least, np.minimum(potential, n_days - 1), entered / entered.sum())
    return np.asarray(np.cumsum(at_least[::-1])[::-1])


# ---- incidence ----------------------------------------------------------------------------------


def expected_events(plan: ToxicityPlan, course: Course) -> FloatArray:
    """Sum over a course's cycles of each term's weight, full doses being given."""
    return np.array(
        [
            sum(
                cycle_weight(plan, term, cycle, _state(plan, term, cycle, course))
                for cycle in range(1, course.n_cycles + 1)
            )
            for term in range(len(plan.term_ids))
        ]
    )


def _state(plan: ToxicityPlan, term: int, cycle: int, course: Course) -> int:
    """State of the drug on which a term depends."""
    drug = plan.weight_drug[plan.weight_class[term]]
    return FULL_DOSE if drug < 0 or cycle <= course.doses[drug] else NOT_GIVEN


class Frailties:
    """The frailties' quantile tables, in coarser levels of equal probability.

    Parameters
    ----------
    plan : ToxicityPlan
        The terms.
    """

    def __init__(self, plan: ToxicityPlan) -> None:
        self.haematological = _coarse(plan.haematological)
        self.other = np.outer(_coarse(plan.other_shared), _coarse(plan.other_own))

    def incidence(self, totals: FloatArray) -> float:
        """Probability of at least one event.

        Parameters
        ----------
        totals : array
            Sums of rate times weight of all events meant, by kind of frailty: none,
            haematological, other.
        """
        none, haematological, other = totals
        free = np.exp(-none - haematological * self.haematological)
        if other > 0:
            free = free * np.exp(-other * self.other).mean(axis=1)
        return float(1.0 - free.mean())


def _coarse(table: FloatTable) -> FloatArray:
    """Means of neighbouring levels."""
    levels: FloatArray = np.asarray(table, float).reshape(_FRAILTY_LEVELS, -1)
    return np.asarray(levels.mean(axis=1))


def incidences(
    plan: ToxicityPlan, rates: FloatTable, course: Course, frailties: Frailties
) -> tuple[FloatArray, float]:
    """Probability of each term over a course, and of any of them.

    Parameters
    ----------
    plan : ToxicityPlan
        The terms.
    rates : table
        Rate of each term in a cycle of weight 1: of any grade, or of grade 3 or higher.
    course : Course
        The cycles.
    frailties : Frailties
        How patients differ.
    """
    totals = np.asarray(rates, float) * expected_events(plan, course)
    by_kind = np.zeros((len(totals), 3))
    by_kind[np.arange(len(totals)), np.asarray(plan.frailty, np.int64)] = totals
    each = np.array([frailties.incidence(row) for row in by_kind])
    return each, frailties.incidence(by_kind.sum(axis=0))
