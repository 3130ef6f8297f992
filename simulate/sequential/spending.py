"""Spending functions: how much of an error may be spent by an information fraction.

Each gives ``spent(fraction)``, the cumulative error at that fraction of the planned information. It
serves alpha (efficacy) and beta (futility) alike. From fraction 1 on everything is spent.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from simulate.sequential.refusals import DesignError, between, increasing

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spending(ABC):
    """A way to spend an error over the information of a trial.

    Attributes
    ----------
    total
        The error spent in the end, one-sided: alpha or beta.
    """

    total: float

    def __post_init__(self) -> None:
        """Refuse an error that is none."""
        between("total", self.total, 0.0, 1.0)

    def spent(self, fraction: npt.ArrayLike) -> FloatArray:
        """Cumulative error spent at each information fraction.

        Parameters
        ----------
        fraction
            Information as a share of the planned maximum, any shape, 0 or more.
        """
        at = np.asarray(fraction, np.float64)
        if not np.all(at >= 0.0):
            raise DesignError("fraction", "an information fraction is below 0 or not a number")
        early = np.clip(at, 0.0, 1.0)
        return np.where(early < 1.0, self._before_the_end(early), self.total)

    @abstractmethod
    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        """Cumulative error at fractions from 0 to 1."""


@dataclass(frozen=True, slots=True)
class OBrienFlemingType(Spending):
    """Lan and DeMets (1983), like O'Brien-Fleming: ``2 - 2 Phi(z(1 - total/2) / sqrt(t))``."""

    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        from scipy.special import ndtr, ndtri

        with np.errstate(divide="ignore"):
            return np.asarray(2.0 * ndtr(ndtri(0.5 * self.total) / np.sqrt(fraction)))


@dataclass(frozen=True, slots=True)
class PocockType(Spending):
    """Lan and DeMets (1983), like Pocock: ``total * ln(1 + (e - 1) t)``."""

    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        return np.asarray(self.total * np.log1p((math.e - 1.0) * fraction))


@dataclass(frozen=True, slots=True)
class HwangShihDeCani(Spending):
    """Hwang, Shih and DeCani (1990): ``total * (1 - exp(-gamma t)) / (1 - exp(-gamma))``.

    Attributes
    ----------
    gamma
        -4 is like O'Brien-Fleming, 1 like Pocock; 0 spends in proportion to information.
    """

    gamma: float = -4.0

    def __post_init__(self) -> None:
        """Refuse a shape beyond which the function is a step."""
        Spending.__post_init__(self)
        between("gamma", self.gamma, -40.0, 40.0)

    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        if self.gamma == 0.0:
            return self.total * fraction
        share = np.expm1(-self.gamma * fraction) / math.expm1(-self.gamma)
        return np.asarray(self.total * share)


@dataclass(frozen=True, slots=True)
class KimDeMets(Spending):
    """Kim and DeMets (1987), the power family: ``total * t ** rho``.

    Attributes
    ----------
    rho
        1 spends in proportion to information, 3 is like O'Brien-Fleming.
    """

    rho: float = 3.0

    def __post_init__(self) -> None:
        """Refuse a power that does not increase."""
        Spending.__post_init__(self)
        between("rho", self.rho, 0.0, 50.0)

    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        return np.asarray(self.total * fraction**self.rho)


@dataclass(frozen=True, slots=True)
class NoSpending(Spending):
    """Nothing is spent before the end: a fixed design, or looks that cannot stop the trial."""

    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        return np.zeros_like(fraction)


@dataclass(frozen=True, slots=True)
class GivenSpending(Spending):
    """Cumulative error given at the planned looks.

    At another fraction, where a look has more or fewer events than planned, the cumulative error
    is interpolated linearly between the looks beside it (from 0 at no information); behind the
    last look everything is spent.

    Attributes
    ----------
    fractions
        Information fractions of the planned looks, increasing, the last one 1.
    cumulative
        Error spent by each look; it never falls, and its last value is the total.
    """

    fractions: tuple[float, ...] = (1.0,)
    cumulative: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what does not spend the total, or takes back what it spent."""
        Spending.__post_init__(self)
        increasing("fractions", self.fractions)
        _check_given(self.total, self.fractions, self.cumulative)

    def _before_the_end(self, fraction: FloatArray) -> FloatArray:
        looks, spent = (0.0, *self.fractions), (0.0, *self.cumulative)
        return np.asarray(np.interp(fraction, looks, spent), np.float64)


def _check_given(total: float, fractions: tuple[float, ...], spent: tuple[float, ...]) -> None:
    """Refuse given values that are not a way to spend the total."""
    if len(spent) != len(fractions):
        raise DesignError(
            "cumulative",
            f"{len(spent)} values are given for {len(fractions)} looks",
            "Give one cumulative value for each look",
        )
    if not math.isclose(fractions[-1], 1.0, rel_tol=1e-12):
        raise DesignError(
            "fractions", f"the last one is {fractions[-1]:g}", "The last look has fraction 1"
        )
    if spent[0] < 0.0 or any(after < before for before, after in pairwise(spent)):
        raise DesignError(
            "cumulative",
            "what was spent is taken back",
            "Give cumulative values, each at least as large as the one before it",
        )
    if not math.isclose(spent[-1], total, rel_tol=1e-9):
        raise DesignError(
            "cumulative",
            f"the values end at {spent[-1]:g} and the total is {total:g}",
            "The last look spends everything that is left",
        )
