"""The bounds of a design: on Z, as nominal p and hazard ratios, and how likely they are crossed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulate.sequential.crossing import Crossing, crossing
from simulate.sequential.design import (
    BetaSpending,
    GivenHazardRatios,
    GivenZ,
    GroupSequential,
)
from simulate.sequential.log_rank import fixed_drift, hazard_ratio_at, z_at
from simulate.sequential.refusals import DesignError
from simulate.sequential.search import Found, Task, find_bounds
from simulate.sequential.spending import FloatArray

_STEEPEST_DRIFT = 40.0
_CLOSE_ENOUGH = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Bounds by look. Arrays have one value for each look.

    Attributes
    ----------
    design
        The design that they serve.
    fractions
        Information fractions of the looks.
    efficacy_z
        A trial with Z at or above stops for efficacy; infinite where a look cannot.
    futility_z
        A trial with Z at or below stops for futility; minus infinity where a look cannot. At the
        last look it is the efficacy bound: every trial is decided there.
    alpha_spent
        Cumulative alpha.
    beta_spent
        Cumulative beta under the drift of the design; nan where the design spends none.
    drift
        Mean of Z at full information for which beta spending was solved; nan without it.
    """

    design: GroupSequential
    fractions: FloatArray
    efficacy_z: FloatArray
    futility_z: FloatArray
    alpha_spent: FloatArray
    beta_spent: FloatArray
    drift: float

    @property
    def efficacy_p(self) -> FloatArray:
        """Nominal one-sided p value at the efficacy bounds."""
        return nominal_p(self.efficacy_z)

    @property
    def futility_p(self) -> FloatArray:
        """Nominal one-sided p value at the futility bounds."""
        return nominal_p(self.futility_z)

    def efficacy_hazard_ratio(self, events: float, *, allocation: float = 1.0) -> FloatArray:
        """Largest hazard ratio that stops for efficacy, by look.

        Parameters
        ----------
        events
            Planned at the last look.
        allocation
            Experimental patients for each in the control arm.
        """
        return hazard_ratio_at(self.efficacy_z, events * self.fractions, allocation=allocation)

    def futility_hazard_ratio(self, events: float, *, allocation: float = 1.0) -> FloatArray:
        """Smallest hazard ratio that stops for futility, by look; see `efficacy_hazard_ratio`."""
        return hazard_ratio_at(self.futility_z, events * self.fractions, allocation=allocation)

    def crossing(self, drift: float, *, heed_futility: bool = True) -> Crossing:
        """Probabilities of stopping by look; see :func:`crossing_at_means`.

        Parameters
        ----------
        drift
            Mean of Z at full information: 0 under the null hypothesis.
        heed_futility
            Whether a trial stops at its futility bound. Without, only efficacy stops it.
        """
        means = drift * np.sqrt(self.fractions)
        return crossing_at_means(self, means, heed_futility=heed_futility)


def crossing_at_means(
    bounds: Bounds, means: npt.ArrayLike, *, heed_futility: bool = True
) -> Crossing:
    """Probabilities of stopping by look for any means of Z, such as of a delayed effect.

    `above` is stopping for efficacy, `below` for futility; at the last look those together are all
    trials that went so far, if futility is heeded.
    """
    lower = bounds.futility_z if heed_futility else np.full(bounds.fractions.shape, -np.inf)
    return crossing(bounds.fractions, means, lower, bounds.efficacy_z)


def nominal_p(z: npt.ArrayLike) -> FloatArray:
    """One-sided p value of Z."""
    from scipy.special import ndtr

    return np.asarray(ndtr(-np.asarray(z, np.float64)), np.float64)


