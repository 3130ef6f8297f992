"""Go, consider or no go by a target value and a lower reference value.

Lalonde and others (Clinical Pharmacology and Therapeutics 2007;82:21-32), as made precise by Frewer
and others (Pharmaceutical Statistics 2016;15:255-263): no go where the upper limit of the response
rate does not reach the target value; otherwise go where its lower limit exceeds the lower reference
value; otherwise consider. The limits are one-sided: exact (Clopper-Pearson), or quantiles of a beta
posterior.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from simulate.single_arm.binomial import FloatArray
from simulate.single_arm.rule import DecisionRule


def go_consider_no_go(
    looks: tuple[int, ...],
    *,
    lower_reference: float,
    target: float,
    go_confidence: float,
    no_go_confidence: float,
    prior: tuple[float, float] | None = None,
) -> DecisionRule:
    """The counts of responses that decide.

    Parameters
    ----------
    looks
        Patients at each look.
    lower_reference, target
        Response rate that is the least of interest, and one that is hoped for.
    go_confidence
        Confidence of the lower limit, which must exceed the lower reference value for go.
    no_go_confidence
        Confidence of the upper limit, which lies below the target value for no go.
    prior
        Parameters of a beta prior; None for exact limits.
    """
    no_go, go = [], []
    for n in looks:
        lower, upper = one_sided_limits(n, go_confidence, no_go_confidence, prior)
        no_go.append(int((upper < target).sum()) - 1)
        first = n + 1 - int((lower > lower_reference).sum())
        go.append(max(first, no_go[-1] + 1))
    return DecisionRule(looks, tuple(no_go), tuple(go))


def one_sided_limits(
    n: int, lower_confidence: float, upper_confidence: float, prior: tuple[float, float] | None
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limit of the response rate, after 0 to n responses among n patients."""
    x = np.arange(n + 1)
    if prior is not None:
        a, b = prior[0] + x, prior[1] + n - x
        lower = special.betaincinv(a, b, 1 - lower_confidence)
        return np.asarray(lower), np.asarray(special.betaincinv(a, b, upper_confidence))
    lower, upper = np.zeros(n + 1), np.ones(n + 1)
    lower[1:] = special.betaincinv(x[1:], n - x[1:] + 1, 1 - lower_confidence)
    upper[:-1] = special.betaincinv(x[:-1] + 1, n - x[:-1], upper_confidence)
    return lower, upper
