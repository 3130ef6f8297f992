"""Monitoring by predictive probability (Lee and Liu, Clinical Trials 2008;5:93-106).

At the end it is go if the posterior probability that the response rate is above p0 exceeds a
cutoff. At an interim look the predictive probability is that of such an end, given the responses so
far: those still to come have a beta-binomial distribution. The trial stops with no go where it is
below `lower`, and with go where it is above `upper`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulate.sequential.refusals import DesignError
from simulate.single_arm.binomial import FloatArray, beta_binomial, posterior_above
from simulate.single_arm.performance import performance
from simulate.single_arm.rule import DecisionRule


class PredictiveDesign(NamedTuple):
    """A design, and the cutoffs of the posterior probability that give it."""

    rule: DecisionRule
    lowest_cutoff: float
    """The posterior probability with one response too few: the cutoff is at least that."""
    highest_cutoff: float
    """The posterior probability with as many as needed: the cutoff is below that."""


@lru_cache(maxsize=64)
def predictive_design(
    looks: tuple[int, ...],
    p0: float,
    prior: tuple[float, float],
    lower: float,
    upper: float,
    *,
    alpha: float,
) -> PredictiveDesign:
    """The design with the most power whose type I error is at most alpha.

    The cutoff decides only how many responses are needed at the end, so these are searched.

    Parameters
    ----------
    looks
        Patients at each look.
    p0
        Response rate that is not worth while.
    prior
        Parameters of the beta prior of the response rate.
    lower, upper
        Predictive probabilities below and above which the trial stops.
    alpha
        Probability of go at p0, at most.

    Raises
    ------
    DesignError
        If even as many responses as patients would be go too often.
    """
    for needed in range(1, looks[-1] + 1):
        design = _with_needed(looks, needed, p0, prior, (lower, upper))
        if performance(design.rule, p0).go_in_all <= alpha:
            return design
    raise DesignError(
        "alpha",
        f"even if all {looks[-1]} patients must respond, go is more probable than {alpha:g} at "
        f"{p0:g}",
        "Enrol more patients, or stop early less readily",
    )


@lru_cache(maxsize=64)
def with_cutoff(
    looks: tuple[int, ...],
    p0: float,
    prior: tuple[float, float],
    lower: float,
    upper: float,
    *,
    cutoff: float,
) -> PredictiveDesign:
    """The design of a given cutoff.

    Raises
    ------
    DesignError
        If the posterior probability exceeds it never, or always.
    """
    above = posterior_above(p0, looks[-1], prior) > cutoff
    if not above.any() or above[0]:
        how = "always" if above[0] else "never"
        raise DesignError(
            "cutoff",
            f"the posterior probability after {looks[-1]} patients {how} exceeds {cutoff:g}",
            "Give another cutoff, such as 0.9",
        )
    return _with_needed(looks, int(np.argmax(above)), p0, prior, (lower, upper))


def predictive_probability(
    n: int, last: int, needed: int, prior: tuple[float, float]
) -> FloatArray:
    """Probability of as many responses as needed at the end, by those among n patients so far.

    Parameters
    ----------
    n, last
        Patients so far, and at the end.
    needed
        Responses needed at the end.
    prior
        Parameters of the beta prior.
    """
    found = np.empty(n + 1)
    for x in range(n + 1):
        to_come = beta_binomial(last - n, prior[0] + x, prior[1] + n - x)
        found[x] = to_come[max(0, needed - x) :].sum()
    return np.minimum(found, 1.0)


def _with_needed(
    looks: tuple[int, ...],
    needed: int,
    p0: float,
    prior: tuple[float, float],
    stop: tuple[float, float],
) -> PredictiveDesign:
    """The design that needs so many responses at the end."""
    last, no_go, go = looks[-1], [], []
    for n in looks[:-1]:
        predicted = predictive_probability(n, last, needed, prior)
        no_go.append(int((predicted < stop[0]).sum()) - 1)
        go.append(n + 1 - int((predicted > stop[1]).sum()))
    posterior = posterior_above(p0, last, prior)
    rule = DecisionRule(looks, (*no_go, needed - 1), (*go, needed))
    return PredictiveDesign(rule, float(posterior[needed - 1]), float(posterior[needed]))
