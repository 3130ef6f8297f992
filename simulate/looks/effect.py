"""How two arms differ by a number that has a standard error, and the statistic that follows."""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.compiled import rule


class Effect(NamedTuple):
    """A difference of two arms, above 0 where the experimental arm is better."""

    size: float
    standard_error: float
    """nan where the data have no spread."""


@rule
def effect_of(size: float, variance: float) -> Effect:
    """A difference with its variance."""
    if variance > 0.0:
        return Effect(size, math.sqrt(variance))
    return Effect(size, math.nan)


@rule
def effect_z(effect: Effect) -> float:
    """The difference over its standard error; nan if it has none."""
    return effect.size / effect.standard_error
