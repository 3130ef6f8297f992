"""The exact single-stage design: one look, with the binomial distribution (A'Hern 2001)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simulate.sequential.refusals import DesignError
from simulate.single_arm.binomial import exceeding
from simulate.single_arm.rule import DecisionRule

MOST_PATIENTS = 1000
"""Patients up to which a design is searched."""


@lru_cache(maxsize=64)
def single_stage(p0: float, p1: float, alpha: float, power: float) -> DecisionRule:
    """The design with the fewest patients.

    Parameters
    ----------
    p0, p1
        Response rate that is not worth while, and one that is.
    alpha
        Probability of go at p0, at most.
    power
        Probability of go at p1, at least.

    Raises
    ------
    DesignError
        If no design of at most :data:`MOST_PATIENTS` patients meets them.
    """
    for n in range(1, MOST_PATIENTS + 1):
        go = critical_count(n, p0, alpha)
        if exceeding(n, p1)[go] >= power:
            return DecisionRule((n,), (go - 1,), (go,))
    raise too_large(p0, p1, MOST_PATIENTS)


def critical_count(n: int, p0: float, alpha: float) -> int:
    """Fewest responses among n patients that have a probability of alpha or less at p0, or more."""
    return int(np.argmax(exceeding(n, p0) <= alpha))


def of_size(n: int, p0: float, alpha: float) -> DecisionRule:
    """The design of n patients with the most power."""
    go = critical_count(n, p0, alpha)
    return DecisionRule((n,), (go - 1,), (go,))


def too_large(p0: float, p1: float, most: int) -> DesignError:
    """The refusal of a design that would need more patients than are searched."""
    return DesignError(
        "p1",
        f"no design of at most {most} patients tells {p1:g} from {p0:g} with these errors",
        "Set p1 further from p0, raise alpha, or ask for less power",
    )
