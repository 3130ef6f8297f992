"""Published statistics on scales where their distribution over trials is near normal.

A synthetic likelihood takes the statistics of simulated trials as jointly normal. Proportions and
survival rates come near that, with a nearly constant variance, as arcsine of the square root;
counts as square roots, each with Anscombe's 3/8 (Anscombe 1948, Biometrika 35:246-254); times as
logarithms. The printed limits of a survival rate tell how many patients were still at risk: they
are used as the logarithm of the standard error of log(-log S) on which they are built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from simulate.distributions import FloatArray

ANSCOMBE = 0.375
Column = Callable[[str], FloatArray]
"""Gives a statistic of every simulated trial by its name, rates as fractions."""


@dataclass(frozen=True)
class Target:
    """One published statistic and the scale on which it is compared."""

    scale: str
    statistic: str
    is_rate: bool
    """Whether it is a fraction, not a count of patients."""

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"{self.statistic}_interval" if self.scale == "interval" else self.statistic

    def columns(self) -> tuple[str, ...]:
        """Statistics of a trial from which it is computed."""
        if self.scale == "interval":
            return f"{self.statistic}_lower", f"{self.statistic}_upper"
        return (self.statistic,)


def on_scale(target: Target, column: Column, n_patients: int) -> FloatArray:
    """A target of every trial on its own scale; nan where it is not defined."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if target.scale == "interval":
            lower, upper = (column(name) for name in target.columns())
            width = np.log(-np.log(lower)) - np.log(-np.log(upper))
            values = np.log(width)
        else:
            values = SCALES[target.scale](column(target.statistic), target.is_rate, n_patients)
    return np.where(np.isfinite(values), values, np.nan)


def _arcsine(values: FloatArray, is_rate: bool, n: int) -> FloatArray:
    if is_rate:
        return np.arcsin(np.sqrt(values))
    return np.arcsin(np.sqrt((values + ANSCOMBE) / (n + 2 * ANSCOMBE)))


def _root(values: FloatArray, _is_rate: bool, _n: int) -> FloatArray:
    return np.sqrt(values + ANSCOMBE)


def _log(values: FloatArray, _is_rate: bool, _n: int) -> FloatArray:
    return np.log(values)


SCALES: Mapping[str, Callable[[FloatArray, bool, int], FloatArray]] = {
    "arcsine": _arcsine,
    "root": _root,
    "log": _log,
}


def in_own_unit(scale: str, value: float, reported: float, observed: float) -> float:
    """A value on a target's scale in the unit in which the target is reported.

    Parameters
    ----------
    scale : str
        Of the target.
    value : float
        On it.
    reported, observed : float
        What is published, as it is printed and on the scale. An interval comes back as the width
        of the limits on the scale of log(-log S), which is what is compared.
    """
    if scale == "arcsine":
        share, known = math.sin(value) ** 2, math.sin(observed) ** 2
        if math.isclose(100 * known, reported, abs_tol=1e-4):
            return 100 * share
        return share * (reported + ANSCOMBE) / known - ANSCOMBE  # a count of patients
    return value**2 - ANSCOMBE if scale == "root" else math.exp(value)