def find_design_bounds(
    design: GroupSequential, *, events: float = math.nan, allocation: float = 1.0
) -> Bounds:
    """Bounds of a design at its planned looks.

    Parameters
    ----------
    design
        The design.
    events
        Planned at the last look; needed only where futility is given as hazard ratios.
    allocation
        Experimental patients for each in the control arm; needed only there.

    Raises
    ------
    DesignError
        If a given futility bound lies above the efficacy bound of its look, or beta spending has
        no solution.
    """
    fractions = np.array(design.fractions)
    given = given_futility(design, events * fractions, allocation=allocation)
    drift = _solve_drift(design, fractions)
    found = _bounds_at(design, fractions, given, drift)
    _check_order(given, found.efficacy[0])
    futility = found.futility[0].copy()
    futility[-1] = found.efficacy[0, -1]
    spends = isinstance(design.futility, BetaSpending)
    return Bounds(
        design=design,
        fractions=fractions,
        efficacy_z=found.efficacy[0],
        futility_z=futility,
        alpha_spent=found.alpha[0],
        beta_spent=found.beta[0] if spends else np.full(fractions.shape, np.nan),
        drift=drift,
    )


def given_futility(design: GroupSequential, events: FloatArray, *, allocation: float) -> FloatArray:
    """Given futility bounds on Z, minus infinity where there is none.

    Parameters
    ----------
    design
        The design.
    events
        Of each look along the last axis; read only where bounds are hazard ratios.
    allocation
        Experimental patients for each in the control arm.
    """
    bounds = np.full(events.shape, -np.inf)
    match design.futility:
        case GivenZ(given):
            bounds[..., :-1] = given
        case GivenHazardRatios(given):
            if np.any(np.isnan(events)):
                raise DesignError(
                    "events", "futility bounds are hazard ratios", "Give the planned events"
                )
            limited = np.where(np.isinf(given), 1.0, given)
            z = z_at(limited, events[..., :-1], allocation=allocation)
            bounds[..., :-1] = np.where(np.isinf(given), -np.inf, z)
    return bounds


def _bounds_at(
    design: GroupSequential, fractions: FloatArray, given: FloatArray, drift: float
) -> Found:
    """Bounds with beta spent, if it is, under a drift."""
    spends = isinstance(design.futility, BetaSpending)
    alpha = design.efficacy.spent(fractions)
    match design.futility:
        case BetaSpending(spending):
            beta = spending.spent(fractions)
        case _:
            beta = np.zeros_like(fractions)
    means = drift * np.sqrt(fractions) if spends else np.zeros_like(fractions)
    task = Task(
        information=fractions[np.newaxis],
        means=means[np.newaxis],
        alpha=alpha[np.newaxis],
        beta=beta[np.newaxis],
        spends_beta=spends,
        binding=design.binding,
    )
    return find_bounds(task, given[np.newaxis])


def _solve_drift(design: GroupSequential, fractions: FloatArray) -> float:
    """Drift at which the trials still going at the last look and not successful are those of beta.

    Raises
    ------
    DesignError
        If there is no such drift.
    """
    if not isinstance(design.futility, BetaSpending):
        return math.nan
    from scipy.optimize import brentq

    nowhere = np.full(fractions.shape, -np.inf)

    def missing(drift: float) -> float:
        """Power of the bounds that the drift gives, less the power that is wanted."""
        found = _bounds_at(design, fractions, nowhere, drift)
        means = drift * np.sqrt(fractions)
        upper = found.efficacy[0]
        lower = np.minimum(found.futility[0], upper)
        lower[-1] = upper[-1]
        return float(crossing(fractions, means, lower, upper).above.sum()) - (1.0 - design.beta)

    # no design needs less than one look, which may be all that there is
    low = high = 0.99 * fixed_drift(power=1.0 - design.beta, alpha=design.alpha)
    while missing(high) < 0.0:
        high *= 1.25
        if high > _STEEPEST_DRIFT:
            raise DesignError(
                "futility",
                "no effect is large enough to keep the power that beta spending asks for",
                "Spend less beta early",
            )
    return float(brentq(missing, low, high, xtol=_CLOSE_ENOUGH, rtol=_CLOSE_ENOUGH))


def _check_order(given: FloatArray, efficacy: FloatArray) -> None:
    """Refuse a given futility bound above the efficacy bound of its look."""
    for look, (low, high) in enumerate(zip(given, efficacy, strict=True), start=1):
        if low > high:
            raise DesignError(
                "futility",
                f"at look {look} the bound {low:.4g} is above the efficacy bound {high:.4g}",
                "Give a bound below it",
            )
