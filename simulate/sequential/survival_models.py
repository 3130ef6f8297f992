"""Survival models for planning: when events happen, by days since entry.

A model gives its cumulative hazard ``H(t) = -ln S(t)``. These formulas are written anew here and
not taken from the tables that the engines draw from, so that theory can find a mistake there.

The simulator turns a time T into the whole day ceil(T), so that ``P(day <= d) = 1 - S(d)``. What is
expected (:mod:`simulate.sequential.expected`) reads S on whole days only, and so is exact for
simulated trials; against continuous time everything comes half a day later on average.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulate.sequential.refusals import DesignError, between, increasing
from simulate.sequential.spending import FloatArray


@dataclass(frozen=True, slots=True)
class SurvivalModel(ABC):
    """The distribution of a time to event."""

    @abstractmethod
    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard by each number of days since entry, 0 or more."""

    def survival(self, days: FloatArray) -> FloatArray:
        """Probability of no event by each number of days since entry."""
        return np.asarray(np.exp(-self.cumulative_hazard(days)))


@dataclass(frozen=True, slots=True)
class Exponential(SurvivalModel):
    """Constant hazard.

    Attributes
    ----------
    rate
        Events per day; 0 never happens.
    """

    rate: float

    def __post_init__(self) -> None:
        """Refuse a hazard below 0."""
        _hazards("rate", (self.rate,))

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard ``rate * t``."""
        return self.rate * np.asarray(days, np.float64)


@dataclass(frozen=True, slots=True)
class PiecewiseExponential(SurvivalModel):
    """Hazard that is constant between given days.

    Attributes
    ----------
    starts
        Days since entry from which each rate holds; the first is 0.
    rates
        Events per day.
    """

    starts: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse pieces that do not fit together."""
        _pieces(self.starts, self.rates, "rates")
        _hazards("rates", self.rates)

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard: rate times time in each piece."""
        return _over_pieces(np.asarray(days, np.float64), self.starts, self.rates)


@dataclass(frozen=True, slots=True)
class Weibull(SurvivalModel):
    """Weibull, ``H(t) = (t / scale) ** shape``.

    Attributes
    ----------
    scale
        Days by which a share of 1 - 1/e has the event.
    shape
        Above 1 the hazard rises, below 1 it falls.
    """

    scale: float
    shape: float

    def __post_init__(self) -> None:
        """Refuse parameters that are not above 0."""
        between("scale", self.scale, 0.0, math.inf)
        between("shape", self.shape, 0.0, math.inf)

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard ``(t / scale) ** shape``."""
        return np.asarray((np.asarray(days, np.float64) / self.scale) ** self.shape)


@dataclass(frozen=True, slots=True)
class LogNormal(SurvivalModel):
    """Log-normal.

    Attributes
    ----------
    median
        Days.
    sigma
        Standard deviation of the logarithm.
    """

    median: float
    sigma: float

    def __post_init__(self) -> None:
        """Refuse parameters that are not above 0."""
        between("median", self.median, 0.0, math.inf)
        between("sigma", self.sigma, 0.0, math.inf)

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard: minus the logarithm of the upper tail."""
        from scipy.special import log_ndtr

        with np.errstate(divide="ignore"):
            logs = np.log(np.asarray(days, np.float64)) - math.log(self.median)
        return np.asarray(-log_ndtr(-logs / self.sigma))


@dataclass(frozen=True, slots=True)
class CureMixture(SurvivalModel):
    """A share of patients never has the event, the others follow a model.

    Attributes
    ----------
    cured
        Share that never has the event.
    others
        Model of the rest.
    """

    cured: float
    others: SurvivalModel

    def __post_init__(self) -> None:
        """Refuse a share outside 0 to 1."""
        if not 0.0 <= self.cured < 1.0:
            raise DesignError("cured", f"{self.cured:g} is not a share", "Give 0 to below 1")

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard of all patients together."""
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(self.survival(days)))

    def survival(self, days: FloatArray) -> FloatArray:
        """Probability of no event among all patients together."""
        return self.cured + (1.0 - self.cured) * self.others.survival(days)


@dataclass(frozen=True, slots=True)
class Tabulated(SurvivalModel):
    """Survival tabulated on days 0, 1, 2, ...; behind the table no event happens.

    Attributes
    ----------
    by_day
        Probability of no event by the end of each day since entry: the first is 1, none above the
        one before it.
    """

    by_day: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no survival function."""
        table = np.array(self.by_day)
        falls = len(table) > 0 and table[0] == 1.0 and not np.any(np.diff(table) > 0.0)
        if not (falls and table[-1] >= 0.0):
            raise DesignError(
                "by_day", "this is no survival function", "It begins at 1 and falls, not below 0"
            )

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard on whole days."""
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(self.survival(days)))

    def survival(self, days: FloatArray) -> FloatArray:
        """Probability of no event, of the whole days gone by."""
        whole = np.floor(np.asarray(days, np.float64)).astype(np.int64)
        return np.asarray(np.array(self.by_day)[np.clip(whole, 0, len(self.by_day) - 1)])


@dataclass(frozen=True, slots=True)
class FromFunction(SurvivalModel):
    """Any survival function.

    Attributes
    ----------
    function
        Takes days since entry as an array and gives the probability of no event: 1 at day 0,
        never rising.
    """

    function: Callable[[FloatArray], FloatArray]

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard: minus the logarithm of survival."""
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log(self.survival(days)))

    def survival(self, days: FloatArray) -> FloatArray:
        """Probability of no event, as the function says."""
        return np.asarray(self.function(np.asarray(days, np.float64)), np.float64)


@dataclass(frozen=True, slots=True)
class TimesHazardRatio(SurvivalModel):
    """The hazard of another model times a hazard ratio that changes on given days.

    One ratio is proportional hazards; ratios of 1 and 0.6 an effect that comes late; of 0.6 and 1
    one that fades; of 1.3 and 0.6 curves that cross.

    Attributes
    ----------
    control
        The model whose hazard is multiplied.
    ratios
        Hazard ratios.
    starts
        Days since entry from which each ratio holds; the first is 0.
    """

    control: SurvivalModel
    ratios: tuple[float, ...]
    starts: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        """Refuse pieces that do not fit together."""
        _pieces(self.starts, self.ratios, "ratios")
        _hazards("ratios", self.ratios)

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Cumulative hazard: what the control gains in each piece, times its ratio."""
        at = np.asarray(days, np.float64)
        total = np.zeros_like(at)
        ends = (*self.starts[1:], math.inf)
        for start, end, ratio in zip(self.starts, ends, self.ratios, strict=True):
            inside = np.clip(at, start, end)
            gained = self.control.cumulative_hazard(inside)
            total += ratio * (gained - self.control.cumulative_hazard(np.full_like(at, start)))
        return total


def _hazards(part: str, values: tuple[float, ...]) -> None:
    """Refuse hazards and ratios that are negative or endless."""
    for value in values:
        if not 0.0 <= value < math.inf:
            raise DesignError(part, f"{value:g} is not possible", "Give a number of 0 or more")


def _pieces(starts: tuple[float, ...], values: tuple[float, ...], part: str) -> None:
    """Refuse pieces that do not begin at 0, are out of order, or lack a value."""
    if len(starts) != len(values):
        raise DesignError(part, f"{len(values)} values are given for {len(starts)} starts")
    increasing("starts", starts, above=-1.0)
    if starts[0] != 0.0:
        raise DesignError("starts", f"the first is {starts[0]:g}", "The first piece starts at 0")


def _over_pieces(
    at: FloatArray, starts: tuple[float, ...], values: tuple[float, ...]
) -> FloatArray:
    """Integral of a function that is constant between starts."""
    total = np.zeros_like(at)
    for start, end, value in zip(starts, (*starts[1:], math.inf), values, strict=True):
        total += value * np.clip(at - start, 0.0, end - start)
    return total


NEVER_HAPPENS = Exponential(0.0)
"""The model of no dropout."""
